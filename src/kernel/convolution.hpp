#pragma once
// Convolution of images, and the two products that are its derivatives.

#include "kernel/window.hpp"

namespace xtape::kernel {

/// x: (images, groups in_channels, rows.in, columns.in), y: (images, groups out_channels, rows.out(), columns.out()),
/// weight: (groups out_channels, in_channels, rows.kernel, columns.kernel), all contiguous.
struct convolution {
  std::size_t images, groups, in_channels, out_channels;  // channels in a group
  window rows, columns;
};

/// y[n, m, o, p] = bias[m] + sum_{c, i, j} weight[m, c, i, j] x[n, c, row(o, i), column(p, j)], c running over the
/// channels of m's group, with row(o, i) = o stride + i dilation - padding, and 0 for what lies outside of x. Without a
/// bias where it is null. y must not overlap the others, here and below.
template <class T>
void convolve(const convolution& c, const T* x, const T* weight, const T* bias, T* y);

/// The derivative by x: x (+)= sum over m, o, p, i, j of weight g, for g like y.
template <class T>
void convolve_to_x(const convolution& c, const T* g, const T* weight, bool accumulate, T* x);

/// The derivative by the weight: weight (+)= sum over n, o, p of x g. The order of the additions depends on the
/// shapes only, not on the number of threads.
template <class T>
void convolve_to_weight(const convolution& c, const T* x, const T* g, bool accumulate, T* weight);

}  // namespace xtape::kernel
