// Trains a convolutional network on Fashion-MNIST: ten kinds of clothes, 28 x 28 grey pixels.
//
//     fashion_mnist_cnn [--quick] [SEED]
//
// 5,000 of the 60,000 training images are for validation. The test images are looked at once, at the end. --quick trains on a
// few images only.
#include <xtape/xtape.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace xp = xtape;
using dataset = xp::data::dataset<float>;
using model = xp::nn::sequential<float>;

// Rows of pixels as images of one channel.
static xp::variable<float> images(const xp::variable<float>& x) {
  return xp::reshape(x, {-1, 1, 28, 28});
}

static double accuracy(const model& net, const dataset& samples) {
  double right = 0;
  for (auto& [x, labels] : xp::data::batches(samples, 500))
    right += xp::nn::accuracy(net(images(x)), labels) * static_cast<double>(labels.size());
  return right / static_cast<double>(samples.size());
}

static int run(bool quick, std::uint64_t seed) {
  const auto [all, test] = xp::data::fashion_mnist<float>();
  const dataset train = xp::data::select(all, 0, quick ? 1000 : 55000);
  const dataset validation = xp::data::select(all, 55000, quick ? 55500 : 60000);

  xp::rng random(seed);
  const auto he = xp::init::he_normal();
  model net{xp::nn::conv2d<float>(1, 16, 3, he, random, {.padding = 1}),
            xp::relu,
            xp::nn::max_pool2d(2),
            xp::nn::conv2d<float>(16, 32, 3, he, random, {.padding = 1}),
            xp::relu,
            xp::nn::max_pool2d(2),
            xp::nn::flatten(),
            xp::nn::dropout(0.25, random),
            xp::nn::linear<float>(32 * 7 * 7, 128, he, random),
            xp::relu,
            xp::nn::dropout(0.25, random),
            xp::nn::linear<float>(128, 10, xp::init::glorot_uniform(), random)};
  std::printf("%s\n", xp::nn::summary(net, {1, 1, 28, 28}).text().c_str());

  const int epochs = quick ? 2 : 10;
  auto batches = xp::data::batches(train, 100, random);  // a new order every epoch
  const int steps = epochs * static_cast<int>(batches.size());
  const xp::schedule::warm_up rate(2e-4, steps / 20,
                                   xp::schedule::cosine_decay(2e-3, 2e-5, steps - steps / 20));
  xp::optim::adam<float> optimizer(net.parameters());
  int step = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double total_loss = 0;
    for (auto& [x, labels] : batches) {
      optimizer.set_learning_rate(rate(step++));
      const bool mirrored = random() % 2 == 0;  // a shoe may point to either side
      const auto seen = mirrored ? xp::flip(images(x), {3}) : images(x);
      xp::tape tape;  // records until the end of this scope; while it does, dropout is at work
      auto loss = xp::softmax_cross_entropy(net(seen), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total_loss += loss.item();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("epoch %2d   training loss %.4f   validation accuracy %.2f%%   %.0f s\n", epoch + 1,
                total_loss / static_cast<double>(batches.size()), 100 * accuracy(net, validation),
                seconds.count());
    std::fflush(stdout);
  }
  std::printf("seed %llu: test accuracy %.2f%%\n", static_cast<unsigned long long>(seed),
              100 * accuracy(net, quick ? xp::data::select(test, 0, 500) : test));
  return 0;
}

int main(int argc, char** argv) {
  try {
    const bool quick = argc > 1 && std::string(argv[1]) == "--quick";
    const char* const seed = argc > 1 + quick ? argv[1 + quick] : "1";
    return run(quick, std::strtoull(seed, nullptr, 10));
  } catch (const xp::error& e) {
    std::fprintf(stderr, "fashion_mnist_cnn: %s\n", e.what());
    return 1;
  }
}
