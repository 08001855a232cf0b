#pragma once
// Products of matrices, through CBLAS.

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Matrix product: (n, k) x (k, m) -> (n, m). vjp: g b^T and a^T g.
/// Throws shape_error unless both are matrices and the inner dimensions agree.
XTAPE_API variable<float> matmul(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> matmul(const operand<double>& a, const operand<double>& b);

/// x W + b, the bias added to every row: x (n, k), W (k, m), b (m) -> (n, m).
/// vjp: g W^T, x^T g, and the sum of g's rows. One operation instead of matmul and add: it makes no
/// array in between. Throws shape_error where shapes do not fit.
XTAPE_API variable<float> affine(const operand<float>& x, const operand<float>& weight,
                                 const operand<float>& bias);
XTAPE_API variable<double> affine(const operand<double>& x, const operand<double>& weight,
                                  const operand<double>& bias);

}  // namespace xtape
