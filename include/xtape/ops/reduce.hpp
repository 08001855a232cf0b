#pragma once
// Reductions: over all axes, or over those named (negative ones count from the end).

#include <cstddef>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Axes, or sizes one of which may be -1: {0, -1}.
using axis_list = dimensions<std::ptrdiff_t>;

struct reduce_options {
  bool keep_dims = false;  ///< leave the reduced axes in the shape, with size 1
};

/// Sum over all elements, shape (); or over `axes`. d/dx = 1. The sum of nothing is 0.
/// All reductions throw shape_error for an axis that x does not have or that is named twice.
XTAPE_API variable<float> sum(const operand<float>& x);
XTAPE_API variable<double> sum(const operand<double>& x);
XTAPE_API variable<float> sum(const operand<float>& x, const axis_list& axes,
                              reduce_options options = {});
XTAPE_API variable<double> sum(const operand<double>& x, const axis_list& axes,
                               reduce_options options = {});

/// Arithmetic mean of n elements: sum / n. d/dx = 1/n. Throws domain_error where n is 0.
XTAPE_API variable<float> mean(const operand<float>& x);
XTAPE_API variable<double> mean(const operand<double>& x);
XTAPE_API variable<float> mean(const operand<float>& x, const axis_list& axes,
                               reduce_options options = {});
XTAPE_API variable<double> mean(const operand<double>& x, const axis_list& axes,
                                reduce_options options = {});

/// log sum e^x, computed as m + log sum e^{x - m} with m the greatest element, so that it neither
/// overflows nor loses small differences. d/dx = softmax(x). -inf over nothing.
XTAPE_API variable<float> logsumexp(const operand<float>& x);
XTAPE_API variable<double> logsumexp(const operand<double>& x);
XTAPE_API variable<float> logsumexp(const operand<float>& x, const axis_list& axes,
                                    reduce_options options = {});
XTAPE_API variable<double> logsumexp(const operand<double>& x, const axis_list& axes,
                                     reduce_options options = {});

}  // namespace xtape
