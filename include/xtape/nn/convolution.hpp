#pragma once

#include <xtape/array/rng.hpp>
#include <xtape/init/init.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/convolution.hpp>

#include <cstdint>
#include <optional>

namespace xtape::nn {

struct conv2d_options {
  size2d stride = 1;  ///< as xtape::conv2d has them
  size2d padding = 0;
  size2d dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;  ///< false, say, before batch_norm, which has one of its own
};

/// A layer of convolutions, xtape::conv2d with a weight and a bias of its own: (n, c_in, h, w) -> (n, c_out,
/// h', w').
///
///     xp::nn::conv2d<float>(1, 16, 3, xp::init::he_normal(), random, {.padding = 1})
///
/// A window of odd size k keeps the size of an image with .padding = k / 2.
template <real T>
struct XTAPE_API conv2d {
  parameter<T> weight;               ///< (c_out, c_in / groups, window_h, window_w)
  std::optional<parameter<T>> bias;  ///< (c_out), zeros at the start
  conv2d_options options;

  /// Draws the weights, one number of the generator each. Throws domain_error for channels or a window below 1,
  /// channels that are not `groups` equal parts, options that xtape::conv2d refuses, and as the initializer does.
  conv2d(std::int64_t c_in, std::int64_t c_out, size2d window, const init::initializer& weights,
         rng& random, conv2d_options how = {}, location where = location::current());

  /// Throws xtape::conv2d's shape_error, at the caller's line, unless x is (n, c_in, h, w), with images that
  /// are, padded, no smaller than the window.
  variable<T> operator()(const operand<T>& x) const;

  void members(const auto& visit) const {
    visit("weight", weight);
    if (bias) visit("bias", *bias);
  }
};

/// xtape::max_pool2d as a layer.
struct max_pool2d {
  size2d window;
  pool2d_options options;

  /// The options are checked when it is called.
  explicit max_pool2d(size2d size, pool2d_options how = {}) : window(size), options(how) {}

  variable<float> operator()(const operand<float>& x) const {
    return xtape::max_pool2d(x, window, options);
  }
  variable<double> operator()(const operand<double>& x) const {
    return xtape::max_pool2d(x, window, options);
  }
};

/// xtape::avg_pool2d as a layer.
struct avg_pool2d {
  size2d window;
  pool2d_options options;

  /// The options are checked when it is called.
  explicit avg_pool2d(size2d size, pool2d_options how = {}) : window(size), options(how) {}

  variable<float> operator()(const operand<float>& x) const {
    return xtape::avg_pool2d(x, window, options);
  }
  variable<double> operator()(const operand<double>& x) const {
    return xtape::avg_pool2d(x, window, options);
  }
};

extern template struct conv2d<float>;
extern template struct conv2d<double>;

}  // namespace xtape::nn
