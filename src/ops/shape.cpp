#include <xtape/ops/shape.hpp>

#include <numeric>

#include "kernel/transpose.hpp"
#include "ops/axes.hpp"
#include "ops/broadcast.hpp"

namespace xtape {

using namespace detail;

namespace {

struct reshape_rule : structural {
  static constexpr std::string_view name = "reshape";
  static constexpr saves saved = saves::nothing;
  shape_type from, to;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(to);
    std::copy_n(x.data(), x.size(), y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return reshape(g, axis_list(from.begin(), from.end()));
  }
};

struct transpose_rule : structural {
  static constexpr std::string_view name = "transpose";
  static constexpr saves saved = saves::nothing;
  shape_type axes;  // axis i of the result is axis axes[i] of x

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    shape_type to(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) to[i] = x.shape()[axes[i]];
    const variable<T> y = blank<T>(to);
    kernel::permute(axes.size(), x.shape().data(), axes.data(), x.data(), y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    axis_list inverse(axes.size());
    for (std::size_t i = 0; i < axes.size(); ++i) inverse[axes[i]] = static_cast<std::ptrdiff_t>(i);
    return transpose(g, inverse);
  }
};

std::string text(const axis_list& values) {
  std::string result = "(";
  for (std::size_t i = 0; i < values.size(); ++i)
    result += (i == 0 ? "" : ", ") + std::to_string(values[i]);
  return result + ")";
}

template <real T>
variable<T> apply_reshape(const operand<T>& x, const axis_list& sizes) {
  const auto fail = [&](const std::string& reason) {
    throw shape_error("reshape: " + to_string(x.shape()) + " to " + text(sizes) + ": " + reason,
                      x.where());
  };
  shape_type to;
  std::size_t known = 1;
  std::size_t open = sizes.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < -1) fail("size " + std::to_string(sizes[i]) + " is negative");
    if (sizes[i] == -1) {
      if (open != sizes.size()) fail("more than one size is -1");
      open = i;
      to.push_back(1);
      continue;
    }
    to.push_back(static_cast<std::size_t>(sizes[i]));
    known *= to.back();
  }
  const std::size_t size = size_of(x.shape());
  if (open != sizes.size()) {
    if (known == 0 || size % known != 0) fail("no size fits the place of -1");
    to[open] = size / known;
  }
  if (size_of(to) != size)
    fail(std::to_string(size) + " elements do not fill " + std::to_string(size_of(to)));
  return apply(reshape_rule{{}, x.shape(), to}, x);
}

template <real T>
variable<T> apply_transpose(const operand<T>& x, const axis_list& axes) {
  const std::size_t rank = x.shape().size();
  if (axes.size() != rank)
    throw shape_error("transpose: " + to_string(x.shape()) + " by " + text(axes) + ": " +
                          std::to_string(axes.size()) + " axes for " + std::to_string(rank),
                      x.where());
  normalize_axes("transpose", x.shape(), axes, x.where());
  transpose_rule rule;
  for (const std::ptrdiff_t axis : axes)
    rule.axes.push_back(normalize_axis("transpose", x.shape(), axis, x.where()));
  return apply(std::move(rule), x);
}

template <real T>
variable<T> apply_reverse(const operand<T>& x) {
  axis_list axes(x.shape().size());
  std::iota(axes.rbegin(), axes.rend(), 0);
  return apply_transpose(x, axes);
}

// x with the same elements in another shape.
template <real T>
variable<T> reshaped(const operand<T>& x, const shape_type& to) {
  return apply(reshape_rule{{}, x.shape(), to}, x);
}

template <real T>
variable<T> apply_flatten(const operand<T>& x, std::ptrdiff_t first, std::ptrdiff_t last) {
  // A scalar counts as an array of one axis.
  const shape_type from = x.shape().empty() ? shape_type{1} : x.shape();
  const std::size_t begin = normalize_axis("flatten", from, first, x.where());
  const std::size_t end = normalize_axis("flatten", from, last, x.where());
  if (end < begin)
    throw shape_error("flatten: " + to_string(from) + " from axis " + std::to_string(first) +
                          " to " + std::to_string(last) + ": the last comes before the first",
                      x.where());
  const slices s(from, begin, end);
  shape_type to(from.begin(), from.begin() + begin);
  to.push_back(s.n);
  for (std::size_t axis = end + 1; axis < from.size(); ++axis) to.push_back(from[axis]);
  return reshaped(x, to);
}

template <real T>
variable<T> apply_swap_axes(const operand<T>& x, std::ptrdiff_t a, std::ptrdiff_t b) {
  axis_list axes(x.shape().size());
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[normalize_axis("swap_axes", x.shape(), a, x.where())],
            axes[normalize_axis("swap_axes", x.shape(), b, x.where())]);
  return apply_transpose(x, axes);
}

// Without the axes, which are ascending.
template <real T>
variable<T> apply_squeeze(const operand<T>& x, const shape_type& axes) {
  shape_type to;
  for (std::size_t axis = 0; axis < x.shape().size(); ++axis) {
    const std::size_t size = x.shape()[axis];
    if (!std::binary_search(axes.begin(), axes.end(), axis))
      to.push_back(size);
    else if (size != 1)
      throw shape_error("squeeze: " + to_string(x.shape()) + ": axis " + std::to_string(axis) +
                            " has size " + std::to_string(size) + ", not 1",
                        x.where());
  }
  return reshaped(x, to);
}

