#pragma once
// Small problems with a known shape, for examples and tests; make_classification has a header of
// its own. All are in the spirit of scikit-learn's functions of these names. Every step has its own
// stream of the seed, no function of libm is used, and the numbers are the same on every compiler;
// floats are the roundings of the doubles. All throw domain_error for an option outside of its
// domain, and for no samples.
// Source of the ideas: Pedregosa and others, "Scikit-learn: machine learning in Python", JMLR 12
// (2011).

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>
#include <xtape/data/dataset.hpp>

#include <cstddef>
#include <cstdint>

namespace xtape::data {

/// What make_moons makes.
struct moons_options {
  std::size_t n_samples = 100;
  double noise =
      0;  ///< standard deviation of what is added to both coordinates: finite, 0 or greater
  std::uint64_t seed = 0;
};

/// Two half circles that reach into each other. x: (n_samples, 2), labels 0 and 1. Of class 0 are
/// floor(n_samples / 2) points, (cos a, sin a), of class 1 the others, (1 - cos a, 1/2 - sin a),
/// with m angles a = pi i / (m - 1) for i = 0, ..., m - 1; then noise N(0, noise^2) is added, and
/// the samples are put into a random order.
template <real T>
dataset<T> make_moons(const moons_options& options = {}, location where = location::current());

/// What make_circles makes.
struct circles_options {
  std::size_t n_samples = 100;
  double factor = 0.8;  ///< radius of the inner circle: in [0, 1)
  double noise =
      0;  ///< standard deviation of what is added to both coordinates: finite, 0 or greater
  std::uint64_t seed = 0;
};

/// A circle in a circle, which no straight line divides. x: (n_samples, 2), labels 0 and 1. Of
/// class 0 are floor(n_samples / 2) points of the circle of radius 1, of class 1 the others, of the
/// circle of radius factor, at m angles 2 pi i / m; then noise N(0, noise^2) is added, and the
/// samples are put into a random order.
template <real T>
dataset<T> make_circles(const circles_options& options = {}, location where = location::current());

/// What make_spirals makes.
struct spirals_options {
  std::size_t n_samples = 100;
  int classes = 2;   ///< arms: at least 1
  double turns = 1;  ///< of an arm around the origin: finite, 0 or greater
  double noise =
      0;  ///< standard deviation of what is added to both coordinates: finite, 0 or greater
  std::uint64_t seed = 0;
};

/// Arms that wind around each other, a class each. x: (n_samples, 2). Sample i is point
/// j = floor(i / classes) of the m points of class k = i mod classes, at the radius r = (j + 1) / m
/// and the angle 2 pi (turns r + k / classes); then noise N(0, noise^2) is added, and the samples are put
/// into a random order. With two arms and a turn or more it is the problem of Lang and Witbrock,
/// "Learning to tell two spirals apart", Connectionist Models Summer School (1988).
template <real T>
dataset<T> make_spirals(const spirals_options& options = {}, location where = location::current());

/// What make_blobs makes.
struct blobs_options {
  std::size_t n_samples = 100;
  std::size_t n_features = 2;  ///< at least 1
  int classes = 3;             ///< at least 1
  double deviation = 1;        ///< of a blob, along each axis: finite, 0 or greater
  double box = 10;             ///< centres lie in [-box, box] along each axis: finite, 0 or greater
  std::uint64_t seed = 0;
};

/// Round clouds of points, a class each. x: (n_samples, n_features). Centres are uniform in [-box,
/// box); sample i is of class k = i mod classes: centre k plus N(0, deviation^2) along each axis.
/// Then the samples are put into a random order.
template <real T>
dataset<T> make_blobs(const blobs_options& options = {}, location where = location::current());

/// What make_regression makes.
struct regression_options {
  std::size_t n_samples = 100;
  std::size_t n_features = 10;    ///< at least 1
  std::size_t n_informative = 5;  ///< features that y depends on: 0 to n_features
  double bias = 0;                ///< finite
  double noise = 0;  ///< standard deviation of what is added to y: finite, 0 or greater
  std::uint64_t seed = 0;
};

/// Samples with a number each, and how they were made.
template <real T>
struct regression_set {
  array<T> x;             ///< (n, d)
  array<T> y;             ///< (n)
  array<T> coefficients;  ///< w: (d), the true ones
  T bias;                 ///< b, the true one

  /// x and y, copied: to be split, or cut into batches.
  dataset<T, T> samples() const { return {x, y}; }
  /// The number of samples.
  std::size_t size() const noexcept { return y.size(); }
};

/// A linear problem: y = x w + bias + noise. x: (n_samples, n_features) of standard normal numbers;
/// n_informative of the coefficients w, at random places, are uniform in [0, 100), the others are
/// 0; the noise is N(0, noise^2).
template <real T>
regression_set<T> make_regression(const regression_options& options = {},
                                  location where = location::current());

}  // namespace xtape::data
