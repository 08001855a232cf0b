#pragma once

#include <cstddef>

namespace xtape::kernel {

/// y_ji = x_ij. x: (rows, cols), y: (cols, rows), contiguous and row-major; they must not overlap.
template <class T>
void transpose_2d(std::size_t rows, std::size_t cols, const T* x, T* y);

/// Axis i of y is axis axes[i] of x, as in NumPy's transpose. `rank` <= max_rank entries of `shape`,
/// x's, and of `axes`, a permutation of 0 ... rank - 1: the caller's duty. Contiguous and row-major;
/// x and y must not overlap.
template <class T>
void permute(std::size_t rank, const std::size_t* shape, const std::size_t* axes, const T* x, T* y);

}  // namespace xtape::kernel