template <real T>
variable<T> apply_squeeze(const operand<T>& x) {
  shape_type to;
  for (const std::size_t size : x.shape())
    if (size != 1) to.push_back(size);
  return reshaped(x, to);
}

template <real T>
variable<T> apply_expand_dims(const operand<T>& x, const axis_list& axes) {
  const auto fail = [&](const std::string& reason) {
    throw shape_error("expand_dims: " + to_string(x.shape()) + " by " + text(axes) + ": " + reason,
                      x.where());
  };
  shape_type to(x.shape().size() + axes.size());
  const auto rank = static_cast<std::ptrdiff_t>(to.size());
  for (const std::ptrdiff_t axis : axes) {
    if (axis < -rank || axis >= rank) fail("the result has no axis " + std::to_string(axis));
    std::size_t& size = to[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
    if (size != 0) fail("axis " + std::to_string(axis) + " is named twice");
    size = 1;
  }
  // The places that are left are those of x's axes.
  std::size_t next = 0;
  for (std::size_t& size : to)
    if (size == 0) size = x.shape()[next++];
  return reshaped(x, to);
}

// Throws unless `small` broadcasts to `large`.
template <real T>
void check_broadcast(const char* operation, const operand<T>& x, const shape_type& small,
                     const shape_type& large, const shape_type& asked) {
  bool fits = small.size() <= large.size();
  for (std::size_t i = 1; fits && i <= small.size(); ++i)
    fits = small[small.size() - i] == 1 || small[small.size() - i] == large[large.size() - i];
  if (!fits)
    throw shape_error(std::string(operation) + ": " + to_string(x.shape()) + " to " +
                          to_string(asked) + ": " + to_string(small) + " does not broadcast to " +
                          to_string(large),
                      x.where());
}

template <real T>
variable<T> apply_broadcast_to(const operand<T>& x, const shape_type& shape) {
  check_broadcast("broadcast_to", x, x.shape(), shape, shape);
  return detail::broadcast_to<T>(x, shape);
}

template <real T>
variable<T> apply_sum_to(const operand<T>& x, const shape_type& shape) {
  check_broadcast("sum_to", x, shape, x.shape(), shape);
  return apply(sum_to_rule{{}, x.shape(), shape}, x);
}

}  // namespace

variable<float> reshape(const operand<float>& x, const axis_list& sizes) {
  return apply_reshape(x, sizes);
}
variable<double> reshape(const operand<double>& x, const axis_list& sizes) {
  return apply_reshape(x, sizes);
}

variable<float> transpose(const operand<float>& x) { return apply_reverse(x); }
variable<double> transpose(const operand<double>& x) { return apply_reverse(x); }
variable<float> transpose(const operand<float>& x, const axis_list& axes) {
  return apply_transpose(x, axes);
}
variable<double> transpose(const operand<double>& x, const axis_list& axes) {
  return apply_transpose(x, axes);
}

variable<float> broadcast_to(const operand<float>& x, const shape_type& shape) {
  return apply_broadcast_to(x, shape);
}
variable<double> broadcast_to(const operand<double>& x, const shape_type& shape) {
  return apply_broadcast_to(x, shape);
}

variable<float> sum_to(const operand<float>& x, const shape_type& shape) {
  return apply_sum_to(x, shape);
}
variable<double> sum_to(const operand<double>& x, const shape_type& shape) {
  return apply_sum_to(x, shape);
}

variable<float> flatten(const operand<float>& x, std::ptrdiff_t first, std::ptrdiff_t last) {
  return apply_flatten(x, first, last);
}
variable<double> flatten(const operand<double>& x, std::ptrdiff_t first, std::ptrdiff_t last) {
  return apply_flatten(x, first, last);
}

variable<float> swap_axes(const operand<float>& x, std::ptrdiff_t a, std::ptrdiff_t b) {
  return apply_swap_axes(x, a, b);
}
variable<double> swap_axes(const operand<double>& x, std::ptrdiff_t a, std::ptrdiff_t b) {
  return apply_swap_axes(x, a, b);
}

variable<float> squeeze(const operand<float>& x) { return apply_squeeze(x); }
variable<double> squeeze(const operand<double>& x) { return apply_squeeze(x); }

variable<float> squeeze(const operand<float>& x, const axis_list& axes) {
  return apply_squeeze(x, normalize_axes("squeeze", x.shape(), axes, x.where()));
}
variable<double> squeeze(const operand<double>& x, const axis_list& axes) {
  return apply_squeeze(x, normalize_axes("squeeze", x.shape(), axes, x.where()));
}

variable<float> expand_dims(const operand<float>& x, const axis_list& axes) {
  return apply_expand_dims(x, axes);
}
variable<double> expand_dims(const operand<double>& x, const axis_list& axes) {
  return apply_expand_dims(x, axes);
}

}  // namespace xtape
