#pragma once
// Linear algebra: products through CBLAS, factorizations through LAPACK. All but dot, outer and affine work on
// batches: the leading axes number independent matrices, and broadcast as in NumPy.

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Matrix product: (..., n, k) x (..., k, m) -> (..., n, m), where the leading axes broadcast. A vector on the
/// left counts as a row, (k) x (..., k, m) -> (..., m), one on the right as a column, (..., n, k) x (k) ->
/// (..., n), and two vectors give a scalar. vjp: g b^T and a^T g, summed where a or b was broadcast. Throws
/// shape_error where an argument is a scalar, where the inner dimensions differ or the batches do not broadcast.
XTAPE_API variable<float> matmul(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> matmul(const operand<double>& a, const operand<double>& b);

/// sum_i a_i b_i of two vectors: (n) x (n) -> (). vjp: g b and g a.
/// Throws shape_error unless both are vectors of one length.
XTAPE_API variable<float> dot(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> dot(const operand<double>& a, const operand<double>& b);

/// y_ij = a_i b_j: (n) x (m) -> (n, m). vjp: g b and g^T a. Throws shape_error unless both are vectors.
XTAPE_API variable<float> outer(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> outer(const operand<double>& a, const operand<double>& b);

/// x W + b, the bias added to every row: x (n, k), W (k, m), b (m) -> (n, m).
/// vjp: g W^T, x^T g, and the sum of g's rows. One operation instead of matmul and add: it makes no
/// array in between. Throws shape_error where shapes do not fit.
XTAPE_API variable<float> affine(const operand<float>& x, const operand<float>& weight,
                                 const operand<float>& bias);
XTAPE_API variable<double> affine(const operand<double>& x, const operand<double>& weight,
                                  const operand<double>& bias);

}  // namespace xtape
