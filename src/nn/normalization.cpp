#include <xtape/nn/normalization.hpp>

#include <xtape/array/text.hpp>
#include <xtape/nn/mode.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/elementary.hpp>
#include <xtape/ops/shape.hpp>

#include "nn/sizes.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace xtape::nn {
namespace {

shape_type checked(const char* layer, const axis_list& sizes, double epsilon, location where) {
  shape_type shape(sizes.begin(), sizes.end());
  std::string call = std::string(layer) + ": ";
  for (std::size_t axis = 0; axis < sizes.size(); ++axis)
    call += (axis == 0 ? "" : ", ") + std::to_string(sizes[axis]);
  if (sizes.empty()) throw domain_error(call + "there are no axes", where);
  std::int64_t all = 1;
  for (const std::ptrdiff_t size : sizes) {
    xtape::detail::matrix_shape(call, all, size, "there is at least one feature", where);
    all *= size;
  }
  if (!(epsilon > 0 && std::isfinite(epsilon)))
    throw domain_error(std::string(layer) + ": epsilon = " + number_text(epsilon) +
                           ": must be positive and finite",
                       where);
  return shape;
}

// Every element (x - mean) / sqrt(var + epsilon) over the axes.
template <real T>
variable<T> standardized(const operand<T>& x, const variable<T>& mean, const variable<T>& var,
                         double epsilon) {
  return (x - mean) * rsqrt(var + epsilon);
}

}  // namespace

template <real T>
batch_norm<T>::batch_norm(std::int64_t n_features, batch_norm_options how, location where)
    : weight(full<T>(checked("batch_norm", {n_features}, how.epsilon, where), T(1)), "weight"),
      bias(zeros<T>(weight.shape()), "bias"),
      running_mean(zeros<T>(weight.shape())),
      running_var(full<T>(weight.shape(), T(1))),
      num_batches_tracked(zeros<T>({})),
      options(how) {
  if (how.momentum && !(*how.momentum >= 0 && *how.momentum <= 1))
    throw domain_error(
        "batch_norm: momentum = " + number_text(*how.momentum) + ": must be in [0, 1]", where);
}

template <real T>
variable<T> batch_norm<T>::operator()(const operand<T>& x) const {
  const at_line line(x.where());
  const std::size_t features = weight.size(), rank = x.shape().size();
  const std::string call = "batch_norm: " + to_string(x.shape());
  if (rank < 2 || x.shape()[1] != features)
    throw shape_error(
        call + " for " + std::to_string(features) + " features: they are the second axis",
        x.where());
  axis_list axes{0}, by_feature{static_cast<std::ptrdiff_t>(features)};
  for (std::size_t axis = 2; axis < rank; ++axis) {
    axes.push_back(static_cast<std::ptrdiff_t>(axis));
    by_feature.push_back(1);
  }
  const auto broadcast = [&](const operand<T>& v) {
    return rank == 2 ? xtape::detail::held(v) : reshape(v, by_feature);
  };
  if (!is_training())
    return standardized(x, broadcast(running_mean.value()), broadcast(running_var.value()),
                        options.epsilon) *
               broadcast(weight) +
           broadcast(bias);

  const std::size_t count = size_of(x.shape()) / features;
  if (count < 2)
    throw domain_error(call + " in training: a feature has " + std::to_string(count) + " value" +
                           (count == 1 ? "" : "s") + ", and no variance",
                       x.where());
  const variable<T> m = mean(x, axes, {.keep_dims = true}), v = var(x, axes, {.keep_dims = true});
  const T batches = ++num_batches_tracked.mutable_value()();
  const T rate = options.momentum ? static_cast<T>(*options.momentum) : 1 / batches;
  const T unbiased = static_cast<T>(count) / static_cast<T>(count - 1);
  T *const to_mean = running_mean.mutable_value().data(), *const to_var =
                                                              running_var.mutable_value().data();
  for (std::size_t k = 0; k < features; ++k) {
    to_mean[k] = (1 - rate) * to_mean[k] + rate * m.value().data()[k];
    to_var[k] = (1 - rate) * to_var[k] + rate * unbiased * v.value().data()[k];
  }
  return standardized(x, m, v, options.epsilon) * broadcast(weight) + broadcast(bias);
}

template <real T>
layer_norm<T>::layer_norm(std::int64_t size, layer_norm_options how, location where)
    : layer_norm(axis_list{size}, how, where) {}

template <real T>
layer_norm<T>::layer_norm(const axis_list& sizes, layer_norm_options how, location where)
    : weight(full<T>(checked("layer_norm", sizes, how.epsilon, where), T(1)), "weight"),
      bias(zeros<T>(weight.shape()), "bias"),
      options(how) {}

template <real T>
variable<T> layer_norm<T>::operator()(const operand<T>& x) const {
  const at_line line(x.where());
  const shape_type &from = x.shape(), &over = weight.shape();
  if (from.size() < over.size() ||
      !std::equal(over.begin(), over.end(), from.end() - static_cast<std::ptrdiff_t>(over.size())))
    throw shape_error("layer_norm: " + to_string(from) + " for " + to_string(over) +
                          ": the last axes must have these sizes",
                      x.where());
  axis_list axes;
  for (std::size_t axis = from.size() - over.size(); axis < from.size(); ++axis)
    axes.push_back(static_cast<std::ptrdiff_t>(axis));
  return standardized(x, mean(x, axes, {.keep_dims = true}), var(x, axes, {.keep_dims = true}),
                      options.epsilon) *
             weight +
         bias;
}

template struct batch_norm<float>;
template struct batch_norm<double>;
template struct layer_norm<float>;
template struct layer_norm<double>;

}  // namespace xtape::nn
