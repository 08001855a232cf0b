#include "kernel/pooling.hpp"

#include "kernel/parallel.hpp"

#include <xtape/array/pool.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace xtape::kernel {

namespace {

/// The windows [begin, end) have their element k on the image: window o at pixel o * stride + k - padding.
struct seen {
  std::size_t begin, end;
};
seen windows_with(const window& w, std::size_t k) {
  const std::size_t begin = k >= w.padding ? 0 : (w.padding - k + w.stride - 1) / w.stride;
  const std::size_t behind = w.in + w.padding;
  const std::size_t end = behind > k ? std::min((behind - k - 1) / w.stride + 1, w.out()) : 0;
  return {begin, std::max(begin, end)};
}

/// Calls use(pixels, first, count) for every place in the windows of row o: the windows from the first on, `count` of them, have
/// there x[pixels], x[pixels + stride], ...
template <class Use>
void for_each_place(const pooling& p, std::size_t o, const Use& use) {
  for (std::size_t k = 0; k < p.rows.kernel; ++k) {
    const seen rows = windows_with(p.rows, k);
    if (o < rows.begin || o >= rows.end) continue;
    const std::size_t row = (o * p.rows.stride + k - p.rows.padding) * p.columns.in;
    for (std::size_t j = 0; j < p.columns.kernel; ++j) {
      const seen columns = windows_with(p.columns, j);
      if (columns.begin < columns.end)
        use(row + columns.begin * p.columns.stride + j - p.columns.padding, columns.begin,
            columns.end - columns.begin);
    }
  }
}

/// Calls use(plane) for each, shared out among the threads.
template <class Use>
void for_each_plane(const pooling& p, const Use& use) {
  const std::size_t work = p.planes * p.rows.out() * p.columns.out() * p.rows.kernel;
  parallel_for(p.planes, work * p.columns.kernel, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t plane = begin; plane < end; ++plane) use(plane);
  });
}

template <class T>
bool is_tie(T v, T greatest) {
  return v == greatest || (v != v && greatest != greatest);
}

template <class T>
void greatest_of_row(const pooling& p, std::size_t o, const T* x, T* y) {
  std::fill_n(y, p.columns.out(), -std::numeric_limits<T>::infinity());
  const std::size_t stride = p.columns.stride;
  for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
    const T* const from = x + pixels;
    T* const to = y + first;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
      const T v = from[i * stride];
      to[i] = v > to[i] || v != v ? v : to[i];
    }
  });
}

/// The number of greatest elements.
template <class T>
void ties_of_row(const pooling& p, std::size_t o, const T* x, const T* greatest, T* ties) {
  const std::size_t stride = p.columns.stride;
  std::fill_n(ties, p.columns.out(), T(0));
  for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
    const T* const from = x + pixels;
    const T* const wanted = greatest + first;
    T* const to = ties + first;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i)
      to[i] += is_tie(from[i * stride], wanted[i]) ? T(1) : T(0);
  });
}

}  // namespace

template <class T>
void pool_max(const pooling& p, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, height = p.rows.out(), width = p.columns.out();
  for_each_plane(p, [&](std::size_t plane) {
    for (std::size_t o = 0; o < height; ++o)
      greatest_of_row(p, o, x + plane * in, y + (plane * height + o) * width);
  });
}

template <class T>
void pool_max_spread(const pooling& p, const T* g, const T* x, bool accumulate, T* to) {
  const std::size_t in = p.rows.in * p.columns.in, height = p.rows.out(), width = p.columns.out();
  const std::size_t stride = p.columns.stride;
  if (!accumulate) std::fill_n(to, p.planes * in, T(0));
  for_each_plane(p, [&](std::size_t plane) {
    std::vector<T, pool_allocator<T>> row(2 * width);
    T *const greatest = row.data(), *const shares = greatest + width;
    const T* const from = x + plane * in;
    for (std::size_t o = 0; o < height; ++o) {
      greatest_of_row(p, o, from, greatest);
      ties_of_row(p, o, from, greatest, shares);
      const T* const each = g + (plane * height + o) * width;
      for (std::size_t i = 0; i < width; ++i) shares[i] = each[i] / shares[i];
      for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
        const T* const v = from + pixels;
        T* const at = to + plane * in + pixels;
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i)
          at[i * stride] += is_tie(v[i * stride], greatest[first + i]) ? shares[first + i] : T(0);
      });
    }
  });
}

template <class T>
void pool_max_collect(const pooling& p, const T* h, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, height = p.rows.out(), width = p.columns.out();
  const std::size_t stride = p.columns.stride;
  for_each_plane(p, [&](std::size_t plane) {
    std::vector<T, pool_allocator<T>> row(2 * width);
    T *const greatest = row.data(), *const ties = greatest + width;
    const T* const from = x + plane * in;
    for (std::size_t o = 0; o < height; ++o) {
      greatest_of_row(p, o, from, greatest);
      ties_of_row(p, o, from, greatest, ties);
      T* const to = y + (plane * height + o) * width;
      std::fill_n(to, width, T(0));
      for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
        const T *const v = from + pixels, *const each = h + plane * in + pixels;
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i)
          to[first + i] += is_tie(v[i * stride], greatest[first + i]) ? each[i * stride] : T(0);
      });
      for (std::size_t i = 0; i < width; ++i) to[i] /= ties[i];
    }
  });
}

template <class T>
void pool_sum(const pooling& p, T scale, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, height = p.rows.out(), width = p.columns.out();
  const std::size_t stride = p.columns.stride;
  for_each_plane(p, [&](std::size_t plane) {
    for (std::size_t o = 0; o < height; ++o) {
      T* const to = y + (plane * height + o) * width;
      std::fill_n(to, width, T(0));
      for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
        const T* const from = x + plane * in + pixels;
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) to[first + i] += from[i * stride];
      });
      for (std::size_t i = 0; i < width; ++i) to[i] *= scale;
    }
  });
}

template <class T>
void pool_sum_spread(const pooling& p, T scale, const T* g, bool accumulate, T* to) {
  const std::size_t in = p.rows.in * p.columns.in, height = p.rows.out(), width = p.columns.out();
  const std::size_t stride = p.columns.stride;
  if (!accumulate) std::fill_n(to, p.planes * in, T(0));
  for_each_plane(p, [&](std::size_t plane) {
    for (std::size_t o = 0; o < height; ++o) {
      const T* const each = g + (plane * height + o) * width;
      for_each_place(p, o, [&](std::size_t pixels, std::size_t first, std::size_t count) {
        T* const at = to + plane * in + pixels;
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) at[i * stride] += scale * each[first + i];
      });
    }
  });
}

template void pool_max(const pooling&, const float*, float*);
template void pool_max(const pooling&, const double*, double*);
template void pool_max_spread(const pooling&, const float*, const float*, bool, float*);
template void pool_max_spread(const pooling&, const double*, const double*, bool, double*);
template void pool_max_collect(const pooling&, const float*, const float*, float*);
template void pool_max_collect(const pooling&, const double*, const double*, double*);
template void pool_sum(const pooling&, float, const float*, float*);
template void pool_sum(const pooling&, double, const double*, double*);
template void pool_sum_spread(const pooling&, float, const float*, bool, float*);
template void pool_sum_spread(const pooling&, double, const double*, bool, double*);

}  // namespace xtape::kernel
