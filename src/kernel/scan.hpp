#pragma once
// Loops along the middle axis of (outer, n, inner), each step of which takes up where the last one ended.

#include <cstddef>
#include <vector>

#include <xtape/array/pool.hpp>

#include "kernel/parallel.hpp"

namespace xtape::kernel {

/// y_j = x_0 + ... + x_j, or from the end: x_j + ... + x_{n-1}.
template <class T>
void cumulative_sum(std::size_t outer, std::size_t n, std::size_t inner, bool from_end, const T* x,
                    T* y) {
  parallel_for(outer, outer * n * inner, 1, [=](std::size_t begin, std::size_t end) {
    std::vector<T, pool_allocator<T>> sum(inner);
    for (std::size_t o = begin; o < end; ++o) {
      std::fill(sum.begin(), sum.end(), T(0));
      for (std::size_t step = 0; step < n; ++step) {
        const std::size_t row = (o * n + (from_end ? n - 1 - step : step)) * inner;
#pragma omp simd
        for (std::size_t i = 0; i < inner; ++i) y[row + i] = sum[i] += x[row + i];
      }
    }
  });
}

/// y_j = g times the product of all x_i but x_j, or y_j += that. g: (outer, inner). Without a division, so that
/// zeros do no harm.
template <class T>
void exclusive_products(std::size_t outer, std::size_t n, std::size_t inner, const T* x, const T* g,
                        bool accumulate, T* y) {
  parallel_for(outer, outer * n * inner, 1, [=](std::size_t begin, std::size_t end) {
    std::vector<T, pool_allocator<T>> before(n * inner), product(inner);
    for (std::size_t o = begin; o < end; ++o) {
      std::copy_n(g + o * inner, inner, product.begin());
      for (std::size_t j = 0; j < n; ++j)
#pragma omp simd
        for (std::size_t i = 0; i < inner; ++i) {
          before[j * inner + i] = product[i];
          product[i] *= x[(o * n + j) * inner + i];
        }
      std::fill(product.begin(), product.end(), T(1));
      for (std::size_t j = n; j-- > 0;)
#pragma omp simd
        for (std::size_t i = 0; i < inner; ++i) {
          const std::size_t at = (o * n + j) * inner + i;
          const T share = before[j * inner + i] * product[i];
          y[at] = accumulate ? y[at] + share : share;
          product[i] *= x[at];
        }
    }
  });
}

/// Where along the axis the greatest element is, or with a negative Sign the least: the first one, or the first
/// NaN. n is at least 1.
template <int Sign, class T>
void find_extreme(std::size_t outer, std::size_t n, std::size_t inner, const T* x, int* y) {
  parallel_for(outer, outer * n * inner, 1, [=](std::size_t begin, std::size_t end) {
    for (std::size_t o = begin; o < end; ++o) {
      const T* const first = x + o * n * inner;
      std::vector<T, pool_allocator<T>> found(first, first + inner);
      int* const where = y + o * inner;
      std::fill_n(where, inner, 0);
      for (std::size_t j = 1; j < n; ++j)
        for (std::size_t i = 0; i < inner; ++i) {
          const T v = first[j * inner + i];
          const bool better = Sign > 0 ? v > found[i] : v < found[i];
          if (!better && !(v != v && found[i] == found[i])) continue;
          found[i] = v;
          where[i] = static_cast<int>(j);
        }
    }
  });
}

}  // namespace xtape::kernel
