#pragma once
// One SIMD register of numbers. Every kernel computes with lanes, the last few elements of a row
// included, so that a value never depends on where in an array it stands.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // inside the AVX-512 intrinsics of gcc 12
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <xsimd/xsimd.hpp>

// xsimd 8 divides floats, and takes their square roots, as 32-bit ARM must: by estimates, which are not
// exactly rounded and make NaN of 0 and of infinity. 64-bit ARM has instructions for both.
#if defined(__aarch64__)
namespace xsimd {
template <>
inline batch<float, neon64>& batch<float, neon64>::operator/=(
    const batch<float, neon64>& other) noexcept {
  return *this = batch<float, neon64>(vdivq_f32(*this, other));
}
template <>
inline batch<float, neon64> sqrt(const batch<float, neon64>& x) noexcept {
  return vsqrtq_f32(x);
}
}  // namespace xsimd
#endif

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

/// use(0) ... use(Count - 1), each an integral constant: written out, as gcc does not unroll loops at -O2, and
/// registers in an array that loops index are memory.
template <std::size_t Count, class Use>
inline void unrolled(const Use& use) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (use(std::integral_constant<std::size_t, I>{}), ...);
  }
  (std::make_index_sequence<Count>());
}

// Note [Partial lanes]: a register written element by element and read back whole waits for the
// stores to leave the core (some 15 cycles); a masked load or store does not. AVX-512 has masks for
// every type, AVX for float and double; other CPUs take the detour over the stack.

/// Whether the CPU has masks for registers of T.
template <class T>
inline constexpr bool masked =
#if defined(__AVX512F__)
    lane_size<T> * sizeof(T) == 64;
#elif defined(__AVX__)
    lane_size<T> * sizeof(T) == 32;
#else
    false;
#endif

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

// Folding a register in halves, upper onto lower, with registers all the way down: the stack would
// cost a wait for every horizontal sum (Note [Partial lanes]). The order is that of the portable
// loop below.
#if defined(__SSE2__)
struct fold_sum {
  __m128 operator()(__m128 a, __m128 b) const noexcept { return _mm_add_ps(a, b); }
  __m128d operator()(__m128d a, __m128d b) const noexcept { return _mm_add_pd(a, b); }
#if defined(__AVX__)
  __m256 operator()(__m256 a, __m256 b) const noexcept { return _mm256_add_ps(a, b); }
  __m256d operator()(__m256d a, __m256d b) const noexcept { return _mm256_add_pd(a, b); }
#endif
};

struct fold_max {
  __m128 operator()(__m128 a, __m128 b) const noexcept { return _mm_max_ps(a, b); }
  __m128d operator()(__m128d a, __m128d b) const noexcept { return _mm_max_pd(a, b); }
#if defined(__AVX__)
  __m256 operator()(__m256 a, __m256 b) const noexcept { return _mm256_max_ps(a, b); }
  __m256d operator()(__m256d a, __m256d b) const noexcept { return _mm256_max_pd(a, b); }
#endif
};

template <class Op>
float fold(__m128 v, Op op) noexcept {
  v = op(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(op(v, _mm_shuffle_ps(v, v, 1)));
}
template <class Op>
double fold(__m128d v, Op op) noexcept {
  return _mm_cvtsd_f64(op(v, _mm_unpackhi_pd(v, v)));
}
#if defined(__AVX__)
template <class Op>
float fold(__m256 v, Op op) noexcept {
  return fold(op(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)), op);
}
template <class Op>
double fold(__m256d v, Op op) noexcept {
  return fold(op(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1)), op);
}
#endif
#if defined(__AVX512F__)
template <class Op>
float fold(__m512 v, Op op) noexcept {
  const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
  return fold(op(_mm512_castps512_ps256(v), upper), op);
}
template <class Op>
double fold(__m512d v, Op op) noexcept {
  return fold(op(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1)), op);
}
#endif
#endif

/// Sum of the register's elements, in a fixed order.
template <class T>
T horizontal_sum(const lane<T>& value) noexcept {
#if defined(__SSE2__)
  return fold(static_cast<typename lane<T>::register_type>(value), fold_sum{});
#else
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  for (std::size_t width = lane_size<T> / 2; width > 0; width /= 2)
    for (std::size_t i = 0; i < width; ++i) buffer[i] += buffer[i + width];
  return buffer[0];
#endif
}

/// Greatest of the register's elements; NaN where one of them is NaN.
template <class T>
T horizontal_max(const lane<T>& value) noexcept {
#if defined(__SSE2__)
  if (xsimd::any(xsimd::isnan(value))) return std::numeric_limits<T>::quiet_NaN();
  return fold(static_cast<typename lane<T>::register_type>(value), fold_max{});
#else
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  T greatest = buffer[0];
  for (std::size_t i = 1; i < lane_size<T>; ++i)
    if (buffer[i] > greatest || std::isnan(buffer[i])) greatest = buffer[i];  // and a NaN stays
  return greatest;
#endif
}

}  // namespace xtape::kernel
