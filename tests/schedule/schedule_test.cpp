#include <xtape/schedule/schedule.hpp>

#include "catch.hpp"
#include "torch_golden.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

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

TEST_CASE("cosine decay is half a wave and stays at its end", "[schedule]") {
  const schedule::cosine_decay rate(0.5, 0.1, 8);
  CHECK(rate(0) == 0.5);
  CHECK_THAT(rate(4), WithinRel(0.3, 1e-15));
  CHECK_THAT(rate(2), WithinRel(0.1 + 0.4 * (1 + std::sqrt(0.5)) / 2, 1e-15));
  CHECK(rate(8) == 0.1);
  CHECK(rate(9) == 0.1);
  CHECK(schedule::cosine_decay(0, 1, 4)(2) == 0.5);  // it may also grow
}

TEST_CASE("step decay is a stair", "[schedule]") {
  const schedule::step_decay rate(8, 0.5, 10);
  CHECK(rate(0) == 8);
  CHECK(rate(9.999) == 8);
  CHECK(rate(10) == 4);
  CHECK(rate(19) == 4);
  CHECK(rate(35) == 1);
}

TEST_CASE("inverse time decay halves, and falls as 1 / t", "[schedule]") {
  const schedule::inverse_time_decay rate(0.6, 0.25);
  CHECK(rate(0) == 0.6);
  CHECK(rate(4) == 0.3);
  CHECK(rate(8) == 0.6 / 3);
  CHECK_THAT(rate(1e12) * 1e12, WithinRel(0.6 / 0.25, 1e-10));
}

TEST_CASE("joined schedules begin at their own time 0", "[schedule]") {
  const schedule::joined rate{{schedule::linear_decay(0, 1, 4), 4},
                              {schedule::step_decay(1, 0.5, 2), 3},
                              {[](double t) { return 100 + t; }, 2}};
  const std::vector<double> expected{0, 0.25, 0.5, 0.75, 1, 1, 0.5, 100, 101, 102, 103};
  for (std::size_t t = 0; t < expected.size(); ++t) CHECK(rate(t) == expected[t]);
  CHECK(rate(3.5) == 0.875);
  // One joined may be a part of another.
  const schedule::joined outer{{rate, 5}, {schedule::constant(7)}};
  CHECK(outer(4) == 1);
  CHECK(outer(5) == 7);
  CHECK(outer(1e9) == 7);
}

TEST_CASE("a warm-up rises to where its schedule begins", "[schedule]") {
  const schedule::warm_up rate(0.1, 4, schedule::linear_decay(0.5, 0.1, 2));
  const std::vector<double> expected{0.1, 0.2, 0.3, 0.4, 0.5, 0.3, 0.1, 0.1};
  for (std::size_t t = 0; t < expected.size(); ++t)
    CHECK_THAT(rate(t), WithinRel(expected[t], 1e-15));
}

TEST_CASE("the rates are those of PyTorch", "[schedule][torch]") {
  const auto same = [](const char* name, const std::vector<double>& expected, const auto& rate) {
    CAPTURE(name);
    for (std::size_t t = 0; t < expected.size(); ++t) {
      CAPTURE(t);
      CHECK_THAT(rate(static_cast<double>(t)), WithinRel(expected[t], 1e-12));
    }
  };
  same("linear", torch_golden::linear, schedule::linear_decay(0.5, 0.05, 20));
  same("exponential", torch_golden::exponential,
       schedule::exponential_decay(0.2, 0.2 * std::pow(0.9, 20), 20));
  same("step", torch_golden::step, schedule::step_decay(0.4, 0.3, 7));
  same("cosine", torch_golden::cosine, schedule::cosine_decay(0.3, 0.01, 20));
  same("inverse", torch_golden::inverse, schedule::inverse_time_decay(0.3, 0.2));
  same("warm", torch_golden::warm, schedule::warm_up(0.03, 5, schedule::cosine_decay(0.3, 0, 20)));
  same("joined", torch_golden::joined,
       schedule::joined{{schedule::constant(0.3), 4},
                        {schedule::exponential_decay(0.3, 0.3 / 64, 6), 6},
                        {schedule::step_decay(0.3, 0.1, 3)}});
  const auto reduced = [&](const char* name, const std::vector<double>& expected,
                           schedule::reduce_on_plateau rate) {
    CAPTURE(name);
    for (std::size_t t = 0; t < expected.size(); ++t) {
      CAPTURE(t);
      CHECK_THAT(rate(torch_golden::losses[t]), WithinRel(expected[t], 1e-12));
    }
    CHECK(rate.state.rate < 0.1);
  };
  reduced("plateau", torch_golden::plateau,
          schedule::reduce_on_plateau(0.1, {.factor = 0.5, .patience = 3}));
  reduced(
      "cooled", torch_golden::plateau_cooled,
      schedule::reduce_on_plateau(
          0.1, {.factor = 0.3, .patience = 2, .threshold = 0.05, .cooldown = 4, .minimum = 1e-3}));
  reduced(
      "maximized", torch_golden::plateau_maximized,
      schedule::reduce_on_plateau(
          0.1, {.factor = 0.7, .patience = 4, .threshold = 0.01, .cooldown = 1, .maximize = true}));
}

