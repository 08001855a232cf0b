#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/changing.hpp>
#include <xtape/array/error.hpp>

#include <cstdint>

/// Scalers learn from the training samples and are applied to all. What they have learned is state
/// as that of a layer is: `members` lists it as buffers, so a scaler that is a member of a model is
/// copied, saved and restored with it.
///
///     struct classifier {
///       xp::data::standardizer<float> scale;
///       xp::nn::sequential<float> net;
///       xp::variable<float> operator()(const xp::variable<float>& x) const {
///         return net(scale(x.value()));
///       }
///       void members(const auto& visit) const { visit("scale", scale), visit("net", net); }
///     };
///
/// They take arrays, not variables: no gradient flows back through them.
namespace xtape::data {

/// Maps every feature (column) linearly so that the samples it was made from fill [low, high]:
/// y = low (1 - t) + high t with t = (x - min) / (max - min), exact at both ends.
///
///     xp::data::min_max_scaler scale(train.x, -1, 1);  // learns from the training samples only
///     train.x = scale(train.x);
///     test.x = scale(test.x);                          // may leave [-1, 1]
///
/// A feature that was constant carries nothing: it becomes (low + high) / 2 in every array.
template <real T>
class min_max_scaler {
 public:
  /// x: (n, features), n >= 1, finite. Throws shape_error for another rank, domain_error for no
  /// samples, for an element that is not finite, and unless low < high are finite.
  explicit min_max_scaler(const array<T>& x, double low = 0, double high = 1,
                          location where = location::current());

  /// One that has learned nothing yet and returns (low + high) / 2: for a model whose state is then
  /// read from a file. n_features: at least 1, else domain_error; low < high as above.
  explicit min_max_scaler(std::int64_t n_features, double low = 0, double high = 1,
                          location where = location::current());

  /// x: (m, features). Returns the scaled (m, features); a NaN stays a NaN. Throws shape_error for
  /// another number of features.
  array<T> operator()(const array<T>& x, location where = location::current()) const;

  /// The least and the greatest value of each feature: (features).
  const array<T>& minimum() const noexcept { return minimum_.value(); }
  const array<T>& maximum() const noexcept { return maximum_.value(); }

  void members(const auto& visit) const {
    visit("minimum", minimum_);
    visit("maximum", maximum_);
  }

 private:
  double low_, high_;
  buffer<T> minimum_, maximum_;
};

/// Shifts and scales every feature (column) so that the samples it was made from have mean 0 and
/// variance 1: y = (x - mean) / std, with std^2 = sum (x - mean)^2 / n. Mean and deviation are
/// computed in double and kept in T. A feature that was constant carries nothing: it becomes 0 in
/// every array.
template <real T>
class standardizer {
 public:
  /// x: (n, features), n >= 1, finite. Throws shape_error for another rank, domain_error for no
  /// samples and for an element that is not finite.
  explicit standardizer(const array<T>& x, location where = location::current());

  /// One that has learned nothing yet, with means 0 and deviations 1, and returns what it is given:
  /// for a model whose state is then read from a file. n_features: at least 1, else domain_error.
  explicit standardizer(std::int64_t n_features, location where = location::current());

  /// x: (m, features). Returns the scaled (m, features); a NaN stays a NaN. Throws shape_error for
  /// another number of features.
  array<T> operator()(const array<T>& x, location where = location::current()) const;

  /// The mean and the standard deviation of each feature, (features); 0 for the deviation of a
  /// constant one.
  const array<T>& mean() const noexcept { return mean_.value(); }
  const array<T>& standard_deviation() const noexcept { return deviation_.value(); }

  void members(const auto& visit) const {
    visit("mean", mean_);
    visit("standard_deviation", deviation_);
  }

 private:
  buffer<T> mean_, deviation_;
};

}  // namespace xtape::data
