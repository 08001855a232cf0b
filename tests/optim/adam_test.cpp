#include <xtape/optim/adam.hpp>

#include <xtape/array/pool.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/schedule/schedule.hpp>

#include "adam_golden.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstring>
#include <limits>

using Catch::Matchers::Message;
using namespace xtape;
using optim::adam;
using optim::adam_options;

namespace {

template <class T>
void send_gradient(const parameter<T>& p, const array<T>& gradient) {
  tape recording;
  p.zero_grad();
  sum(p * gradient).backward();
}

}  // namespace

TEST_CASE("a hundred steps of Adam and AdamW are those of PyTorch", "[optim][adam]") {
  const array<double> x{{1, 2, -1}, {0.5, -1, 2}, {3, 0.25, 1}, {-1, 1.5, 0.5}};
  const array<double> y = reshape(array<double>{1, -2, 0.5, 3}, {4, 1}).value();
  const schedule::linear_decay rate(0.1, 0.001, 100);
  for (const adam_golden::trajectory& expected : adam_golden::trajectories) {
    CAPTURE(expected.name);
    const parameter<double> w(zeros<double>({3, 1}), "w");
    adam<double> optimizer({w}, {.beta1 = expected.beta1,
                                 .beta2 = expected.beta2,
                                 .epsilon = expected.epsilon,
                                 .weight_decay = expected.weight_decay,
                                 .decoupled = expected.decoupled});
    auto point = expected.points.begin();
    for (int t = 0; t < 100; ++t) {
      const tape recording;
      optimizer.zero_grad();
      sum(pow(abs(matmul(x, w) - y), 3)).backward();
      optimizer.set_learning_rate(rate(t));
      optimizer.step();
      if (point->step != t + 1) continue;
      CAPTURE(t);
      for (std::size_t i = 0; i < 3; ++i)
        CHECK(std::abs(w.value()(i, 0) - point->w[i]) <= 1e-12 * (1 + std::abs(point->w[i])));
      ++point;
    }
    CHECK(point == expected.points.end());
  }
}

TEMPLATE_TEST_CASE("arrays of every size take Adam's step, and gradients stay bitwise",
                   "[optim][adam]", float, double) {
  using T = TestType;
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{17},
                             std::size_t{67}, std::size_t{100003});
  const bool decoupled = GENERATE(false, true);
  CAPTURE(size, decoupled);
  rng random(7);
  const parameter<T> w(random.normal<T>({size}));
  std::vector<double> expected(w.value().begin(), w.value().end()), m(size), v(size);
  adam<T> optimizer({w}, {.learning_rate = 0.1, .weight_decay = 0.01, .decoupled = decoupled});
  double worst = 0;
  for (int t = 1; t <= 3; ++t) {
    const array<T> g = random.normal<T>({size});
    send_gradient(w, g);
    optimizer.step();
    REQUIRE((size == 0 || std::memcmp(w.grad().data(), g.data(), size * sizeof(T)) == 0));
    for (std::size_t i = 0; i < size; ++i) {
      const double each = g(i) + (decoupled ? 0 : 0.01 * expected[i]);
      if (decoupled) expected[i] -= 0.1 * 0.01 * expected[i];
      m[i] = 0.9 * m[i] + 0.1 * each;
      v[i] = 0.999 * v[i] + 0.001 * each * each;
      expected[i] -=
          0.1 * m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      worst = std::max(worst, std::abs(static_cast<double>(w.value()(i)) - expected[i]));
    }
  }
  CHECK(worst <= 16 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

TEST_CASE("a parameter that no backward reached makes no step of Adam", "[optim][adam]") {
  const parameter<double> used(array<double>{1}), idle(array<double>{1}), alone(array<double>{1});
  adam<double> both({used, idle}), one({alone});
  send_gradient(used, array<double>{2});
  both.step();
  CHECK(idle.value()(0) == 1);
  // Its first step comes now, and is as large as a first one.
  send_gradient(idle, array<double>{3});
  send_gradient(alone, array<double>{3});
  both.step(), one.step();
  CHECK(idle.value()(0) == alone.value()(0));
  const std::size_t before = pool_stats().allocations;
  both.step();
  CHECK(pool_stats().allocations == before);
}

TEST_CASE("options of Adam outside their domain", "[optim][adam][errors]") {
  const parameter<double> w(array<double>{1}, "w");
  const auto refused = [&](const adam_options& options, const char* text) {
    CHECK_THROWS_MATCHES(adam<double>({w}, options, location()), domain_error, Message(text));
  };
  refused({.learning_rate = -1},
          "adam: learning_rate = -1: must be given, finite and not negative");
  refused({.beta1 = 1}, "adam: beta1 = 1: must be at least 0 and less than 1");
  refused({.beta2 = -0.5}, "adam: beta2 = -0.5: must be at least 0 and less than 1");
  refused({.epsilon = -1}, "adam: epsilon = -1: must be finite and not negative");
  refused({.weight_decay = std::numeric_limits<double>::infinity()},
          "adam: weight_decay = inf: must be finite and not negative");
  adam<double> optimizer({w});
  CHECK(optimizer.options().learning_rate == 0.001);
  optimizer.set_learning_rate(0.5);
  CHECK(optimizer.options().learning_rate == 0.5);
  send_gradient(w, array<double>{1});
  w.mutable_value() = array<double>{1, 2};
  CHECK_THROWS_AS(optimizer.step(), shape_error);
}
