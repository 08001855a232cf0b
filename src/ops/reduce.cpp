#include <xtape/ops/reduce.hpp>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>

#include "kernel/scan.hpp"
#include "kernel/softmax.hpp"
#include "ops/broadcast.hpp"
#include "ops/reduction.hpp"

namespace xtape {

using namespace detail;

namespace {

// y = scale * sum(x): the sum, and with scale 1/n the mean.
struct sum_rule : structural {
  static constexpr std::string_view name = "sum";
  static constexpr saves saved = saves::nothing;
  static constexpr bool fused = true;
  shape_type from, kept, result;
  double scale = 1;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(result);
    const std::size_t count = size_of(result);
    T* const to = y.node().data();
    std::fill_n(to, count, T(0));
    kernel::map_sum<T, 1>(from, to, kept, std::array{x}, kernel::identity);
    if (scale != 1)
      std::transform(to, to + count, to, [this](T v) { return static_cast<T>(v * scale); });
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    const variable<T> each = scale == 1 ? g : g * scale;
    return broadcast_to<T>(reshape(each, as_sizes(kept)), from);
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g) const {
    const kernel::lane<T> factor(static_cast<T>(scale));
    kernel::map<T, 0>(from, to.data, to.accumulate, std::array{array_view<T>(kept, g.data())},
                      [factor](const auto& v) { return v * factor; });
  }
};

struct mean_rule : sum_rule {
  static constexpr std::string_view name = "mean";
};

struct logsumexp_rule : reduction_rule {
  static constexpr std::string_view name = "logsumexp";
  static constexpr saves saved = saves::inputs;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(result);
    kernel::logsumexp(s.outer, s.n, s.inner, x.data(), y.node().data());
    return y;
  }
  // The softmax itself: e^(x - y) would lose what y, when it is large, has rounded away.
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    const variable<T> flat = reshape(x, as_sizes({s.outer, s.n, s.inner}));
    return keep(g) * reshape(softmax(flat, 1), as_sizes(x.shape()));
  }
};

// The greatest element, or with a negative Sign the least.
template <int Sign>
struct extreme_rule : reduction_rule {
  static constexpr std::string_view name = Sign > 0 ? "max" : "min";
  static constexpr saves saved = saves::both;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return folded<kernel::extreme<T, Sign>>(x);
  }
  // Each element's part of the cotangent is a step function of x: a constant.
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y, const variable<T>& x) const {
    array<T> parts = empty<T>(x.shape());
    const array<T> one = full<T>({}, T(1));
    share<T>({parts.data(), false}, one, y.node().view(), x.node().view());
    return keep(g) * parts;
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& y,
                  const array_view<T>& x) const {
    share(to, keep(g), y, x);
  }

  template <real T>
  void share(target<T> to, const array_view<T>& g, const array_view<T>& y,
             const array_view<T>& x) const {
    array<T> ties = empty<T>(kept);
    fold<kernel::ties<T>>(x, ties.data(), y.data());
    kernel::map<T, 1>(x.shape(), to.data, to.accumulate,
                      std::array{x, g, keep(y), array_view<T>(ties)},
                      [](const auto& v, const auto& each, const auto& wanted, const auto& count) {
                        const kernel::lane<T> zero(T(0));
                        return xsimd::select(kernel::ties<T>::tie(v, wanted), each / count, zero);
                      });
  }
};

// For x: (outer, n, inner), each element's product of the others along the middle axis. Two by two: the others of
// one are its neighbour and all other pairs.
template <real T>
variable<T> products_of_others(const variable<T>& x) {
  const std::size_t outer = x.shape()[0], n = x.shape()[1], inner = x.shape()[2];
  if (n <= 1) return full<T>(x.shape(), T(1));
  if (n % 2 == 1)
    return slice(products_of_others<T>(pad(x, {{0, 0}, {0, 1}, {0, 0}}, 1)), {all, {.stop = -1}});
  const variable<T> pairs = reshape(x, as_sizes({outer, n / 2, 2, inner}));
  const variable<T> rest =
      products_of_others<T>(slice(pairs, {all, all, at(0)}) * slice(pairs, {all, all, at(1)}));
  return reshape(flip(pairs, {2}) * expand_dims(rest, {2}), as_sizes(x.shape()));
}

struct prod_rule : reduction_rule {
  static constexpr std::string_view name = "prod";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return folded<kernel::product<T>>(x);
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    const variable<T> flat = reshape(x, as_sizes({s.outer, s.n, s.inner}));
    return keep(g) * reshape(products_of_others(flat), as_sizes(x.shape()));
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& x) const {
    kernel::exclusive_products(s.outer, s.n, s.inner, x.data(), g.data(), to.accumulate, to.data);
  }
};

struct cumsum_rule : structural {
  static constexpr std::string_view name = "cumsum";
  static constexpr saves saved = saves::nothing;
  slices s;
  bool from_end = false;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(x.shape());
    kernel::cumulative_sum(s.outer, s.n, s.inner, from_end, x.data(), y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return apply(cumsum_rule{{}, s, !from_end}, argument<T>(g));
  }
};

template <class Rule, real T>
variable<T> reduce(const operand<T>& x, const axis_list& axes, reduce_options options) {
  const shape_type over = normalize_axes(Rule::name, x.shape(), axes, x.where());
  const reduced_shape shapes(x.shape(), over, options.keep_dims);
  Rule rule;
  rule.from = x.shape();
  rule.kept = shapes.kept;
  rule.result = shapes.result;
  if constexpr (std::is_same_v<Rule, mean_rule>) {
    const std::size_t count = count_of(x.shape(), over);
    if (count == 0)
      throw domain_error("mean: " + to_string(x.shape()) + ": there is nothing to average",
                         x.where());
    rule.scale = 1 / static_cast<double>(count);
  }
  return apply(std::move(rule), x);
}

