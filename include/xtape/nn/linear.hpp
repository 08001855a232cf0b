#pragma once

#include <xtape/array/rng.hpp>
#include <xtape/init/init.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/operand.hpp>

#include <cstdint>

namespace xtape::nn {

/// An affine layer: y = x W + b, for x (n, n_in), W (n_in, n_out), b (n_out), y (n, n_out).
template <real T>
struct XTAPE_API linear {
  parameter<T> weight;  ///< W: (n_in, n_out)
  parameter<T> bias;    ///< b: (n_out), zeros at the start

  /// Draws the weights, n_in n_out numbers of the generator. Throws domain_error for sizes below 1,
  /// and as the initializer does.
  linear(std::int64_t n_in, std::int64_t n_out, const init::initializer& weights, rng& random,
         location where = location::current());

  /// Throws affine's shape_error, at the caller's line, unless x is a matrix of n_in columns.
  variable<T> operator()(const operand<T>& x) const;

  void members(const auto& visit) const {
    visit("weight", weight);
    visit("bias", bias);
  }
};

extern template struct linear<float>;
extern template struct linear<double>;

}  // namespace xtape::nn
