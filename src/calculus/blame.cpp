// What the tape's entries tell about a function: how much the rounding of each adds to the result's, and which
// operation is wrong. Every entry sends to every argument what it makes of its own cotangent; that can be compared
// with differences of the function by disturbing that one use of that one value.

#include "calculus/difference.hpp"
#include "calculus/subject.hpp"
#include "tape/rule.hpp"

#include <optional>

#include <xtape/array/rng.hpp>

namespace xtape::detail {
namespace {

// An argument of an entry, and what the entry sends to it.
template <real T>
struct use {
  std::size_t entry, input;
  std::string operation;
  location where;
  const node_base* from;  // the value it uses,
  const node_base* made;  // and the one the entry makes of it
  std::vector<T> value, contribution;
};

template <real T>
void walk(const std::vector<variable<T>>& outputs, const std::vector<variable<T>>& seeds,
          sweep_observer& observer) {
  if (outputs.empty()) return;
  sweep(std::span<const variable<T>>(outputs), std::span<const variable<T>>(seeds),
        sweep::purpose::observe, "check_gradients", {})
      .run(&observer);
}

template <real T>
std::vector<use<T>> uses_of(subject<T>& f, const std::vector<T>& cotangent) {
  struct : sweep_observer {
    std::vector<use<T>> uses;
    std::vector<const node_base*> own;  // made by the checker
    const entry* last = nullptr;
    std::size_t begun = 0;
    void reached(const entry& e, node_base&) override {
      last = &e;
      begun = uses.size();
      for (std::size_t k = 0; k < e.input_count() && !mine(); ++k)
        if (e.input_text(k).starts_with('%')) add(k);  // even if nothing is sent to it
    }
    void sent(std::size_t input, node_base& contribution) override {
      if (mine()) return;
      auto place = std::find_if(uses.begin() + static_cast<std::ptrdiff_t>(begun), uses.end(),
                                [&](const use<T>& u) { return u.input == input; });
      if (place == uses.end()) {
        add(input);
        place = uses.end() - 1;
      }
      const array_view<T> v = as<T>(contribution).view();
      place->contribution.assign(v.data(), v.data() + v.size());
    }
    bool mine() const {
      return std::find(own.begin(), own.end(), &last->output<T>().node()) != own.end();
    }
    void add(std::size_t k) {
      const variable<T> x = last->input<T>(k);
      const array_view<T> v = x.node().view();
      uses.push_back({last->index(), k, std::string(last->operation()), last->where(), &x.node(),
                      &last->output<T>().node(), std::vector<T>(v.data(), v.data() + v.size()),
                      std::vector<T>(v.size())});
    }
  } observer;
  f.trace({cotangent}, [&](const auto& outputs, const auto& seeds) {
    for (const variable<T>& y : outputs) observer.own.push_back(&y.node());
    walk(outputs, seeds, observer);
  });
  return std::move(observer.uses);
}

template <real T>
class trial {
 public:
  trial(subject<T>& f, const std::vector<T>& cotangent, const std::vector<double>& noise,
        std::uint64_t seed)
      : f_(f), cotangent_(cotangent), noise_(noise), random_(seed), base_(f.recorded_values()) {}

  // Whether what the entry sends along a random direction contradicts the differences.
  bool wrong(const use<T>& u) {
    constexpr double ratio = sizeof(T) == 8 ? 8 : 2;
    const std::size_t n = u.value.size();
    std::vector<double> direction(n);
    double greatest = 0, analytic = 0, rounding = 0, jitter = 0;
    for (const T x : u.value) greatest = std::max(greatest, magnitude(static_cast<double>(x)));
    if (greatest == 0) greatest = 1;
    for (std::size_t i = 0; i < n; ++i) {
      // No two alike: a sum along few different numbers might cancel.
      direction[i] = greatest * random_.uniform(0.5, 1) * (random_() % 2 == 0 ? 1 : -1);
      const auto sent = static_cast<double>(u.contribution[i]);
      analytic += direction[i] * sent;
      rounding += 8 * epsilon<T> * std::abs(direction[i] * sent);
      // The disturbed value is itself rounded.
      jitter += epsilon<T> * std::abs(static_cast<double>(u.value[i]) * sent);
    }
    std::vector<secant> secants;
    double step = 0.25;
    for (int k = 0; k < 10; ++k, step /= ratio) {
      const auto [up, more_noise] = difference(u, direction, step);
      const auto [down, less_noise] = difference(u, direction, -step);
      secants.push_back(
          {step, up / step, -down / step, jitter + std::max(more_noise, less_noise), 0});
    }
    const derivative d = differentiate(secants);
    const double tolerance = 4 * (d.both.error + rounding);
    if (d.kink() || !std::isfinite(tolerance)) return false;
    return !(std::abs(analytic - d.both.value) <= tolerance);
  }

