#include <xtape/calculus/check.hpp>

#include <array>
#include <cstring>
#include <map>

#include "calculus/difference.hpp"
#include "calculus/subject.hpp"

#include <xtape/array/rng.hpp>
#include <xtape/array/text.hpp>

namespace xtape {
namespace {

using detail::epsilon, detail::secant, detail::subject;

// The tolerance in multiples of the estimated error, and the part of a derivative that it may be.
constexpr double safety = 4;
constexpr double limit = 1.0 / 2000;

constexpr std::size_t shown = 5;

shape_type index_of(std::size_t element, const shape_type& shape) {
  shape_type index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

template <real T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// A sum of the results, each times its weight; of a unit cotangent only the one.
template <real T>
struct column {
  std::vector<T> weights;
  std::size_t first, last;  // what is outside of these has weight 0
  std::string text;
  shape_type index;

  struct change {
    double sum = 0, parts = 0;  // parts: of their magnitudes
  };
  change difference(const std::vector<T>& from, const std::vector<T>& to) const {
    change all;
    for (std::size_t j = first; j < last; ++j) {
      const double part = static_cast<double>(weights[j]) *
                          (static_cast<double>(to[j]) - static_cast<double>(from[j]));
      all.sum += part;
      all.parts += std::abs(part);
    }
    return all;
  }
  // Independent errors of the results, added up; scaled, since squares over- and underflow.
  template <class V>
  double norm(const std::vector<V>& errors) const {
    const auto part = [&](std::size_t j) {
      return std::abs(static_cast<double>(weights[j]) * static_cast<double>(errors[j]));
    };
    double greatest = 0, squares = 0;
    for (std::size_t j = first; j < last; ++j) greatest = std::max(greatest, part(j));
    if (greatest == 0 || !std::isfinite(greatest)) return greatest;
    for (std::size_t j = first; j < last; ++j) squares += std::pow(part(j) / greatest, 2);
    return greatest * std::sqrt(squares);
  }
};

enum class outcome { agreed, small, at_kink, unmoved, undetermined, failed };

struct finding {
  outcome kind = outcome::undetermined;
  double analytic = 0, numeric = 0, difference = 0, error = 0, tolerance = 0;
};

}  // namespace

template <real T>
class gradient_check {
 public:
  gradient_check(const detail::vector_function<T>& f, const std::vector<array<T>>& inputs,
                 const check_options& options, location where)
      : f_(f, inputs, where), options_(options), random_(options.seed) {
    if (options.order != 1 && options.order != 2)
      throw domain_error("check_gradients: order " + std::to_string(options.order) +
                             ": derivatives of the first and second order can be checked",
                         where);
  }

  gradient_report run() {
    examine();
    if (options_.order == 2 && report_.count_.failed == 0 && reasons_.empty() &&
        contradictions_.empty()) {
      array<T> r = empty<T>(f_.shapes()[0]);
      for (T& v : r.storage()) v = weight();
      f_.differentiate(r);
      examine();
    }
    conclude();
    return std::move(report_);
  }

 private:
  using numbers = std::vector<T>;
  using movements = std::vector<detail::movement<T>>;

  // A number of either sign, away from 0.
  T weight() {
    const double v = random_.uniform(0.5, 1.5);
    return static_cast<T>(random_() % 2 == 0 ? v : -v);
  }

  void examine() {
    base_ = f_.values();
    for (std::size_t j = 0; j < base_.size() && reasons_.empty(); ++j)
      if (!std::isfinite(base_[j]))
        reasons_.push_back("the result is not finite: " + output_text(j).first + " is " +
                           number_text(static_cast<double>(base_[j])));
    columns();
    if (!differentiate()) return;
    measure_noise();
    if (f_.second()) compare_recorded();
    telling_.assign(f_.inputs(), 0);
    moving_.assign(f_.inputs(), false);
    for (std::size_t k = 0; k < f_.inputs(); ++k) scales_[k] = scale(k);
    compare_entries();
    if (!same_bits(f_.values(), base_))
      contradiction("called again at the same point, it returned other values than at first");
    judge_inputs();
    if (report_.count_.failed > 0 && !worst_.empty()) accuse();
  }

  // ---- Cotangents

