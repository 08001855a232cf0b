#pragma once
// A small training state with one of everything that a checkpoint keeps: that of corpus/checkpoint.

#include <xtape/data/batches.hpp>
#include <xtape/io/checkpoint.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/schedule/schedule.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace fuzz {

struct module {
  xtape::parameter<float> weight{xtape::zeros<float>({3, 2})}, bias{xtape::zeros<float>({2})};
  xtape::nn::buffer<float> mean{xtape::zeros<float>({2})};
  xtape::nn::generator source{xtape::rng(7)};

  void members(const auto& visit) const {
    visit("weight", weight), visit("bias", bias), visit("mean", mean), visit("source", source);
  }
};

struct training {
  module model;
  xtape::optim::sgd<float> optimizer{{model.weight, model.bias},
                                     {.learning_rate = 0.1, .momentum = 0.9}};
  xtape::schedule::reduce_on_plateau rate{0.1};
  xtape::rng random{1};
  xtape::data::dataset<float> samples{xtape::zeros<float>({10, 3}), std::vector<int>(10), 2};
  xtape::data::batch_range<float> batches = xtape::data::batches(samples, 3, random);
  int epoch = 0;
  double best = 1;
  bool done = true;
  std::vector<double> losses;
  xtape::io::checkpoint checkpoint;

  training() {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("rate", rate);
    checkpoint.add("random", random);
    checkpoint.add("batches", batches);
    checkpoint.add("epoch", epoch);
    checkpoint.add("best", best);
    checkpoint.add("done", done);
    checkpoint.add("losses", losses);
  }
  training(const training&) = delete;
  training& operator=(const training&) = delete;

  /// All of it, as bytes.
  std::vector<std::uint8_t> bytes() {
    std::vector<std::uint8_t> all;
    const auto add = [&](const void* from, std::size_t size) {
      const auto* begin = static_cast<const std::uint8_t*>(from);
      if (size > 0) all.insert(all.end(), begin, begin + size);
    };
    const auto add_array = [&](const xtape::array<float>& values) {
      add(values.data(), values.size() * sizeof(float));
    };
    const auto add_generator = [&](const xtape::rng& generator) {
      const auto state = generator.state();
      add(state.data(), sizeof state);
    };
    add_array(model.weight.value());
    add_array(model.bias.value());
    add_array(model.mean.value());
    add_generator(model.source.value());
    for (const auto& slot : optimizer.state())
      if (const auto* const values = std::get_if<xtape::array<float>*>(&slot.value))
        add_array(**values);
      else if (const auto* const count = std::get_if<std::uint64_t*>(&slot.value))
        add(*count, sizeof **count);
      else
        add(std::get<double*>(slot.value), sizeof(double));
    add(&rate.state, sizeof rate.state);
    add_generator(random);
    const auto place = batches.place();
    add(&place, sizeof place);
    add(&epoch, sizeof epoch);
    add(&best, sizeof best);
    add(&done, sizeof done);
    add(losses.data(), losses.size() * sizeof(double));
    return all;
  }
};

}  // namespace fuzz
