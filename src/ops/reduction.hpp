#pragma once
// What reductions have in common.

#include <algorithm>

#include <xtape/ops/shape.hpp>

#include "kernel/fold.hpp"
#include "ops/axes.hpp"
#include "tape/rule.hpp"

namespace xtape::detail {

inline axis_list as_sizes(const shape_type& shape) { return axis_list(shape.begin(), shape.end()); }

inline axis_list all_axes(const shape_type& shape) {
  axis_list axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    axes.push_back(static_cast<std::ptrdiff_t>(axis));
  return axes;
}

/// The result's shape with its reduced axes left in as 1, and without them.
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

/// The number of elements that make one of the result.
inline std::size_t count_of(const shape_type& shape, const shape_type& axes) {
  std::size_t count = 1;
  for (const std::size_t axis : axes) count *= shape[axis];
  return count;
}

/// A rule that reduces x, seen as (outer, n, inner), to (outer, inner).
struct reduction_rule : structural {
  slices s;
  shape_type kept, result;

  /// The result of a kernel's fold, begun with a number each.
  template <class Fold, real T>
  void fold(const array_view<T>& x, T* y, const T* with = nullptr) const {
    kernel::fold<Fold>(s.outer, s.n, s.inner, x.data(), with, y);
  }
  template <class Fold, real T>
  variable<T> folded(const array_view<T>& x, const T* with = nullptr) const {
    const variable<T> y = blank<T>(result);
    fold<Fold>(x, y.node().data(), with);
    return y;
  }
  /// A cotangent, or a result, that broadcasts to x.
  template <real T>
  variable<T> keep(const variable<T>& y) const {
    return reshape(y, as_sizes(kept));
  }
  template <real T>
  array_view<T> keep(const array_view<T>& y) const {
    return {kept, y.data()};
  }
};

/// Applies a reduction_rule over ascending axes. Those that are not neighbours are brought together first.
template <class Rule, real T>
variable<T> reduce_over(Rule rule, const operand<T>& x, const shape_type& axes,
                        const reduced_shape& shapes) {
  const std::size_t rank = x.shape().size();
  rule.result = shapes.result;
  if (axes.empty() || axes.back() - axes.front() + 1 == axes.size()) {
    rule.s =
        axes.empty() ? slices(x.shape(), rank, rank) : slices(x.shape(), axes.front(), axes.back());
    rule.kept = shapes.kept;
    return apply(std::move(rule), x);
  }
  const at_line line(x.where());
  axis_list order;
  for (std::size_t axis = 0; axis < rank; ++axis)
    if (!std::binary_search(axes.begin(), axes.end(), axis))
      order.push_back(static_cast<std::ptrdiff_t>(axis));
  for (const std::size_t axis : axes) order.push_back(static_cast<std::ptrdiff_t>(axis));
  const variable<T> together = transpose(x, order);
  rule.s = slices(together.shape(), rank - axes.size(), rank - 1);
  rule.kept = together.shape();
  std::fill(rule.kept.end() - static_cast<std::ptrdiff_t>(axes.size()), rule.kept.end(), 1);
  return apply(std::move(rule), operand<T>(together));
}

}  // namespace xtape::detail
