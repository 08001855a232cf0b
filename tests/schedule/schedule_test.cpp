#include <xtape/schedule/schedule.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

using Catch::Matchers::Message;
using Catch::Matchers::WithinRel;
using xtape::domain_error;
namespace schedule = xtape::schedule;

TEST_CASE("a constant schedule", "[schedule]") {
  const schedule::constant rate(0.1);
  CHECK(rate(0) == 0.1);
  CHECK(rate(1e9) == 0.1);
}

TEST_CASE("linear decay follows its formula and stays at its end", "[schedule]") {
  const schedule::linear_decay rate(0.5, 0.1, 8);
  CHECK(rate(0) == 0.5);
  for (int t = 0; t <= 8; ++t) CHECK_THAT(rate(t), WithinRel(0.5 - (0.5 - 0.1) * t / 8, 1e-15));
  CHECK_THAT(rate(2.5), WithinRel(0.5 - 0.4 * 2.5 / 8, 1e-15));
  CHECK(rate(8) == 0.1);
  CHECK(rate(9) == 0.1);
  CHECK(rate(std::numeric_limits<double>::infinity()) == 0.1);
  CHECK(schedule::linear_decay(0, 1, 4)(1) == 0.25);  // it may also grow
}

TEST_CASE("exponential decay follows its formula and stays at its end", "[schedule]") {
  const schedule::exponential_decay rate(0.2, 0.05, 20);
  CHECK(rate(0) == 0.2);
  CHECK_THAT(rate(10), WithinRel(0.1, 1e-15));  // half way: the geometric mean
  const double factor = std::pow(0.05 / 0.2, 1.0 / 20);
  double expected = 0.2;
  for (int t = 0; t <= 20; ++t, expected *= factor) CHECK_THAT(rate(t), WithinRel(expected, 1e-14));
  CHECK_THAT(rate(0.5), WithinRel(0.2 * std::sqrt(factor), 1e-15));
  CHECK(rate(20) == 0.05);
  CHECK(rate(1000) == 0.05);
  CHECK_THAT(schedule::exponential_decay(1, 16, 4)(3), WithinRel(8.0, 1e-15));
}

TEST_CASE("a schedule is a pure function of any arithmetic time", "[schedule]") {
  const schedule::exponential_decay rate(1, 0.5, 3);
  const double first = rate(2);
  rate(0);
  CHECK(rate(2) == first);
  CHECK(rate(std::size_t{2}) == first);
  CHECK(rate(2u) == first);
  CHECK(rate(2.0f) == first);
}

TEST_CASE("errors of schedules", "[schedule][errors]") {
  const xtape::location nowhere;
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_MATCHES(schedule::constant(nan, nowhere), domain_error,
                       Message("constant: rate = nan: must be finite"));
  CHECK_THROWS_MATCHES(schedule::constant(1)(-1, nowhere), domain_error,
                       Message("constant: t = -1: must not be negative"));
  CHECK_THROWS_MATCHES(schedule::linear_decay(inf, 0, 5, nowhere), domain_error,
                       Message("linear_decay: start = inf, end = 0, steps = 5: "
                               "start and end must be finite"));
  CHECK_THROWS_MATCHES(schedule::linear_decay(1, 0, 0, nowhere), domain_error,
                       Message("linear_decay: start = 1, end = 0, steps = 0: "
                               "at least one step is needed"));
  CHECK_THROWS_MATCHES(schedule::linear_decay(1, 0, 5)(nan, nowhere), domain_error,
                       Message("linear_decay: t = nan: must not be negative"));
  CHECK_THROWS_MATCHES(schedule::exponential_decay(1, 0, 5, nowhere), domain_error,
                       Message("exponential_decay: start = 1, end = 0, steps = 5: "
                               "start and end must be positive"));
  CHECK_THROWS_AS(schedule::exponential_decay(-1, 1, 5), domain_error);
  CHECK_THROWS_AS(schedule::exponential_decay(1, nan, 5), domain_error);
  CHECK_THROWS_MATCHES(schedule::exponential_decay(1, 0.5, -3, nowhere), domain_error,
                       Message("exponential_decay: start = 1, end = 0.5, steps = -3: "
                               "at least one step is needed"));
  CHECK_THROWS_MATCHES(schedule::exponential_decay(1, 0.5, 5)(-0.5, nowhere), domain_error,
                       Message("exponential_decay: t = -0.5: must not be negative"));

  const auto call = [] { return schedule::constant(1)(-1); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("constant: t = -1: must not be negative  [schedule_test.cpp:" + line + "]"));
}