 private:
  // <cotangent, f> with the value disturbed in that use, minus that without; and its noise.
  std::pair<double, double> difference(const use<T>& u, const std::vector<double>& direction,
                                       double step) {
    std::vector<T> numbers(u.value.size());
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<T>(static_cast<double>(u.value[i]) + step * direction[i]);
    const probe one{u.entry, u.input, numbers.data()};
    const std::vector<T> values = [&] {
      struct scope {
        explicit scope(const probe& p) { probing = &p; }
        ~scope() { probing = nullptr; }
      } const set(one);
      return f_.recorded_values();
    }();
    double sum = 0, noise = 0;
    for (std::size_t j = 0; j < values.size(); ++j) {
      const auto c = static_cast<double>(cotangent_[j]);
      if (c == 0) continue;
      sum += c * (static_cast<double>(values[j]) - static_cast<double>(base_[j]));
      noise +=
          std::abs(c) * std::max(noise_[j], epsilon<T> * std::abs(static_cast<double>(values[j])));
    }
    return {sum, noise};
  }

  subject<T>& f_;
  const std::vector<T>& cotangent_;
  const std::vector<double>& noise_;
  rng random_;
  std::vector<T> base_;
};

// Uses times entries of which each is tried; of more, the tape is bisected.
constexpr std::size_t exhaustive = 300'000;

}  // namespace

template <real T>
std::vector<double> rounding_on_the_tape(subject<T>& f,
                                         const std::vector<std::vector<T>>& cotangents) {
  struct : sweep_observer {
    double squares = 0;
    void reached(const entry& e, node_base& cotangent) override {
      const array_view<T> c = as<T>(cotangent).view(), v = e.output<T>().node().view();
      for (std::size_t i = 0; i < v.size(); ++i) {
        const double product =
            epsilon<T> / 2 * static_cast<double>(c.data()[i]) * static_cast<double>(v.data()[i]);
        if (std::isfinite(product)) squares += product * product;
      }
    }
    void sent(std::size_t, node_base&) override {}
  } observer;
  std::vector<double> found;
  f.trace(cotangents, [&](const auto& outputs, const auto& seeds) {
    observer.squares = 0;
    walk(outputs, seeds, observer);
    found.push_back(std::sqrt(observer.squares));
  });
  return found;
}

template std::vector<double> rounding_on_the_tape(subject<float>&,
                                                  const std::vector<std::vector<float>>&);
template std::vector<double> rounding_on_the_tape(subject<double>&,
                                                  const std::vector<std::vector<double>>&);

template <real T>
blame find_culprit(subject<T>& f, const std::vector<T>& cotangent, const std::vector<double>& noise,
                   std::uint64_t seed) {
  const std::vector<use<T>> uses = uses_of(f, cotangent);  // from the tape's end to its begin
  const auto name = [](const use<T>& u) {
    return gradient_report::culprit{u.operation, u.entry, u.input, u.where};
  };
  if (uses.empty()) return {{}, false};
  trial<T> test(f, cotangent, noise, seed);
  if (uses.size() * uses.front().entry <= exhaustive) {
    for (const use<T>& u : uses)
      if (test.wrong(u)) return {name(u), true};
    return {{}, true};
  }
  // Note [Bisecting a tape]
  // What is sent before a wrong rule is mostly wrong too, what is sent after it never is. A use is
  // convicted if it is wrong and all that was sent to its entry's result is right; if something of that
  // is wrong, the search goes on from there.
  std::size_t right = 0, wrong = uses.size();
  while (right < wrong) {
    const std::size_t middle = (right + wrong) / 2;
    if (test.wrong(uses[middle]))
      wrong = middle;
    else
      right = middle + 1;
    if (right < wrong || wrong == uses.size()) continue;
    for (std::size_t later = 0; later < wrong; ++later)
      if (uses[later].from == uses[wrong].made && test.wrong(uses[later])) {
        wrong = later;
        right = 0;
        break;
      }
  }
  if (wrong == uses.size()) return {{}, false};
  return {name(uses[wrong]), false};
}

template blame find_culprit(subject<float>&, const std::vector<float>&, const std::vector<double>&,
                            std::uint64_t);
template blame find_culprit(subject<double>&, const std::vector<double>&,
                            const std::vector<double>&, std::uint64_t);

}  // namespace xtape::detail
