#include <xtape/nn/convolution.hpp>

#include "nn/sizes.hpp"

#include <limits>
#include <string>

namespace xtape::nn {
namespace {

std::string text(const size2d& size) {
  return "(" + std::to_string(size.h) + ", " + std::to_string(size.w) + ")";
}

shape_type kernel_shape(std::int64_t c_in, std::int64_t c_out, const size2d& window,
                        const conv2d_options& how, location where) {
  const std::string call = "conv2d: " + std::to_string(c_in) + " to " + std::to_string(c_out) +
                           " channels, window " + text(window);
  const auto refuse = [&](const std::string& reason) {
    throw domain_error(call + ": " + reason, where);
  };
  const auto check = [&](const char* what, const size2d& size, std::ptrdiff_t least) {
    if (std::min(size.h, size.w) < least)
      refuse(std::string(what) + " = " + text(size) +
             (least == 0 ? ": must not be negative" : ": must be positive"));
  };
  check("stride", how.stride, 1);
  check("padding", how.padding, 0);
  check("dilation", how.dilation, 1);
  if (how.groups < 1) refuse("groups = " + std::to_string(how.groups) + ": must be positive");
  if (c_in % how.groups != 0 || c_out % how.groups != 0)
    refuse("groups = " + std::to_string(how.groups) +
           ": both numbers of channels must be multiples");
  constexpr const char* least = "a layer has at least one channel on either side, and a window";
  // The sizes one by one, and that there are such arrays.
  const shape_type channels =
      xtape::detail::matrix_shape(call, c_out, c_in / how.groups, least, where);
  const shape_type area = xtape::detail::matrix_shape(call, window.h, window.w, least, where);
  xtape::detail::matrix_shape(call, c_out * (c_in / how.groups), window.h * window.w, least, where);
  return {channels[0], channels[1], area[0], area[1]};
}

}  // namespace

template <real T>
conv2d<T>::conv2d(std::int64_t c_in, std::int64_t c_out, size2d window,
                  const init::initializer& weights, rng& random, conv2d_options how, location where)
    : weight(weights.make<T>(kernel_shape(c_in, c_out, window, how, where), random, where),
             "weight"),
      options(how) {
  if (how.bias) bias.emplace(zeros<T>({weight.shape()[0]}), "bias");
}

template <real T>
variable<T> conv2d<T>::operator()(const operand<T>& x) const {
  const xtape::conv2d_options how{options.stride, options.padding, options.dilation,
                                  options.groups};
  return bias ? xtape::conv2d(x, weight, *bias, how) : xtape::conv2d(x, weight, how);
}

template struct conv2d<float>;
template struct conv2d<double>;

}  // namespace xtape::nn
