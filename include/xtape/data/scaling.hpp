#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>

#include <cstddef>
#include <vector>

namespace xtape::data {

/// Maps every feature (column) linearly so that the samples it was made from fill [low, high]:
/// y = low (1 - t) + high t with t = (x - min) / (max - min), exact at both ends.
///
///     xp::data::min_max_scaler scale(train.x, -1, 1);      // learns from the training samples
///     only train.x = scale(train.x); test.x = scale(test.x);                              // may
///     leave [-1, 1]
///
/// A feature that was constant carries nothing: it becomes (low + high) / 2 in every array.
template <real T>
class min_max_scaler {
 public:
  /// x: (n, features), n >= 1, finite. Throws shape_error for another rank, domain_error for no
  /// samples, for an element that is not finite, and unless low < high are finite.
  explicit min_max_scaler(const array<T>& x, double low = 0, double high = 1,
                          location where = location::current());

  /// x: (m, features). Returns the scaled (m, features); a NaN stays a NaN. Throws shape_error for
  /// another number of features.
  array<T> operator()(const array<T>& x, location where = location::current()) const;

  /// The least and the greatest value of each feature.
  const std::vector<T>& minimum() const noexcept { return minimum_; }
  const std::vector<T>& maximum() const noexcept { return maximum_; }

 private:
  double low_, high_;
  std::vector<T> minimum_, maximum_;
};

/// Shifts and scales every feature (column) so that the samples it was made from have mean 0 and
/// variance 1: y = (x - mean) / std, with std^2 = sum (x - mean)^2 / n.
/// A feature that was constant carries nothing: it becomes 0 in every array.
template <real T>
class standardizer {
 public:
  /// x: (n, features), n >= 1, finite. Throws shape_error for another rank, domain_error for no
  /// samples and for an element that is not finite.
  explicit standardizer(const array<T>& x, location where = location::current());

  /// x: (m, features). Returns the scaled (m, features); a NaN stays a NaN. Throws shape_error for
  /// another number of features.
  array<T> operator()(const array<T>& x, location where = location::current()) const;

  /// The mean and the standard deviation of each feature; 0 for the deviation of a constant one.
  const std::vector<double>& mean() const noexcept { return mean_; }
  const std::vector<double>& standard_deviation() const noexcept { return deviation_; }

 private:
  std::vector<double> mean_, deviation_;
};

}  // namespace xtape::data
