#pragma once

#include <xtape/optim/first_order.hpp>

namespace xtape::optim {

struct XTAPE_API rmsprop_options {
  double learning_rate = 0.01;  ///< the step size: finite, 0 or greater
  double alpha = 0.99;    ///< in [0, 1): how much of the mean squared gradient the next step keeps
  double epsilon = 1e-8;  ///< finite, 0 or greater: keeps the divisor from 0
  double momentum = 0;    ///< mu in [0, 1): how much of the last step the next one keeps
  double weight_decay = 0;  ///< lambda, finite, 0 or greater: pulls every parameter towards 0
  bool centered = false;    ///< divides by the standard deviation of the gradient, not by its size
};

/// RMSProp: gradients divided by their recent size. For a parameter w with gradient g:
///
///     g = g + lambda w
///     v = alpha v + (1 - alpha) g^2       v, m and b are 0 at the start
///     d = g / (sqrt(v) + epsilon)         if centered, with m = alpha m + (1 - alpha) g:
///                                         d = g / (sqrt(v - m^2) + epsilon)
///     b = mu b + d
///     w = w - rate b
///
/// The same numbers as torch.optim.RMSprop, but that v - m^2, which rounding can make negative, is then taken for 0:
/// there it becomes NaN.
/// Source: Tieleman, Hinton, "Neural networks for machine learning", lecture 6.5 (2012); centered: Graves,
/// "Generating sequences with recurrent neural networks" (2013), equations 38 to 41, with epsilon outside the root.
///
///     xp::optim::rmsprop<float> optimizer(model.parameters(), {.learning_rate = 0.001});
template <real T>
using rmsprop = first_order<T, rmsprop_options>;

extern template class first_order<float, rmsprop_options>;
extern template class first_order<double, rmsprop_options>;

}  // namespace xtape::optim