template <class Rule, real T>
variable<T> apply_reduction(const operand<T>& x, const axis_list& axes, reduce_options options) {
  const shape_type over = normalize_axes(Rule::name, x.shape(), axes, x.where());
  return reduce_over(Rule{}, x, over, reduced_shape(x.shape(), over, options.keep_dims));
}

template <int Sign, real T>
variable<T> apply_extreme(const operand<T>& x, const axis_list& axes, reduce_options options) {
  using rule = extreme_rule<Sign>;
  if (count_of(x.shape(), normalize_axes(rule::name, x.shape(), axes, x.where())) == 0)
    throw domain_error(
        std::string(rule::name) + ": " + to_string(x.shape()) + ": there is nothing to choose from",
        x.where());
  return apply_reduction<rule>(x, axes, options);
}

template <real T>
variable<T> apply_cumsum(const operand<T>& x, std::ptrdiff_t axis) {
  const std::size_t along = normalize_axis("cumsum", x.shape(), axis, x.where());
  return apply(cumsum_rule{{}, slices(x.shape(), along, along)}, x);
}

template <int Sign, real T>
std::vector<int> find_extreme(const operand<T>& x, std::ptrdiff_t axis) {
  const char* const name = Sign > 0 ? "argmax" : "argmin";
  const std::size_t along = normalize_axis(name, x.shape(), axis, x.where());
  const slices s(x.shape(), along, along);
  if (s.n == 0)
    throw domain_error(
        std::string(name) + ": " + to_string(x.shape()) + ": there is nothing to choose from",
        x.where());
  std::vector<int> result(s.outer * s.inner);
  kernel::find_extreme<Sign>(s.outer, s.n, s.inner, x.value().data(), result.data());
  return result;
}

}  // namespace

variable<float> sum(const operand<float>& x) { return sum(x, all_axes(x.shape())); }
variable<double> sum(const operand<double>& x) { return sum(x, all_axes(x.shape())); }
variable<float> sum(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return reduce<sum_rule>(x, axes, options);
}
variable<double> sum(const operand<double>& x, const axis_list& axes, reduce_options options) {
  return reduce<sum_rule>(x, axes, options);
}

variable<float> mean(const operand<float>& x) { return mean(x, all_axes(x.shape())); }
variable<double> mean(const operand<double>& x) { return mean(x, all_axes(x.shape())); }
variable<float> mean(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return reduce<mean_rule>(x, axes, options);
}
variable<double> mean(const operand<double>& x, const axis_list& axes, reduce_options options) {
  return reduce<mean_rule>(x, axes, options);
}

variable<float> logsumexp(const operand<float>& x) { return logsumexp(x, all_axes(x.shape())); }
variable<double> logsumexp(const operand<double>& x) { return logsumexp(x, all_axes(x.shape())); }
variable<float> logsumexp(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return apply_reduction<logsumexp_rule>(x, axes, options);
}
variable<double> logsumexp(const operand<double>& x, const axis_list& axes,
                           reduce_options options) {
  return apply_reduction<logsumexp_rule>(x, axes, options);
}

variable<float> prod(const operand<float>& x) { return prod(x, all_axes(x.shape())); }
variable<double> prod(const operand<double>& x) { return prod(x, all_axes(x.shape())); }
variable<float> prod(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return apply_reduction<prod_rule>(x, axes, options);
}
variable<double> prod(const operand<double>& x, const axis_list& axes, reduce_options options) {
  return apply_reduction<prod_rule>(x, axes, options);
}

variable<float> max(const operand<float>& x) { return max(x, all_axes(x.shape())); }
variable<double> max(const operand<double>& x) { return max(x, all_axes(x.shape())); }
variable<float> max(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return apply_extreme<1>(x, axes, options);
}
variable<double> max(const operand<double>& x, const axis_list& axes, reduce_options options) {
  return apply_extreme<1>(x, axes, options);
}

variable<float> min(const operand<float>& x) { return min(x, all_axes(x.shape())); }
variable<double> min(const operand<double>& x) { return min(x, all_axes(x.shape())); }
variable<float> min(const operand<float>& x, const axis_list& axes, reduce_options options) {
  return apply_extreme<-1>(x, axes, options);
}
variable<double> min(const operand<double>& x, const axis_list& axes, reduce_options options) {
  return apply_extreme<-1>(x, axes, options);
}

variable<float> cumsum(const operand<float>& x, std::ptrdiff_t axis) {
  return apply_cumsum(x, axis);
}
variable<double> cumsum(const operand<double>& x, std::ptrdiff_t axis) {
  return apply_cumsum(x, axis);
}

std::vector<int> argmax(const operand<float>& x, std::ptrdiff_t axis) {
  return find_extreme<1>(x, axis);
}
std::vector<int> argmax(const operand<double>& x, std::ptrdiff_t axis) {
  return find_extreme<1>(x, axis);
}

std::vector<int> argmin(const operand<float>& x, std::ptrdiff_t axis) {
  return find_extreme<-1>(x, axis);
}
std::vector<int> argmin(const operand<double>& x, std::ptrdiff_t axis) {
  return find_extreme<-1>(x, axis);
}

}  // namespace xtape