  void columns() {
    columns_.clear();
    const std::size_t m = base_.size();
    std::vector<std::size_t> units(m);
    for (std::size_t j = 0; j < m; ++j) units[j] = j;
    if (m > options_.outputs) {
      random_.shuffle(units);
      units.resize(std::min<std::size_t>(8, m));
      std::sort(units.begin(), units.end());
    }
    for (const std::size_t j : units) {
      numbers weights(m);
      weights[j] = 1;
      const auto [text, index] = output_text(j);
      columns_.push_back({std::move(weights), j, j + 1, text, index});
    }
    for (int n = 1; n <= 2; ++n) {
      numbers weights(m);
      for (T& w : weights) w = weight();
      columns_.push_back(
          {std::move(weights), 0, m, "random cotangent " + std::to_string(n), shape_type{}});
    }
    const std::string what = f_.second() ? "second derivatives: " : "";
    report_.notes_.push_back(what + "cotangents: " + std::to_string(units.size()) +
                             (units.size() < m ? " of " + std::to_string(m) : "") +
                             " unit, 2 random; seed " + std::to_string(options_.seed));
  }

  std::pair<std::string, shape_type> output_text(std::size_t j) const {
    std::size_t part = 0;
    while (j >= size_of(f_.shapes()[part])) j -= size_of(f_.shapes()[part++]);
    const shape_type index = index_of(j, f_.shapes()[part]);
    return {f_.second() ? "gradient of " + input_name(part) + " at " + to_string(index)
                        : "output at " + to_string(index),
            index};
  }

  std::string input_name(std::size_t k) const {
    if (f_.second() && k + 1 == f_.inputs()) return "the cotangent";
    const std::string name = "input " + std::to_string(k);
    return k < options_.names.size() && !options_.names[k].empty()
               ? name + " (" + options_.names[k] + ")"
               : name;
  }

  // ---- What backward says

  // The analytic derivatives, and by how much they change with a unit in the last place of the inputs.
  bool differentiate() {
    if (f_.inputs() == 0) return nothing("there is no input");
    if (base_.empty()) return nothing("the result has no elements");
    std::size_t entries = 0;
    for (std::size_t k = 0; k < f_.inputs(); ++k) entries += f_.size(k);
    if (entries == 0) return nothing("the inputs have no elements");
    std::vector<numbers> cotangents;
    for (const auto& c : columns_) cotangents.push_back(c.weights);
    const std::vector<numbers> dense(cotangents.end() - 2, cotangents.end());
    numbers values, again, moved;
    analytic_ = f_.gradients(cotangents, values);
    tracked_ = f_.tracked();
    const auto second = f_.gradients(dense, again);
    if (!f_.second() && (!same_bits(values, base_) || !same_bits(again, base_)))
      contradiction("two runs gave different values");
    for (std::size_t c = 0; c < 2; ++c)
      for (std::size_t k = 0; k < f_.inputs(); ++k)
        if (!same_bits(second[c][k], analytic_[columns_.size() - 2 + c][k]))
          contradiction("two runs gave different gradients");
    rounding_ = std::vector(columns_.size(), std::vector<std::vector<double>>(f_.inputs()));
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t k = 0; k < f_.inputs(); ++k) rounding_[c][k].resize(f_.size(k));
    for (int n = 0; n < 2 && tracked_; ++n) {
      const movements path = everywhere([this] {
        return static_cast<T>(1 + random_() % 3) * (random_() % 2 == 0 ? T(1) : T(-1));
      });
      values.clear();
      const auto shifted = f_.moved(path, 1, [&] { return f_.gradients(cotangents, values); });
      for (std::size_t c = 0; c < columns_.size(); ++c)
        for (std::size_t k = 0; k < f_.inputs(); ++k)
          for (std::size_t i = 0; i < f_.size(k); ++i)
            rounding_[c][k][i] =
                std::max(rounding_[c][k][i], std::abs(static_cast<double>(shifted[c][k][i]) -
                                                      static_cast<double>(analytic_[c][k][i])));
    }
    greatest_ = std::vector(columns_.size(), std::vector<double>(f_.inputs()));
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t k = 0; k < f_.inputs(); ++k)
        for (const T a : analytic_[c][k])
          if (std::isfinite(a))
            greatest_[c][k] = std::max(greatest_[c][k], std::abs(static_cast<double>(a)));
    if (!f_.second()) {
      const auto other = f_.gradients(dense, moved, true);
      if (!same_bits(moved, base_))
        contradiction("its values change when its arguments are results of operations on the tape");
      compare_moved(other);
    }
    if (!tracked_ && !f_.second())
      reasons_.push_back("the result is not tracked: its history was dropped, or it is a constant");
    return true;
  }

