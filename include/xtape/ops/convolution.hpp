#pragma once
// Convolution and pooling of images, (n, c, h, w): n images of c channels, h rows and w columns.

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// A number of rows and one of columns: {3, 5}; a single number is meant for both.
struct size2d {
  std::ptrdiff_t h, w;

  template <std::integral I>
  constexpr size2d(I both)
      : h(static_cast<std::ptrdiff_t>(both)), w(static_cast<std::ptrdiff_t>(both)) {}
  constexpr size2d(std::ptrdiff_t rows, std::ptrdiff_t columns) : h(rows), w(columns) {}
  friend constexpr bool operator==(const size2d&, const size2d&) = default;
};

struct conv2d_options {
  size2d stride = 1;        ///< how far a window is from the next
  size2d padding = 0;       ///< rows and columns of zeros on every side of an image
  size2d dilation = 1;      ///< how far apart the elements of a window are
  std::int64_t groups = 1;  ///< the channels are so many equal groups, which do not mix
};

/// What a sliding window sees of an image, weighted: for every output channel m, row o and column p
///   y_{n m o p} = sum_{c i j} weight_{m c i j} x_{n c r s},
///   r = o stride_h + i dilation_h - padding_h,  s = p stride_w + j dilation_w - padding_w,
/// c running over the input channels of m's group, and x being 0 outside of the image. (A cross-correlation, as
/// everywhere in the field: the kernel is not turned round.) x: (n, c_in, h, w), weight: (c_out, c_in / groups,
/// k_h, k_w), with a bias (c_out) added to every pixel of its channel; y: (n, c_out, h', w'), h' = floor((h + 2
/// padding - dilation (k_h - 1) - 1) / stride) + 1 and w' likewise. With groups = c_in every channel has
/// kernels of its own.
/// vjp: for x the transposed convolution, sum_{m o p} g weight; for the weight the correlation of x with g,
/// sum_{n o p} g x; for the bias the sum of g over all but the channels. All three are bilinear in what is left
/// of x, weight and g, and are each other's derivatives at every order. What a window's place outside of the
/// image contributes is 0 times the weight: NaN in a derivative where x or the weight is infinite.
/// Throws shape_error where shapes do not fit, the kernel is empty, or it spans more than the padded image;
/// domain_error unless stride, dilation and groups are positive and the padding is not negative, none above
/// 2^31 - 1.
/// Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
/// Proceedings of the IEEE 86 (1998); the options and the layout of the weight are PyTorch's.
XTAPE_API variable<float> conv2d(const operand<float>& x, const operand<float>& weight,
                                 const conv2d_options& options = {});
XTAPE_API variable<double> conv2d(const operand<double>& x, const operand<double>& weight,
                                  const conv2d_options& options = {});
XTAPE_API variable<float> conv2d(const operand<float>& x, const operand<float>& weight,
                                 const operand<float>& bias, const conv2d_options& options = {});
XTAPE_API variable<double> conv2d(const operand<double>& x, const operand<double>& weight,
                                  const operand<double>& bias, const conv2d_options& options = {});

struct pool2d_options {
  size2d stride = 0;   ///< how far a window is from the next; 0: the window's size
  size2d padding = 0;  ///< rows and columns on every side of an image
};

/// The greatest element in each window of that size: (n, c, h, w) -> (n, c, h', w'), h' = floor((h + 2 padding
/// - window) / stride) + 1. NaN where there is one. The padding is not counted: -inf, as it were. vjp: g to the
/// greatest element; where several are equal each gets an equal part, as in max (PyTorch gives all of it to the
/// first), and NaNs share it where there are any. The second derivative is 0.
/// Throws shape_error unless x has four axes and the window fits into the padded image; domain_error unless
/// window and stride are positive and the padding is between 0 and half the window.
XTAPE_API variable<float> max_pool2d(const operand<float>& x, size2d window,
                                     const pool2d_options& options = {});
XTAPE_API variable<double> max_pool2d(const operand<double>& x, size2d window,
                                      const pool2d_options& options = {});

/// The mean of each window of that size, the padding counting as zeros: sum / (window_h window_w), as in PyTorch.
/// Shapes and errors as for max_pool2d. vjp: to every element the sum of g / (window_h window_w) over its windows.
XTAPE_API variable<float> avg_pool2d(const operand<float>& x, size2d window,
                                     const pool2d_options& options = {});
XTAPE_API variable<double> avg_pool2d(const operand<double>& x, size2d window,
                                      const pool2d_options& options = {});

}  // namespace xtape
