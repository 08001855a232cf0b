#pragma once

#include <xtape/nn/module.hpp>

namespace xtape::nn {

/// Dropout, inverted: in training each element is 0 with probability p, independently of the others, and
/// otherwise x / (1 - p), so that its expectation is x; in evaluation y = x. dy/dx = 1 / (1 - p) where it is kept,
/// else 0. x of any shape. p is met to within 2^-32.
/// Which elements are dropped comes from a generator of the layer's own, whatever the number of threads: 32 bits an
/// element. A copy of the layer has one in the same state. No two calls in training are the same function: gradients
/// are checked in evaluation, or on a fresh copy every time.
/// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural
/// networks from overfitting", JMLR 15 (2014).
struct XTAPE_API dropout {
  double p;          ///< the probability, in [0, 1)
  generator source;  ///< of the masks

  /// Seeds the generator with one draw. Throws domain_error unless the probability is in [0, 1).
  dropout(double probability, rng& random, location where = location::current());

  variable<float> operator()(const operand<float>& x) const;
  variable<double> operator()(const operand<double>& x) const;

  void members(const auto& visit) const { visit("source", source); }
};

}  // namespace xtape::nn
