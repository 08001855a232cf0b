#pragma once

#include <cstddef>

namespace xtape::kernel {

/// How windows lie along one axis of an image: window o begins `padding` before element o * stride, and has `kernel`
/// elements that are `dilation` apart. It may reach beyond the image.
struct window {
  std::size_t in = 1, kernel = 1, stride = 1, padding = 0, dilation = 1;

  /// What a window spans, the elements between its own included.
  std::size_t extent() const { return (kernel - 1) * dilation + 1; }
  /// How many windows there are, for extent() <= in + 2 padding.
  std::size_t out() const { return (in + 2 * padding - extent()) / stride + 1; }
};

}  // namespace xtape::kernel