TEST_CASE("a plateau reduces the rate, a NaN is none better, and state carries over",
          "[schedule]") {
  const double nan = std::nan("");
  const auto make = [] {
    return schedule::reduce_on_plateau(1, {.factor = 0.5, .patience = 1, .minimum = 0.2});
  };
  schedule::reduce_on_plateau rate = make();
  CHECK(rate.state.rate == 1);
  CHECK(rate(5) == 1);
  CHECK(rate(nan) == 1);
  CHECK(rate(4.9999) == 0.5);  // not better by a ten-thousandth
  CHECK(rate(4) == 0.5);
  CHECK(rate.state.best == 4);
  CHECK(rate(4) == 0.5);
  schedule::reduce_on_plateau resumed = make();
  resumed.state = rate.state;
  for (schedule::reduce_on_plateau* each : {&rate, &resumed}) {
    CHECK((*each)(4) == 0.25);
    CHECK((*each)(4) == 0.25);
    CHECK((*each)(4) == 0.2);
    CHECK((*each)(4) == 0.2);
    CHECK((*each)(4) == 0.2);
  }
  // A first rate below the minimum is not raised.
  schedule::reduce_on_plateau low(0.1, {.patience = 0, .minimum = 0.2});
  low(1);
  CHECK(low(1) == 0.1);
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

  CHECK_THROWS_MATCHES(schedule::cosine_decay(1, nan, 5, nowhere), domain_error,
                       Message("cosine_decay: start = 1, end = nan, steps = 5: start and end must "
                               "be finite"));
  CHECK_THROWS_MATCHES(schedule::cosine_decay(1, 0, 5)(-2, nowhere), domain_error,
                       Message("cosine_decay: t = -2: must not be negative"));
  CHECK_THROWS_MATCHES(schedule::step_decay(inf, 0.5, 5, nowhere), domain_error,
                       Message("step_decay: start = inf: must be finite"));
  CHECK_THROWS_MATCHES(schedule::step_decay(1, 0, 5, nowhere), domain_error,
                       Message("step_decay: factor = 0: must be finite and positive"));
  CHECK_THROWS_MATCHES(schedule::step_decay(1, 0.5, 0, nowhere), domain_error,
                       Message("step_decay: steps = 0: at least one step is needed"));
  CHECK_THROWS_MATCHES(schedule::inverse_time_decay(nan, 1, nowhere), domain_error,
                       Message("inverse_time_decay: start = nan: must be finite"));
  CHECK_THROWS_MATCHES(schedule::inverse_time_decay(1, -1, nowhere), domain_error,
                       Message("inverse_time_decay: decay = -1: must be finite and positive"));
  const std::vector<schedule::joined::piece> none;
  CHECK_THROWS_MATCHES(schedule::joined(none, nowhere), domain_error,
                       Message("joined: 0 schedules: at least one is needed"));
  CHECK_THROWS_MATCHES(
      schedule::joined({{schedule::constant(1), 2}, {schedule::constant(1), 0}}, nowhere),
      domain_error, Message("joined: schedule 1: steps = 0: must be positive"));
  CHECK_THROWS_MATCHES(schedule::warm_up(0, 0, schedule::constant(1), nowhere), domain_error,
                       Message("warm_up: start = 0, end = 1, steps = 0: at least one step is "
                               "needed"));
  CHECK_THROWS_MATCHES(schedule::warm_up(nan, 2, schedule::constant(1), nowhere), domain_error,
                       Message("warm_up: start = nan, end = 1, steps = 2: start and end must be "
                               "finite"));
  const auto plateau = [&](double rate, const schedule::reduce_on_plateau_options& options,
                           const char* text) {
    CHECK_THROWS_MATCHES(schedule::reduce_on_plateau(rate, options, nowhere), domain_error,
                         Message(text));
  };
  plateau(0, {}, "reduce_on_plateau: rate = 0: must be finite and positive");
  plateau(1, {.factor = 1},
          "reduce_on_plateau: factor = 1: must be greater than 0 and less than 1");
  plateau(1, {.threshold = -1},
          "reduce_on_plateau: threshold = -1: must be at least 0 and less than 1");
  plateau(1, {.minimum = nan}, "reduce_on_plateau: minimum = nan: must be finite and not negative");

  const auto part = [](double) { return schedule::constant(1)(-1); };
  const auto join = [&] { return schedule::joined{{part}}(3); };
  const std::string join_line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      join(), domain_error,
      Message("constant: t = -1: must not be negative  [schedule_test.cpp:" + join_line + "]"));
  const auto call = [] { return schedule::constant(1)(-1); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("constant: t = -1: must not be negative  [schedule_test.cpp:" + line + "]"));
}
