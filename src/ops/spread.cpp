#include <xtape/ops/reduce.hpp>

#include <xtape/array/text.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/elementary.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/lanes.hpp"
#include "ops/reduction.hpp"

namespace xtape {

using namespace detail;

namespace {

// a / b, and 0 where b is 0.
template <class T, class A>
xsimd::batch<T, A> ratio(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return where(b, a / b, 0);
}
template <real T>
variable<T> ratio(const variable<T>& a, const variable<T>& b) {
  return where(b, a / where(b, b, 1), 0);  // no infinity for a second derivative to meet
}

struct norm_1_rule : reduction_rule {
  static constexpr std::string_view name = "norm";
  static constexpr saves saved = saves::inputs;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return folded<kernel::sum_of<T, kernel::magnitude>>(x);
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    return keep(g) * sign(x);
  }
};

// The power of two just below a positive number, if 1 / it is a normal number, else the nearest such.
template <real T>
T power_below(T number) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const T least = std::numeric_limits<T>::min();
  const bits exponent = std::bit_cast<bits>(std::numeric_limits<T>::infinity());
  return std::clamp(std::bit_cast<T>(std::bit_cast<bits>(number) & exponent), least, 1 / least);
}

// Scaled by about the greatest element, so that no square overflows or vanishes.
struct norm_2_rule : reduction_rule {
  static constexpr std::string_view name = "norm";
  static constexpr saves saved = saves::both;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    array<T> greatest = empty<T>(result), factor = empty<T>(result);
    fold<kernel::greatest_magnitude<T>>(x, greatest.data());
    std::transform(greatest.begin(), greatest.end(), factor.begin(),
                   [](T number) { return 1 / power_below(number); });
    const variable<T> y = folded<kernel::sum_of<T, kernel::scaled_square>>(x, factor.data());
    T* const to = y.node().data();
    for (std::size_t i = 0; i < factor.size(); ++i) {
      const T most = greatest.data()[i];
      to[i] = std::isfinite(most) ? std::sqrt(to[i]) / factor.data()[i] : most;
    }
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y, const variable<T>& x) const {
    return keep(g) * ratio(x, keep(y));
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& y,
                  const array_view<T>& x) const {
    kernel::map<T, 1>(
        x.shape(), to.data, to.accumulate, std::array{x, keep(g), keep(y)},
        [](const auto& v, const auto& each, const auto& norm) { return each * ratio(v, norm); });
  }
};

template <real T>
variable<T> apply_norm(const operand<T>& x, double order, const axis_list& axes,
                       reduce_options options) {
  const shape_type over = normalize_axes("norm", x.shape(), axes, x.where());
  const reduced_shape shapes(x.shape(), over, options.keep_dims);
  if (order == 1) return reduce_over(norm_1_rule{}, x, over, shapes);
  if (order == 2) return reduce_over(norm_2_rule{}, x, over, shapes);
  if (order != std::numeric_limits<double>::infinity())
    throw domain_error("norm: order " + number_text(order) + ": must be 1, 2 or infinity",
                       x.where());
  if (count_of(x.shape(), over) == 0)
    throw domain_error("norm: " + to_string(x.shape()) + ": there is nothing to choose from",
                       x.where());
  const at_line line(x.where());
  return max(abs(x), axes, options);
}

struct variance_rule : reduction_rule {
  double divisor;