  void compare_moved(const std::vector<std::vector<numbers>>& other) {
    for (std::size_t n = 0; n < 2; ++n) {
      const std::size_t c = columns_.size() - 2 + n;
      for (std::size_t k = 0; k < f_.inputs(); ++k)
        for (std::size_t i = 0; i < f_.size(k); ++i) {
          const auto a = static_cast<double>(analytic_[c][k][i]);
          const auto b = static_cast<double>(other[n][k][i]);
          if (a == b || (std::isnan(a) && std::isnan(b))) continue;
          if (!(std::abs(a - b) <= safety * rounding(c, k, i)))
            return contradiction("the gradient of " + input_name(k) + " at " +
                                 to_string(index_of(i, f_.shape(k))) + " changes from " +
                                 number_text(a) + " by " + number_text(b - a) +
                                 " when its arguments are results of operations on the tape");
        }
    }
  }

  // The second order: the recorded gradient against the plain one.
  void compare_recorded() {
    const numbers recorded = f_.recorded_values();
    double greatest = 0;
    for (const T v : base_)
      if (std::isfinite(v)) greatest = std::max(greatest, std::abs(static_cast<double>(v)));
    for (std::size_t c = 0; c + 2 < columns_.size(); ++c) {
      const std::size_t j = columns_[c].first;
      const auto a = static_cast<double>(base_[j]), b = static_cast<double>(recorded[j]);
      if (a == b || (std::isnan(a) && std::isnan(b))) continue;
      if (!(std::abs(a - b) <= safety * (2 * noise_[j] + 4 * epsilon<T> * greatest)))
        return contradiction("the recorded " + columns_[c].text + " differs from the plain one, " +
                             number_text(a) + ", by " + number_text(b - a));
    }
  }

  double rounding(std::size_t c, std::size_t k, std::size_t i) const {
    return rounding_[c][k][i] + floor(c, k, i);
  }
  double floor(std::size_t c, std::size_t k, std::size_t i) const {
    return epsilon<T> * (2 * std::abs(static_cast<double>(analytic_[c][k][i])) + greatest_[c][k]);
  }

  // ---- Noise

  // Every entry, moved by `of` units in its last place; a 0 by those of the input's scale.
  template <class Of>
  movements everywhere(const Of& of) {
    movements path;
    for (std::size_t k = 0; k < f_.inputs(); ++k) {
      const double whole = scale(k);
      for (std::size_t i = 0; i < f_.size(k); ++i)
        path.push_back({k, i, of() * last_place(k, i, whole)});
    }
    return path;
  }

  T last_place(std::size_t k, std::size_t i, double scale) const {
    const double m = detail::magnitude(static_cast<double>(f_.at(k, i)));
    return static_cast<T>(epsilon<T> * (m == 0 ? scale : m));
  }

  numbers values_at(const movements& path, double step) {
    return f_.moved(path, step, [this] { return f_.values(); });
  }

  // Note [Noise]
  // The result at twelve points a few units in the last place apart, at random along one direction of all
  // entries; for one that mostly stays the same, at points further apart. Where a result is absorbed in something
  // greater even so, only the tape knows: the rounding of all values on it. One direction may by chance leave in
  // peace what makes the noise (a difference of two entries that move alike), so no derivative is found wrong
  // before the noise along its own path was measured.
  std::vector<double> scatter(const movements& path) {
    constexpr std::size_t count = 12;
    constexpr std::array<int, 3> levels =
        sizeof(T) == 8 ? std::array{10, 18, 24} : std::array{5, 7, 9};
    std::vector<double> noise(base_.size(), 0);
    std::vector<bool> done(base_.size(), false);
    for (const int level : levels) {
      if (std::find(done.begin(), done.end(), false) == done.end()) break;
      std::array<double, count> points, here;
      for (double& p : points) p = std::round(random_.uniform(-1, 1) * std::exp2(level));
      std::sort(points.begin(), points.end());
      std::array<numbers, count> values;
      for (std::size_t p = 0; p < count; ++p) values[p] = values_at(path, points[p]);
      for (std::size_t j = 0; j < base_.size(); ++j) {
        if (done[j]) continue;
        std::size_t equal = 0;
        for (std::size_t p = 0; p < count; ++p) {
          here[p] = static_cast<double>(values[p][j]) - static_cast<double>(base_[j]);
          equal += p > 0 && here[p] == here[p - 1];
        }
        const double found = detail::noise(points, here);
        if (std::isfinite(found)) noise[j] = std::max(noise[j], found);
        done[j] = 2 * equal < count;
      }
    }
    return noise;
  }

