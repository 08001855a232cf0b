#include <xtape/init/init.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinRel;
using xtape::domain_error;
using xtape::rng;
namespace init = xtape::init;

namespace {

constexpr std::size_t n_in = 500, n_out = 300;

/// A scaled initializer beside its formula, in one place and in numbers.
struct formula {
  init::initializer initializer;
  std::string name;
  double deviation;
  bool even;  // uniform rather than normal
};

std::vector<formula> formulas() {
  return {{init::lecun_normal(), "lecun_normal", std::sqrt(1.0 / 500), false},
          {init::lecun_uniform(), "lecun_uniform", std::sqrt(1.0 / 500), true},
          {init::glorot_normal(), "glorot_normal", std::sqrt(2.0 / 800), false},
          {init::glorot_uniform(), "glorot_uniform", std::sqrt(2.0 / 800), true},
          {init::he_normal(), "he_normal", std::sqrt(2.0 / 500), false},
          {init::he_uniform(), "he_uniform", std::sqrt(2.0 / 500), true},
          {init::lecun_normal(3), "lecun_normal", 3 * std::sqrt(1.0 / 500), false},
          {init::lecun_uniform(3), "lecun_uniform", 3 * std::sqrt(1.0 / 500), true},
          {init::glorot_normal(3), "glorot_normal", 3 * std::sqrt(2.0 / 800), false},
          {init::glorot_uniform(3), "glorot_uniform", 3 * std::sqrt(2.0 / 800), true},
          {init::he_normal(0.5), "he_normal", 0.5 * std::sqrt(2.0 / 500), false},
          {init::he_uniform(0.5), "he_uniform", 0.5 * std::sqrt(2.0 / 500), true},
          {init::normal(0, 0.01), "normal", 0.01, false},
          {init::uniform(-2, 2), "uniform", 4 / std::sqrt(12.0), true}};
}

double mean(const xtape::array<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

double mean_square(const xtape::array<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x * x;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("fans are the terms that outputs and gradients add", "[init]") {
  const auto fans = [](const xtape::shape_type& shape) {
    const init::fans f = init::fans_of(shape);
    return std::vector<std::size_t>{f.in, f.out};
  };
  CHECK(fans({}) == std::vector<std::size_t>{1, 1});
  CHECK(fans({7}) == std::vector<std::size_t>{7, 7});
  CHECK(fans({784, 128}) == std::vector<std::size_t>{784, 128});
  CHECK(fans({32, 16, 3, 5}) == std::vector<std::size_t>{16 * 15, 32 * 15});  // a convolution's
}

TEST_CASE("weights have the moments of their formula", "[init]") {
  constexpr double n = n_in * n_out;
  for (const formula& f : formulas()) {
    CAPTURE(f.name, f.deviation);
    CHECK(f.initializer.name() == f.name);
    CHECK_THAT(f.initializer.standard_deviation(n_in, n_out), WithinRel(f.deviation, 1e-14));

    rng random(17);
    const auto w = f.initializer.make<double>({n_in, n_out}, random);
    CHECK(w.shape() == xtape::shape_type{n_in, n_out});
    // The variance's relative standard error is sqrt((kurtosis - 1) / n): kurtosis 3 or 9/5.
    CHECK(std::fabs(mean(w)) < 4 * f.deviation / std::sqrt(n));
    CHECK(std::fabs(mean_square(w) / (f.deviation * f.deviation) - 1) <
          4 * std::sqrt((f.even ? 0.8 : 2.0) / n));

    const auto [low, high] = std::minmax_element(w.begin(), w.end());
    const double bound = std::sqrt(3.0) * f.deviation;
    if (f.even) {
      CHECK(*high <= bound * (1 + 1e-15));
      CHECK(*low >= -bound * (1 + 1e-15));
      CHECK(*high > 0.999 * bound);
      CHECK(*low < -0.999 * bound);
    } else {
      CHECK(*high > 4 * f.deviation);
      CHECK(*low < -4 * f.deviation);
    }
  }
}

TEST_CASE("a mean and unequal bounds are kept", "[init]") {
  rng random(3);
  const auto shifted = init::normal(5, 2).make<double>({100'000}, random);
  CHECK(std::fabs(mean(shifted) - 5) < 4 * 2 / std::sqrt(1e5));
  const auto positive = init::uniform(1, 2).make<double>({100'000}, random);
  CHECK(std::fabs(mean(positive) - 1.5) < 4 / std::sqrt(12e5));
  CHECK(*std::min_element(positive.begin(), positive.end()) >= 1);
  CHECK(*std::max_element(positive.begin(), positive.end()) <= 2);
}

TEST_CASE("zeros and constant draw nothing", "[init]") {
  rng random(3);
  const rng before = random;
  const auto zero = init::zeros().make<float>({2, 3}, random);
  const auto half = init::constant(0.5).make<double>({4}, random);
  CHECK(random == before);
  CHECK(zero.shape() == xtape::shape_type{2, 3});
  CHECK(std::all_of(zero.begin(), zero.end(), [](float x) { return x == 0; }));
  CHECK(half.shape() == xtape::shape_type{4});
  CHECK(std::all_of(half.begin(), half.end(), [](double x) { return x == 0.5; }));
  CHECK(init::zeros().standard_deviation(0, 0) == 0);
  CHECK(init::constant(3).standard_deviation(5, 5) == 0);
}

TEST_CASE("same seed, same numbers; floats are the rounded doubles", "[init]") {
  for (const formula& f : formulas()) {
    CAPTURE(f.name);
    rng a(99), b(99), c(99);
    const auto once = f.initializer.make<double>({20, 30}, a);
    const auto again = f.initializer.operator()<double>({20, 30}, b);
    const auto floats = f.initializer.make<float>({20, 30}, c);
    CHECK((once == again));
    for (std::size_t i = 0; i < once.size(); ++i)
      REQUIRE(floats.data()[i] == static_cast<float>(once.data()[i]));
    CHECK(a == b);
    CHECK(a == c);
    CHECK((once != f.initializer.make<double>({20, 30}, a)));
  }
}

TEST_CASE("the scale follows the fans of the shape", "[init]") {
  rng a(1), b(1);
  const auto square = init::lecun_normal().make<double>({4, 25}, a);
  const auto kernel = init::lecun_normal().make<double>({1, 1, 10, 10}, b);
  for (std::size_t i = 0; i < 100; ++i)  // the same draws, scaled by sqrt(1/4) and sqrt(1/100)
    REQUIRE_THAT(square.data()[i], WithinRel(kernel.data()[i] * 5, 1e-14));
}

TEST_CASE("an initializer explains itself with numbers", "[init]") {
  CHECK(init::zeros().explain(3, 4) == "zeros: every element 0");
  CHECK(init::constant(0.1).explain(3, 4) == "constant: every element 0.1");
  CHECK(init::constant(0).explain(3, 4) == "constant: every element 0");
  CHECK(init::normal(0, 0.01).explain(3, 4) == "normal: N(0, std^2), std = 0.01");
  CHECK(init::uniform(-1, 1).explain(3, 4) ==
        "uniform: U(-1, 1), std = (b - a) / sqrt(12) = 0.57735");
  CHECK(init::lecun_normal().explain(100, 50) ==
        "lecun_normal: N(0, std^2), std = gain sqrt(1 / fan_in) = 1 * sqrt(1 / 100) = 0.1");
  CHECK(init::glorot_normal(2).explain(784, 128) ==
        "glorot_normal: N(0, std^2), std = gain sqrt(2 / (fan_in + fan_out)) = "
        "2 * sqrt(2 / (784 + 128)) = 0.0936586");
  CHECK(init::glorot_uniform().explain(30, 24) ==
        "glorot_uniform: U(-a, a), a = gain sqrt(6 / (fan_in + fan_out)) = "
        "1 * sqrt(6 / (30 + 24)) = 0.333333, std = 0.19245");
  CHECK(init::he_uniform().explain(6, 9) ==
        "he_uniform: U(-a, a), a = gain sqrt(6 / fan_in) = 1 * sqrt(6 / 6) = 1, std = 0.57735");
  CHECK(init::lecun_uniform().explain(12, 9) ==
        "lecun_uniform: U(-a, a), a = gain sqrt(3 / fan_in) = 1 * sqrt(3 / 12) = 0.5, "
        "std = 0.288675");
  CHECK(init::he_normal().explain(50, 9) ==
        "he_normal: N(0, std^2), std = gain sqrt(2 / fan_in) = 1 * sqrt(2 / 50) = 0.2");
  CHECK(init::truncated_normal(0, 0.5).explain(3, 4) ==
        "truncated_normal: N(0, 0.5^2) within 2 * 0.5 of its mean, std = 0.439813");
  CHECK(init::orthogonal(2).explain(100, 64) ==
        "orthogonal: W^T W = gain^2 I, gain = 2, std = gain / sqrt(max(fan_in, fan_out)) = 0.2");
  CHECK(init::orthogonal().explain(64, 100) ==
        "orthogonal: W W^T = gain^2 I, gain = 1, std = gain / sqrt(max(fan_in, fan_out)) = 0.1");
  CHECK(init::identity(0.5).explain(9, 9) == "identity: 0.5 on the diagonal, 0 elsewhere");
  CHECK_THAT(init::identity(0.5).standard_deviation(4, 9), WithinRel(0.5 / 3, 1e-15));
  CHECK(init::identical(init::he_normal()).explain(50, 9) ==
        "identical: every unit as the first of he_normal: N(0, std^2), std = gain sqrt(2 / fan_in) "
        "= 1 * sqrt(2 / 50) = 0.2");
}

TEMPLATE_TEST_CASE("orthogonal weights keep lengths", "[init]", float, double) {
  using T = TestType;
  const double tolerance = std::is_same_v<T, float> ? 1e-6 : 1e-14;
  const auto check = [&](std::size_t n, std::size_t m, const auto& w, double gain) {
    // W^T W, or W W^T where there are more columns than rows
    CAPTURE(n, m, gain);
    const bool tall = n >= m;
    const std::size_t few = std::min(n, m), many = std::max(n, m);
    const auto at = [&](std::size_t k, std::size_t i) {
      return static_cast<double>(w.data()[tall ? k * m + i : i * m + k]);
    };
    double worst = 0;
    for (std::size_t i = 0; i < few; ++i)
      for (std::size_t j = 0; j < few; ++j) {
        double product = 0;
        for (std::size_t k = 0; k < many; ++k) product += at(k, i) * at(k, j);
        worst = std::max(worst, std::fabs(product - (i == j ? gain * gain : 0)));
      }
    CHECK(worst < tolerance * gain * gain);
  };
  rng random(11);
  for (const auto& [n, m] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {7, 7}, {100, 100}, {120, 30}, {30, 120}, {1, 9}, {9, 1}}) {
    check(n, m, init::orthogonal().make<T>({n, m}, random), 1);
    check(n, m, init::orthogonal(1.5).make<T>({n, m}, random), 1.5);
  }
  check(8, 3 * 5 * 2, init::orthogonal().make<T>({8, 3, 5, 2}, random), 1);
  CHECK(init::orthogonal().make<T>({0, 3}, random).size() == 0);
}

TEST_CASE("orthogonal matrices favour no direction", "[init]") {
  // Over 400 matrices: the mean of an element is 0, of its square 1 / n, of the determinant's sign 0.
  rng random(12);
  constexpr int count = 400;
  double first = 0, square = 0, last = 0, sign = 0;
  for (int i = 0; i < count; ++i) {
    const auto w = init::orthogonal().make<double>({3, 3}, random);
    first += w(0, 0);
    last += w(2, 2);
    square += w(0, 0) * w(0, 0);
    sign += w(0, 0) * (w(1, 1) * w(2, 2) - w(1, 2) * w(2, 1)) -
            w(0, 1) * (w(1, 0) * w(2, 2) - w(1, 2) * w(2, 0)) +
            w(0, 2) * (w(1, 0) * w(2, 1) - w(1, 1) * w(2, 0));
  }
  CHECK(std::fabs(first / count) < 4 * std::sqrt(1.0 / 3 / count));
  CHECK(std::fabs(last / count) < 4 * std::sqrt(1.0 / 3 / count));
  CHECK(std::fabs(square / count - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / count));
  CHECK(std::fabs(sign / count) < 4 / std::sqrt(count));
}

TEST_CASE("a truncated normal has its bounds, mean and deviation", "[init]") {
  constexpr std::size_t n = 200'000;
  for (const double cut : {0.005, 0.5, 1.0, 2.0, 3.0, 12.0}) {
    CAPTURE(cut);
    const auto made = init::truncated_normal(5, 2, cut);
    rng random(13);
    const auto w = made.make<double>({n}, random);
    const double deviation = made.standard_deviation(1, 1);
    const auto [low, high] = std::minmax_element(w.begin(), w.end());
    CHECK(*low >= 5 - 2 * cut);
    CHECK(*high <= 5 + 2 * cut);
    if (cut <= 2) {
      CHECK(*low < 5 - 2 * cut * 0.999);
      CHECK(*high > 5 + 2 * cut * 0.999);
    }
    double variance = 0;
    for (const double x : w) variance += (x - 5) * (x - 5) / static_cast<double>(n);
    CHECK(std::fabs(mean(w) - 5) < 4 * deviation / std::sqrt(n));
    CHECK(std::fabs(variance / (deviation * deviation) - 1) < 4 * std::sqrt(2.0 / n));
  }
  CHECK_THAT(init::truncated_normal(0, 1).standard_deviation(1, 1),
             WithinRel(0.87962566103423978, 1e-12));  // scipy.stats.truncnorm(-2, 2).std()
  CHECK_THAT(init::truncated_normal(0, 1, 0.01).standard_deviation(1, 1),
             WithinRel(init::truncated_normal(0, 1, 0.00999999).standard_deviation(1, 1), 1e-4));
  rng random(1);
  for (const double x : init::truncated_normal(3, 0).make<double>({9}, random)) CHECK(x == 3);
}

TEST_CASE("identity passes its input on", "[init]") {
  rng random(3);
  const rng before = random;
  CHECK((init::identity().make<double>({2, 2}, random) == xtape::array<double>{{1, 0}, {0, 1}}));
  CHECK((init::identity(0.5).make<float>({2, 3}, random) ==
         xtape::array<float>{{0.5f, 0, 0}, {0, 0.5f, 0}}));
  CHECK((init::identity().make<double>({3, 2}, random) ==
         xtape::array<double>{{1, 0}, {0, 1}, {0, 0}}));
  CHECK(random == before);
}

TEST_CASE("identical units are all as the first", "[init]") {
  rng a(5), b(5);
  const auto base = init::glorot_uniform().make<double>({4, 3}, a);
  const auto w = init::identical(init::glorot_uniform()).make<double>({4, 3}, b);
  CHECK(a == b);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 3; ++j) CHECK(w(i, j) == base(i, 0));
  CHECK(w(0, 0) != w(1, 0));
  const auto kernel = init::identical(init::normal(0, 1)).make<float>({2, 3, 2, 2}, b);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 4; ++k)
        CHECK(kernel(i, j, k / 2, k % 2) == kernel(0, j, k / 2, k % 2));
  CHECK(kernel(0, 0, 0, 0) != kernel(0, 0, 0, 1));
  CHECK(kernel(0, 0, 0, 0) != kernel(0, 1, 0, 0));
  const auto bias = init::identical(init::normal(0, 1)).make<double>({5}, b);
  for (const double x : bias) CHECK(x == bias(0));
  CHECK(init::identical(init::zeros()).make<double>({}, b)() == 0);
  CHECK(init::identical(init::zeros()).make<double>({2, 0}, b).size() == 0);
}

TEST_CASE("errors of initializers", "[init][errors]") {
  const xtape::location nowhere;
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  rng random(1);
  const rng before = random;
  CHECK_THROWS_MATCHES(init::constant(nan, nowhere), domain_error,
                       Message("constant: value = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::normal(inf, 1, nowhere), domain_error,
                       Message("normal: mean = inf: must be finite"));
  CHECK_THROWS_MATCHES(init::normal(0, nan, nowhere), domain_error,
                       Message("normal: std = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::normal(0, -0.01, nowhere), domain_error,
                       Message("normal: std = -0.01: must not be negative"));
  CHECK_THROWS_MATCHES(init::uniform(-inf, 1, nowhere), domain_error,
                       Message("uniform: a = -inf: must be finite"));
  CHECK_THROWS_MATCHES(init::uniform(0, nan, nowhere), domain_error,
                       Message("uniform: b = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::uniform(-1e308, 1e308, nowhere), domain_error,
                       Message("uniform: b - a = inf: must be finite"));
  CHECK_THROWS_MATCHES(init::uniform(2, 1, nowhere), domain_error,
                       Message("uniform: a = 2, b = 1: a must not be greater than b"));
  CHECK_THROWS_MATCHES(init::he_normal(nan, nowhere), domain_error,
                       Message("he_normal: gain = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::glorot_uniform(0, nowhere), domain_error,
                       Message("glorot_uniform: gain = 0: must be positive"));
  CHECK_THROWS_MATCHES(init::lecun_uniform().make<float>({0, 3}, random, nowhere), domain_error,
                       Message("lecun_uniform: fan_in = 0, fan_out = 3: fan_in must be positive"));
  CHECK_THROWS_MATCHES(init::glorot_normal().make<float>({3, 0}, random, nowhere), domain_error,
                       Message("glorot_normal: fan_in = 3, fan_out = 0: both must be positive"));
  CHECK_THROWS_MATCHES(init::he_uniform().standard_deviation(0, 3, nowhere), domain_error,
                       Message("he_uniform: fan_in = 0, fan_out = 3: fan_in must be positive"));
  CHECK_THROWS_AS(init::he_uniform().explain(0, 3), domain_error);
  CHECK_THROWS_MATCHES(init::truncated_normal(nan, 1, 2, nowhere), domain_error,
                       Message("truncated_normal: mean = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::truncated_normal(0, -1, 2, nowhere), domain_error,
                       Message("truncated_normal: std = -1: must not be negative"));
  CHECK_THROWS_MATCHES(init::truncated_normal(0, 1, inf, nowhere), domain_error,
                       Message("truncated_normal: cut = inf: must be finite"));
  CHECK_THROWS_MATCHES(init::truncated_normal(0, 1, 0, nowhere), domain_error,
                       Message("truncated_normal: cut = 0: must be positive"));
  CHECK_THROWS_MATCHES(init::truncated_normal(0, 1e38, 9).make<float>({2}, random, nowhere),
                       domain_error,
                       Message("truncated_normal: mean = 0, std = 1e+38, cut = 9: the numbers "
                               "would not fit the element type"));
  CHECK_THROWS_MATCHES(init::orthogonal(0, nowhere), domain_error,
                       Message("orthogonal: gain = 0: must be positive"));
  CHECK_THROWS_MATCHES(init::orthogonal(1e39).make<float>({2, 2}, random, nowhere), domain_error,
                       Message("orthogonal: gain = 1e+39: too large for a float"));
  CHECK_THROWS_MATCHES(init::orthogonal().make<float>({5}, random, nowhere), xtape::shape_error,
                       Message("orthogonal: shape (5): at least two axes are needed"));
  CHECK_THROWS_MATCHES(init::identity(nan, nowhere), domain_error,
                       Message("identity: gain = nan: must be finite"));
  CHECK_THROWS_MATCHES(init::identity().make<float>({5, 5, 5}, random, nowhere), xtape::shape_error,
                       Message("identity: shape (5, 5, 5): two axes are needed"));
  CHECK_THROWS_MATCHES(init::identity(1e39).make<float>({5, 5}, random, nowhere), domain_error,
                       Message("identity: gain = 1e+39: too large for a float"));
  CHECK_THROWS_MATCHES(init::identical(init::lecun_uniform()).make<float>({0, 3}, random, nowhere),
                       domain_error,
                       Message("lecun_uniform: fan_in = 0, fan_out = 3: fan_in must be positive"));
  CHECK_THROWS_MATCHES(init::constant(1e39).make<float>({2}, random, nowhere), domain_error,
                       Message("constant: value = 1e+39: too large for a float"));
  CHECK_THROWS_MATCHES(init::uniform(0, 1e39).make<float>({2}, random, nowhere), domain_error,
                       Message("uniform: a = 0, b = 1e+39: too large for a float"));
  CHECK(init::constant(1e39).make<double>({2}, random)(0) == 1e39);
  CHECK(random == before);

  const auto call = [&] { return init::he_normal(-1); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("he_normal: gain = -1: must be positive  [init_test.cpp:" + line + "]"));
}
