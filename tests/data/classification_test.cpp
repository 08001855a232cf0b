#include <xtape/data/classification.hpp>

#include "catch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using xtape::domain_error;
using xtape::shape_type;
using xtape::data::dataset;
using xtape::data::make_classification;

namespace {

constexpr xtape::location nowhere;

/// How often a linear classifier is right on `samples`: the best one for two normal classes of
/// equal covariance (Fisher's), here for two features.
double fisher_accuracy(const dataset<double>& samples) {
  const std::size_t n = samples.size();
  double mean[2][2] = {}, covariance[2][2] = {}, counts[2] = {};
  for (std::size_t i = 0; i < n; ++i) {
    const int label = samples.labels[i];
    ++counts[label];
    for (std::size_t j = 0; j < 2; ++j) mean[label][j] += samples.x(i, j);
  }
  for (int label : {0, 1})
    for (double& m : mean[label]) m /= counts[label];
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      for (std::size_t k = 0; k < 2; ++k)
        covariance[j][k] += (samples.x(i, j) - mean[samples.labels[i]][j]) *
                            (samples.x(i, k) - mean[samples.labels[i]][k]);
  const double d0 = mean[1][0] - mean[0][0], d1 = mean[1][1] - mean[0][1];
  const double w0 = covariance[1][1] * d0 - covariance[0][1] * d1;  // the determinant is positive
  const double w1 = covariance[0][0] * d1 - covariance[1][0] * d0;
  const double middle = (w0 * (mean[0][0] + mean[1][0]) + w1 * (mean[0][1] + mean[1][1])) / 2;
  int right = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const int guess = w0 * samples.x(i, 0) + w1 * samples.x(i, 1) > middle ? 1 : 0;
    right += guess == samples.labels[i] ? 1 : 0;
  }
  return right / static_cast<double>(n);
}

double normal_cdf(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

/// The difference of the class means of one feature, in its standard errors.
double separation(const dataset<double>& samples, std::size_t feature) {
  double sum[2] = {}, squares = 0;
  const double half = static_cast<double>(samples.size()) / 2;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    sum[samples.labels[i]] += samples.x(i, feature);
    squares += samples.x(i, feature) * samples.x(i, feature);
  }
  return std::fabs(sum[1] - sum[0]) / half / std::sqrt(squares / half / half);
}

}  // namespace

TEST_CASE("make_classification: shapes, labels and balance", "[data][classification]") {
  const auto samples = make_classification<double>({.n_samples = 101, .n_features = 7});
  CHECK(samples.x.shape() == shape_type{101, 7});
  CHECK(samples.size() == 101);
  CHECK(samples.classes == 2);
  CHECK(std::count(samples.labels.begin(), samples.labels.end(), 0) == 51);
  CHECK(std::count(samples.labels.begin(), samples.labels.end(), 1) == 50);
  std::vector<int> alternating(101);
  for (std::size_t i = 0; i < 101; ++i) alternating[i] = static_cast<int>(i % 2);
  CHECK(samples.labels != alternating);  // shuffled
  CHECK(make_classification<float>().x.shape() == shape_type{100, 20});
}

TEST_CASE("make_classification: the best accuracy is Phi(class_sep sqrt(n_informative))",
          "[data][classification]") {
  constexpr std::size_t n = 20'000;
  for (const double sep : {0.0, 0.5, 1.0, 2.0})
    for (const std::uint64_t seed : {0u, 1u, 2u}) {
      const auto samples = make_classification<double>(
          {.n_samples = n, .n_features = 2, .n_informative = 2, .class_sep = sep, .seed = seed});
      const double best = normal_cdf(sep * std::sqrt(2.0));
      CAPTURE(sep, seed, best);
      // Four standard errors of a proportion, and what a fit of two weights may gain or lose.
      CHECK(std::fabs(fisher_accuracy(samples) - best) <
            4 * std::sqrt(best * (1 - best) / n) + 0.005);
    }
}

TEST_CASE("make_classification: exactly the informative features tell the classes apart",
          "[data][classification]") {
  const auto samples = make_classification<double>(
      {.n_samples = 20'000, .n_features = 30, .n_informative = 4, .class_sep = 3, .seed = 4});
  std::vector<std::size_t> informative;
  for (std::size_t j = 0; j < 30; ++j)
    if (separation(samples, j) > 4.5) informative.push_back(j);
  CHECK(informative.size() == 4);
  CHECK(informative != std::vector<std::size_t>{0, 1, 2, 3});  // their places are random
  for (std::size_t j = 0; j < 30; ++j) {                       // the others are standard normal
    if (std::find(informative.begin(), informative.end(), j) != informative.end()) continue;
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < 20'000; ++i) {
      mean += samples.x(i, j) / 20'000;
      square += samples.x(i, j) * samples.x(i, j) / 20'000;
    }
    CHECK(std::fabs(mean) < 4 / std::sqrt(20'000.0));
    CHECK(std::fabs(square - 1) < 4 * std::sqrt(2 / 20'000.0));
  }
}

TEST_CASE("make_classification: same seed, same points, in float and double",
          "[data][classification]") {
  const auto once = make_classification<double>({.seed = 7});
  const auto again = make_classification<double>({.seed = 7});
  const auto floats = make_classification<float>({.seed = 7});
  const auto other = make_classification<double>({.seed = 8});
  CHECK((once.x == again.x));
  CHECK(once.labels == again.labels);
  CHECK(once.labels == floats.labels);
  for (std::size_t i = 0; i < once.x.size(); ++i)
    REQUIRE(floats.x.data()[i] == static_cast<float>(once.x.data()[i]));
  CHECK((once.x != other.x));
  CHECK(once.labels != other.labels);

  // Seen with g++ 12 at -O0 and at -O3 -march=native, and with clang 14.
  std::uint64_t hash = 0;
  for (const double x : make_classification<double>({.n_informative = 9, .seed = 7}).x)
    hash = hash * 1099511628211u + std::bit_cast<std::uint64_t>(x);
  CHECK(hash == 0x973A7282F15E0F05);
}

TEST_CASE("errors of make_classification", "[data][classification][errors]") {
  CHECK_THROWS_MATCHES(make_classification<float>({.n_samples = 0}, nowhere), domain_error,
                       Message("make_classification: n_samples = 0: at least one is needed"));
  CHECK_THROWS_MATCHES(
      make_classification<float>({.n_features = 3, .n_informative = 4}, nowhere), domain_error,
      Message("make_classification: n_informative = 4, n_features = 3: n_informative must lie "
              "between 1 and n_features"));
  CHECK_THROWS_AS(make_classification<float>({.n_informative = 0}), domain_error);
  CHECK_THROWS_MATCHES(
      make_classification<double>({.class_sep = -1}, nowhere), domain_error,
      Message("make_classification: class_sep = -1: must be finite and not negative"));
  CHECK_THROWS_AS(
      make_classification<double>({.class_sep = std::numeric_limits<double>::infinity()}),
      domain_error);

  const auto call = [] { return make_classification<float>({.n_samples = 0}); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(call(), domain_error,
                       Message("make_classification: n_samples = 0: at least one is needed  "
                               "[classification_test.cpp:" +
                               line + "]"));
}