  void measure_noise() {
    noise_ = scatter(everywhere([this] { return weight(); }));
    std::vector<numbers> cotangents;
    for (const auto& c : columns_) cotangents.push_back(c.weights);
    taped_ = detail::rounding_on_the_tape<T>(f_, cotangents);
    for (std::size_t j = 0; j < base_.size(); ++j)
      noise_[j] = std::max(noise_[j], epsilon<T> * std::abs(static_cast<double>(base_[j])));
    for (std::size_t c = 0; c + 2 < columns_.size(); ++c)
      noise_[columns_[c].first] = std::max(noise_[columns_[c].first], taped_[c]);
  }

  // Whether some results have no unit cotangent.
  bool sampled() const { return columns_.size() < base_.size() + 2; }

  // Of all results on which the path has an effect, be it that they move or that they should.
  std::vector<double> noise_of(const movements& path) const {
    if (sampled()) return noise_;
    std::vector<double> noise(base_.size(), 0);
    for (std::size_t j = 0; j < base_.size(); ++j)
      for (const auto& [k, i, unit] : path)
        if (analytic_[j][k][i] != 0) noise[j] = noise_[j];
    return noise;
  }

  // ---- Comparing

  // The typical magnitude of an input's entries: the power of two under the geometric mean of those that
  // are not 0; 1 where all are.
  double scale(std::size_t k) {
    int exponents = 0, count = 0;
    for (std::size_t i = 0; i < f_.size(k); ++i) {
      const auto x = static_cast<double>(f_.at(k, i));
      if (x == 0 || !std::isfinite(x)) continue;
      exponents += std::ilogb(x);
      ++count;
    }
    return count == 0 ? 1 : std::exp2(exponents / count);
  }

  double unit(std::size_t k, std::size_t i) {
    return std::max(detail::magnitude(static_cast<double>(f_.at(k, i))), scales_[k]);
  }

  void compare_entries() {
    std::size_t total = 0;
    for (std::size_t k = 0; k < f_.inputs(); ++k) total += f_.size(k);
    const double part = total <= options_.entries
                            ? 1
                            : static_cast<double>(options_.entries) / static_cast<double>(total);
    std::string text;
    for (std::size_t k = 0; k < f_.inputs(); ++k) {
      const std::size_t n = f_.size(k);
      std::vector<std::size_t> entries(n);
      for (std::size_t i = 0; i < n; ++i) entries[i] = i;
      if (part < 1) {
        random_.shuffle(entries);
        entries.resize(std::min(n, 1 + static_cast<std::size_t>(part * static_cast<double>(n))));
        std::sort(entries.begin(), entries.end());
      }
      for (const std::size_t i : entries) compare({{k, i, static_cast<T>(unit(k, i))}});
      if (entries.size() < n)
        for (std::size_t d = 0; d < options_.directions; ++d) {
          movements path;
          for (std::size_t i = 0; i < n; ++i)
            path.push_back({k, i,
                            static_cast<T>(unit(k, i) * (random_() % 2 == 0 ? 0.5 : -0.5) *
                                           static_cast<double>(1 + random_() % 2))});
          compare(path);
        }
      text += (k == 0 ? "" : ", ") + std::to_string(entries.size()) + " of " + std::to_string(n);
      if (entries.size() < n) text += " and " + std::to_string(options_.directions) + " directions";
    }
    report_.notes_.back() += "; entries checked, by input: " + text;
  }

