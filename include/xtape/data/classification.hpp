#pragma once

#include <xtape/array/error.hpp>
#include <xtape/data/dataset.hpp>

#include <cstddef>
#include <cstdint>

namespace xtape::data {

/// What make_classification makes.
struct classification_options {
  std::size_t n_samples = 100;
  std::size_t n_features = 20;
  std::size_t n_informative = 2;  ///< features that tell the classes apart: 1 to n_features
  double class_sep = 1;           ///< half the distance of the centres along each informative axis
  std::uint64_t seed = 0;
};

/// Two classes of points, in the spirit of scikit-learn's function of that name. x: (n_samples,
/// n_features), labels 0 and 1, classes = 2. With k = n_informative and s = class_sep:
///
/// 1. A vertex c of the hypercube {-s, +s}^k is drawn: c is the centre of class 0, -c that of
/// class 1.
/// 2. Samples 0, 2, 4, ... are of class 0, the others of class 1, so the classes have equal sizes
/// (one
///    more of class 0 where n_samples is odd).
/// 3. A sample is its centre plus k standard normal numbers, times a k x k matrix of numbers
///    N(0, 1/k), which correlates the informative features.
/// 4. The other n_features - k features are standard normal noise that knows nothing of the class.
/// 5. The features are put into a random order, and then the samples.
///
/// No classifier can be right more often than Phi(s sqrt k), the normal distribution function: 92%
/// by default; a linear one gets there. Labels are never flipped. Every step has its own stream of
/// the seed, and the numbers are the same on every compiler; floats are the roundings of the
/// doubles. Throws domain_error for no samples, for n_informative not in 1, ..., n_features, and
/// for a class_sep that is negative or not finite. Source of the idea: Guyon, "Design of
/// experiments for the NIPS 2003 variable selection benchmark".
template <real T>
dataset<T> make_classification(const classification_options& options = {},
                               location where = location::current());

}  // namespace xtape::data
