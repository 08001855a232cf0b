#include "catch.hpp"

#include <cmath>

#include <xtape/inspect/propagation.hpp>
#include <xtape/ops/ops.hpp>

using Catch::Matchers::ContainsSubstring, Catch::Matchers::StartsWith;
using namespace xtape;
using namespace xtape::inspect;

TEST_CASE("propagation in closed form", "[inspect][propagation]") {
  // ReLU halves the second moment, and He's factor doubles it again.
  for (const predicted_layer& l : predict_propagation({100, 200, 50}, init::he_normal(), relu)) {
    CHECK(l.second_moment == Approx(1).epsilon(1e-6));
    CHECK(l.mean == Approx(1 / std::sqrt(std::acos(-1.0))).epsilon(1e-6));
    CHECK(l.slope == Approx(std::sqrt(0.5)).epsilon(1e-12));
  }
  const auto he = predict_propagation({100, 200, 50}, init::he_normal(), relu);
  CHECK(he[0].pre_activation == Approx(std::sqrt(2)));
  CHECK(he[0].gradient_factor == Approx(std::sqrt(200.0 / 100)).epsilon(1e-12));
  CHECK(he[1].gradient_factor == Approx(std::sqrt(50.0 / 200)).epsilon(1e-12));

  // erf: E[erf(z)^2] = 2/pi asin(2q / (1 + 2q)), E[erf'^2] = 4/pi / sqrt(1 + 4q), for z of variance q.
  const double pi = std::acos(-1.0);
  double q = 2.25 * 0.5 + 0.3 * 0.3;
  for (const predicted_layer& l :
       predict_propagation({64, 64, 64, 64}, init::lecun_normal(1.5), erf, 0.5, 0.3)) {
    CHECK(l.pre_activation == Approx(std::sqrt(q)).epsilon(1e-12));
    CHECK(std::abs(l.mean) < 1e-15);
    const double moment = 2 / pi * std::asin(2 * q / (1 + 2 * q));
    CHECK(l.second_moment == Approx(moment).epsilon(1e-12));
    CHECK(l.standard_deviation == Approx(std::sqrt(moment)).epsilon(1e-12));
    CHECK(l.slope == Approx(std::sqrt(4 / pi / std::sqrt(1 + 4 * q))).epsilon(1e-12));
    CHECK(l.gradient_factor == Approx(1.5 * l.slope).epsilon(1e-12));
    q = 2.25 * moment + 0.09;
  }
}

TEST_CASE("propagation through sigmoids", "[inspect][propagation]") {
  // Weights that are nearly 0: every activation is 1/2, the slope 1/4.
  const auto layers = predict_propagation({512, 512, 512}, init::normal(0, 1e-6), sigmoid);
  CHECK(layers[1].mean == Approx(0.5));
  CHECK(layers[1].standard_deviation < 1e-5);
  CHECK(layers[1].gradient_factor == Approx(1e-6 * std::sqrt(512) / 4));
}

TEST_CASE("propagation of what cannot be", "[inspect][propagation][errors]") {
  CHECK_THROWS_WITH(
      predict_propagation({5}, init::zeros(), tanh),
      StartsWith(
          "predict_propagation: 1 widths: there must be inputs and a layer  [propagation_test"));
  CHECK_THROWS_AS(predict_propagation({5, 0}, init::zeros(), tanh), domain_error);
  CHECK_THROWS_AS(predict_propagation({5, 5}, init::zeros(), tanh, -1), domain_error);
  CHECK_THROWS_AS(predict_propagation({5, 5}, init::zeros(), tanh, 1, std::nan("")), domain_error);
  const auto still = predict_propagation({5, 5}, init::zeros(), tanh);
  CHECK(still[0].second_moment == 0);
  CHECK(still[0].slope == Approx(1));
}
