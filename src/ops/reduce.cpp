#include <xtape/ops/reduce.hpp>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/shape.hpp>

#include "kernel/softmax.hpp"
#include "ops/axes.hpp"
#include "ops/broadcast.hpp"

namespace xtape {

using namespace detail;

namespace {

axis_list as_sizes(const shape_type& shape) { return axis_list(shape.begin(), shape.end()); }

axis_list all_axes(const shape_type& shape) {
  axis_list axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    axes.push_back(static_cast<std::ptrdiff_t>(axis));
  return axes;
}

// The result's shape with its reduced axes left in as 1, and without them.
struct reduced_shape {
  shape_type kept, result;
  reduced_shape(const shape_type& shape, const shape_type& axes, bool keep_dims) : kept(shape) {
    for (const std::size_t axis : axes) kept[axis] = 1;
    if (keep_dims) {
      result = kept;
      return;
    }
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      if (std::find(axes.begin(), axes.end(), axis) == axes.end()) result.push_back(shape[axis]);
  }
};

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

// Over one run of neighbouring axes, first to last.
struct logsumexp_rule : structural {
  static constexpr std::string_view name = "logsumexp";
  static constexpr saves saved = saves::inputs;
  std::size_t first, last;
  shape_type kept, result;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(result);
    const slices s(x.shape(), first, last);
    kernel::logsumexp(s.outer, s.n, s.inner, x.data(), y.node().data());
    return y;
  }
  // The softmax itself: e^(x - y) would lose what y, when it is large, has rounded away.
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    const slices s(x.shape(), first, last);
    const variable<T> flat = reshape(x, as_sizes({s.outer, s.n, s.inner}));
    return reshape(g, as_sizes(kept)) * reshape(softmax(flat, 1), as_sizes(x.shape()));
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
    std::size_t count = 1;
    for (const std::size_t axis : over) count *= x.shape()[axis];
    if (count == 0)
      throw domain_error("mean: " + to_string(x.shape()) + ": there is nothing to average",
                         x.where());
    rule.scale = 1 / static_cast<double>(count);
  }
  return apply(std::move(rule), x);
}

template <real T>
variable<T> reduce_logsumexp(const operand<T>& x, const axis_list& axes, reduce_options options) {
  const at_line line(x.where());
  const shape_type over = normalize_axes(logsumexp_rule::name, x.shape(), axes, x.where());
  const reduced_shape shapes(x.shape(), over, options.keep_dims);
  if (over.empty()) return reshape(x, as_sizes(x.shape()));
  const bool neighbours = over.back() - over.front() + 1 == over.size();
  if (neighbours)
    return apply(logsumexp_rule{{}, over.front(), over.back(), shapes.kept, shapes.result}, x);
  // Brings the axes together at the end first.
  axis_list order;
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis)
    if (std::find(over.begin(), over.end(), axis) == over.end())
      order.push_back(static_cast<std::ptrdiff_t>(axis));
  for (const std::size_t axis : over) order.push_back(static_cast<std::ptrdiff_t>(axis));
  axis_list last;
  for (std::size_t i = 1; i <= over.size(); ++i) last.push_back(-static_cast<std::ptrdiff_t>(i));
  return reshape(reduce_logsumexp<T>(transpose(x, order), last, {}), as_sizes(shapes.result));
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
  return reduce_logsumexp(x, axes, options);
}
variable<double> logsumexp(const operand<double>& x, const axis_list& axes,
                           reduce_options options) {
  return reduce_logsumexp(x, axes, options);
}

}  // namespace xtape
