#pragma once
// Functions of lanes that xsimd does not have, under the names of the operations that do the same with
// variables, so that a vjp can be read with both.

#include <xtape/ops/arithmetic.hpp>

#include "kernel/lane.hpp"

namespace xtape::detail {

template <class T, class A>
xsimd::batch<T, A> scaled(const xsimd::batch<T, A>& x, double factor) {
  return x * xsimd::batch<T, A>(static_cast<T>(factor));
}
template <real T>
variable<T> scaled(const variable<T>& x, double factor) {
  return x * factor;
}

/// g where y > 0, else 0.
template <class T, class A>
xsimd::batch<T, A> gate(const xsimd::batch<T, A>& g, const xsimd::batch<T, A>& y) {
  return xsimd::select(y > xsimd::batch<T, A>(T(0)), g, xsimd::batch<T, A>(T(0)));
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

/// The logistic function, and the softplus log(1 + e^x) in a form in which nothing overflows.
template <class T, class A>
xsimd::batch<T, A> sigmoid(const xsimd::batch<T, A>& x) {
  return 1 / (1 + xsimd::exp(-x));
}
template <class T, class A>
xsimd::batch<T, A> softplus(const xsimd::batch<T, A>& x) {
  return gate(x, x) + xsimd::log1p(xsimd::exp(-xsimd::abs(x)));
}

}  // namespace xtape::detail
