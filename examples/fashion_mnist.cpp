// Trains a small network on Fashion-MNIST: ten kinds of clothes, 28 x 28 grey pixels.
#include <xtape/xtape.hpp>

#include <chrono>
#include <cstdio>

namespace xp = xtape;

static int run() {
  const auto [train, test] = xp::data::fashion_mnist<float>();
  xp::rng random(42);
  xp::nn::sequential<float> model{
      xp::nn::linear<float>(784, 256, xp::init::he_normal(), random), xp::relu,
      xp::nn::linear<float>(256, 10, xp::init::glorot_uniform(), random)};
  const int epochs = 15;
  const xp::schedule::exponential_decay rate(0.1, 0.002, epochs);
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = rate(0), .momentum = 0.9});

  auto batches = xp::data::batches(train, 128, random);  // a new order every epoch
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto begin = std::chrono::steady_clock::now();
    optimizer.set_learning_rate(rate(epoch));
    double total_loss = 0;
    for (auto& [x, labels] : batches) {
      xp::tape tape;  // records until the end of this scope
      auto loss = xp::softmax_cross_entropy(model(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total_loss += loss.item();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const double accuracy = xp::nn::accuracy(model(test.x), test.labels);  // no tape: no record
    std::printf("epoch %2d   training loss %.4f   test accuracy %.2f%%   %.0f images/s\n",
                epoch + 1, total_loss / static_cast<double>(batches.size()), 100 * accuracy,
                static_cast<double>(train.size()) / seconds.count());
    std::fflush(stdout);
  }
  return 0;
}

int main() {
  try {
    return run();
  } catch (const xp::error& e) {
    std::fprintf(stderr, "fashion_mnist: %s\n", e.what());
    return 1;
  }
}
