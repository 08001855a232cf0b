#pragma once
// What the numbers of an array are like.

#include <xtape/array/array.hpp>

#include <cstddef>
#include <vector>

namespace xtape::inspect {

/// Figures of an array's elements x_1 ... x_n; of one without elements all are 0. NaN and infinite elements
/// are counted, and left out of all other figures.
struct XTAPE_API statistics {
  std::size_t count = 0;       ///< n
  std::size_t zeros = 0;       ///< elements that are +0 or -0
  std::size_t subnormals = 0;  ///< that are not 0, but smaller than the type's least normal number
  std::size_t not_finite = 0;  ///< that are NaN or infinite
  double mean = 0;             ///< sum(x) / n
  double mean_magnitude = 0;   ///< sum |x| / n
  double rms = 0;              ///< sqrt(sum(x^2) / n)
  double standard_deviation = 0;  ///< sqrt(sum((x - mean)^2) / n)
  double least = 0, greatest = 0;

  double max_magnitude() const;
  /// |mean| / mean_magnitude: 1 where all elements have one sign, near 0 where they cancel; 0 if all are 0. A
  /// signed mean says little where this is small.
  double cancellation() const;
};

/// Computed in double, without overflow or underflow.
template <real T>
XTAPE_API statistics statistics_of(const array<T>& x);

/// How many elements lie in each of some equal intervals.
struct histogram {
  double low, high;
  std::vector<std::size_t>
      counts;  ///< of [low + i w, low + (i + 1) w), w = (high - low) / bins; the last is closed
  std::size_t below, above;  ///< elements outside; NaN is in neither
};

/// Throws domain_error unless low < high are finite and bins > 0.
template <real T>
XTAPE_API histogram histogram_of(const array<T>& x, double low, double high, std::size_t bins,
                                 location where = location::current());

}  // namespace xtape::inspect
