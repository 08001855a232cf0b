// A layer of one's own and the tests of its gradients, as they stand in a user's test program.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>  // Catch2 3 brings its main function
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include <xtape/calculus/catch2.hpp>
#include <xtape/xtape.hpp>

namespace xp = xtape;
using variable = xp::variable<double>;

/// A gated linear unit, y = (x W + b) sigmoid(x V + c): half of the layer decides what of the other
/// half passes.
/// Source: Dauphin, Fan, Auli, Grangier, "Language modeling with gated convolutional networks",
/// ICML 2017, equation 1.
template <class T>
struct gated_linear {
  xp::nn::linear<T> value, gate;

  gated_linear(std::int64_t n_in, std::int64_t n_out, xp::rng& random)
      : value(n_in, n_out, xp::init::glorot_uniform(), random),
        gate(n_in, n_out, xp::init::glorot_uniform(), random) {}

  xp::variable<T> operator()(const xp::operand<T>& x) const {
    return value(x) * xp::sigmoid(gate(x));
  }
  void members(const auto& visit) const { visit("value", value), visit("gate", gate); }
};

TEST_CASE("the gradients of a gated linear unit are right") {
  xp::rng random(1);
  const gated_linear<double> layer(3, 2, random);
  const auto x = random.normal<double>({4, 3});
  // For the input: first and second derivatives.
  CHECK_THAT([&](const variable& v) { return layer(v); },
             xp::has_correct_gradients_at({x}, {.order = 2, .names = {"x"}}));
  // For the weights: the layer as a function of them.
  const auto of_weights = [&](const variable& w, const variable& v, const variable& c) {
    return xp::affine(x, w, layer.value.bias) * xp::sigmoid(xp::affine(x, v, c));
  };
  CHECK_THAT(of_weights,
             xp::has_correct_gradients_at(
                 {layer.value.weight.value(), layer.gate.weight.value(), layer.gate.bias.value()}));
}

TEST_CASE("a wrong gradient is found, and its line named") {
  const auto forgetful = [](const variable& v) { return v * xp::sigmoid(v.detach()); };
  const auto report = xp::check_gradients(forgetful, {xp::array<double>{0.5, -1.5}});
  CHECK(report.result() == xp::gradient_report::verdict::failed);
  CHECK(report.wrong().where.line == __LINE__ - 3);
}

TEST_CASE("a model with the layer has its parameters, and learns") {
  xp::rng random(1);
  const xp::nn::sequential<double> model{gated_linear<double>(2, 8, random),
                                         gated_linear<double>(8, 2, random)};
  CHECK(model.parameters().size() == 8);
  const auto moons = xp::data::make_moons<double>({.n_samples = 100, .noise = 0.1});
  xp::optim::adam<double> optimizer(model.parameters(), {.learning_rate = 0.05});
  for (int step = 0; step < 200; ++step) {
    const xp::tape tape;
    optimizer.zero_grad();
    xp::softmax_cross_entropy(model(moons.x), moons.labels).backward();
    optimizer.step();
  }
  CHECK(xp::nn::accuracy(model(moons.x), moons.labels) > 0.95);
}
