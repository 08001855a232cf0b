#include <xtape/data/generators.hpp>

#include "catch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinAbs;
using xtape::array;
using xtape::domain_error;
using xtape::shape_type;
using namespace xtape::data;

namespace {

constexpr xtape::location nowhere;
constexpr double pi = std::numbers::pi;

/// The points of one class, sorted.
std::vector<std::pair<double, double>> points(const dataset<double>& samples, int label) {
  std::vector<std::pair<double, double>> found;
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (samples.labels[i] == label) found.emplace_back(samples.x(i, 0), samples.x(i, 1));
  std::sort(found.begin(), found.end());
  return found;
}

/// Whether these points, in any order, are the m points of the formula, each to within what
/// rounding makes of an angle of 16.
template <class F>
void check_curve(const dataset<double>& samples, int label, std::size_t m, const F& formula) {
  std::vector<std::pair<double, double>> expected;
  for (std::size_t i = 0; i < m; ++i) expected.push_back(formula(static_cast<double>(i)));
  auto found = points(samples, label);
  REQUIRE(found.size() == m);
  for (const auto& wanted : expected) {
    const auto distance = [&](const auto& p) {
      return std::hypot(p.first - wanted.first, p.second - wanted.second);
    };
    const auto at = std::min_element(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      return distance(a) < distance(b);
    });
    CHECK_THAT(at->first, WithinAbs(wanted.first, 4e-15));
    CHECK_THAT(at->second, WithinAbs(wanted.second, 4e-15));
    found.erase(at);  // each only once
  }
}

std::uint64_t hash_of(const array<double>& x) {
  std::uint64_t hash = 0;
  for (const double value : x) hash = hash * 1099511628211u + std::bit_cast<std::uint64_t>(value);
  return hash;
}

/// The same seed gives the same samples, in float their roundings; another one another order.
template <class Make>
void check_reproducible(const Make& make) {
  const auto once = make(7, double{}), again = make(7, double{}), other = make(8, double{});
  const auto floats = make(7, float{});
  CHECK((once.x == again.x));
  CHECK(once.labels == again.labels);
  CHECK((once.x != other.x));
  CHECK(once.labels != other.labels);
  CHECK(once.labels == floats.labels);
  for (std::size_t i = 0; i < once.x.size(); ++i)
    REQUIRE(floats.x.data()[i] == static_cast<float>(once.x.data()[i]));
}

/// The root mean square of what noise adds.
double spread(const dataset<double>& noisy, const dataset<double>& clean) {
  CHECK(noisy.labels == clean.labels);  // the order is the same
  double squares = 0;
  for (std::size_t i = 0; i < clean.x.size(); ++i)
    squares += std::pow(noisy.x.data()[i] - clean.x.data()[i], 2);
  return std::sqrt(squares / static_cast<double>(clean.x.size()));
}

}  // namespace

TEST_CASE("make_moons: two half circles", "[data][generators]") {
  const std::size_t n = GENERATE(2u, 4u, 7u, 100u);
  const auto samples = make_moons<double>({.n_samples = n});
  CHECK(samples.x.shape() == shape_type{n, 2});
  CHECK(samples.classes == 2);
  const auto angle = [](double i, std::size_t m) {
    return m > 1 ? pi * i / (static_cast<double>(m) - 1) : 0;
  };
  const std::size_t first = n / 2, second = n - first;
  check_curve(samples, 0, first, [&](double i) {
    return std::pair(std::cos(angle(i, first)), std::sin(angle(i, first)));
  });
  check_curve(samples, 1, second, [&](double i) {
    return std::pair(1 - std::cos(angle(i, second)), 0.5 - std::sin(angle(i, second)));
  });
  if (n == 100) {
    CHECK(points(samples, 0).front() == std::pair(-1.0, 0.0));  // exact at quarters of a turn
    CHECK_THAT(spread(make_moons<double>({.n_samples = n, .noise = 0.1}), samples),
               WithinAbs(0.1, 0.02));
  }
}

TEST_CASE("make_circles: a circle in a circle", "[data][generators]") {
  const auto samples = make_circles<double>({.n_samples = 101, .factor = 0.3});
  for (const int label : {0, 1}) {
    const double m = 50 + label, radius = label == 0 ? 1 : 0.3;
    check_curve(samples, label, static_cast<std::size_t>(m), [&](double i) {
      return std::pair(radius * std::cos(2 * pi * i / m), radius * std::sin(2 * pi * i / m));
    });
  }
  CHECK_THAT(spread(make_circles<double>({.n_samples = 1000, .noise = 0.2}),
                    make_circles<double>({.n_samples = 1000})),
             WithinAbs(0.2, 0.02));
}

