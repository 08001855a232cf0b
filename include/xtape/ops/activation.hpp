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

/// x where x > 0, else slope x. d/dx = 1 where x > 0, else slope; the kink at 0 counts as slope.
XTAPE_API variable<float> leaky_relu(const operand<float>& x, double slope = 0.01);
XTAPE_API variable<double> leaky_relu(const operand<double>& x, double slope = 0.01);

/// x where x > 0, else alpha (e^x - 1). d/dx = 1 where x > 0, else alpha e^x. Clevert et al., 2016.
XTAPE_API variable<float> elu(const operand<float>& x, double alpha = 1);
XTAPE_API variable<double> elu(const operand<double>& x, double alpha = 1);

/// lambda elu(x, alpha) with lambda = 1.05070098735548 and alpha = 1.67326324235438, for which mean 0 and variance 1
/// go through a layer unchanged. d/dx = lambda where x > 0, else lambda alpha e^x, and so at 0. Klambauer et al., 2017.
XTAPE_API variable<float> selu(const operand<float>& x);
XTAPE_API variable<double> selu(const operand<double>& x);

/// x F(x), F being the normal distribution function erfc(-x/sqrt(2))/2. d/dx = F(x) + x e^(-x^2/2)/sqrt(2 pi). NaN at
/// -inf, as are silu and mish (0 times infinity). Hendrycks and Gimpel, 2016.
XTAPE_API variable<float> gelu(const operand<float>& x);
XTAPE_API variable<double> gelu(const operand<double>& x);

/// gelu's approximation by tanh: x s with s = sigmoid(2 u) = (1 + tanh(u))/2 and u = sqrt(2/pi) (x + 0.044715 x^3). It
/// differs from gelu by up to 4.8e-4. d/dx = s + x s (1 - s) sqrt(8/pi) (1 + 0.134145 x^2).
XTAPE_API variable<float> gelu_tanh(const operand<float>& x);
XTAPE_API variable<double> gelu_tanh(const operand<double>& x);

/// x s with s = sigmoid(x), also called swish. d/dx = s (1 + x (1 - s)).
XTAPE_API variable<float> silu(const operand<float>& x);
XTAPE_API variable<double> silu(const operand<double>& x);

/// log(1 + e^x), a smooth relu, computed as max(x, 0) + log1p(e^-|x|) so that nothing overflows. d/dx = sigmoid(x).
/// Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000.
XTAPE_API variable<float> softplus(const operand<float>& x);
XTAPE_API variable<double> softplus(const operand<double>& x);

/// x / (1 + |x|). d/dx = 1 / (1 + |x|)^2.
XTAPE_API variable<float> softsign(const operand<float>& x);
XTAPE_API variable<double> softsign(const operand<double>& x);

/// x limited to [-1, 1]; NaN stays NaN. d/dx = 1 where |x| < 1, else 0; the kinks at -1 and 1 count as 0 (in clip
/// they count as 1).
XTAPE_API variable<float> hard_tanh(const operand<float>& x);
XTAPE_API variable<double> hard_tanh(const operand<double>& x);

/// log(sigmoid(x)) = -softplus(-x), computed without underflow. d/dx = sigmoid(-x).
XTAPE_API variable<float> log_sigmoid(const operand<float>& x);
XTAPE_API variable<double> log_sigmoid(const operand<double>& x);

/// x t with t = tanh(softplus(x)). d/dx = t + x (1 - t^2) sigmoid(x). Misra, 2019.
XTAPE_API variable<float> mish(const operand<float>& x);
XTAPE_API variable<double> mish(const operand<double>& x);

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
