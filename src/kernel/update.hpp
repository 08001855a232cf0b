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

/// What a step of Adam multiplies with: of w, of w into g, of m, of g into m, of v, of g^2 into v, of the quotient, of
/// sqrt(v); and what is added to that.
template <class T>
struct adam_factors {
  T keep, decay, beta1, rest1, beta2, rest2, rate, root, epsilon;
};

/// One step of Adam over `count` elements, in one pass:
///   g = g + decay w,  m = beta1 m + rest1 g,  v = beta2 v + rest2 g^2,
///   w = keep w - rate m / (root sqrt(v) + epsilon).
template <class T>
void adam_update(std::size_t count, const adam_factors<T>& by, const T* gradient, T* weight,
                 T* mean, T* square) {
  parallel_for(count, count, 64, [&](std::size_t begin, std::size_t end) {
    const lane<T> keep(by.keep), decay(by.decay), beta1(by.beta1), rest1(by.rest1), beta2(by.beta2),
        rest2(by.rest2), rate(by.rate), root(by.root), epsilon(by.epsilon);
    const auto move = [&](const auto& read, const auto& write) {
      const lane<T> w = read(weight);
      const lane<T> g = read(gradient) + decay * w;
      const lane<T> m = beta1 * read(mean) + rest1 * g;
      const lane<T> v = beta2 * read(square) + rest2 * g * g;
      write(mean, m);
      write(square, v);
      write(weight, keep * w - rate * m / (root * sqrt(v) + epsilon));
    };
    std::size_t i = begin;
    for (; i + lane_size<T> <= end; i += lane_size<T>)
      move([i](const T* from) { return load(from + i); },
           [i](T* to, const lane<T>& value) { store(to + i, value); });
    if (const std::size_t rest = end - i; rest > 0)
      move([i, rest](const T* from) { return load_partial(from + i, rest); },
           [i, rest](T* to, const lane<T>& value) { store_partial(to + i, value, rest); });
  });
}

}  // namespace xtape::kernel
