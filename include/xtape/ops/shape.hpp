#pragma once
// Operations that move elements and change none.

#include <xtape/ops/reduce.hpp>

namespace xtape {

/// The same elements, in row-major order, as an array of another shape; one size may be -1 and is
/// worked out. Throws shape_error where the number of elements differs.
XTAPE_API variable<float> reshape(const operand<float>& x, const axis_list& sizes);
XTAPE_API variable<double> reshape(const operand<double>& x, const axis_list& sizes);

/// y_ij = x_ji; for any rank the axes in reverse order, or in the order given: axis i of the result is
/// axis axes[i] of x. Throws shape_error where `axes` is not a permutation of x's axes.
XTAPE_API variable<float> transpose(const operand<float>& x);
XTAPE_API variable<double> transpose(const operand<double>& x);
XTAPE_API variable<float> transpose(const operand<float>& x, const axis_list& axes);
XTAPE_API variable<double> transpose(const operand<double>& x, const axis_list& axes);

/// x repeated along the axes that it lacks or has once, as NumPy broadcasts; its vjp sums over them.
/// Throws shape_error where x does not broadcast to `shape`.
XTAPE_API variable<float> broadcast_to(const operand<float>& x, const shape_type& shape);
XTAPE_API variable<double> broadcast_to(const operand<double>& x, const shape_type& shape);

/// x summed over the axes along which `shape` broadcasts to x's shape: the vjp of broadcast_to.
/// Throws shape_error where `shape` does not broadcast to x's.
XTAPE_API variable<float> sum_to(const operand<float>& x, const shape_type& shape);
XTAPE_API variable<double> sum_to(const operand<double>& x, const shape_type& shape);

}  // namespace xtape
