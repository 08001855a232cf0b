// What the tape's entries tell about a function: how much the rounding of each adds to the result's, and which
// operation is wrong.

#include "calculus/difference.hpp"
#include "calculus/subject.hpp"
#include "tape/rule.hpp"

#include <array>

#include <xtape/array/rng.hpp>

namespace xtape::detail {
namespace {

template <real T>
void walk(const std::vector<variable<T>>& outputs, const std::vector<variable<T>>& seeds,
          sweep_observer& observer) {
  if (outputs.empty()) return;
  sweep(std::span<const variable<T>>(outputs), std::span<const variable<T>>(seeds),
        sweep::purpose::observe, "check_gradients", {})
      .run(&observer);
}

gradient_report::culprit culprit_of(const entry& e, std::size_t input) {
  return {std::string(e.operation()), e.index(), input, e.where()};
}

std::string text_of(const gradient_report::culprit& found) {
  return found.operation + " (%" + std::to_string(found.entry) + ")" +
         (found.where.line == 0 ? "" : " at " + found.where.text());
}

double random_part(rng& random) { return random.uniform(0.5, 1) * (random() % 2 == 0 ? 1 : -1); }

template <real T>
std::array<double, 10> steps() {
  std::array<double, 10> all{0.25};
  for (std::size_t n = 1; n < all.size(); ++n) all[n] = all[n - 1] / (sizeof(T) == 8 ? 8 : 2);
  return all;
}

bool contradict(std::span<const secant> secants, double analytic, double rounding) {
  const derivative d = differentiate(secants);
  const double tolerance = 4 * (d.both.error + rounding);
  return !d.kink() && std::isfinite(tolerance) && !(std::abs(analytic - d.both.value) <= tolerance);
}

// Note [The first wrong value]
// A function comes to its result by way of many values (subject::follow). Each should move with the inputs as the
// tape says. Of the first that does not, all before it is right: so either the rule that made it is wrong, or
// something it was made of is not on the tape. Disturbing its arguments one by one tells which.
//
// All inputs move at once, along one random direction. What is looked at of a value is one number, the sum of its
// elements, each times a random weight.
template <real T>
class search {
 public:
  search(subject<T>& f, std::uint64_t seed) : f_(f), seed_(seed) {
    rng random(seed);
    for (std::size_t k = 0; k < f.inputs(); ++k) {
      double greatest = 0;
      for (std::size_t i = 0; i < f.size(k); ++i)
        greatest = std::max(greatest, magnitude(static_cast<double>(f.at(k, i))));
      for (std::size_t i = 0; i < f.size(k); ++i)
        path_.push_back(
            {k, i, static_cast<T>((greatest == 0 ? 1 : greatest) * random_part(random))});
    }
    here_ = at(0);
    measure_noise();
    for (const double step : steps<T>()) {
      right_.push_back(at(step));
      left_.push_back(at(-step));
    }
  }

  blame run() {
    blame found;
    std::vector<use> uses;
    std::size_t wrong = here_.size();
    f_.follow([&](const std::vector<stage<T>>& all) {
      wrong = first_wrong(all);
      if (wrong == all.size()) return;
      const stage<T>& s = all[wrong];
      found.wrong = s.by != nullptr ? culprit_of(*s.by, s.input) : culprit_of(*s.made, 0);
      found.text = s.by != nullptr
                       ? "wrong in the second order: " + text_of(found.wrong) +
                             ", in the derivative for its argument " + std::to_string(s.input) + ","
                       : "wrong: " + text_of(found.wrong);
      found.text += " uses a value that is not on the tape (detach, value(), a constant)";
      if (s.made != nullptr) uses = uses_of(s, wrong);
    });
    for (const use& u : uses)
      if (is_wrong(u, wrong)) {
        found.wrong = u.of;
        found.text = "wrong: " + text_of(u.of) + ", in the derivative for its argument " +
                     std::to_string(u.of.input) + "; everything before it is right";
        break;
      }
    return found;
  }

