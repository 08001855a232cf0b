#pragma once
// Greatest elements and sums of windows on images, and their derivatives.

#include "kernel/window.hpp"

namespace xtape::kernel {

/// x: (planes, rows.in, columns.in), y: (planes, rows.out(), columns.out()), contiguous. Windows without gaps, whose
/// padding is at most half their size, so that each has an element of x.
struct pooling {
  std::size_t planes;
  window rows, columns;
};

/// The greatest element in each window; NaN where there is one. What lies outside of x does not count.
template <class T>
void pool_max(const pooling& p, const T* x, T* y);

/// The derivative by x: to (+)= for each window its g, in equal parts to its greatest elements, or its NaNs.
template <class T>
void pool_max_spread(const pooling& p, const T* g, const T* x, bool accumulate, T* to);

/// The other way: y = for each window the mean of h, which is like x, over its greatest elements.
template <class T>
void pool_max_collect(const pooling& p, const T* h, const T* x, T* y);

/// scale times the sum of each window; what lies outside of x counts as 0.
template <class T>
void pool_sum(const pooling& p, T scale, const T* x, T* y);

/// The derivative by x: to (+)= scale times the sum of g over the windows that an element is in.
template <class T>
void pool_sum_spread(const pooling& p, T scale, const T* g, bool accumulate, T* to);

}  // namespace xtape::kernel
