#include "kernel/transpose.hpp"

#include <xtape/array/shape.hpp>

#include "kernel/parallel.hpp"

#include <algorithm>
#include <array>

namespace xtape::kernel {

namespace {

/// Side of the square tiles: a tile of x and one of y, 16 cache lines of floats each, stay in the
/// first-level cache whatever the strides.
constexpr std::size_t tile = 16;

/// y[j * y_row + i] = x[i * x_row + j] for i in [begin, end), j < cols.
template <class T>
void transpose_rows(std::size_t begin, std::size_t end, std::size_t cols, const T* x,
                    std::size_t x_row, T* y, std::size_t y_row) {
  std::size_t i = begin;
  for (; i + tile <= end; i += tile) {
    std::size_t j = 0;
    for (; j + tile <= cols; j += tile) {
      // Through a block of known size, which the compiler turns in registers.
      T block[tile][tile];
      for (std::size_t p = 0; p < tile; ++p)
        for (std::size_t q = 0; q < tile; ++q) block[p][q] = x[(i + p) * x_row + j + q];
      for (std::size_t q = 0; q < tile; ++q)
        for (std::size_t p = 0; p < tile; ++p) y[(j + q) * y_row + i + p] = block[p][q];
    }
    for (; j < cols; ++j)
      for (std::size_t p = 0; p < tile; ++p) y[j * y_row + i + p] = x[(i + p) * x_row + j];
  }
  for (; i < end; ++i)
    for (std::size_t j = 0; j < cols; ++j) y[j * y_row + i] = x[i * x_row + j];
}

/// Axes of y with how far x moves along each. Axes of one element are left out and neighbours that
/// are neighbours in x too are one.
struct permutation {
  std::size_t rank = 0;
  std::array<std::size_t, max_rank> sizes{};
  std::array<std::size_t, max_rank> steps{};    // in x
  std::array<std::size_t, max_rank> strides{};  // in y

  permutation(std::size_t axes_count, const std::size_t* shape, const std::size_t* axes) {
    std::array<std::size_t, max_rank> x_strides{};
    std::size_t stride = 1;
    for (std::size_t axis = axes_count; axis-- > 0;) {
      x_strides[axis] = stride;
      stride *= shape[axis];
    }
    for (std::size_t i = 0; i < axes_count; ++i) {
      const std::size_t size = shape[axes[i]];
      const std::size_t step = x_strides[axes[i]];
      if (size == 1) continue;
      if (rank > 0 && steps[rank - 1] == step * size) {
        sizes[rank - 1] *= size;
        steps[rank - 1] = step;
      } else {
        sizes[rank] = size;
        steps[rank++] = step;
      }
    }
    stride = 1;
    for (std::size_t axis = rank; axis-- > 0;) {
      strides[axis] = stride;
      stride *= sizes[axis];
    }
  }

  void remove(std::size_t axis) {
    for (std::size_t i = axis; i + 1 < rank; ++i) {
      sizes[i] = sizes[i + 1];
      steps[i] = steps[i + 1];
      strides[i] = strides[i + 1];
    }
    --rank;
  }

  std::size_t size() const {
    std::size_t count = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) count *= sizes[axis];
    return count;
  }

  /// Where the element of that number begins in x and in y.
  std::array<std::size_t, 2> offsets(std::size_t number) const {
    std::array<std::size_t, 2> offset{};
    for (std::size_t axis = rank; axis-- > 0;) {
      offset[0] += number % sizes[axis] * steps[axis];
      offset[1] += number % sizes[axis] * strides[axis];
      number /= sizes[axis];
    }
    return offset;
  }
};

}  // namespace

template <class T>
void transpose_2d(std::size_t rows, std::size_t cols, const T* x, T* y) {
  if (rows == 1 || cols == 1) {
    std::copy_n(x, rows * cols, y);
    return;
  }
  parallel_for(rows, rows * cols, tile, [&](std::size_t begin, std::size_t end) {
    transpose_rows(begin, end, cols, x, cols, y, rows);
  });
}

template <class T>
void permute(std::size_t rank, const std::size_t* shape, const std::size_t* axes, const T* x,
             T* y) {
  permutation outer(rank, shape, axes);
  const std::size_t size = outer.size();
  if (size == 0) return;
  if (outer.rank <= 1) {
    // Nothing moves.
    std::copy_n(x, size, y);
    return;
  }
  const std::size_t last = outer.rank - 1;
  if (outer.steps[last] == 1) {
    // Runs of neighbours stay together.
    const std::size_t run = outer.sizes[last];
    outer.remove(last);
    parallel_for(size / run, size, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const auto [from, to] = outer.offsets(i);
        std::copy_n(x + from, run, y + to);
      }
    });
    return;
  }
  // x's last axis and y's last axis span a matrix; the other axes number the matrices.
  std::size_t x_last = 0;
  while (outer.steps[x_last] != 1) ++x_last;
  const std::size_t rows = outer.sizes[last];
  const std::size_t cols = outer.sizes[x_last];
  const std::size_t x_row = outer.steps[last];
  const std::size_t y_row = outer.strides[x_last];
  outer.remove(last);
  outer.remove(x_last);
  const std::size_t matrices = size / (rows * cols);
  if (matrices == 1) {
    parallel_for(rows, size, tile, [&](std::size_t begin, std::size_t end) {
      transpose_rows(begin, end, cols, x, x_row, y, y_row);
    });
    return;
  }
  parallel_for(matrices, size, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto [from, to] = outer.offsets(i);
      transpose_rows(0, rows, cols, x + from, x_row, y + to, y_row);
    }
  });
}

template void transpose_2d(std::size_t, std::size_t, const float*, float*);
template void permute(std::size_t, const std::size_t*, const std::size_t*, const float*, float*);
template void transpose_2d(std::size_t, std::size_t, const double*, double*);
template void permute(std::size_t, const std::size_t*, const std::size_t*, const double*, double*);

}  // namespace xtape::kernel