TEST_CASE("make_spirals: arms that wind around each other", "[data][generators]") {
  const auto samples = make_spirals<double>({.n_samples = 100, .classes = 3, .turns = 1.5});
  CHECK(samples.classes == 3);
  for (const int k : {0, 1, 2}) {
    const double m = k == 0 ? 34 : 33;
    check_curve(samples, k, static_cast<std::size_t>(m), [&](double j) {
      const double r = (j + 1) / m, a = 2 * pi * (1.5 * r + k / 3.0);
      return std::pair(r * std::cos(a), r * std::sin(a));
    });
  }
  CHECK_THAT(spread(make_spirals<double>({.n_samples = 1000, .noise = 0.05}),
                    make_spirals<double>({.n_samples = 1000})),
             WithinAbs(0.05, 0.005));
  // More arms than samples: some have none.
  CHECK(make_spirals<double>({.n_samples = 2, .classes = 5}).size() == 2);
}

TEST_CASE("make_blobs: round clouds around their centres", "[data][generators]") {
  const auto exact = make_blobs<double>(
      {.n_samples = 10, .n_features = 3, .classes = 4, .deviation = 0, .box = 2, .seed = 3});
  CHECK(exact.x.shape() == shape_type{10, 3});
  CHECK(exact.classes == 4);
  std::vector<std::size_t> counts(4, 0);
  std::vector<std::vector<double>> centres(4);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto k = static_cast<std::size_t>(exact.labels[i]);
    ++counts[k];
    const std::vector<double> row{exact.x(i, 0), exact.x(i, 1), exact.x(i, 2)};
    if (centres[k].empty()) centres[k] = row;
    CHECK(row == centres[k]);
    for (const double c : row) CHECK(std::fabs(c) <= 2);
  }
  CHECK(counts == std::vector<std::size_t>{3, 3, 2, 2});
  CHECK(centres[0] != centres[1]);

  const auto clouds = make_blobs<double>(
      {.n_samples = 20'000, .n_features = 3, .classes = 4, .deviation = 0.5, .box = 2, .seed = 3});
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t j = 0; j < 3; ++j) {
      double mean = 0, square = 0;
      for (std::size_t i = 0; i < clouds.size(); ++i)
        if (clouds.labels[i] == static_cast<int>(k)) {
          mean += (clouds.x(i, j) - centres[k][j]) / 5000;
          square += std::pow(clouds.x(i, j) - centres[k][j], 2) / 5000;
        }
      CHECK_THAT(mean, WithinAbs(0, 4 * 0.5 / std::sqrt(5000.0)));
      CHECK_THAT(square, WithinAbs(0.25, 4 * 0.25 * std::sqrt(2 / 5000.0)));
    }
}

