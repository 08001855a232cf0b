// Trains a network, and can be killed at any moment: checkpoints [FILE [EPOCHS]]. Started again, it
// goes on from the last checkpoint, in the middle of an epoch too, and ends with bitwise the
// weights of a run that nobody killed.
#include <xtape/xtape.hpp>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

namespace xp = xtape;

static int run(const std::string& file, int epochs) {
  const auto samples = xp::data::make_classification<float>({.n_samples = 500, .n_features = 10});
  xp::rng random(42);
  const xp::nn::sequential<float> model{
      xp::nn::linear<float>(10, 32, xp::init::he_normal(), random), xp::relu,
      xp::nn::batch_norm<float>(32), xp::nn::dropout(0.2, random),
      xp::nn::linear<float>(32, 2, xp::init::glorot_uniform(), random)};
  xp::optim::adam<float> optimizer(model.parameters(), {.learning_rate = 0.01});
  xp::schedule::reduce_on_plateau rate(0.01, {.factor = 0.5, .patience = 1});
  auto batches = xp::data::batches(samples, 16, random);
  int epoch = 0;
  double total = 0, best = std::numeric_limits<double>::infinity();

  // Everything that changes while it trains, each under a name.
  xp::io::checkpoint checkpoint;
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("rate", rate);
  checkpoint.add("random", random);
  checkpoint.add("batches", batches);
  checkpoint.add("epoch", epoch);
  checkpoint.add("total", total);
  checkpoint.add("best", best);
  if (checkpoint.resume(file)) std::printf("goes on in epoch %d\n", epoch + 1);

  for (; epoch < epochs; ++epoch) {
    for (auto& [x, labels] : batches) {
      xp::tape tape;
      auto loss = xp::softmax_cross_entropy(model(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total += loss.item();
      checkpoint.save(file);  // here after every step; minutes apart would do
    }
    const double mean = total / static_cast<double>(batches.size());
    std::printf("epoch %2d   training loss %.6f%s\n", epoch + 1, mean,
                mean < best ? "   best" : "");
    best = std::min(best, mean);
    total = 0;
    optimizer.set_learning_rate(rate(mean));
  }
  checkpoint.save(file);
  return 0;
}

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "checkpoints.safetensors", argc > 2 ? std::atoi(argv[2]) : 10);
  } catch (const xp::error& e) {
    std::fprintf(stderr, "checkpoints: %s\n", e.what());
    return 1;
  }
}
