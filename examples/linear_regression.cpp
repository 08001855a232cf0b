// Linear regression twice: by gradient descent, and in closed form from the normal equations
//   (X^T X) w = X^T y,   X with a column of ones for the bias.
#include <xtape/xtape.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace xp = xtape;
using variable = xp::variable<double>;

int main() {
  const std::size_t n = 200, d = 3;
  const auto data = xp::data::make_regression<double>(
      {.n_samples = n, .n_features = d, .n_informative = d, .bias = 7, .noise = 10, .seed = 3});

  const xp::parameter<double> w(xp::zeros<double>({d}), "w"), b(xp::zeros<double>({}), "b");
  xp::optim::sgd<double> optimizer({w, b}, {.learning_rate = 0.2, .momentum = 0.5});
  for (int step = 0; step < 200; ++step) {
    const xp::tape tape;
    const auto loss = xp::mse(xp::matmul(data.x, w) + b, data.y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 50 == 0) std::printf("step %3d  mean squared error %.3f\n", step, loss.item());
  }

  const auto x = xp::concatenate(std::vector<variable>{data.x, xp::full<double>({n, 1}, 1)}, 1);
  const auto xt = xp::transpose(x);
  const xp::array<double> closed = xp::solve(xp::matmul(xt, x), xp::matmul(xt, data.y)).value();

  double worst = 0;
  std::printf("      true        descent     closed form\n");
  for (std::size_t j = 0; j <= d; ++j) {
    const double found = j < d ? w.value()(j) : b.item();
    std::printf("%s%zu  %11.6f %11.6f %11.6f\n", j < d ? "w" : "b", j < d ? j : 0,
                j < d ? data.coefficients(j) : data.bias, found, closed(j));
    worst = std::max(worst, std::fabs(found - closed(j)));
  }
  std::printf("largest difference of the two: %.1e\n", worst);
  return worst < 1e-9 ? 0 : 1;
}
