#pragma once
// What a gradient check examines: a function at a point that is moved about.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/shape.hpp>

#include "tape/sweep.hpp"

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

/// A value on the way: the result of an entry, or what one sends to an argument.
template <real T>
struct stage {
  variable<T> value;
  const entry* made;  // the entry it is the result of, if it is
  const entry* by;    // in a gradient: the entry whose derivative
  std::size_t input;  // for this argument is under way
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
  T& at(std::size_t k, std::size_t i) const { return data_[k][i]; }
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

  /// All that comes to be on the way from the inputs to the results, in its order: use(stages).
  template <class Use>
  void follow(const Use& use) {
    tape recording;
    recording.keep_intermediates();
    const variables x = arguments(inputs_);
    const variable<T> y = f_(x);
    struct : sweep_observer {
      std::vector<stage<T>> stages;
      const tape* recording;
      const entry* by = nullptr;
      std::size_t seen = 0;
      void entries(std::size_t input) {
        for (; seen < recording->size(); ++seen) {
          const entry& e = (*recording)[seen];
          stages.push_back({e.output<T>(), &e, by, input});
        }
      }
      void reached(const entry& e, node_base&) override { by = &e; }
      void sent(std::size_t input, node_base& contribution) override {
        entries(input);
        stages.push_back({variable<T>::share(as<T>(contribution)), nullptr, by, input});
      }
    } on_the_way;
    on_the_way.recording = &recording;
    if (second_) {
      const variable<T> output = reshape(y, sizes(y.shape()));
      on_the_way.seen = recording.size();
      sweep pass(std::span(&output, 1), std::span(&std::as_const(inputs_.back()), 1),
                 sweep::purpose::record, "check_gradients", where_);
      for (const variable<T>& input : x) pass.request(input.node());
      pass.run(&on_the_way);
    } else {
      on_the_way.entries(0);
    }
    use(std::as_const(on_the_way.stages));
  }

  /// The gradients of <weights, v> with respect to each input, for a v that `follow` shows.
  std::vector<numbers> gradient_of(const variable<T>& v, const numbers& weights) {
    std::vector<numbers> found;
    for (const auto& at : data_) found.emplace_back(at.size());
    const variables outputs = entries({v});
    if (outputs.empty()) return found;
    const variables all = vjp<T>(outputs, seeds({v}, weights), inputs_);
    for (std::size_t k = 0; k < all.size(); ++k)
      found[k].assign(all[k].value().begin(), all[k].value().end());
    return found;
  }

  /// f() with entries moved by `step` times their units.
  template <class F>
  auto moved(const std::vector<movement<T>>& path, double step, const F& f) {
    numbers before;
    for (const auto& [k, i, unit] : path) {
      before.push_back(at(k, i));
      at(k, i) = static_cast<T>(static_cast<double>(at(k, i)) + step * static_cast<double>(unit));
    }
    auto result = f();
    for (std::size_t n = path.size(); n-- > 0;) at(path[n].input, path[n].element) = before[n];
    return result;
  }

 private:
  void add(const array<T>& input) {
    inputs_.push_back(parameter<T>(input));
    array<T>& value = inputs_.back().mutable_value();
    data_.emplace_back(value.data(), value.size());
  }

  variables arguments(const variables& inputs) const {
    return {inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(arguments_)};
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
    tape recording;
    recording.keep_intermediates();
    if (moved)
      for (std::size_t k = 0; k < arguments_; ++k) inputs[k] = strided(inputs_[k]);
    const variables x = arguments(inputs);
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
};

/// How much the rounding of every entry's value makes of <cotangent, f>, added up as independent errors: an
/// estimate where f absorbs what it is given, and no difference shows it. For each cotangent.
template <real T>
std::vector<double> rounding_on_the_tape(subject<T>& f,
                                         const std::vector<std::vector<T>>& cotangents);

/// The first operation of f that is wrong, and what is; empty where none was found.
struct blame {
  gradient_report::culprit wrong;
  std::string text;
};
template <real T>
blame find_culprit(subject<T>& f, std::uint64_t seed);

}  // namespace xtape::detail