  // All columns' derivatives along a path.
  void compare(const movements& path) {
    bool moved = false;
    std::vector<finding> findings = findings_along(path, moved);
    const auto differs = [](const finding& f) { return f.kind == outcome::failed; };
    if (std::any_of(findings.begin(), findings.end(), differs) && raise_noise(path))
      findings = findings_along(path, moved);
    if (moved) moving_[path[0].input] = true;
    for (std::size_t c = 0; c < columns_.size(); ++c) note(c, path, findings[c]);
  }

  // Whether there is more of it along the path than was known.
  bool raise_noise(movements path) {
    for (auto& [k, i, unit] : path) unit = std::copysign(last_place(k, i, scales_[k]), unit);
    bool more = false;
    const std::vector<double> found = scatter(path);
    for (std::size_t j = 0; j < noise_.size(); ++j) {
      more = more || found[j] > noise_[j];
      noise_[j] = std::max(noise_[j], found[j]);
    }
    return more;
  }

  std::vector<finding> findings_along(const movements& path, bool& any_moved) {
    constexpr double ratio = sizeof(T) == 8 ? 8 : 2;
    constexpr std::size_t first = sizeof(T) == 8 ? 8 : 10, most = first + 12;
    const std::size_t k = path[0].input;
    const auto x = static_cast<double>(f_.at(k, path[0].element));
    const auto u = static_cast<double>(path[0].unit);
    // A single entry moves by what rounding leaves of the step.
    const auto reached = [&](double step) {
      return path.size() > 1 ? step : (static_cast<double>(static_cast<T>(x + step * u)) - x) / u;
    };
    std::vector<std::vector<secant>> secants(columns_.size());
    std::vector<double> noise = noise_of(path);
    std::vector<bool> moved(columns_.size(), false);
    std::vector<finding> findings(columns_.size());
    double step = sizeof(T) == 8 ? 0.25 : 0.5;
    for (std::size_t n = 0; n < most; ++n, step /= ratio) {
      const double right = reached(step), left = -reached(-step);
      if (right == 0 || left == 0) break;
      const numbers up = values_at(path, step), down = values_at(path, -step);
      for (std::size_t j = 0; j < base_.size(); ++j)
        if (noise[j] > 0 || up[j] != base_[j] || down[j] != base_[j])
          noise[j] = std::max({noise_[j], epsilon<T> * std::abs(static_cast<double>(up[j])),
                               epsilon<T> * std::abs(static_cast<double>(down[j]))});
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const column<T>& col = columns_[c];
        const auto more = col.difference(base_, up), less = col.difference(down, base_);
        if (more.sum != 0 || less.sum != 0) moved[c] = true;
        secants[c].push_back(
            {step, more.sum / right, less.sum / left,
             std::max(col.norm(noise), sampled() ? taped_[c] : 0) + jitter(c, path),
             std::max(more.parts / right, less.parts / left)});
      }
      if (n + 1 < first) continue;
      bool settled = true;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const outcome& kind = findings[c].kind;
        const auto open = [&] {
          return kind == outcome::undetermined || kind == outcome::failed ||
                 kind == outcome::at_kink;
        };
        if (n + 1 == first || open()) findings[c] = find(c, path, secants[c], moved[c]);
        settled = settled && !open();
      }
      if (settled || step * u < 64 * epsilon<T> * std::abs(x)) break;
    }
    any_moved = std::find(moved.begin(), moved.end(), true) != moved.end();
    return findings;
  }

  // Entries of a direction are rounded one by one when they are moved.
  double jitter(std::size_t c, const movements& path) {
    if (path.size() == 1) return 0;
    double squares = 0;
    for (const auto& [k, i, unit] : path) {
      const double v =
          epsilon<T> * static_cast<double>(f_.at(k, i)) * static_cast<double>(analytic_[c][k][i]);
      squares += v * v;
    }
    return std::sqrt(squares);
  }

  finding find(std::size_t c, const movements& path, const std::vector<secant>& secants,
               bool moved) {
    finding f;
    double squares = 0, base = 0, most = 0;
    for (const auto& [k, i, unit] : path) {
      const auto u = static_cast<double>(unit);
      f.analytic += u * static_cast<double>(analytic_[c][k][i]);
      squares += std::pow(u * rounding_[c][k][i], 2);
      base += std::abs(u) * floor(c, k, i);
      most = std::max(most, std::abs(u) * greatest_[c][k]);
    }
    if (!moved && f.analytic == 0) {
      f.kind = outcome::unmoved;
      return f;
    }
    // Terms of the gradient may cancel to less than a unit in the last place of any of them.
    if (!moved) base += columns_[c].norm(noise_);
    const detail::derivative d = detail::differentiate(secants);
    const auto finish = [&](outcome kind, double numeric, double error, double difference) {
      f.kind = kind;
      f.numeric = numeric;
      f.error = error;
      f.difference = difference;
      if (std::isnan(difference) || difference > f.tolerance) f.kind = outcome::failed;
      return f;
    };
    if (d.kink()) {
      const auto [low, high, error] = d.slopes();
      f.tolerance = safety * (error + base);
      const double outside = f.analytic < low    ? low - f.analytic
                             : f.analytic > high ? f.analytic - high
                                                 : f.analytic - f.analytic;  // NaN stays NaN
      return finish(outcome::at_kink, std::clamp(d.both.value, low, high), error, outside);
    }
    const double numeric = d.both.value;
    if (!std::isfinite(f.analytic) &&
        d.both.error <= limit * std::max(std::abs(numeric), d.both.steepest)) {
      f.tolerance = safety * d.both.error;
      return finish(outcome::failed, numeric, d.both.error, std::abs(f.analytic - numeric));
    }
    f.tolerance = safety * (d.both.error + std::sqrt(squares) + base);
    if (!std::isfinite(f.tolerance)) {
      f.numeric = numeric;
      f.error = d.both.error;
      return f;
    }
    const double difference = std::abs(f.analytic - numeric);
    const double greater = std::max(std::abs(f.analytic), std::abs(numeric));
    const bool zero = greater <= f.tolerance && f.tolerance <= limit * columns_[c].norm(base_);
    return finish(greater > 0 && f.tolerance <= limit * greater ? outcome::agreed
                  : zero || f.tolerance <= limit * std::max(d.both.steepest, most)
                      ? outcome::small
                      : outcome::undetermined,
                  numeric, d.both.error, difference);
  }

  void note(std::size_t c, const movements& path, const finding& f) {
    const std::size_t k = path[0].input;
    using counts = gradient_report::counts;
    constexpr std::array counters{&counts::agreed,  &counts::small,        &counts::at_kink,
                                  &counts::unmoved, &counts::undetermined, &counts::failed};
    ++(report_.count_.*counters[static_cast<std::size_t>(f.kind)]);
    if (f.kind == outcome::agreed || f.kind == outcome::at_kink || f.kind == outcome::failed)
      ++telling_[k];
    if (f.kind == outcome::unmoved) return;
    const double ratio = f.difference == 0             ? 0
                         : std::isfinite(f.difference) ? f.difference / f.tolerance
                                                       : std::numeric_limits<double>::infinity();
    const int rank = f.kind == outcome::failed ? 2 : f.kind == outcome::undetermined ? 1 : 0;
    const std::pair<int, double> key{rank, ratio};
    const auto place =
        std::find_if(worst_.begin(), worst_.end(), [&](const auto& w) { return w.key < key; });
    if (place == worst_.end() && worst_.size() == shown) return;
    gradient_report::entry e;
    const double u = path.size() == 1 ? static_cast<double>(path[0].unit) : 1;
    e.input = k;
    if (path.size() == 1) e.input_index = index_of(path[0].element, f_.shape(k));
    e.output_index = columns_[c].index;
    e.text = (path.size() == 1 ? input_name(k) + " at " + to_string(e.input_index)
                               : input_name(k) + " along a direction") +
             ", " + columns_[c].text;
    e.analytic = f.analytic / u;
    e.numeric = f.numeric / u;
    e.difference = f.difference / u;
    e.error = f.error / u;
    e.tolerance = f.tolerance / u;
    worst_.insert(place, {key, std::move(e), columns_[c].weights});
    if (worst_.size() > shown) worst_.pop_back();
  }

  // ---- The verdict

  bool nothing(const std::string& why) {
    reasons_.push_back("nothing was checked: " + why);
    return false;
  }
  void contradiction(const std::string& what) {
    const std::string text = "the function contradicts itself: " + what;
    if (std::find(contradictions_.begin(), contradictions_.end(), text) == contradictions_.end())
      contradictions_.push_back(text);
  }

  void judge_inputs() {
    if (f_.second()) {
      const std::size_t x = f_.inputs() - 1;
      const bool constant =
          std::all_of(telling_.begin(), telling_.begin() + static_cast<std::ptrdiff_t>(x),
                      [](std::size_t n) { return n == 0; });
      if (constant) report_.notes_.push_back("second derivatives are 0, as they should be");
      if (telling_[x] == 0)
        reasons_.push_back("second derivatives: no derivative by the cotangent could be compared");
      return;
    }
    bool any = false;
    for (std::size_t k = 0; k < f_.inputs(); ++k) any = any || telling_[k] > 0 || moving_[k];
    if (!any && tracked_) {
      reasons_.push_back("no input moves the result, and every derivative is 0");
      return;
    }
    for (std::size_t k = 0; k < f_.inputs() && tracked_; ++k)
      if (telling_[k] == 0 && f_.size(k) > 0)
        reasons_.push_back(input_name(k) + (moving_[k]
                                                ? ": every derivative is 0 or too small to compare"
                                                : " does not move the result"));
  }

  void accuse() {
    auto [wrong, text] = detail::find_culprit<T>(f_, options_.seed);
    report_.wrong_ = std::move(wrong);
    accusation_ = std::move(text);
  }

  void conclude() {
    const gradient_report::counts& count = report_.count_;
    if (count.undetermined > 0)
      reasons_.push_back(std::to_string(count.undetermined) + " of " +
                         std::to_string(count.total()) + " derivatives could not be determined");
    using enum gradient_report::verdict;
    report_.result_ = count.failed > 0 || !contradictions_.empty() ? failed
                      : !reasons_.empty()                          ? inconclusive
                                                                   : passed;
    report_.reasons_ = contradictions_;
    if (count.failed > 0)
      report_.reasons_.push_back(std::to_string(count.failed) + " of " +
                                 std::to_string(count.total()) + " derivatives differ");
    report_.reasons_.insert(report_.reasons_.end(), reasons_.begin(), reasons_.end());
    for (auto& w : worst_) report_.worst_.push_back(std::move(w.entry));
    if (!accusation_.empty()) report_.notes_.push_back(accusation_);
  }

  struct suspect {
    std::pair<int, double> key;
    gradient_report::entry entry;
    numbers cotangent;
  };

  subject<T> f_;
  const check_options options_;
  rng random_;
  numbers base_;
  std::vector<column<T>> columns_;
  std::vector<std::vector<numbers>> analytic_;              // by column, then by input
  std::vector<std::vector<std::vector<double>>> rounding_;  // what they change by
  std::vector<std::vector<double>> greatest_;               // of each column and input
  std::vector<double> noise_;                               // by element of the result
  std::vector<double> taped_;             // what rounding on the tape makes of it, by column
  std::map<std::size_t, double> scales_;  // by input
  std::vector<std::size_t> telling_;      // by input: derivatives that could have convicted
  std::vector<bool> moving_;
  std::vector<suspect> worst_;
  std::vector<std::string> reasons_, contradictions_;
  std::string accusation_;
  bool tracked_ = false;
  gradient_report report_;
};

template <real T>
gradient_report detail::check_gradients(const vector_function<T>& f,
                                        const std::vector<array<T>>& inputs,
                                        const check_options& options, location where) {
  return gradient_check<T>(f, inputs, options, where).run();
}

template XTAPE_API gradient_report detail::check_gradients(const vector_function<float>&,
                                                           const std::vector<array<float>>&,
                                                           const check_options&, location);
template XTAPE_API gradient_report detail::check_gradients(const vector_function<double>&,
                                                           const std::vector<array<double>>&,
                                                           const check_options&, location);

void detail::throw_argument_count(std::size_t inputs, location where) {
  throw domain_error("check_gradients: " + std::to_string(inputs) +
                         (inputs == 1 ? " input" : " inputs") +
                         ": the function takes another number of arguments",
                     where);
}

}  // namespace xtape
