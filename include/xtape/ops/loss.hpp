#pragma once
// Losses. Each is the mean over the batch, a scalar of shape ().

#include <initializer_list>
#include <vector>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Cross-entropy of softmax(logits) against integer labels, mean over the rows:
///   (1/n) sum_i (logsumexp(z_i) - z_i[label_i]).
/// logits z: (n, c), before any softmax; labels: n numbers in 0..c-1.
/// vjp: g (softmax(z) - onehot(labels)) / n. The softmax is never formed apart, so nothing overflows.
/// Throws shape_error for other ranks or a wrong number of labels, domain_error for an empty batch or a
/// label out of range.
XTAPE_API variable<float> softmax_cross_entropy(const operand<float>& logits,
                                                const std::vector<int>& labels);
XTAPE_API variable<double> softmax_cross_entropy(const operand<double>& logits,
                                                 const std::vector<int>& labels);
// `{0, 2}` means labels, not targets.
inline variable<float> softmax_cross_entropy(const operand<float>& logits,
                                             std::initializer_list<int> labels) {
  return softmax_cross_entropy(logits, std::vector<int>(labels));
}
inline variable<double> softmax_cross_entropy(const operand<double>& logits,
                                              std::initializer_list<int> labels) {
  return softmax_cross_entropy(logits, std::vector<int>(labels));
}

/// The same against a weight for every class, one-hot or soft: (1/n) sum_i sum_j t_ij (logsumexp(z_i) - z_ij).
/// targets t: (n, c), used as they are; rows of a distribution sum to 1.
/// vjp for z: g (softmax(z) sum_j t_j - t) / n; for t: -g log_softmax(z) / n.
XTAPE_API variable<float> softmax_cross_entropy(const operand<float>& logits,
                                                const operand<float>& targets);
XTAPE_API variable<double> softmax_cross_entropy(const operand<double>& logits,
                                                 const operand<double>& targets);

/// Mean squared error over all elements: (1/N) sum (p - t)^2. d/dp = 2 (p - t) / N, d/dt its negative.
/// Both of one shape: a prediction (n, 1) does not broadcast against targets (n), which would compare
/// every prediction with every target. Throws shape_error otherwise, domain_error for empty ones.
XTAPE_API variable<float> mse(const operand<float>& prediction, const operand<float>& target);
XTAPE_API variable<double> mse(const operand<double>& prediction, const operand<double>& target);

}  // namespace xtape
