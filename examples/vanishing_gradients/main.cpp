// Vanishing gradients: watched on the class exercise of nine sigmoid layers, predicted from the
// initializer, and cured on real images by better weights and activations.
#include <xtape/xtape.hpp>

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "exercise.hpp"
#include "report.hpp"
#include "training.hpp"

namespace xp = xtape;

static void run(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw xp::io_error("vanishing_gradients: " + folder.string() +
                       ": cannot be made: " + failed.message());

  std::printf(
      "1. Class exercise: 1000 samples in [-1, 1]; nine affine layers, 500-512x8-1, weights\n"
      "   N(0, 0.01^2), a sigmoid after each; squared error.\n\n");
  const std::vector<layer_figures> layers = class_exercise(42);
  print_exercise(layers);
  write_exercise(folder, layers);

  const training_options options;
  std::printf("\n2. Fashion-MNIST: nine layers, 784-%dx8-10, trained four ways for %d epochs.\n\n",
              options.width, options.epochs);
  std::fflush(stdout);
  const auto [train, test] = xp::data::fashion_mnist<float>();
  const std::vector<configuration> configurations{
      {"sigmoid, N(0, 0.01^2)", xp::sigmoid, xp::init::normal(0, 0.01)},
      {"sigmoid, Glorot", xp::sigmoid, xp::init::glorot_normal()},
      {"tanh, Glorot", xp::tanh, xp::init::glorot_normal()},
      {"ReLU, He", xp::relu, xp::init::he_normal()}};
  std::vector<result> results;
  for (const configuration& how : configurations) {
    progress_bar bar(how.name, options.epochs);
    results.push_back(
        {how.name, train_network(how, train, test, options,
                                 [&bar](const epoch_figures& now) { bar.show(now); })});
  }
  std::printf("\n");
  print_summary(results);
  write_training(folder, results);

  std::printf(
      "\nIn %s:\n"
      "Figures: class_exercise.csv, gradient_by_layer.csv, loss_by_epoch.csv, summary.csv\n",
      std::filesystem::absolute(folder).lexically_normal().c_str());
  std::fflush(stdout);
  draw_pictures(folder);
}

int main(int argc, char** argv) {
  const char* const usage =
      "usage: vanishing_gradients [FOLDER]\n"
      "Writes its figures and pictures into FOLDER, by default vanishing_gradients_output.\n";
  const std::string_view first = argc > 1 ? argv[1] : "vanishing_gradients_output";
  if (first == "--help" || first == "-h") return std::fputs(usage, stdout) < 0;
  if (argc > 2 || first.empty() || first.front() == '-') {
    std::fputs(usage, stderr);
    return 2;
  }
  try {
    run(first);
  } catch (const std::exception& e) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
