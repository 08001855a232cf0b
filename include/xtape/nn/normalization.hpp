#pragma once

#include <xtape/nn/module.hpp>
#include <xtape/ops/reduce.hpp>

#include <cstdint>
#include <optional>

namespace xtape::nn {

struct batch_norm_options {
  /// How much of the running statistics a batch replaces; none: they are the means over all batches so far.
  std::optional<double> momentum = 0.1;
  double epsilon = 1e-5;  ///< is added to the variance
};

/// Batch normalization of features, x (n, c) or (n, c, ...) such as (n, c, h, w):
///   y = weight (x - mean) / sqrt(var + epsilon) + bias, for each of the c features by itself.
/// In training mean and var are those of the batch, over all axes but the second, var = sum (x - mean)^2 / m over the
/// m values of a feature, and gradients go through both. The running statistics then become
///   (1 - momentum) running + momentum batch, with the unbiased variance sum (x - mean)^2 / (m - 1).
/// In evaluation mean and var are the running statistics. All as in PyTorch, whose names the members have.
/// A call in training throws domain_error for a batch with fewer than two values a feature; a call throws shape_error
/// unless the second axis has the size c.
/// Source: Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
/// shift", ICML 2015, algorithms 1 and 2.
template <real T>
struct XTAPE_API batch_norm {
  parameter<T> weight;            ///< (c), ones at the start
  parameter<T> bias;              ///< (c), zeros at the start
  buffer<T> running_mean;         ///< (c), zeros at the start
  buffer<T> running_var;          ///< (c), ones at the start
  buffer<T> num_batches_tracked;  ///< (), how many batches it was trained on
  batch_norm_options options;

  /// Throws domain_error for fewer than one feature, a momentum outside [0, 1], or an epsilon that is not positive
  /// and finite.
  explicit batch_norm(std::int64_t n_features, batch_norm_options how = {},
                      location where = location::current());

  variable<T> operator()(const operand<T>& x) const;

  void members(const auto& visit) const {
    visit("weight", weight);
    visit("bias", bias);
    visit("running_mean", running_mean);
    visit("running_var", running_var);
    visit("num_batches_tracked", num_batches_tracked);
  }
};

struct layer_norm_options {
  double epsilon = 1e-5;  ///< is added to the variance
};

/// Layer normalization over the last axes, whose sizes are given:
///   y = weight (x - mean) / sqrt(var + epsilon) + bias,
/// with mean and var = sum (x - mean)^2 / m over the m values of those axes, for each of the others' elements by
/// itself, in training and in evaluation. weight and bias have the shape of those axes.
/// A call throws shape_error unless x ends in axes of those sizes.
/// Source: Ba, Kiros, Hinton, "Layer normalization", 2016.
template <real T>
struct XTAPE_API layer_norm {
  parameter<T> weight;  ///< ones at the start
  parameter<T> bias;    ///< zeros at the start
  layer_norm_options options;

  /// Throws domain_error for no size, one below 1, or an epsilon that is not positive and finite.
  explicit layer_norm(std::int64_t size, layer_norm_options how = {},
                      location where = location::current());
  explicit layer_norm(const axis_list& sizes, layer_norm_options how = {},
                      location where = location::current());

  variable<T> operator()(const operand<T>& x) const;

  void members(const auto& visit) const {
    visit("weight", weight);
    visit("bias", bias);
  }
};

extern template struct batch_norm<float>;
extern template struct batch_norm<double>;
extern template struct layer_norm<float>;
extern template struct layer_norm<double>;

}  // namespace xtape::nn
