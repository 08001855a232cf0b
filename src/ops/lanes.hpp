#pragma once
// Functions of lanes that xsimd does not have, under the names of the operations that do the same with
// variables, so that a vjp can be read with both.

#include <cmath>

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/elementary.hpp>

#include "kernel/exponential.hpp"
#include "kernel/lane.hpp"

namespace xtape::detail {

using kernel::exp;
using kernel::tanh;

template <class T, class A>
xsimd::batch<T, A> scaled(const xsimd::batch<T, A>& x, double factor) {
  return x * xsimd::batch<T, A>(static_cast<T>(factor));
}
template <real T>
variable<T> scaled(const variable<T>& x, double factor) {
  return x * factor;
}

/// f of the elements one by one, where no function of lanes is exact enough.
template <class T, class A, class F, class... More>
xsimd::batch<T, A> one_by_one(const F& f, const xsimd::batch<T, A>& x, const More&... more) {
  constexpr std::size_t count = 1 + sizeof...(more), size = xsimd::batch<T, A>::size;
  alignas(64) T values[count][size];
  std::size_t k = 0;
  x.store_aligned(values[k++]);
  (more.store_aligned(values[k++]), ...);
  for (std::size_t i = 0; i < size; ++i) {
    if constexpr (count == 1)
      values[0][i] = f(values[0][i]);
    else
      values[0][i] = f(values[0][i], values[1][i]);
  }
  return xsimd::batch<T, A>::load_aligned(values[0]);
}

/// erfc and pow under other names: xsimd has functions of these names, which are less exact.
template <class T, class A>
xsimd::batch<T, A> exact_erfc(const xsimd::batch<T, A>& x) {
  return one_by_one([](T v) { return std::erfc(v); }, x);
}
template <real T>
variable<T> exact_erfc(const variable<T>& x) {
  return erfc(x);
}
template <class T, class A>
xsimd::batch<T, A> exact_pow(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b) {
  return one_by_one([](T v, T exponent) { return std::pow(v, exponent); }, a, b);
}
template <real T>
variable<T> exact_pow(const variable<T>& a, const variable<T>& b) {
  return pow(a, b);
}

/// g where y > 0, else 0.
template <class T, class A>
xsimd::batch<T, A> gate(const xsimd::batch<T, A>& g, const xsimd::batch<T, A>& y) {
  return xsimd::select(y > xsimd::batch<T, A>(T(0)), g, xsimd::batch<T, A>(T(0)));
}

/// x where x > 0, else 0; NaN stays NaN.
template <class T, class A>
xsimd::batch<T, A> relu(const xsimd::batch<T, A>& x) {
  const xsimd::batch<T, A> zero(T(0));
  return xsimd::select(x <= zero, zero, x);
}

/// g where a > b, g/2 where a = b, 0 where a < b, and g beside NaN.
template <class T, class A>
xsimd::batch<T, A> prefer(const xsimd::batch<T, A>& g, const xsimd::batch<T, A>& a,
                          const xsimd::batch<T, A>& b) {
  const xsimd::batch<T, A> zero(T(0)), half(T(0.5));
  return xsimd::select(a < b, zero, xsimd::select(a == b, g * half, g));
}

/// a where the condition is not 0, else b; one of them may be a plain 0.
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch<T, A>& condition, const xsimd::batch<T, A>& a,
                         const xsimd::batch<T, A>& b) {
  return xsimd::select(condition == xsimd::batch<T, A>(T(0)), b, a);
}
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch<T, A>& condition, const xsimd::batch<T, A>& a, int b) {
  return where(condition, a, xsimd::batch<T, A>(static_cast<T>(b)));
}
template <class T, class A>
xsimd::batch<T, A> where(const xsimd::batch<T, A>& condition, int a, const xsimd::batch<T, A>& b) {
  return where(condition, xsimd::batch<T, A>(static_cast<T>(a)), b);
}

template <class T, class A>
xsimd::batch<T, A> clip(const xsimd::batch<T, A>& x, double low, double high) {
  const xsimd::batch<T, A> least(static_cast<T>(low)), most(static_cast<T>(high));
  return xsimd::select(x < least, least, xsimd::select(x > most, most, x));
}

/// The logistic function, and the softplus log(1 + e^x) in a form in which nothing overflows.
template <class T, class A>
[[gnu::always_inline]] inline xsimd::batch<T, A> sigmoid(const xsimd::batch<T, A>& x) {
  return 1 / (1 + exp(-x));
}
template <class T, class A>
xsimd::batch<T, A> softplus(const xsimd::batch<T, A>& x) {
  return gate(x, x) + xsimd::log1p(exp(-xsimd::abs(x)));
}

}  // namespace xtape::detail
