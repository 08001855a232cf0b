// The main job's two parts, as the example runs them.
#include "../../examples/vanishing_gradients/exercise.hpp"
#include "../../examples/vanishing_gradients/training.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xp = xtape;

TEST_CASE("nine sigmoid layers: gradients vanish by the factor the initializer predicts",
          "[nn][example][long]") {
  const auto seed = GENERATE(std::uint64_t{1}, std::uint64_t{42});
  CAPTURE(seed);
  const std::vector<layer_figures> layers = class_exercise(seed);
  REQUIRE(layers.size() == 9);
  for (const layer_figures& at : layers) {
    CAPTURE(at.layer, at.factor, at.predicted);
    CHECK(std::abs(at.mean_activation - 0.5) < 0.05);
    CHECK(at.gradient_mean_magnitude < at.gradient_rms);
    if (at.layer == 9) continue;  // of one unit: no sum to speak of
    CHECK(std::abs(at.predicted - 0.01 * std::sqrt(512) / 4) < 1e-12);
    CHECK(std::abs(at.factor / at.predicted - 1) < 0.1);
  }
  // The reference of the exercise, by NumPy: 1.0e-3, 3.2e-6, 1.0e-8, 3.1e-11, 1.0e-13.
  const double reference[] = {1.0e-13, 3.1e-11, 1.0e-8, 3.2e-6, 1.0e-3};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(std::abs(std::log(layers[2 * i].gradient_mean_magnitude / reference[i])) < 0.3);
}

TEST_CASE("the same depth learns with ReLU and He's weights, and not with small sigmoids",
          "[nn][example]") {
  const auto all = xp::data::make_classification<float>(
      {.n_samples = 3000, .n_features = 10, .n_informative = 4, .class_sep = 1.5, .seed = 3});
  const auto part = [&all](std::size_t begin, std::size_t end) {
    xp::data::dataset<float> result{xp::empty<float>({end - begin, 10}), {}, all.classes};
    std::copy(all.x.data() + begin * 10, all.x.data() + end * 10, result.x.data());
    result.labels.assign(all.labels.begin() + static_cast<std::ptrdiff_t>(begin),
                         all.labels.begin() + static_cast<std::ptrdiff_t>(end));
    return result;
  };
  const auto train = part(0, 2000), test = part(2000, 3000);
  const training_options options{.width = 32, .epochs = 5, .batch_size = 32};
  const auto run = [&](const configuration& how) {
    int shown = 0;
    const training_figures figures =
        train_network(how, train, test, options, [&shown](const epoch_figures&) { ++shown; });
    CHECK(shown == 5 * 63);
    CHECK(figures.epochs.size() == 5);
    CHECK(figures.gradient_before.size() == 9);
    return figures;
  };

  const training_figures stuck = run({"sigmoid, small", xp::sigmoid, xp::init::normal(0, 0.01)});
  CHECK(stuck.gradient_before.front() / stuck.gradient_before.back() < 1e-10);
  CHECK(std::abs(stuck.test_accuracy - 0.5) < 0.05);
  CHECK(std::abs(stuck.epochs.back().loss - std::log(2)) < 0.02);

  const training_figures cured = run({"ReLU, He", xp::relu, xp::init::he_normal()});
  CHECK(cured.gradient_before.front() / cured.gradient_before.back() > 0.01);
  CHECK(cured.test_accuracy > 0.9);
}
