// A sine from 33 points by a small network and L-BFGS: where all the data fit in one evaluation,
// far faster than gradient descent.
#include <xtape/xtape.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace xp = xtape;

/// n points from -pi to pi: (n, 1).
static xp::array<double> points(std::size_t n) {
  auto x = xp::empty<double>({n, 1});
  for (std::size_t i = 0; i < n; ++i)
    x(i, 0) = std::numbers::pi * (2 * static_cast<double>(i) / static_cast<double>(n - 1) - 1);
  return x;
}

int main() {
  const auto x = points(33);
  const auto y = xp::sin(x).value();
  xp::rng random(1);
  const xp::nn::sequential<double> model{
      xp::nn::linear<double>(1, 10, xp::init::normal(0, 1), random), xp::tanh,
      xp::nn::linear<double>(10, 1, xp::init::glorot_uniform(), random)};

  xp::optim::lbfgs<double> optimizer(
      model.parameters(),
      {.max_iterations = 50, .gradient_tolerance = 1e-9, .change_tolerance = 0});
  xp::optim::lbfgs_result result;
  for (int round = 0; round < 8 && !result.converged(); ++round) {
    result = optimizer.step([&] {
      const xp::tape tape;
      const auto loss = xp::mse(model(x), y);
      loss.backward();
      return loss.item();
    });
    std::printf("%3d iterations  mean squared error %.3e\n", 50 * (round + 1), result.loss);
  }

  const auto between = points(1000);  // not the points that it learned from
  const auto found = model(between);
  double worst = 0;
  for (std::size_t i = 0; i < 1000; ++i)
    worst = std::max(worst, std::fabs(found.value()(i, 0) - std::sin(between(i, 0))));
  std::printf("largest error between the points: %.1e\n", worst);
  return worst < 5e-3 ? 0 : 1;
}
