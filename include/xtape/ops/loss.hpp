#pragma once
// Losses. Each gives one number a sample, or an element, and reduces them: to their mean (a scalar of shape ()),
// to their sum, or not at all. Predictions and targets have one shape: a prediction (n, 1) does not broadcast
// against targets (n), which would compare every prediction with every target. All throw shape_error where
// shapes differ, and domain_error for the mean of nothing.

#include <initializer_list>
#include <optional>
#include <vector>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// What becomes of the single losses.
enum class reduction { mean, sum, none };

struct cross_entropy_options {
  reduction how = reduction::mean;
  /// Every row's target is mixed with the even distribution: (1 - s) t + s/c. In 0..1.
  double label_smoothing = 0;
  /// A factor for every class; none: 1. With labels the mean is taken by the labels' weights: the losses' sum
  /// divided by sum_i w[label_i].
  std::vector<double> class_weights = {};
  /// The rows with this label are left out: their loss is 0, and the mean does not count them.
  std::optional<int> ignore_index = {};
};

/// Cross-entropy of softmax(logits) against integer labels: for each row logsumexp(z) - z[label].
/// logits z: (n, c), before any softmax; labels: n numbers in 0..c-1; `none` gives shape (n).
/// vjp, for the mean: g (softmax(z) - onehot(labels)) / n. The softmax is never formed apart, so nothing overflows.
/// Throws shape_error for other ranks or a wrong number of labels or weights, domain_error for an empty batch, one
/// that is ignored altogether, a label out of range, or smoothing out of 0..1.
XTAPE_API variable<float> softmax_cross_entropy(const operand<float>& logits,
                                                const std::vector<int>& labels,
                                                const cross_entropy_options& options = {});
XTAPE_API variable<double> softmax_cross_entropy(const operand<double>& logits,
                                                 const std::vector<int>& labels,
                                                 const cross_entropy_options& options = {});
// `{0, 2}` means labels, not targets.
inline variable<float> softmax_cross_entropy(const operand<float>& logits,
                                             std::initializer_list<int> labels,
                                             const cross_entropy_options& options = {}) {
  return softmax_cross_entropy(logits, std::vector<int>(labels), options);
}
inline variable<double> softmax_cross_entropy(const operand<double>& logits,
                                              std::initializer_list<int> labels,
                                              const cross_entropy_options& options = {}) {
  return softmax_cross_entropy(logits, std::vector<int>(labels), options);
}

/// The same against a weight for every class, one-hot or soft: for each row sum_j t_j (logsumexp(z) - z_j).
/// targets t: (n, c), used as they are; rows of a distribution sum to 1. The mean is over the n rows.
/// vjp for each row: z: g (softmax(z) sum_j t_j - t); t: -g log_softmax(z). Throws domain_error for ignore_index, which
/// labels have.
XTAPE_API variable<float> softmax_cross_entropy(const operand<float>& logits,
                                                const operand<float>& targets,
                                                const cross_entropy_options& options = {});
XTAPE_API variable<double> softmax_cross_entropy(const operand<double>& logits,
                                                 const operand<double>& targets,
                                                 const cross_entropy_options& options = {});

/// Negative log-likelihood: for each row -x[label], x (n, c) being logarithms of probabilities, as log_softmax
/// gives them. vjp: -g at the label, 0 elsewhere. Throws as softmax_cross_entropy does.
XTAPE_API variable<float> nll(const operand<float>& log_probabilities,
                              const std::vector<int>& labels, reduction how = reduction::mean);
XTAPE_API variable<double> nll(const operand<double>& log_probabilities,
                               const std::vector<int>& labels, reduction how = reduction::mean);

/// Squared error (p - t)^2. d/dp = 2 (p - t), d/dt its negative.
XTAPE_API variable<float> mse(const operand<float>& prediction, const operand<float>& target,
                              reduction how = reduction::mean);
XTAPE_API variable<double> mse(const operand<double>& prediction, const operand<double>& target,
                               reduction how = reduction::mean);

/// Absolute error |p - t|. d/dp = sign(p - t), 0 at the kink; d/dt its negative.
XTAPE_API variable<float> l1(const operand<float>& prediction, const operand<float>& target,
                             reduction how = reduction::mean);
XTAPE_API variable<double> l1(const operand<double>& prediction, const operand<double>& target,
                              reduction how = reduction::mean);

/// Huber's loss of e = p - t: e^2/2 where |e| <= delta, else delta (|e| - delta/2). d/dp = e limited to [-delta, delta],
/// d/dt its negative. Throws domain_error unless delta > 0.
XTAPE_API variable<float> huber(const operand<float>& prediction, const operand<float>& target,
                                double delta = 1, reduction how = reduction::mean);
XTAPE_API variable<double> huber(const operand<double>& prediction, const operand<double>& target,
                                 double delta = 1, reduction how = reduction::mean);

/// Cross-entropy of sigmoid(z) against targets t in 0..1: -t log s - (1 - t) log(1 - s) with s = sigmoid(z), computed as
/// log1p(e^-|z|) + t max(-z, 0) + (1 - t) max(z, 0), without overflow or cancellation.
/// d/dz = s - t, d/dt = -z.
XTAPE_API variable<float> binary_cross_entropy_with_logits(const operand<float>& logits,
                                                           const operand<float>& targets,
                                                           reduction how = reduction::mean);
XTAPE_API variable<double> binary_cross_entropy_with_logits(const operand<double>& logits,
                                                            const operand<double>& targets,
                                                            reduction how = reduction::mean);

/// Kullback-Leibler divergence of the distributions q from p along the last axis: sum_j p_j (log p_j - log q_j), 0 where p_j
/// is 0. log_q holds logarithms, as log_softmax gives them; `none` gives one number a distribution, and the mean is over
/// distributions. vjp for log_q: -g p; for p: g (log p + 1 - log q), infinite where p is 0.
/// Throws shape_error also for arrays of shape ().
XTAPE_API variable<float> kl_divergence(const operand<float>& log_q, const operand<float>& p,
                                        reduction how = reduction::mean);
XTAPE_API variable<double> kl_divergence(const operand<double>& log_q, const operand<double>& p,
                                         reduction how = reduction::mean);

/// Hinge loss max(0, 1 - t s) of scores s against targets t of -1 or 1. d/ds = -t where t s < 1, else 0, the kink
/// included; d/dt = -s there.
XTAPE_API variable<float> hinge(const operand<float>& scores, const operand<float>& targets,
                                reduction how = reduction::mean);
XTAPE_API variable<double> hinge(const operand<double>& scores, const operand<double>& targets,
                                 reduction how = reduction::mean);

/// Cosine of the angle between vectors, the slices of a and b along `axis`: <a, b> / (|a| |b|), 0 where one of them is zero.
/// vjp for a: g (b/|b| - y a/|a|) / |a|, 0 where a is zero; b likewise. Nothing overflows.
/// Throws shape_error where the shapes differ or have no such axis.
XTAPE_API variable<float> cosine_similarity(const operand<float>& a, const operand<float>& b,
                                            std::ptrdiff_t axis = -1);
XTAPE_API variable<double> cosine_similarity(const operand<double>& a, const operand<double>& b,
                                             std::ptrdiff_t axis = -1);

/// 1 - cosine_similarity(prediction, target) along the last axis: one number a vector, and their mean over the vectors.
XTAPE_API variable<float> cosine_distance(const operand<float>& prediction,
                                          const operand<float>& target,
                                          reduction how = reduction::mean);
XTAPE_API variable<double> cosine_distance(const operand<double>& prediction,
                                           const operand<double>& target,
                                           reduction how = reduction::mean);

}  // namespace xtape
