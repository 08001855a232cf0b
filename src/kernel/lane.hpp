#pragma once
// One SIMD register of numbers. Every kernel computes with lanes, the last few elements of a row
// included, so that a value never depends on where in an array it stands.

#include <algorithm>
#include <cstddef>
#include <type_traits>

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

// Note [Partial lanes]: a register written element by element and read back whole waits for the
// stores to leave the core (some 15 cycles); a masked load or store does not. AVX-512 has masks for
// every type, AVX for float and double; other CPUs take the detour over the stack.

#if defined(__AVX__) && !defined(__AVX512F__)
/// Eight set words, then eight clear ones: the 8 words from 8 - n on select the first n words.
alignas(64) inline constexpr int mask_words[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#endif

/// The first `count` <= lane_size<T> elements; the rest of the register holds `fill`.
template <class T>
lane<T> load_partial(const T* from, std::size_t count, T fill = T(0)) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float> && lane_size<T> == 16)
    return lane<T>(_mm512_mask_loadu_ps(_mm512_set1_ps(fill),
                                        static_cast<__mmask16>((1u << count) - 1u), from));
  if constexpr (std::is_same_v<T, double> && lane_size<T> == 8)
    return lane<T>(_mm512_mask_loadu_pd(_mm512_set1_pd(fill),
                                        static_cast<__mmask8>((1u << count) - 1u), from));
#elif defined(__AVX__)
  if constexpr (std::is_same_v<T, float> && lane_size<T> == 8) {
    const __m256i mask =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - count));
    return lane<T>(_mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(from, mask),
                                    _mm256_castsi256_ps(mask)));
  }
  if constexpr (std::is_same_v<T, double> && lane_size<T> == 4) {
    const __m256i mask =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - 2 * count));
    return lane<T>(_mm256_blendv_pd(_mm256_set1_pd(fill), _mm256_maskload_pd(from, mask),
                                    _mm256_castsi256_pd(mask)));
  }
#endif
  alignas(64) T buffer[lane_size<T>];
  std::fill_n(buffer, lane_size<T>, fill);
  std::copy_n(from, count, buffer);
  return lane<T>::load_aligned(buffer);
}

/// Writes the first `count` <= lane_size<T> elements and touches nothing behind them.
template <class T>
void store_partial(T* to, const lane<T>& value, std::size_t count) noexcept {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float> && lane_size<T> == 16)
    return _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1u), value);
  if constexpr (std::is_same_v<T, double> && lane_size<T> == 8)
    return _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1u), value);
#elif defined(__AVX__)
  if constexpr (std::is_same_v<T, float> && lane_size<T> == 8)
    return _mm256_maskstore_ps(
        to, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - count)), value);
  if constexpr (std::is_same_v<T, double> && lane_size<T> == 4)
    return _mm256_maskstore_pd(
        to, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - 2 * count)),
        value);
#endif
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
