#pragma once
// One SIMD register of numbers. Every kernel computes with lanes, the last few elements of a row
// included, so that a value never depends on where in an array it stands.

#include <algorithm>
#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside the AVX-512 intrinsics of gcc 12
#endif
#include <xsimd/xsimd.hpp>

namespace xtape::kernel {

/// As many T as one register of the target CPU holds.
template <class T>
using lane = xsimd::batch<T>;

template <class T>
inline constexpr std::size_t lane_size = lane<T>::size;

template <class T>
lane<T> load(const T* from) noexcept {
  return lane<T>::load_unaligned(from);
}

template <class T>
void store(T* to, const lane<T>& value) noexcept {
  value.store_unaligned(to);
}

/// The first `count` < lane_size<T> elements; the rest of the register holds `fill`.
template <class T>
lane<T> load_partial(const T* from, std::size_t count, T fill = T(0)) noexcept {
  alignas(64) T buffer[lane_size<T>];
  std::fill_n(buffer, lane_size<T>, fill);
  std::copy_n(from, count, buffer);
  return lane<T>::load_aligned(buffer);
}

template <class T>
void store_partial(T* to, const lane<T>& value, std::size_t count) noexcept {
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  std::copy_n(buffer, count, to);
}

/// Sum of the register's elements, in a fixed order.
template <class T>
T horizontal_sum(const lane<T>& value) noexcept {
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  for (std::size_t width = lane_size<T> / 2; width > 0; width /= 2)
    for (std::size_t i = 0; i < width; ++i) buffer[i] += buffer[i + width];
  return buffer[0];
}

/// Greatest of the register's elements; NaN where one of them is NaN.
template <class T>
T horizontal_max(const lane<T>& value) noexcept {
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  T greatest = buffer[0];
  for (std::size_t i = 1; i < lane_size<T>; ++i)
    if (!(buffer[i] <= greatest)) greatest = buffer[i];
  return greatest;
}

}  // namespace xtape::kernel
