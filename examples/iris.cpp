// Fisher's iris, from the CSV file to the test: iris FILE. Three species, told apart by four
// lengths of a flower.
#include <xtape/xtape.hpp>

#include <cstdio>
#include <string>

namespace xp = xtape;

/// The scaler is part of the model: whoever has the model can give it centimetres, and saves both
/// in one.
struct classifier {
  xp::data::standardizer<float> scale;
  xp::nn::sequential<float> net;

  xp::variable<float> operator()(const xp::variable<float>& x) const {
    return net(scale(x.value()));
  }
  void members(const auto& visit) const { visit("scale", scale), visit("net", net); }
};

static int run(const std::string& path) {
  const auto iris = xp::data::read_csv<float>(path);
  std::printf("%zu flowers, %zu features, species:", iris.labels.size(), iris.columns.size());
  for (const std::string& name : iris.classes) std::printf(" %s", name.c_str());

  xp::rng random(1);
  const auto parts =
      xp::data::split(iris.samples(), random, {.validation = 0.2, .test = 0.3, .stratified = true});
  std::printf("\n%zu to learn from, %zu to stop by, %zu for the test\n", parts.train.size(),
              parts.validation.size(), parts.test.size());

  classifier model{xp::data::standardizer(parts.train.x),  // of the training samples only
                   {xp::nn::linear<float>(4, 16, xp::init::glorot_uniform(), random), xp::tanh,
                    xp::nn::linear<float>(16, 3, xp::init::glorot_uniform(), random)}};
  xp::optim::adam<float> optimizer(xp::nn::parameters<float>(model), {.learning_rate = 0.01});
  const auto loss = [&](const auto& batch) {
    return xp::softmax_cross_entropy(model(batch.x), batch.labels);
  };
  const auto accuracy = [&](const auto& batch) {
    return xp::nn::accuracy(model(batch.x), batch.labels);
  };
  const auto history = xp::fit::train(
      model, optimizer, xp::data::batches(parts.train, 16, random), loss,
      {.epochs = 200,
       .measure =
           [&] {
             auto all = xp::data::batches(parts.validation, 64);
             return xp::fit::measurements{{"validation_loss", xp::fit::evaluate(all, loss)},
                                          {"accuracy", xp::fit::evaluate(all, accuracy)}};
           },
       .stop = xp::fit::early_stopping{.patience = 20}});

  const auto& best = history.epochs[static_cast<std::size_t>(history.best) - 1];
  std::printf("%zu epochs, best was epoch %ld: loss %.3f, validation loss %.3f\n",
              history.epochs.size(), static_cast<long>(best.number), best.loss,
              best.measured[0].value);
  const double right = xp::fit::evaluate(xp::data::batches(parts.test, 64), accuracy);
  std::printf("of the test flowers %.1f%% are named correctly\n", 100 * right);
  return right > 0.9 ? 0 : 1;
}

int main(int count, char** arguments) {
  try {
    return run(count > 1 ? arguments[1] : "tests/data/iris.csv");
  } catch (const xp::error& e) {
    std::fprintf(stderr, "iris: %s\n", e.what());
    return 1;
  }
}
