#pragma once

#include <xtape/nn/summary.hpp>

namespace xtape::detail {

/// x + y. Throws shape_error unless both have one shape: what broadcasts is no residual.
template <real T>
XTAPE_API variable<T> add_residual(const operand<T>& x, const variable<T>& y);

}  // namespace xtape::detail

namespace xtape::nn {

/// y = x + f(x), for a module f that keeps the shape: a way round it for signals and, since dy/dx = 1 + df/dx, for
/// gradients.
///
///     xp::nn::residual(xp::nn::sequential<float>{...})
///
/// Throws shape_error where f(x) has another shape than x, and as f does. What shape f gives is not known before it has
/// run: what it recorded stays on the tape, and nothing uses it.
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, equation 1.
template <class Module>
struct residual {
  Module f;

  explicit residual(Module module) : f(std::move(module)) {}

  variable<float> operator()(const operand<float>& x) const requires layer_of<Module, float> {
    const at_line line(x.where());
    return xtape::detail::add_residual(x, xtape::detail::call_layer(f, x));
  }
  variable<double> operator()(const operand<double>& x) const requires layer_of<Module, double> {
    const at_line line(x.where());
    return xtape::detail::add_residual(x, xtape::detail::call_layer(f, x));
  }

  void members(const auto& visit) const { visit("f", f); }

  /// For nn::summary: runs f and appends its rows after the residual's own.
  template <real T>
  variable<T> describe(xtape::detail::summary_rows& rows, const std::string& path,
                       const variable<T>& x) const {
    rows.push_back({path, "residual", x.shape(), 0});
    return xtape::detail::add_residual<T>(
        x, xtape::detail::describe<T>(rows, f, joined_path(path, "f"), x));
  }
};

}  // namespace xtape::nn