 private:
  // An argument of an operation, and what the operation sends to it.
  struct use {
    gradient_report::culprit of;
    std::vector<T> value, contribution;
  };
  struct sum {
    double value = 0, magnitude = 0;
  };

  // No two alike: a sum of few different numbers might cancel.
  std::vector<T> weights(std::size_t place, std::size_t count) const {
    rng random(seed_ + 1 + place);
    std::vector<T> all(count);
    for (T& w : all) w = static_cast<T>(random_part(random));
    return all;
  }

  // Of every value, with the inputs moved.
  std::vector<sum> at(double step) {
    std::vector<sum> sums;
    f_.moved(path_, step, [&] {
      f_.follow([&](const std::vector<stage<T>>& all) {
        for (const stage<T>& s : all) {
          const array_view<T> v = s.value.node().view();
          const std::vector<T> w = weights(sums.size(), v.size());
          sum& here = sums.emplace_back();
          for (std::size_t i = 0; i < v.size(); ++i) {
            const double part = static_cast<double>(w[i]) * static_cast<double>(v.data()[i]);
            here.value += part;
            here.magnitude += std::abs(part);
          }
        }
      });
      return 0;
    });
    sums.resize(std::max(sums.size(), here_.size()));  // another branch may have fewer values
    return sums;
  }

  void measure_noise() {
    std::array<double, 12> points;
    rng random(seed_);
    for (double& p : points) p = std::round(random.uniform(-1024, 1024));
    std::sort(points.begin(), points.end());
    std::vector<std::array<double, 12>> values(here_.size());
    for (std::size_t p = 0; p < points.size(); ++p) {
      const std::vector<sum> near = at(points[p] * epsilon<T>);
      for (std::size_t n = 0; n < here_.size(); ++n) values[n][p] = near[n].value - here_[n].value;
    }
    for (std::size_t n = 0; n < here_.size(); ++n) {
      const double found = noise(points, values[n]);
      noise_.push_back(
          std::max(4 * epsilon<T> * here_[n].magnitude, std::isfinite(found) ? found : 0));
    }
  }

  bool is_wrong(const stage<T>& s, std::size_t n) {
    const std::vector<std::vector<T>> gradients =
        f_.gradient_of(s.value, weights(n, s.value.size()));
    double analytic = 0, rounding = 0;
    for (const auto& [k, i, unit] : path_) {
      const double part = static_cast<double>(gradients[k][i]) * static_cast<double>(unit);
      analytic += part;
      rounding += 8 * epsilon<T> * std::abs(part);
    }
    std::vector<secant> secants;
    for (std::size_t p = 0; const double step : steps<T>()) {
      const sum &right = right_[p][n], &left = left_[p][n];
      secants.push_back(
          {step, (right.value - here_[n].value) / step, (here_[n].value - left.value) / step,
           std::max(noise_[n], 4 * epsilon<T> * std::max(right.magnitude, left.magnitude)), 0});
      ++p;
    }
    return contradict(secants, analytic, rounding);
  }

  // Up to so many values times sweeps each is looked at, in order. More are bisected: what is made of a wrong value
  // is mostly wrong too. Then one is found if it is wrong and all that it was made of is right; if something of
  // that is wrong, the search goes on from there.
  std::size_t first_wrong(const std::vector<stage<T>>& all) {
    constexpr std::size_t exhaustive = 300'000;
    const std::size_t count = std::min(all.size(), here_.size());
    if (count * count <= exhaustive) {
      for (std::size_t n = 0; n < count; ++n)
        if (is_wrong(all[n], n)) return n;
      return all.size();
    }
    std::size_t right = 0, wrong = count;
    while (right < wrong) {
      const std::size_t middle = (right + wrong) / 2;
      if (is_wrong(all[middle], middle))
        wrong = middle;
      else
        right = middle + 1;
      if (right < wrong || wrong == count) continue;
      for (std::size_t n = 0; n < wrong; ++n)
        if (uses_value(all[wrong], all[n]) && is_wrong(all[n], n)) {
          wrong = n;
          right = 0;
          break;
        }
    }
    return wrong == count ? all.size() : wrong;
  }