TEST_CASE("make_regression: a linear problem", "[data][generators]") {
  const auto exact = make_regression<double>(
      {.n_samples = 50, .n_features = 7, .n_informative = 3, .bias = -2, .seed = 1});
  CHECK(exact.x.shape() == shape_type{50, 7});
  CHECK(exact.y.shape() == shape_type{50});
  CHECK(exact.size() == 50);
  CHECK(exact.bias == -2);
  std::vector<std::size_t> informative;
  for (std::size_t j = 0; j < 7; ++j) {
    CHECK(exact.coefficients(j) >= 0);
    CHECK(exact.coefficients(j) < 100);
    if (exact.coefficients(j) > 0) informative.push_back(j);
  }
  CHECK(informative.size() == 3);
  CHECK(informative != std::vector<std::size_t>{0, 1, 2});  // at random places
  for (std::size_t i = 0; i < 50; ++i) {
    double y = -2;
    for (std::size_t j = 0; j < 7; ++j) y += exact.x(i, j) * exact.coefficients(j);
    CHECK_THAT(exact.y(i), WithinAbs(y, 1e-12));
  }
  const regression_options many{.n_samples = 10'000, .noise = 3, .seed = 1};
  const auto noisy = make_regression<double>(many);
  regression_options none = many;
  none.noise = 0;
  const auto clean = make_regression<double>(none);
  CHECK((noisy.x == clean.x));
  double square = 0;
  for (std::size_t i = 0; i < 10'000; ++i) square += std::pow(noisy.y(i) - clean.y(i), 2) / 10'000;
  CHECK_THAT(square, WithinAbs(9, 4 * 9 * std::sqrt(2 / 10'000.0)));
  const auto floats = make_regression<float>(many);
  for (std::size_t i = 0; i < 100; ++i) REQUIRE(floats.y(i) == static_cast<float>(noisy.y(i)));
  CHECK(hash_of(noisy.y) != hash_of(make_regression<double>({.n_samples = 10'000, .noise = 3}).y));
}

TEST_CASE("generators: same seed, same samples", "[data][generators]") {
  check_reproducible(
      []<class T>(std::uint64_t seed, T) { return make_moons<T>({.noise = 0.1, .seed = seed}); });
  check_reproducible(
      []<class T>(std::uint64_t seed, T) { return make_circles<T>({.noise = 0.1, .seed = seed}); });
  check_reproducible(
      []<class T>(std::uint64_t seed, T) { return make_spirals<T>({.noise = 0.1, .seed = seed}); });
  check_reproducible([]<class T>(std::uint64_t seed, T) { return make_blobs<T>({.seed = seed}); });
}

TEST_CASE("generators: the numbers are the same on every compiler", "[data][generators]") {
  // Seen with g++ 12 at -O2 -march=native and at -O0, and with clang 14.
  CHECK(hash_of(make_moons<double>({.noise = 0.1, .seed = 1}).x) == 0x1BCA57091F82A4FF);
  CHECK(hash_of(make_circles<double>({.noise = 0.1, .seed = 1}).x) == 0xBED0AB3BFD95FC70);
  CHECK(hash_of(make_spirals<double>({.classes = 3, .noise = 0.1, .seed = 1}).x) ==
        0xA18EDC89080BE3B2);
  CHECK(hash_of(make_blobs<double>({.seed = 1}).x) == 0x4969688B9EB644B2);
  CHECK(hash_of(make_regression<double>({.noise = 0.1, .seed = 1}).y) == 0x3550D9ACC71E64F1);
}

TEST_CASE("errors of the generators", "[data][generators][errors]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_MATCHES(make_moons<float>({.n_samples = 0}, nowhere), domain_error,
                       Message("make_moons: n_samples = 0: at least one is needed"));
  CHECK_THROWS_MATCHES(make_moons<float>({.noise = -1}, nowhere), domain_error,
                       Message("make_moons: noise = -1: must be finite and not negative"));
  CHECK_THROWS_MATCHES(make_circles<float>({.factor = 1}, nowhere), domain_error,
                       Message("make_circles: factor = 1: must be at least 0 and less than 1"));
  CHECK_THROWS_MATCHES(make_spirals<float>({.classes = 0}, nowhere), domain_error,
                       Message("make_spirals: classes = 0: at least one is needed"));
  CHECK_THROWS_MATCHES(make_spirals<float>({.turns = infinity}, nowhere), domain_error,
                       Message("make_spirals: turns = inf: must be finite and not negative"));
  CHECK_THROWS_MATCHES(make_blobs<float>({.n_features = 0}, nowhere), domain_error,
                       Message("make_blobs: n_features = 0: at least one is needed"));
  CHECK_THROWS_MATCHES(make_blobs<float>({.box = -2}, nowhere), domain_error,
                       Message("make_blobs: box = -2: must be finite and not negative"));
  CHECK_THROWS_MATCHES(
      make_regression<float>({.n_features = 2, .n_informative = 3}, nowhere), domain_error,
      Message("make_regression: n_informative = 3, n_features = 2: n_informative must not be the "
              "greater"));
  CHECK(make_regression<float>({.n_features = 2, .n_informative = 2}).size() == 100);
  CHECK_THROWS_MATCHES(make_regression<float>({.bias = infinity}, nowhere), domain_error,
                       Message("make_regression: bias = inf: must be finite"));
  CHECK_THROWS_AS(make_circles<double>({.noise = std::nan("")}), domain_error);
  CHECK_THROWS_AS(make_blobs<double>({.deviation = -1}), domain_error);
  CHECK_THROWS_AS(make_blobs<double>({.classes = -1}), domain_error);
  CHECK_THROWS_AS(make_regression<double>({.noise = -1}), domain_error);
  CHECK_THROWS_AS(make_regression<double>({.n_features = 0, .n_informative = 0}), domain_error);
  CHECK_THROWS_AS(make_regression<double>({.n_samples = 0}), domain_error);

  const auto call = [] { return make_blobs<float>({.n_samples = 0}); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("make_blobs: n_samples = 0: at least one is needed  [generators_test.cpp:" + line +
              "]"));
}
