#include <xtape/data/scaling.hpp>

#include <xtape/array/rng.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/nn/module.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinAbs;
using xtape::array;
using xtape::domain_error;
using xtape::shape_error;
namespace data = xtape::data;

namespace {

constexpr xtape::location nowhere;

array<double> matrix(std::initializer_list<std::initializer_list<double>> rows) {
  array<double> result = xtape::empty<double>({rows.size(), rows.begin()->size()});
  double* out = result.data();
  for (const auto& row : rows) out = std::copy(row.begin(), row.end(), out);
  return result;
}

struct model {
  data::standardizer<float> scale;
  data::min_max_scaler<float> range;
  void members(const auto& visit) const { visit("scale", scale), visit("range", range); }
};

}  // namespace

TEST_CASE("min-max scaling fills the interval exactly", "[data][scaling]") {
  const auto x = matrix({{1, -3, 7}, {2, 5, 7}, {5, 1, 7}});
  const data::min_max_scaler scale(x, -1, 1);
  CHECK((scale(x) == matrix({{-1, -1, 0}, {-0.5, 1, 0}, {1, 0, 0}})));
  CHECK((scale.minimum() == array<double>{1, -3, 7}));
  CHECK((scale.maximum() == array<double>{5, 5, 7}));
  // Other samples are mapped by the same lines, outside the interval too; constants stay constant.
  CHECK((scale(matrix({{9, -7, 8}})) == matrix({{3, -2, 0}})));
  CHECK(data::min_max_scaler(x)(x)(1, 0) == 0.25);
}

TEST_CASE("the ends of min-max scaling are exact for any numbers", "[data][scaling]") {
  xtape::rng random(5);
  const auto x = random.normal<float>({200, 50}, 3, 10);
  const data::min_max_scaler scale(x, -0.1, 0.7);
  const auto y = scale(x);
  for (std::size_t j = 0; j < 50; ++j) {
    float low = y(0, j), high = y(0, j);
    for (std::size_t i = 0; i < 200; ++i) {
      low = std::min(low, y(i, j));
      high = std::max(high, y(i, j));
    }
    REQUIRE(low == -0.1f);
    REQUIRE(high == 0.7f);
  }
  const double huge = std::numeric_limits<double>::max();
  const auto wide = matrix({{-huge}, {0}, {huge}});
  CHECK((data::min_max_scaler(wide)(wide) == matrix({{0}, {0.5}, {1}})));
}

TEST_CASE("standardizing gives mean 0 and variance 1", "[data][scaling]") {
  const auto x = matrix({{1, 1e9 + 1, 0.1}, {3, 1e9 + 2, 0.1}, {5, 1e9 + 3, 0.1}});
  const data::standardizer scale(x);
  CHECK((scale.mean() == array<double>{3, 1e9 + 2, 0.1}));
  CHECK_THAT(scale.standard_deviation()[0], WithinAbs(std::sqrt(8.0 / 3), 1e-15));
  CHECK_THAT(scale.standard_deviation()[1], WithinAbs(std::sqrt(2.0 / 3), 1e-15));
  CHECK(scale.standard_deviation()[2] == 0);
  const auto y = scale(x);
  const double one = std::sqrt(1.5);
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK_THAT(y(0, j), WithinAbs(-one, 1e-15));
    CHECK(y(1, j) == 0);
    CHECK_THAT(y(2, j), WithinAbs(one, 1e-15));
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(y(i, 2) == 0);
  // Other samples by the same mean and deviation: 7 is as far above 5 as 5 above 3.
  const auto z = scale(matrix({{7, 1e9, 5}}));
  CHECK_THAT(z(0, 0), WithinAbs(2 * one, 1e-15));
  CHECK(z(0, 2) == 0);

  xtape::rng random(5);
  const auto many = random.normal<float>({1000, 3}, 3, 10);
  const auto scaled = data::standardizer(many)(many);
  double mean = 0, square = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    mean += scaled(i, 1) / 1000.0;
    square += static_cast<double>(scaled(i, 1)) * scaled(i, 1) / 1000;
  }
  CHECK_THAT(mean, WithinAbs(0, 1e-7));
  CHECK_THAT(square, WithinAbs(1, 1e-6));
}

TEST_CASE("a NaN stays a NaN when it is scaled", "[data][scaling]") {
  const auto x = matrix({{1, 7}, {2, 7}});
  const auto nan = matrix({{std::nan(""), std::nan("")}});
  for (const auto& y : {data::min_max_scaler(x)(nan), data::standardizer(x)(nan)}) {
    CHECK(std::isnan(y(0, 0)));
    CHECK(std::isnan(y(0, 1)));
  }
}

