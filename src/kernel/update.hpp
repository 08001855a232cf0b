#pragma once
// Loops that change parameters in place.

#include <cstddef>

#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

namespace xtape::kernel {

namespace detail {

/// One range of sgd_update; what is zero for all elements is left out of the loop.
template <bool Momentum, bool Decay, class T>
void sgd_range(std::size_t begin, std::size_t end, T rate, T momentum, T decay, const T* gradient,
               T* weight, T* velocity) noexcept {
  const lane<T> rates(rate), momenta(momentum), decays(decay);
  const auto move = [&](lane<T> g, lane<T> w, lane<T> v, const auto& keep) {
    if constexpr (Decay) g = g + decays * w;
    if constexpr (Momentum) g = momenta * v + g;
    keep(w - rates * g, g);
  };
  std::size_t i = begin;
  for (; i + lane_size<T> <= end; i += lane_size<T>)
    move(load(gradient + i), load(weight + i), Momentum ? load(velocity + i) : rates,
         [&](const lane<T>& w, const lane<T>& v) {
           store(weight + i, w);
           if constexpr (Momentum) store(velocity + i, v);
         });
  if (const std::size_t rest = end - i; rest > 0)
    move(load_partial(gradient + i, rest), load_partial(weight + i, rest),
         Momentum ? load_partial(velocity + i, rest) : rates,
         [&](const lane<T>& w, const lane<T>& v) {
           store_partial(weight + i, w, rest);
           if constexpr (Momentum) store_partial(velocity + i, v, rest);
         });
}

}  // namespace detail

/// One step of stochastic gradient descent over `count` elements, in one pass:
///   v = momentum v + (g + decay w),  w = w - rate v.
/// Without momentum v is not touched and may be null. g is only read.
template <class T>
void sgd_update(std::size_t count, T rate, T momentum, T decay, const T* gradient, T* weight,
                T* velocity) {
  const auto run = [&]<bool Momentum, bool Decay>() {
    parallel_for(count, count, 64, [&](std::size_t begin, std::size_t end) {
      detail::sgd_range<Momentum, Decay>(begin, end, rate, momentum, decay, gradient, weight,
                                         velocity);
    });
  };
  if (momentum != T(0))
    decay != T(0) ? run.template operator()<true, true>() : run.template operator()<true, false>();
  else
    decay != T(0) ? run.template operator()<false, true>()
                  : run.template operator()<false, false>();
}

}  // namespace xtape::kernel
