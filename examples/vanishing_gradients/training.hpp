#pragma once

#include <xtape/xtape.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// One way to build the deep network: what stands between its affine layers, and their first weights.
struct configuration {
  std::string name;
  xtape::variable<float> (*activation)(const xtape::operand<float>&);
  xtape::init::initializer weights;
};

/// What is the same for all of them.
struct training_options {
  int layers = 9;
  int width = 128;  ///< units of a hidden layer
  int epochs = 8;
  int batch_size = 128;
  double first_rate = 0.05, last_rate = 0.005;  ///< of the first and the last epoch
  double momentum = 0.9;
  std::uint64_t seed = 42;
};

/// How an epoch went, or goes so far.
struct epoch_figures {
  int epoch = 0;        ///< from 1
  double progress = 0;  ///< share of its batches that are done
  double loss = 0;      ///< mean training loss of those
  double accuracy = 0;  ///< on their images, before each step
  double images_per_second = 0;
};

struct training_figures {
  std::vector<double> gradient_before, gradient_after;  ///< RMS of d(loss)/dW, layer by layer
  std::vector<epoch_figures> epochs;
  double test_accuracy = 0;
};

/// Affine layers with an activation between each two; the last one's results are logits.
xtape::nn::sequential<float> deep_network(const configuration& how, std::int64_t features,
                                          std::int64_t classes, const training_options& options);

/// Trains the network of that configuration by gradient descent with momentum. `show` is called after
/// every batch.
training_figures train_network(const configuration& how, const xtape::data::dataset<float>& train,
                               const xtape::data::dataset<float>& test,
                               const training_options& options,
                               const std::function<void(const epoch_figures&)>& show);