TEST_CASE("what a scaler has learned is state of the model it is part of", "[data][scaling]") {
  xtape::rng random(5);
  const auto x = random.normal<float>({20, 3}, 3, 10);
  const model fitted{data::standardizer(x), data::min_max_scaler(x, -1, 1)};
  std::vector<std::string> paths;
  std::vector<array<float>> state;
  xtape::nn::for_each_state<float>(fitted, [&](const std::string& path, const auto& member) {
    paths.push_back(path);
    if constexpr (requires { state.push_back(member.value()); }) state.push_back(member.value());
  });
  CHECK(paths == std::vector<std::string>{"scale.mean", "scale.standard_deviation", "range.minimum",
                                          "range.maximum"});
  REQUIRE(state.size() == 4);
  CHECK((state[0] == fitted.scale.mean()));
  CHECK((state[3] == fitted.range.maximum()));

  // One that has learned nothing leaves samples as they are; with the state of another it is that
  // one.
  const model fresh{data::standardizer<float>(3), data::min_max_scaler<float>(3, -1, 1)};
  CHECK((fresh.scale(x) == x));
  CHECK((fresh.range(x) == xtape::zeros<float>({20, 3})));
  std::size_t next = 0;
  xtape::nn::for_each_state<float>(fresh, [&](const std::string&, const auto& member) {
    if constexpr (requires { member.mutable_value() = state[0]; })
      member.mutable_value() = state[next++];
  });
  CHECK((fresh.scale(x) == fitted.scale(x)));
  CHECK((fresh.range(x) == fitted.range(x)));
  const model copy = fitted;
  fitted.scale.members([](auto, const auto& member) { member.mutable_value().fill(1); });
  CHECK((copy.scale(x) == fresh.scale(x)));
  CHECK((fitted.scale(x) != fresh.scale(x)));

  fresh.scale.members([](auto name, const auto& member) {
    if (name == "mean") member.mutable_value() = array<float>{1, 2};
  });
  CHECK_THROWS_MATCHES(
      fresh.scale(x, nowhere), shape_error,
      Message(
          "standardizer: its state has the shapes (2) and (3): one number a feature is needed"));
}

TEST_CASE("one_hot", "[data][one_hot]") {
  CHECK((data::one_hot<double>({0, 2, 1}, 3) == matrix({{1, 0, 0}, {0, 0, 1}, {0, 1, 0}})));
  CHECK(data::one_hot<float>({}, 4).shape() == xtape::shape_type{0, 4});
  CHECK_THROWS_MATCHES(data::one_hot<float>({0, 2, 1, 3}, 3, nowhere), domain_error,
                       Message("one_hot: label 3 at index 3: classes are 0 to 2"));
  CHECK_THROWS_MATCHES(data::one_hot<double>({-1}, 3, nowhere), domain_error,
                       Message("one_hot: label -1 at index 0: classes are 0 to 2"));
  CHECK_THROWS_MATCHES(data::one_hot<double>({}, 0, nowhere), domain_error,
                       Message("one_hot: classes = 0: at least one is needed"));
}

TEST_CASE("errors of scaling", "[data][scaling][errors]") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const auto x = matrix({{1, 2}, {3, 4}});
  CHECK_THROWS_MATCHES(
      data::min_max_scaler(x, 1, 1, nowhere), domain_error,
      Message("min_max_scaler: low = 1, high = 1: must be finite, low the lesser"));
  CHECK_THROWS_AS(data::min_max_scaler(x, nan, 1), domain_error);
  CHECK_THROWS_AS(data::min_max_scaler(x, 0, inf), domain_error);
  CHECK_THROWS_MATCHES(data::min_max_scaler(xtape::zeros<double>({3}), 0, 1, nowhere), shape_error,
                       Message("min_max_scaler: (3): samples are rows, features columns"));
  CHECK_THROWS_MATCHES(data::min_max_scaler(xtape::zeros<double>({0, 3}), 0, 1, nowhere),
                       domain_error, Message("min_max_scaler: (0, 3): no samples to learn from"));
  CHECK_THROWS_MATCHES(data::min_max_scaler(matrix({{1, 2}, {3, inf}}), 0, 1, nowhere),
                       domain_error,
                       Message("min_max_scaler: sample 1, feature 1: inf is not finite"));
  CHECK_THROWS_MATCHES(data::min_max_scaler(x)(xtape::zeros<double>({1, 3}), nowhere), shape_error,
                       Message("min_max_scaler: (1, 3): made for 2 features"));
  CHECK_THROWS_MATCHES(data::standardizer(xtape::zeros<double>({0, 3}), nowhere), domain_error,
                       Message("standardizer: (0, 3): no samples to learn from"));
  CHECK_THROWS_MATCHES(data::standardizer(matrix({{1, nan}}), nowhere), domain_error,
                       Message("standardizer: sample 0, feature 1: nan is not finite"));
  CHECK_THROWS_MATCHES(data::standardizer(matrix({{1, 1e300}, {2, -1e300}}), nowhere), domain_error,
                       Message("standardizer: feature 1: too large for its variance to be finite"));
  CHECK_THROWS_MATCHES(data::standardizer<double>(0, nowhere), domain_error,
                       Message("standardizer: 0 features: at least one is needed"));
  CHECK_THROWS_MATCHES(data::min_max_scaler<double>(-1, 0, 1, nowhere), domain_error,
                       Message("min_max_scaler: -1 features: at least one is needed"));
  CHECK_THROWS_AS(data::min_max_scaler<double>(2, 1, 1), domain_error);
  CHECK_THROWS_MATCHES(data::standardizer(x)(xtape::zeros<double>({2}), nowhere), shape_error,
                       Message("standardizer: (2): made for 2 features"));

  const auto call = [&] { return data::standardizer(x)(xtape::zeros<double>({2})); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), shape_error,
      Message("standardizer: (2): made for 2 features  [scaling_test.cpp:" + line + "]"));
}
