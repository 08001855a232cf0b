#pragma once
// exp of lanes and what is made of it, always inlined and without branches. xsimd's functions are as exact, but gcc
// leaves the longer ones out of line (tanh; exp of doubles), and lanes then travel through memory at every call.

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernel/lane.hpp"

namespace xtape::kernel {

/// first + x (second + x (third + ...)).
template <class Lane, class T, class... More>
[[gnu::always_inline]] inline Lane polynomial(const Lane& x, T first, More... more) noexcept {
  if constexpr (sizeof...(more) == 0)
    return Lane(first);
  else
    return xsimd::fma(polynomial(x, more...), x, Lane(first));
}

/// e^x = power (1 + rest), with a power of two and |rest| < 0.42.
template <class Lane>
struct split_exp {
  Lane power, rest;
};

/// For |x| <= 88.7 (float) or 709.7 (double), and NaN; a power beyond the normal numbers is 0 or infinite. Where x is so
/// small that the power is 1, `rest` has all digits of e^x - 1.
// x = k ln 2 + r, and rest = e^r - 1 = r + r^2 q(r) for |r| <= ln(2)/2. The coefficients of q are those whose greatest
// error, relative to r, is least (Remez' algorithm in 50 digits): 1.4e-8 for float, 1.8e-17 for double. ln 2 comes in
// two parts, the first with so few digits that its product with k is exact.
template <class T, class A>
[[gnu::always_inline]] inline split_exp<xsimd::batch<T, A>> split(
    const xsimd::batch<T, A>& x) noexcept {
  using lane = xsimd::batch<T, A>;
  constexpr bool single = std::is_same_v<T, float>;
  using integer = std::conditional_t<single, std::int32_t, std::int64_t>;
  constexpr int digits = std::numeric_limits<T>::digits - 1;
  // Added to this number, k is rounded to the nearest integer, and the lowest bits of the sum are the exponent of 2^k.
  constexpr T shift = T(integer{3} << (digits - 1)) + T(std::numeric_limits<T>::max_exponent - 1);
  const lane shifted = xsimd::fma(x, lane(T(1.44269504088896341)), lane(shift));
  const lane k = shifted - lane(shift);
  // Not xsimd's cast: what its template argument says differs between versions.
  const lane power =
      std::bit_cast<lane>(std::bit_cast<xsimd::batch<integer, A>>(shifted) << digits);
  // fma, because fnma costs an instruction more on AVX-512
  lane r = xsimd::fma(k, lane(single ? T(-0x1.62e4p-1) : T(-0x1.62e42fefa2p-1)), x);
  r = xsimd::fma(k, lane(single ? T(-1.4286068203094e-6) : T(-7.3710025651677988999e-13)), r);
  lane q;
  if constexpr (single)
    q = polynomial(r, 0.5000000062f, 0.1666654299f, 0.04166628186f, 0.008366583995f,
                   0.001394645991f);
  else
    q = polynomial(r, 0.500000000000000555, 0.166666666666666852, 0.0416666666665736138,
                   0.00833333333331460688, 0.00138888889323812909, 0.000198412699029948262,
                   2.48015044434862178e-05, 2.75572279869328889e-06, 2.76263273806729665e-07,
                   2.51144622350507668e-08);
  return {power, xsimd::fma(r * r, q, r)};
}

// The two below are constrained so that a call that finds xsimd's function too takes these. NaN passes min and max of
// xsimd as their second argument.

/// e^x, to 2 units in the last place; 0 and infinity beyond the exponents of normal numbers.
template <class T, class A>
requires std::floating_point<T>
[[gnu::always_inline]] inline xsimd::batch<T, A> exp(const xsimd::batch<T, A>& x) noexcept {
  using lane = xsimd::batch<T, A>;
  using limits = std::numeric_limits<T>;
  constexpr T ln2 = T(0.693147180559945309);
  const lane least((limits::min_exponent - 2) * ln2), most(limits::max_exponent * ln2);
  const auto [power, rest] = split(xsimd::max(least, xsimd::min(most, x)));
  return power * (rest + lane(T(1)));
}

/// tanh x, to 3 units in the last place. Of e^(2|x|) - 1 = n it is n / (n + 2), which is x where |x| is tiny and never
/// more than 1.
template <class T, class A>
requires std::floating_point<T>
[[gnu::always_inline]] inline xsimd::batch<T, A> tanh(const xsimd::batch<T, A>& x) noexcept {
  using lane = xsimd::batch<T, A>;
  const lane most(T(std::is_same_v<T, float> ? 10 : 20));  // beyond it tanh is 1
  const lane size = xsimd::min(most, xsimd::abs(x)), one(T(1)), two(T(2));
  const auto [power, rest] = split(size + size);
  const lane n = xsimd::fma(power, rest, power - one);
  return (n / (n + two)) | xsimd::bitofsign(x);
}

}  // namespace xtape::kernel
