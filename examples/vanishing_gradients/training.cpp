#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "statistics.hpp"

namespace xp = xtape;

namespace {

/// RMS of the gradient of every layer's weights, the first layer's first, for one batch.
std::vector<double> weight_gradients(const xp::nn::sequential<float>& model,
                                     const xp::data::batch<float>& batch) {
  const std::vector<xp::variable<float>> parameters = model.parameters();
  for (const auto& p : parameters) p.zero_grad();
  const xp::tape tape;
  xp::softmax_cross_entropy(model(batch.x), batch.labels).backward();
  std::vector<double> result;
  for (const auto& p : parameters)
    if (p.rank() == 2) result.push_back(root_mean_square(p.grad()));  // a matrix, no bias
  return result;
}

}  // namespace

xp::nn::sequential<float> deep_network(const configuration& how, std::int64_t features,
                                       std::int64_t classes, const training_options& options) {
  xp::rng random(options.seed);
  xp::nn::sequential<float> model;
  std::int64_t n_in = features;
  for (int layer = 1; layer < options.layers; ++layer) {
    model.add(xp::nn::linear<float>(n_in, options.width, how.weights, random));
    model.add(how.activation);
    n_in = options.width;
  }
  model.add(xp::nn::linear<float>(n_in, classes, how.weights, random));
  return model;
}

training_figures train_network(const configuration& how, const xp::data::dataset<float>& train,
                               const xp::data::dataset<float>& test,
                               const training_options& options,
                               const std::function<void(const epoch_figures&)>& show) {
  using clock = std::chrono::steady_clock;
  const auto features = static_cast<std::int64_t>(train.x.shape()[1]);
  const xp::nn::sequential<float> model = deep_network(how, features, train.classes, options);

  const xp::schedule::exponential_decay rate(options.first_rate, options.last_rate,
                                             std::max(options.epochs - 1, 1));
  xp::optim::sgd<float> optimizer(model.parameters(),
                                  {.learning_rate = rate(0), .momentum = options.momentum});
  xp::rng random(options.seed + 1);
  auto batches = xp::data::batches(train, options.batch_size, random);

  // Gradients are measured on the same images before and after.
  auto probes = xp::data::batches(
      train, std::min<std::int64_t>(1000, static_cast<std::int64_t>(train.size())));
  const xp::data::batch<float> probe = *probes.begin();

  training_figures figures;
  figures.gradient_before = weight_gradients(model, probe);
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    optimizer.set_learning_rate(rate(epoch));
    epoch_figures now{.epoch = epoch + 1};
    double loss_total = 0, right_total = 0, images = 0, done = 0;
    const auto begin = clock::now();
    for (const auto& [x, labels] : batches) {
      const xp::tape tape;
      const auto logits = model(x);
      const auto loss = xp::softmax_cross_entropy(logits, labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();

      const auto size = static_cast<double>(labels.size());
      images += size;
      loss_total += loss.item() * size;
      right_total += xp::nn::accuracy(logits, labels) * size;
      now.progress = ++done / static_cast<double>(batches.size());
      now.loss = loss_total / images;
      now.accuracy = right_total / images;
      now.images_per_second = images / std::chrono::duration<double>(clock::now() - begin).count();
      show(now);
    }
    figures.epochs.push_back(now);
  }
  figures.gradient_after = weight_gradients(model, probe);
  figures.test_accuracy = xp::nn::accuracy(model(test.x), test.labels);
  return figures;
}
