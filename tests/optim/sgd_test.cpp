#include <xtape/optim/sgd.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/pool.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "gradients.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using xtape::array;
using xtape::parameter;
using xtape::variable;
using xtape::optim::sgd;
using xtape::optim::sgd_options;

namespace {

constexpr xtape::location nowhere;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
array<T> filled(const xtape::shape_type& shape, const std::vector<T>& values) {
  array<T> result = xtape::empty<T>(shape);
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("on a quadratic, plain descent is a geometric sequence", "[optim]", float,
                   double) {
  using T = TestType;
  // f(w) = a/2 w^2: w_t = w_0 (1 - rate a)^t.
  const double a = 0.5, rate = 0.25;
  parameter<T> w(filled<T>({}, {T(8)}), "w");
  sgd<T> optimizer({w}, {.learning_rate = rate});
  for (int t = 1; t <= 20; ++t) {
    xtape::tape tape;
    optimizer.zero_grad();
    (a / 2 * xtape::square(w)).backward();
    optimizer.step();
    const double expected = 8 * std::pow(1 - rate * a, t);
    REQUIRE(std::abs(static_cast<double>(w.item()) - expected) <=
            100 * std::numeric_limits<T>::epsilon() * expected);
  }
}

TEMPLATE_TEST_CASE("with momentum, a constant gradient gathers speed", "[optim]", float, double) {
  using T = TestType;
  // v_t = g (1 + mu + ... + mu^(t-1)); with mu = 1/2 every number is exact.
  parameter<T> w(filled<T>({2}, {T(0), T(1)}));
  sgd<T> optimizer({w}, {.learning_rate = 0.5, .momentum = 0.5});
  const array<T> g = filled<T>({2}, {T(1), T(-4)});
  double gathered = 0, travelled = 0;
  for (int t = 0; t < 10; ++t) {
    send_gradient(w, g);
    optimizer.step();
    gathered = 0.5 * gathered + 1;
    travelled += 0.5 * gathered;
    REQUIRE(w.value()(0) == T(-travelled));
    REQUIRE(w.value()(1) == T(1 + 4 * travelled));
  }
}

TEMPLATE_TEST_CASE("arrays of every size take the same step, and gradients stay bitwise", "[optim]",
                   float, double) {
  using T = TestType;
  // Sizes around the width of a register, and one that several threads share.
  const auto size =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{15}, std::size_t{16},
               std::size_t{17}, std::size_t{67}, std::size_t{100003});
  const double momentum = GENERATE(0.0, 0.9), decay = GENERATE(0.0, 0.01);
  CAPTURE(size, momentum, decay);
  xtape::rng random(7);
  parameter<T> w(random.normal<T>({size}));
  array<T> expected = w.value(), v = xtape::zeros<T>({size});
  sgd<T> optimizer({w}, {.learning_rate = 0.1, .momentum = momentum, .weight_decay = decay});
  for (int t = 0; t < 3; ++t) {
    const array<T> g = random.normal<T>({size});
    send_gradient(w, g);
    const array<T> before = w.grad();
    REQUIRE(same_bits(before, g));
    optimizer.step();
    REQUIRE(same_bits(w.grad(), before));
    double worst = 0;
    for (std::size_t i = 0; i < size; ++i) {
      v(i) = static_cast<T>(momentum) * v(i) + (g(i) + static_cast<T>(decay) * expected(i));
      expected(i) -= static_cast<T>(0.1) * v(i);
      worst = std::max(worst, static_cast<double>(std::abs(w.value()(i) - expected(i))));
    }
    REQUIRE(worst <= 8 * std::numeric_limits<T>::epsilon());
  }
}

TEST_CASE("a parameter that no backward reached is left alone, and so is its velocity", "[optim]") {
  parameter<double> used(filled<double>({1}, {1}), "used"), idle(filled<double>({1}, {1}), "idle");
  sgd<double> optimizer({used, idle},
                        {.learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25});
  send_gradient(idle, filled<double>({1}, {1}));  // v = 1.25, w = 1 - 0.625
  optimizer.step();
  REQUIRE(idle.value()(0) == 0.375);
  REQUIRE(used.value()(0) == 1);

  optimizer.zero_grad();
  REQUIRE_FALSE(idle.has_grad());
  send_gradient(used, filled<double>({1}, {1}));
  optimizer.step();
  optimizer.step();
  REQUIRE(idle.value()(0) == 0.375);
  REQUIRE(used.value()(0) != 1);

  send_gradient(idle, filled<double>({1}, {1}));  // v = 0.625 + 1 + 0.09375
  optimizer.step();
  REQUIRE(idle.value()(0) == 0.375 - 0.5 * 1.71875);
}

TEST_CASE("an optimizer follows its parameters", "[optim]") {
  parameter<double> first(filled<double>({1}, {1}));
  sgd<double> optimizer({first}, {.learning_rate = 1});
  parameter<double> moved(std::move(first));
  const parameter<double> saved(filled<double>({1}, {10}));
  moved = saved;
  send_gradient(moved, filled<double>({1}, {2}));
  optimizer.step();
  CHECK(saved.value()(0) == 10);
  CHECK(moved.value()(0) == 8);
}

TEST_CASE("a step allocates nothing", "[optim]") {
  parameter<float> w(xtape::zeros<float>({100, 100}));
  sgd<float> optimizer({w}, {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.1});
  send_gradient(w, xtape::full<float>({100, 100}, 1));
  const std::size_t before = xtape::pool_stats().allocations;
  optimizer.step();
  REQUIRE(xtape::pool_stats().allocations == before);
}

TEST_CASE("options outside their domain, and bad parameters, say what is wrong", "[optim]") {
  parameter<double> w(xtape::zeros<double>({2}), "w");
  const auto make = [&](const sgd_options& options) { sgd<double>({w}, options, nowhere); };

  CHECK_THROWS_MATCHES(make({}), xtape::domain_error,
                       Message("sgd: learning_rate = nan: must be given, finite and not negative"));
  CHECK_THROWS_MATCHES(
      make({.learning_rate = -0.1}), xtape::domain_error,
      Message("sgd: learning_rate = -0.1: must be given, finite and not negative"));
  CHECK_THROWS_AS(make({.learning_rate = infinity}), xtape::domain_error);
  CHECK_THROWS_MATCHES(make({.learning_rate = 0.1, .momentum = 1}), xtape::domain_error,
                       Message("sgd: momentum = 1: must be at least 0 and less than 1"));
  CHECK_THROWS_AS(make({.learning_rate = 0.1, .momentum = -0.5}), xtape::domain_error);
  CHECK_THROWS_AS(make({.learning_rate = 0.1, .momentum = not_a_number}), xtape::domain_error);
  CHECK_THROWS_MATCHES(make({.learning_rate = 0.1, .weight_decay = -1}), xtape::domain_error,
                       Message("sgd: weight_decay = -1: must be finite and not negative"));
  CHECK_THROWS_AS(make({.learning_rate = 0.1, .weight_decay = not_a_number}), xtape::domain_error);
  CHECK_NOTHROW(make({.learning_rate = 0}));

  CHECK_THROWS_MATCHES(sgd<double>({}, {.learning_rate = 0.1}, nowhere), xtape::domain_error,
                       Message("sgd: there are no parameters to change"));
  CHECK_THROWS_MATCHES(
      sgd<double>({w, w}, {.learning_rate = 0.1}, nowhere), xtape::domain_error,
      Message("sgd: parameter 1 ('w') is also parameter 0: each must be listed once"));
  const variable<double> constant(1.0);
  CHECK_THROWS_MATCHES(
      sgd<double>({w, constant}, {.learning_rate = 0.1}, nowhere), xtape::tape_error,
      Message("sgd: parameter 1 is a variable, not a parameter: only parameters can be changed"));
  xtape::tape tape;
  CHECK_THROWS_AS(sgd<double>({2.0 * w}, {.learning_rate = 0.1}), xtape::tape_error);

  sgd<double> optimizer({w}, {.learning_rate = 0.1});
  CHECK_THROWS_MATCHES(optimizer.set_learning_rate(not_a_number, nowhere), xtape::domain_error,
                       Message("sgd: learning_rate = nan: must be given, finite and not negative"));
  CHECK(optimizer.learning_rate() == 0.1);
  optimizer.set_learning_rate(0.2);
  CHECK(optimizer.learning_rate() == 0.2);

  int line = 0;
  try {
    line = __LINE__ + 1;
    const sgd<double> bad({w}, {.learning_rate = -1});
    FAIL("accepted");
  } catch (const xtape::domain_error& e) {
    CHECK(e.where().text() == "sgd_test.cpp:" + std::to_string(line));
  }
}

TEST_CASE("a parameter whose value was given another shape is found out before any moves",
          "[optim]") {
  parameter<double> a(xtape::zeros<double>({2}), "a"), b(xtape::zeros<double>({2}), "b");
  sgd<double> optimizer({a, b}, {.learning_rate = 1, .momentum = 0.5});
  send_gradient(a, xtape::full<double>({2}, 1));
  send_gradient(b, xtape::full<double>({2}, 1));
  b.mutable_value() = xtape::zeros<double>({3});
  CHECK_THROWS_MATCHES(optimizer.step(nowhere), xtape::shape_error,
                       Message("step: parameter 1 ('b') has shape (3), its gradient (2): the value "
                               "was replaced after backward"));
  send_gradient(b, xtape::full<double>({3}, 1));
  CHECK_THROWS_MATCHES(
      optimizer.step(nowhere), xtape::shape_error,
      Message("step: parameter 1 ('b') has shape (3), its velocity (2): make a new "
              "optimizer for a new shape"));
  CHECK(a.value()(0) == 0);
}
