// Trains a multi-layer perceptron, 784 - 256 - 128 - 100 - 10, on Fashion-MNIST, with dropout or without.
//
//     fashion_mnist_mlp [--quick] [SEED [DROPOUT]]
//
// DROPOUT is the probability with which a hidden unit is dropped, 0 where it is left out. 5,000 of the 60,000
// training images are for validation. The test images are looked at once, at the end. --quick trains on a few images
// only.
#include <xtape/xtape.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace xp = xtape;

static int run(bool quick, std::uint64_t seed, double dropped) {
  const auto [all, test] = xp::data::fashion_mnist<float>();
  const auto train = xp::data::select(all, 0, quick ? 1000 : 55000);
  const auto validation = xp::data::select(all, 55000, 60000);

  xp::rng random(seed);
  xp::nn::sequential<float> net;
  int width = 784;
  for (const int units : {256, 128, 100}) {
    net.add(xp::nn::linear<float>(width, units, xp::init::he_normal(), random));
    net.add(xp::relu);
    if (dropped != 0) net.add(xp::nn::dropout(dropped, random));
    width = units;
  }
  net.add(xp::nn::linear<float>(width, 10, xp::init::glorot_uniform(), random));

  const int epochs = quick ? 2 : 20;
  auto batches = xp::data::batches(train, 128, random);  // a new order every epoch
  const xp::schedule::cosine_decay rate(1e-3, 1e-5, epochs * static_cast<int>(batches.size()));
  xp::optim::adam<float> optimizer(net.parameters());
  int step = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double total_loss = 0;
    for (auto& [x, labels] : batches) {
      optimizer.set_learning_rate(rate(step++));
      xp::tape tape;  // records until the end of this scope; while it does, dropout is at work
      auto loss = xp::softmax_cross_entropy(net(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total_loss += loss.item();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("epoch %2d   training loss %.4f   validation accuracy %.2f%%   %.0f s\n", epoch + 1,
                total_loss / static_cast<double>(batches.size()),
                100 * xp::nn::accuracy(net(validation.x), validation.labels), seconds.count());
    std::fflush(stdout);
  }
  std::printf("seed %llu, dropout %g: test accuracy %.2f%%\n",
              static_cast<unsigned long long>(seed), dropped,
              100 * xp::nn::accuracy(net(test.x), test.labels));
  return 0;
}

int main(int argc, char** argv) {
  try {
    const bool quick = argc > 1 && std::string(argv[1]) == "--quick";
    argc -= quick, argv += quick;
    return run(quick, argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1,
               argc > 2 ? std::strtod(argv[2], nullptr) : 0);
  } catch (const xp::error& e) {
    std::fprintf(stderr, "fashion_mnist_mlp: %s\n", e.what());
    return 1;
  }
}
