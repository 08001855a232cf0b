#pragma once
// Activation functions: elementwise, and softmax along an axis.

#include <cstddef>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Logistic function 1 / (1 + e^-x). d/dx = y (1 - y), at most 1/4. Saturates to 0 and 1 without NaN.
XTAPE_API variable<float> sigmoid(const operand<float>& x);
XTAPE_API variable<double> sigmoid(const operand<double>& x);

/// Hyperbolic tangent. d/dx = 1 - y^2.
XTAPE_API variable<float> tanh(const operand<float>& x);
XTAPE_API variable<double> tanh(const operand<double>& x);

/// max(x, 0). d/dx = 1 where x > 0, else 0; the kink at 0 counts as 0. NaN stays NaN.
XTAPE_API variable<float> relu(const operand<float>& x);
XTAPE_API variable<double> relu(const operand<double>& x);

/// g where y > 0, else 0: relu's derivative applied to g. d/dg = 1 where y > 0, else 0; d/dy = 0.
XTAPE_API variable<float> gate(const operand<float>& g, const operand<float>& y);
XTAPE_API variable<double> gate(const operand<double>& g, const operand<double>& y);

/// y_j = e^{x_j} / sum_i e^{x_i} along `axis` (negative: from the end); x of any shape but ().
/// vjp: y (g - sum_i g_i y_i). Shifted by the greatest element, so that nothing overflows.
/// Throws shape_error for an axis that x does not have.
XTAPE_API variable<float> softmax(const operand<float>& x, std::ptrdiff_t axis = -1);
XTAPE_API variable<double> softmax(const operand<double>& x, std::ptrdiff_t axis = -1);

/// y_j = x_j - log sum_i e^{x_i} along `axis`, computed without softmax's underflow.
/// vjp: g - e^y sum_i g_i. Throws as softmax does.
XTAPE_API variable<float> log_softmax(const operand<float>& x, std::ptrdiff_t axis = -1);
XTAPE_API variable<double> log_softmax(const operand<double>& x, std::ptrdiff_t axis = -1);

}  // namespace xtape
