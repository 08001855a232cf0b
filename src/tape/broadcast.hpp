#pragma once
// The three operations the engine itself needs when a sweep is recorded: adding contributions, and
// undoing a broadcast. The ops room offers them to users.

#include <xtape/tape/variable.hpp>

namespace xtape::detail {

/// a + b, broadcasting.
template <real T>
variable<T> add(const operand<T>& a, const operand<T>& b);
/// x summed over the axes along which `shape` broadcasts to x's shape; the result has `shape`.
template <real T>
variable<T> sum_to(const operand<T>& x, const shape_type& shape);
/// x repeated along the axes it lacks or has only once; shapes are the caller's to check.
template <real T>
variable<T> broadcast_to(const operand<T>& x, const shape_type& shape);

}  // namespace xtape::detail