  static bool uses_value(const stage<T>& of, const stage<T>& s) {
    if (of.made == nullptr) return &of.value.node() == &s.value.node();
    for (std::size_t k = 0; k < of.made->input_count(); ++k)
      if (on_the_tape(*of.made, k) && &of.made->template input<T>(k).node() == &s.value.node())
        return true;
    return false;
  }
  static bool on_the_tape(const entry& e, std::size_t k) {
    return e.input_text(k) != "constant" && e.input<T>(k).tracked();
  }

  std::vector<use> uses_of(const stage<T>& s, std::size_t place) {
    struct : sweep_observer {
      const entry* made;
      std::vector<use> uses;
      bool mine = false;
      void reached(const entry& e, node_base&) override {
        mine = &e == made;
        for (std::size_t k = 0; k < e.input_count() && mine; ++k)
          if (on_the_tape(e, k)) {
            const array_view<T> v = e.input<T>(k).node().view();
            uses.push_back({culprit_of(e, k), std::vector<T>(v.data(), v.data() + v.size()),
                            std::vector<T>(v.size())});  // even if nothing is sent to it
          }
      }
      void sent(std::size_t k, node_base& contribution) override {
        for (use& u : uses)
          if (mine && u.of.input == k) {
            const array_view<T> v = as<T>(contribution).view();
            u.contribution.assign(v.data(), v.data() + v.size());
          }
      }
    } observer;
    observer.made = s.made;
    array<T> seed = empty<T>(s.value.shape());
    const std::vector<T> w = weights(place, seed.size());
    std::copy(w.begin(), w.end(), seed.data());
    walk<T>({s.value}, {variable<T>(std::move(seed))}, observer);
    return std::move(observer.uses);
  }

  // Whether what the operation sends along a random direction contradicts differences of its result, at `place`, in
  // which that one argument is disturbed.
  bool is_wrong(const use& u, std::size_t place) {
    rng random(seed_);
    const std::size_t n = u.value.size();
    std::vector<double> direction(n);
    double greatest = 0, analytic = 0, rounding = 0, jitter = 0;
    for (const T x : u.value) greatest = std::max(greatest, magnitude(static_cast<double>(x)));
    if (greatest == 0) greatest = 1;
    for (std::size_t i = 0; i < n; ++i) {
      direction[i] = greatest * random_part(random);
      const auto sent = static_cast<double>(u.contribution[i]);
      analytic += direction[i] * sent;
      rounding += 8 * epsilon<T> * std::abs(direction[i] * sent);
      // The disturbed value is itself rounded.
      jitter += epsilon<T> * std::abs(static_cast<double>(u.value[i]) * sent);
    }
    std::vector<secant> secants;
    for (const double step : steps<T>()) {
      const sum right = disturbed(u, direction, step, place),
                left = disturbed(u, direction, -step, place);
      secants.push_back({step, (right.value - here_[place].value) / step,
                         (here_[place].value - left.value) / step,
                         jitter + 4 * epsilon<T> * std::max(right.magnitude, left.magnitude), 0});
    }
    return contradict(secants, analytic, rounding);
  }

  sum disturbed(const use& u, const std::vector<double>& direction, double step,
                std::size_t place) {
    std::vector<T> numbers(u.value.size());
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<T>(static_cast<double>(u.value[i]) + step * direction[i]);
    const probe one{u.of.entry, u.of.input, numbers.data()};
    struct scope {
      explicit scope(const probe& p) { probing = &p; }
      ~scope() { probing = nullptr; }
    } const set(one);
    return at(0)[place];
  }

  subject<T>& f_;
  const std::uint64_t seed_;
  std::vector<movement<T>> path_;
  std::vector<sum> here_;
  std::vector<double> noise_;
  std::vector<std::vector<sum>> right_, left_;  // by step
};

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
blame find_culprit(subject<T>& f, std::uint64_t seed) {
  return search<T>(f, seed).run();
}

template blame find_culprit(subject<float>&, std::uint64_t);
template blame find_culprit(subject<double>&, std::uint64_t);

}  // namespace xtape::detail
