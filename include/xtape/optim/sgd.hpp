#pragma once

#include <xtape/optim/first_order.hpp>

#include <limits>

namespace xtape::optim {

struct XTAPE_API sgd_options {
  /// The step size: finite, 0 or greater. It has no default: it must be given.
  double learning_rate = std::numeric_limits<double>::quiet_NaN();
  double momentum = 0;      ///< mu in [0, 1): how much of the last step the next one keeps
  double weight_decay = 0;  ///< lambda, finite, 0 or greater: pulls every parameter towards 0
  bool nesterov = false;    ///< looks ahead by what momentum is about to do; needs momentum
};

/// Stochastic gradient descent with momentum and weight decay. For a parameter w with gradient g:
///
///     g = g + lambda w
///     v = mu v + g                     v is 0 at the start
///     w = w - rate v                   with nesterov: w - rate (g + mu v)
///
/// so that the step is the rate times g_t + mu g_(t-1) + mu^2 g_(t-2) + ... This is PyTorch's form, without
/// dampening: the rate multiplies the whole sum, so that changing it acts at once on what momentum has gathered.
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); Nesterov, "A method of
/// solving a convex programming problem with convergence rate O(1/k^2)" (1983), both in the form of Sutskever,
/// Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013, with the
/// rate taken out of the sum as torch.optim.SGD does.
///
///     xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
///     optimizer.zero_grad();
///     loss.backward();
///     optimizer.step();
template <real T>
using sgd = first_order<T, sgd_options>;

extern template class first_order<float, sgd_options>;
extern template class first_order<double, sgd_options>;

}  // namespace xtape::optim
