#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>

#include <cstddef>
#include <type_traits>
#include <vector>

namespace xtape::data {

/// Labelled samples: row i of x belongs to labels[i], which lies in 0, ..., classes - 1.
/// x: (n, features), or any array whose first axis counts the samples.
template <real T, class Target = int>
struct dataset {
  static_assert(std::is_same_v<Target, int>, "the target is a label, or of the type of x");
  array<T> x;
  std::vector<int> labels;
  int classes = 0;

  /// The number of samples.
  std::size_t size() const noexcept { return labels.size(); }
};

/// Samples with numbers to predict: row i of x belongs to row i of y.
///
///     const xp::data::dataset<float, float> samples{x, y};
///
/// x, y: any arrays whose first axes count the samples.
template <real T>
struct dataset<T, T> {
  array<T> x;
  array<T> y;

  /// The number of samples.
  std::size_t size() const noexcept { return y.shape().empty() ? 0 : y.shape()[0]; }
};

/// Samples to learn from and samples to be judged by: `auto [train, test] =
/// fashion_mnist<float>();`
template <real T>
struct train_test {
  dataset<T> train;
  dataset<T> test;
};

/// Row i is 0 but for a 1 in column labels[i]. Returns (n, classes).
/// Throws domain_error for a label outside 0, ..., classes - 1, or less than one class.
template <real T>
array<T> one_hot(const std::vector<int>& labels, int classes, location where = location::current());

}  // namespace xtape::data
