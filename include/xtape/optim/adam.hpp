#pragma once

#include <xtape/optim/optimizer.hpp>

#include <cstdint>
#include <vector>

namespace xtape::optim {

struct adam_options {
  double learning_rate = 0.001;  ///< the step size: finite, 0 or greater
  double beta1 = 0.9;            ///< in [0, 1): how much of the mean gradient the next step keeps
  double beta2 = 0.999;          ///< in [0, 1): the same for the mean squared gradient
  double epsilon = 1e-8;         ///< finite, 0 or greater: keeps the divisor from 0
  double weight_decay = 0;       ///< lambda, finite, 0 or greater: pulls every parameter towards 0
  /// AdamW: the decay is not part of the gradient but acts on the parameter itself.
  bool decoupled = false;
};

/// Adam: steps of about the learning rate for every element, whatever the scale of its gradient. For a parameter w
/// with gradient g, at its t-th step:
///
///     g = g + lambda w                    unless decoupled; then w = w - rate lambda w
///     m = beta1 m + (1 - beta1) g         m and v are 0 at the start
///     v = beta2 v + (1 - beta2) g^2
///     w = w - rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// in one pass over memory. The same numbers as torch.optim.Adam and AdamW.
/// Sources: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015; Loshchilov, Hutter, "Decoupled
/// weight decay regularization", ICLR 2019.
///
///     xp::optim::adam<float> optimizer(model.parameters(), {.learning_rate = 0.002});
template <real T>
class XTAPE_API adam : public optimizer<T> {
 public:
  /// Throws domain_error for an option outside its domain; else as optimizer does.
  adam(std::vector<variable<T>> parameters, const adam_options& options = {},
       location where = location::current());

  /// Moves every parameter. Gradients are left bitwise as they are; nothing is allocated. A parameter that no
  /// backward reached since zero_grad is left alone, and this is no step of its. Throws shape_error, before
  /// anything has moved, where a parameter no longer has the shape of its gradient or the one it had at first.
  void step(location where = location::current());

  /// As given, with the learning rate of now.
  adam_options options() const noexcept;

 private:
  adam_options options_;
  std::vector<array<T>> means_, squares_;  // m and v, one a parameter
  std::vector<std::uint64_t> steps_;       // that each parameter has made
};

extern template class adam<float>;
extern template class adam<double>;

}  // namespace xtape::optim
