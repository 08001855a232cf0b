#pragma once

#include <xtape/optim/optimizer.hpp>

#include <limits>
#include <vector>

namespace xtape::optim {

struct sgd_options {
  /// The step size: finite, 0 or greater. It has no default: it must be given.
  double learning_rate = std::numeric_limits<double>::quiet_NaN();
  double momentum = 0;      ///< mu in [0, 1): how much of the last step the next one keeps
  double weight_decay = 0;  ///< lambda, finite, 0 or greater: pulls every parameter towards 0
};

/// Stochastic gradient descent with momentum and weight decay. For a parameter w with gradient g:
///
///     v = mu v + (g + lambda w)        v is 0 at the start
///     w = w - rate v
///
/// so that the step is the rate times g_t + mu g_(t-1) + mu^2 g_(t-2) + ... This is PyTorch's form: the
/// rate multiplies the whole sum, so that changing it acts at once on what momentum has gathered.
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), in the
/// form of Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
/// learning", ICML 2013, with the rate taken out of the sum as torch.optim.SGD does.
///
///     xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
///     optimizer.zero_grad();
///     loss.backward();
///     optimizer.step();
template <real T>
class XTAPE_API sgd : public optimizer<T> {
 public:
  /// Throws domain_error for an option outside its domain; else as optimizer does.
  sgd(std::vector<variable<T>> parameters, const sgd_options& options,
      location where = location::current());

  /// Moves every parameter against its gradient. Gradients are left bitwise as they are; nothing is
  /// allocated. A parameter that no backward reached since zero_grad is left alone, its velocity too.
  /// Throws shape_error, before anything has moved, where a parameter no longer has the shape of its
  /// gradient or the one it had at first.
  void step(location where = location::current());

  /// As given, with the learning rate of now.
  sgd_options options() const noexcept;

 private:
  sgd_options options_;
  std::vector<array<T>> velocities_;  // one a parameter; empty without momentum
};

extern template class sgd<float>;
extern template class sgd<double>;

}  // namespace xtape::optim
