// The oldest problem that one layer cannot solve: exclusive or, by two layers and full-batch
// gradient descent.
#include <xtape/xtape.hpp>

#include <cmath>
#include <cstdio>

namespace xp = xtape;

int main() {
  const xp::array<float> x{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const xp::array<float> target{0, 1, 1, 0};

  xp::rng random(1);
  const xp::nn::sequential<float> model{
      xp::nn::linear<float>(2, 4, xp::init::glorot_uniform(), random), xp::tanh,
      xp::nn::linear<float>(4, 1, xp::init::glorot_uniform(), random)};
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.5, .momentum = 0.9});
  for (int step = 0; step < 300; ++step) {
    const xp::tape tape;
    const auto loss = xp::binary_cross_entropy_with_logits(xp::squeeze(model(x), {1}), target);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 50 == 0) std::printf("step %3d  loss %.4f\n", step, loss.item());
  }

  const auto y = xp::sigmoid(model(x));
  float worst = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    std::printf("%.0f xor %.0f = %.3f\n", x(i, 0), x(i, 1), y.value()(i, 0));
    worst = std::fmax(worst, std::fabs(y.value()(i, 0) - target(i)));
  }
  std::printf("largest error %.4f: %s\n", worst, worst < 0.05f ? "learned" : "not learned");
  return worst < 0.05f ? 0 : 1;
}