  // The means of x's distances from `from`, or from 0.
  template <real T>
  array<T> means(const array_view<T>& x, const T* from = nullptr) const {
    array<T> values = empty<T>(kept);
    fold<kernel::sum_of<T, kernel::distance>>(x, values.data(), from);
    for (T& mean : values.storage()) mean /= static_cast<T>(s.n);
    return values;
  }
  template <real T>
  variable<T> variances(const array_view<T>& x) const {
    const array<T> mean = means(x);
    const variable<T> y = folded<kernel::squared_distances<T>>(x, mean.data());
    for (std::size_t i = 0; i < mean.size(); ++i) y.node().data()[i] /= static_cast<T>(divisor);
    return y;
  }
  // x less its mean. What is left of a large mean, which is rounded, goes with a second one.
  template <real T>
  variable<T> centred(const variable<T>& x) const {
    axis_list axes;
    for (std::size_t axis = 0; axis < kept.size(); ++axis)
      if (kept[axis] != x.shape()[axis]) axes.push_back(static_cast<std::ptrdiff_t>(axis));
    const variable<T> near = x - mean(x, axes, {.keep_dims = true});
    return near - mean(near, axes, {.keep_dims = true});
  }
  // to (+)= f(x less its mean, more ...).
  template <real T, class F, class... More>
  void add_centred(target<T> to, const array_view<T>& x, const F& f, const More&... more) const {
    const array<T> mean = means(x), second = means(x, mean.data());
    kernel::map<T, 1>(x.shape(), to.data, to.accumulate,
                      std::array{x, array_view<T>(mean), array_view<T>(second), keep(more)...},
                      [&f](const auto& v, const auto& middle, const auto& left,
                           const auto&... with) { return f((v - middle) - left, with...); });
  }
};

struct var_rule : variance_rule {
  static constexpr std::string_view name = "var";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return variances(x);
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    return scaled(keep(g), 2 / divisor) * centred(x);
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& x) const {
    const auto part = [this](const auto& distance, const auto& each) {
      return scaled(each, 2 / divisor) * distance;
    };
    add_centred(to, x, part, g);
  }
};

struct stddev_rule : variance_rule {
  static constexpr std::string_view name = "stddev";
  static constexpr saves saved = saves::both;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = variances(x);
    T* const to = y.node().data();
    std::transform(to, to + size_of(result), to, [](T v) { return std::sqrt(v); });
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y, const variable<T>& x) const {
    return scaled(keep(g), 1 / divisor) * ratio(centred(x), keep(y));
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& y,
                  const array_view<T>& x) const {
    const auto part = [this](const auto& distance, const auto& each, const auto& deviation) {
      return scaled(each, 1 / divisor) * ratio(distance, deviation);
    };
    add_centred(to, x, part, g, y);
  }
};

template <class Rule, real T>
variable<T> apply_variance(const operand<T>& x, const axis_list& axes, variance_options options) {
  const shape_type over = normalize_axes(Rule::name, x.shape(), axes, x.where());
  const std::size_t count = count_of(x.shape(), over);
  if (count <= options.ddof)
    throw domain_error(std::string(Rule::name) + ": " + to_string(x.shape()) + ": the number of " +
                           "elements, " + std::to_string(count) +
                           ", is not above ddof = " + std::to_string(options.ddof),
                       x.where());
  Rule rule{};
  rule.divisor = static_cast<double>(count - options.ddof);
  return reduce_over(std::move(rule), x, over, reduced_shape(x.shape(), over, options.keep_dims));
}

}  // namespace

variable<float> var(const operand<float>& x) { return var(x, all_axes(x.shape())); }
variable<double> var(const operand<double>& x) { return var(x, all_axes(x.shape())); }
variable<float> var(const operand<float>& x, const axis_list& axes, variance_options options) {
  return apply_variance<var_rule>(x, axes, options);
}
variable<double> var(const operand<double>& x, const axis_list& axes, variance_options options) {
  return apply_variance<var_rule>(x, axes, options);
}

variable<float> stddev(const operand<float>& x) { return stddev(x, all_axes(x.shape())); }
variable<double> stddev(const operand<double>& x) { return stddev(x, all_axes(x.shape())); }
variable<float> stddev(const operand<float>& x, const axis_list& axes, variance_options options) {
  return apply_variance<stddev_rule>(x, axes, options);
}
variable<double> stddev(const operand<double>& x, const axis_list& axes, variance_options options) {
  return apply_variance<stddev_rule>(x, axes, options);
}

variable<float> norm(const operand<float>& x, double order) {
  return norm(x, order, all_axes(x.shape()));
}
variable<double> norm(const operand<double>& x, double order) {
  return norm(x, order, all_axes(x.shape()));
}
variable<float> norm(const operand<float>& x, double order, const axis_list& axes,
                     reduce_options options) {
  return apply_norm(x, order, axes, options);
}
variable<double> norm(const operand<double>& x, double order, const axis_list& axes,
                      reduce_options options) {
  return apply_norm(x, order, axes, options);
}

}  // namespace xtape
