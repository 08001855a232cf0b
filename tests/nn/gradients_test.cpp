// Every layer's derivatives, with respect to its input and all its parameters, against differences.

#include <xtape/calculus/catch2.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"

#include <utility>
#include <vector>

using namespace xtape::nn;
using xtape::array;
using xtape::parameter;
using xtape::variable;

namespace {

const xtape::init::initializer weights = xtape::init::normal(0, 0.7);

// call(layer, inputs) as a function of the inputs and then of the layer's parameters: each time on a copy of the
// layer, so that one with a state of its own, a generator or running statistics, is the same function every time.
template <class T, class Layer, class Call>
void check(const Layer& layer, std::vector<array<T>> inputs, const Call& call) {
  const std::size_t count = inputs.size();
  xtape::rng random(3);
  for_each_parameter<T>(layer, [&](const std::string&, const parameter<T>& p) {
    inputs.push_back(array<T>(p.value() + random.uniform<T>(p.shape(), -0.3, 0.3)));
  });
  const auto f = [&](const std::vector<variable<T>>& x) {
    Layer copy = layer;
    std::size_t next = count;
    for_each_parameter<T>(copy, [&](const std::string&, const parameter<T>& p) {
      const_cast<parameter<T>&>(p).variable<T>::operator=(x[next++]);
    });
    return call(std::as_const(copy), x);
  };
  if constexpr (sizeof(T) == 8) {
    CHECK_THAT(f, xtape::has_correct_gradients_at(inputs, {.order = 2}));
  } else {  // differences of floats leave some small derivatives undetermined
    const xtape::gradient_report report = xtape::check_gradients<T>(f, inputs);
    INFO(report.text());
    CHECK(report.result() != xtape::gradient_report::verdict::failed);
    CHECK(4 * report.count().undetermined < report.compared());
    CHECK(report.count().agreed > 0);
  }
}

template <class T, class Layer>
void check(const Layer& layer, const array<T>& x) {
  check<T>(layer, {x}, [](const Layer& l, const auto& in) { return l(in[0]); });
}

}  // namespace

TEMPLATE_TEST_CASE("layers have right gradients", "[nn][gradients]", float, double) {
  using T = TestType;
  xtape::rng random(1);
  const array<T> x = random.normal<T>({4, 3});
  SECTION("linear") { check(linear<T>(3, 2, weights, random), x); }
  SECTION("dropout") { check(dropout(0.4, random), array<T>(random.uniform<T>({4, 3}, 0.5, 2))); }
  SECTION("batch_norm in training") { check(batch_norm<T>(3), x); }
  SECTION("batch_norm of images") { check(batch_norm<T>(2), random.normal<T>({2, 2, 1, 3})); }
  SECTION("batch_norm in evaluation") {
    batch_norm<T> norm(3);
    norm.running_mean.mutable_value() = random.normal<T>({3});
    norm.running_var.mutable_value() = random.uniform<T>({3}, 0.5, 2);
    const evaluation mode;
    check(norm, x);
  }
  SECTION("layer_norm") { check(layer_norm<T>(3), x); }
  SECTION("layer_norm over two axes") { check(layer_norm<T>({2, 2}), random.normal<T>({2, 2, 2})); }
  SECTION("embedding") {
    check<T>(embedding<T>(4, 2, weights, random), {}, [](const auto& l, const auto&) {
      return xtape::square(l({1, 3, 1, 0, 2}));
    });
  }
  SECTION("flatten") {
    const sequential<T> model{flatten(), xtape::tanh};
    check(model, random.normal<T>({2, 2, 2}));
  }
  SECTION("conv2d") {
    check(conv2d<T>(2, 4, {2, 3}, weights, random, {.stride = {1, 2}, .padding = 1, .groups = 2}),
          random.normal<T>({2, 2, 3, 4}));
  }
  SECTION("pooling") {
    const sequential<T> model{avg_pool2d(2, {.stride = 1}), max_pool2d({1, 2}), xtape::tanh};
    check(model, random.normal<T>({2, 2, 3, 5}));
  }
  SECTION("residual") {
    check(residual(sequential<T>{linear<T>(3, 3, weights, random), xtape::tanh}), x);
  }
}

TEMPLATE_TEST_CASE("recurrent layers have right gradients", "[nn][gradients]", float, double) {
  using T = TestType;
  xtape::rng random(1);
  const array<T> x = random.normal<T>({2, 2}), h = random.normal<T>({2, 2}),
                 c = random.normal<T>({2, 2}), sequence = random.normal<T>({2, 3, 2});
  const auto step = [](const auto& l, const auto& in) { return l(in[0], in[1]); };
  const auto run = [](const auto& l, const auto& in) { return l(in[0], in[1]).output; };
  SECTION("rnn_cell") { check<T>(rnn_cell<T>(2, 2, weights, weights, random), {x, h}, step); }
  SECTION("gru_cell") { check<T>(gru_cell<T>(2, 2, weights, weights, random), {x, h}, step); }
  SECTION("lstm_cell") {
    check<T>(lstm_cell<T>(2, 2, weights, weights, random), {x, h, c},
             [](const auto& l, const auto& in) {
               const auto [to_h, to_c] = l(in[0], {in[1], in[2]});
               return xtape::stack({to_h, to_c});
             });
  }
  SECTION("rnn") { check<T>(rnn<T>(2, 2, weights, weights, random), {sequence, h}, run); }
  SECTION("gru") { check<T>(gru<T>(2, 2, weights, weights, random), {sequence, h}, run); }
  SECTION("lstm") {
    check<T>(lstm<T>(2, 2, weights, weights, random), {sequence, h, c},
             [](const auto& l, const auto& in) {
               return l(in[0], {in[1], in[2]}).output;
             });
  }
}
