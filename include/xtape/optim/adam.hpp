#pragma once

#include <xtape/optim/first_order.hpp>

namespace xtape::optim {

struct XTAPE_API adam_options {
  double learning_rate = 0.001;  ///< the step size: finite, 0 or greater
  double beta1 = 0.9;            ///< in [0, 1): how much of the mean gradient the next step keeps
  double beta2 = 0.999;          ///< in [0, 1): the same for the mean squared gradient
  double epsilon = 1e-8;         ///< finite, 0 or greater: keeps the divisor from 0
  double weight_decay = 0;       ///< lambda, finite, 0 or greater: pulls every parameter towards 0
};

/// Adam: steps of about the learning rate for every number, whatever the scale of its gradient. For a parameter w
/// with gradient g, at its t-th step:
///
///     g = g + lambda w
///     m = beta1 m + (1 - beta1) g         m and v are 0 at the start
///     v = beta2 v + (1 - beta2) g^2
///     w = w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// The same numbers as torch.optim.Adam.
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015.
///
///     xp::optim::adam<float> optimizer(model.parameters(), {.learning_rate = 0.002});
template <real T>
using adam = first_order<T, adam_options>;

struct XTAPE_API adamw_options {
  double learning_rate = 0.001;  ///< as adam's, all but the last
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay =
      0.01;  ///< lambda, finite, 0 or greater: the share that a rate of 1 would take
};

/// Adam with decoupled weight decay: the decay is not part of the gradient, which Adam would scale, but acts on the
/// parameter itself. As adam with lambda = 0, and before each step
///
///     w = w - rate lambda w
///
/// The same numbers as torch.optim.AdamW.
/// Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019.
template <real T>
using adamw = first_order<T, adamw_options>;

extern template class first_order<float, adam_options>;
extern template class first_order<double, adam_options>;
extern template class first_order<float, adamw_options>;
extern template class first_order<double, adamw_options>;

}  // namespace xtape::optim
