#pragma once

#include <xtape/optim/first_order.hpp>

namespace xtape::optim {

struct XTAPE_API adagrad_options {
  double learning_rate = 0.01;  ///< the step size: finite, 0 or greater
  double epsilon = 1e-10;       ///< finite, 0 or greater: keeps the divisor from 0
  double weight_decay = 0;      ///< lambda, finite, 0 or greater: pulls every parameter towards 0
};

/// AdaGrad: the more a number has been moved, the smaller its steps. For a parameter w with gradient g:
///
///     g = g + lambda w
///     s = s + g^2                         s is 0 at the start
///     w = w - rate g / (sqrt(s) + epsilon)
///
/// The same numbers as torch.optim.Adagrad; its lr_decay is schedule::inverse_time_decay here.
/// Source: Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
/// JMLR 12 (2011), figure 1, diagonal.
///
///     xp::optim::adagrad<float> optimizer(model.parameters(), {.learning_rate = 0.1});
template <real T>
using adagrad = first_order<T, adagrad_options>;

extern template class first_order<float, adagrad_options>;
extern template class first_order<double, adagrad_options>;

}  // namespace xtape::optim
