#include "exercise.hpp"

#include <xtape/xtape.hpp>

#include <cmath>
#include <cstddef>
#include <string>

#include "statistics.hpp"

namespace xp = xtape;

namespace {

double sigmoid_slope_at_zero() {
  const xp::parameter<double> z(xp::zeros<double>({}));
  const xp::tape tape;
  xp::sigmoid(z).backward();
  return z.grad()();
}

}  // namespace

std::vector<layer_figures> class_exercise(std::uint64_t seed) {
  const auto samples =
      xp::data::make_classification<double>({.n_samples = 1000, .n_features = 500, .seed = seed});
  const xp::data::min_max_scaler<double> scale(samples.x, -1, 1);
  xp::array<double> targets = xp::empty<double>({samples.size(), 1});
  for (std::size_t i = 0; i < samples.size(); ++i) targets(i, 0) = samples.labels[i];

  const std::vector<int> widths{500, 512, 512, 512, 512, 512, 512, 512, 512, 1};
  const xp::init::initializer weights = xp::init::normal(0, 0.01);
  xp::rng random(seed);
  std::vector<xp::nn::linear<double>> layers;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i)
    layers.emplace_back(widths[i], widths[i + 1], weights, random);

  // Gradients go where they are asked for. The data are a parameter, so that they reach them too.
  const xp::parameter<double> data(scale(samples.x), "input of layer 1");
  const xp::tape tape;
  std::vector<xp::variable<double>> values{data};
  for (const auto& layer : layers) {
    values.push_back(xp::sigmoid(layer(values.back())));
    values.back().named("input of layer " + std::to_string(values.size())).keep_grad();
  }
  values.back().named("prediction");
  const auto loss = 0.5 * xp::sum(xp::square(values.back() - targets));  // of each sample alone
  loss.backward();

  // A unit's gradient adds n_out terms w sigma'(z) g with independent w, and z is about 0: their
  // standard deviation is std(w) sqrt(n_out) sigma'(0) times that of g.
  const double slope = sigmoid_slope_at_zero();
  std::vector<layer_figures> figures;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const xp::array<double>& gradient = values[i].grad();
    const double deviation = weights.standard_deviation(static_cast<std::size_t>(widths[i]),
                                                        static_cast<std::size_t>(widths[i + 1]));
    figures.push_back(
        {.layer = static_cast<int>(i) + 1,
         .mean_activation = mean(values[i + 1].value()),
         .gradient_rms = root_mean_square(gradient),
         .gradient_mean_magnitude = mean_magnitude(gradient),
         .factor = root_mean_square(gradient) / root_mean_square(values[i + 1].grad()),
         .predicted = deviation * std::sqrt(widths[i + 1]) * slope});
  }
  return figures;
}
