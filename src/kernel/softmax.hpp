#pragma once

#include <cstddef>

namespace xtape::kernel {

// Softmax and its relatives along the middle axis of arrays (outer, n, inner), contiguous and
// row-major. All shift by the greatest element m of a slice, so that no finite input overflows:
//   logsumexp(x) = m + log(sum_j exp(x_j - m)).
// Note [Infinite logits]: an entry of -inf has probability 0. A slice of nothing but -inf has
// logsumexp -inf and no distribution: its softmax and log-softmax are NaN. A slice that holds +inf
// or NaN gives NaN throughout. No other input gives NaN.
// The results depend on the shape alone, to the last bit, not on the number of threads.

/// y_j = exp(x_j) / sum_i exp(x_i). y may be x.
template <class T>
void softmax(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* y);

/// y_j = x_j - logsumexp(x). y may be x.
template <class T>
void log_softmax(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* y);

/// out = log(sum_j exp(x_j)), shape (outer, inner); -inf where n is 0.
template <class T>
void logsumexp(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* out);

/// gx_j (+)= y_j (g_j - sum_i g_i y_i) with y = softmax(x); added where `accumulate`.
/// gx may be g or y.
template <class T>
void softmax_vjp(std::size_t outer, std::size_t n, std::size_t inner, const T* g, const T* y,
                 bool accumulate, T* gx);

/// gx_j (+)= g_j - exp(y_j) sum_i g_i with y = log_softmax(x); added where `accumulate`.
/// gx may be g or y.
template <class T>
void log_softmax_vjp(std::size_t outer, std::size_t n, std::size_t inner, const T* g, const T* y,
                     bool accumulate, T* gx);

/// Mean over the rows of x: (b, c) of logsumexp(x_i) - x_i[labels_i]. Where `gradient` is not null
/// it receives the derivative, (softmax(x) - onehot(labels)) / b, shape (b, c), from the same pass;
/// it must not be x. Labels are in [0, c), b and c at least 1: the caller's duty.
/// Row losses are added up in double.
template <class T>
T softmax_cross_entropy(std::size_t b, std::size_t c, const T* x, const int* labels, T* gradient);

/// losses_i = sum_j t_ij (logsumexp(x_i) - x_ij) for the rows of x and of weights t: (b, c). A weight of 0 takes
/// its logit out of the loss even if that is -inf.
template <class T>
void softmax_cross_entropy(std::size_t b, std::size_t c, const T* x, const T* targets, T* losses);

}  // namespace xtape::kernel
