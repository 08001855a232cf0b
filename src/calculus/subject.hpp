#pragma once
// What a gradient check examines: a function at a point that is moved about.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/shape.hpp>

namespace xtape::detail {

template <real T>
inline constexpr double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());

/// The greatest power of two that is not above |x|; 0 for 0.
inline double magnitude(double x) {
  return x == 0 || !std::isfinite(x) ? 0 : std::exp2(std::ilogb(x));
}

/// An entry of an array that is moved by `unit` times the step.
template <real T>
struct movement {
  std::size_t input, element;
  T unit;
};

/// f of its arguments; from `differentiate` on, the gradient of <r, f> with respect to them, as a
/// function of them and of r. Its results, one array or several, are one row of numbers.
template <real T>
class subject : pinned {
 public:
  using variables = std::vector<variable<T>>;
  using numbers = std::vector<T>;

  subject(const vector_function<T>& f, const std::vector<array<T>>& at, location where)
      : f_(f), where_(where) {
    for (const array<T>& input : at) add(input);
    arguments_ = inputs_.size();
  }
  void differentiate(const array<T>& r) {
    add(r);
    second_ = true;
    shapes_.clear();
  }

  std::size_t inputs() const { return inputs_.size(); }
  const shape_type& shape(std::size_t k) const { return inputs_[k].shape(); }
  std::size_t size(std::size_t k) const { return data_[k].size(); }
  T& at(std::size_t k, std::size_t i) { return data_[k][i]; }
  bool second() const { return second_; }
  /// The shapes of the results, and whether any was recorded.
  const std::vector<shape_type>& shapes() const { return shapes_; }
  bool tracked() const { return tracked_; }

  numbers values() {
    numbers all;
    run(false, false, [&](const variables& results, const variables&) { append(all, results); });
    return all;
  }
  /// As a recorded gradient gives them.
  numbers recorded_values() {
    numbers all;
    run(true, false, [&](const variables& results, const variables&) { append(all, results); });
    return all;
  }

  /// For each cotangent of the results, the gradients with respect to each input; the results are
  /// put into `values`. With `moved`, the arguments are no parameters but values on the tape.
  std::vector<std::vector<numbers>> gradients(const std::vector<numbers>& cotangents,
                                              numbers& values, bool moved = false) {
    std::vector<std::vector<numbers>> found(cotangents.size());
    run(true, moved, [&](const variables& results, const variables& inputs) {
      append(values, results);
      const variables outputs = entries(results);
      tracked_ = !outputs.empty();
      for (std::size_t c = 0; c < cotangents.size(); ++c) {
        if (outputs.empty()) {
          for (const auto& at : data_) found[c].push_back(numbers(at.size()));
          continue;
        }
        for (const variable<T>& g : vjp<T>(outputs, seeds(results, cotangents[c]), inputs))
          found[c].emplace_back(g.value().begin(), g.value().end());
      }
    });
    return found;
  }

  /// f on a fresh tape; for each cotangent, use(what was recorded, its cotangents).
  template <class Use>
  void trace(const std::vector<numbers>& cotangents, const Use& use) {
    run(true, false, [&](const variables& results, const variables&) {
      const variables outputs = entries(results);
      for (const numbers& c : cotangents) use(outputs, seeds(results, c));
    });
  }

  /// The results with entries moved by `step` times their units.
  void values_at(const std::vector<movement<T>>& path, double step, numbers& values) {
    saved_.clear();
    for (const auto& [k, i, unit] : path) {
      saved_.push_back(data_[k][i]);
      data_[k][i] =
          static_cast<T>(static_cast<double>(data_[k][i]) + step * static_cast<double>(unit));
    }
    values = this->values();
    for (std::size_t n = path.size(); n-- > 0;) data_[path[n].input][path[n].element] = saved_[n];
  }

 private:
  void add(const array<T>& input) {
    inputs_.push_back(parameter<T>(input));
    array<T>& value = inputs_.back().mutable_value();
    data_.emplace_back(value.data(), value.size());
  }

  static axis_list sizes(const shape_type& shape) { return axis_list(shape.begin(), shape.end()); }

  // The same numbers in the same places, but taken on the tape from a larger array: every second of it, from its end.
  static variable<T> strided(const variable<T>& x) {
    const variable<T> p = parameter<T>(repeat(flip(flatten(x.detach())), 2, 0).value());
    return reshape(slice(p, {{.step = -2}}), sizes(x.shape()));
  }

  template <class Use>
  void run(bool record, bool moved, const Use& use) {
    variables inputs = inputs_;
    const tape recording;
    if (moved)
      for (std::size_t k = 0; k < arguments_; ++k) inputs[k] = strided(inputs_[k]);
    const variables x(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(arguments_));
    variables results{f_(x)};
    if (second_) {
      if (results[0].tracked())
        results = vjp<T>(reshape(results[0], sizes(results[0].shape())), inputs.back(), x,
                         {.create_graph = record});
      else
        results.clear();
    }
    std::vector<shape_type> shapes;
    for (const variable<T>& result : results) shapes.push_back(result.shape());
    if (shapes_.empty()) shapes_ = shapes;
    if (shapes != shapes_)
      throw shape_error("check_gradients: " + to_string(shapes_[0]) + " and " +
                            to_string(shapes[0]) +
                            ": the result's shape depends on the input's values",
                        where_);
    use(results, inputs);
  }

  static void append(numbers& all, const variables& results) {
    for (const variable<T>& y : results) {
      const array_view<T> v = y.node().view();
      all.insert(all.end(), v.data(), v.data() + v.size());
    }
  }

  // The tracked results, each as an entry of the tape: f may return its argument.
  static variables entries(const variables& results) {
    variables outputs;
    for (const variable<T>& y : results)
      if (y.tracked()) outputs.push_back(reshape(y, sizes(y.shape())));
    return outputs;
  }
  static variables seeds(const variables& results, const numbers& cotangent) {
    variables all;
    const T* from = cotangent.data();
    for (const variable<T>& y : results) {
      if (y.tracked()) {
        array<T> seed = empty<T>(y.shape());
        std::copy_n(from, seed.size(), seed.data());
        all.emplace_back(std::move(seed));
      }
      from += y.size();
    }
    return all;
  }

  const vector_function<T>& f_;
  location where_;
  std::size_t arguments_ = 0;
  bool second_ = false, tracked_ = false;
  variables inputs_;
  std::vector<std::span<T>> data_;
  std::vector<shape_type> shapes_;
  numbers saved_;
};

/// How much the rounding of every entry's value makes of <cotangent, f>, added up as independent errors: an
/// estimate where f absorbs what it is given, and no difference shows it. For each cotangent.
template <real T>
std::vector<double> rounding_on_the_tape(subject<T>& f,
                                         const std::vector<std::vector<T>>& cotangents);

/// The first wrong operation of <cotangent, f>, looked for from the tape's end; `noise` is that of f's
/// results. `complete` tells whether every use of every value was looked at.
struct blame {
  gradient_report::culprit wrong;
  bool complete;
};
template <real T>
blame find_culprit(subject<T>& f, const std::vector<T>& cotangent, const std::vector<double>& noise,
                   std::uint64_t seed);

}  // namespace xtape::detail
