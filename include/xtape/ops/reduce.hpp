#pragma once
// Reductions: over all axes, or over those named (negative ones count from the end).

#include <cstddef>
#include <vector>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Axes, or sizes one of which may be -1: {0, -1}.
using axis_list = dimensions<std::ptrdiff_t>;

struct reduce_options {
  bool keep_dims = false;  ///< leave the reduced axes in the shape, with size 1
};

struct variance_options {
  std::size_t ddof = 0;    ///< delta degrees of freedom: what is taken from the number of elements
  bool keep_dims = false;  ///< as in reduce_options
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

/// Product of all elements, or over `axes`. d/dx_i = the product of the others, without a division, so that it
/// is right where elements are 0. Rounded once, nearly. The product of nothing is 1.
XTAPE_API variable<float> prod(const operand<float>& x);
XTAPE_API variable<double> prod(const operand<double>& x);
XTAPE_API variable<float> prod(const operand<float>& x, const axis_list& axes,
                               reduce_options options = {});
XTAPE_API variable<double> prod(const operand<double>& x, const axis_list& axes,
                                reduce_options options = {});

/// Greatest element, over all axes or over `axes`; NaN where there is one. Equal greatest elements share the
/// cotangent equally, as in PyTorch's amax; NaNs share it where there are any. The second derivative is 0.
/// Throws domain_error where there are no elements.
XTAPE_API variable<float> max(const operand<float>& x);
XTAPE_API variable<double> max(const operand<double>& x);
XTAPE_API variable<float> max(const operand<float>& x, const axis_list& axes,
                              reduce_options options = {});
XTAPE_API variable<double> max(const operand<double>& x, const axis_list& axes,
                               reduce_options options = {});

/// Least element; all else as for max.
XTAPE_API variable<float> min(const operand<float>& x);
XTAPE_API variable<double> min(const operand<double>& x);
XTAPE_API variable<float> min(const operand<float>& x, const axis_list& axes,
                              reduce_options options = {});
XTAPE_API variable<double> min(const operand<double>& x, const axis_list& axes,
                               reduce_options options = {});

/// Variance: sum of (x - mean)^2 / (n - ddof), the mean first, so that a large mean loses no digits.
/// d/dx = 2 (x - mean) / (n - ddof). ddof is NumPy's: 0 by default, 1 for the unbiased estimate.
/// Throws domain_error unless n > ddof.
XTAPE_API variable<float> var(const operand<float>& x);
XTAPE_API variable<double> var(const operand<double>& x);
XTAPE_API variable<float> var(const operand<float>& x, const axis_list& axes,
                              variance_options options = {});
XTAPE_API variable<double> var(const operand<double>& x, const axis_list& axes,
                               variance_options options = {});

/// Standard deviation: the square root of the variance; NumPy's std, a name that C++ has given away.
/// d/dx = (x - mean) / ((n - ddof) y), and 0 where y is 0. Throws as var does.
XTAPE_API variable<float> stddev(const operand<float>& x);
XTAPE_API variable<double> stddev(const operand<double>& x);
XTAPE_API variable<float> stddev(const operand<float>& x, const axis_list& axes,
                                 variance_options options = {});
XTAPE_API variable<double> stddev(const operand<double>& x, const axis_list& axes,
                                  variance_options options = {});

/// Norm of the elements as a vector, whatever the shape: of order 1, sum |x|; of order 2, sqrt(sum x^2), which
/// neither overflows nor underflows on the way; of order infinity, max |x|. d/dx = sign(x); x / y, and 0 where y
/// is 0; sign(x) shared equally among the greatest. 0 of nothing. Throws domain_error for another order, and
/// for the greatest of nothing.
XTAPE_API variable<float> norm(const operand<float>& x, double order = 2);
XTAPE_API variable<double> norm(const operand<double>& x, double order = 2);
XTAPE_API variable<float> norm(const operand<float>& x, double order, const axis_list& axes,
                               reduce_options options = {});
XTAPE_API variable<double> norm(const operand<double>& x, double order, const axis_list& axes,
                                reduce_options options = {});

/// y_j = x_0 + ... + x_j along an axis; x's shape. vjp: the same from the end, which has the same name on tapes.
/// Throws shape_error for an axis that x does not have.
XTAPE_API variable<float> cumsum(const operand<float>& x, std::ptrdiff_t axis);
XTAPE_API variable<double> cumsum(const operand<double>& x, std::ptrdiff_t axis);

/// Where along an axis the greatest (least) element is: the first of equals, the first NaN where there is one.
/// One index for each of the other axes' elements, row by row; numbers, of which nothing is recorded: labels.
/// Throws shape_error for an axis that x does not have, domain_error where it is empty.
XTAPE_API std::vector<int> argmax(const operand<float>& x, std::ptrdiff_t axis);
XTAPE_API std::vector<int> argmax(const operand<double>& x, std::ptrdiff_t axis);
XTAPE_API std::vector<int> argmin(const operand<float>& x, std::ptrdiff_t axis);
XTAPE_API std::vector<int> argmin(const operand<double>& x, std::ptrdiff_t axis);

}  // namespace xtape
