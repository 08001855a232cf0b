// Layers' values, gradients and running statistics against PyTorch's.

#include <xtape/calculus/grad.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "nn/torch_golden.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace xtape::nn;
using xtape::array;
using xtape::operand;
using xtape::parameter;
using xtape::variable;

namespace {

constexpr double tolerance = 1e-10;

using tensors = std::initializer_list<torch_golden::tensor>;
using results = std::vector<variable<double>>;

array<double> array_of(const torch_golden::tensor& from) {
  array<double> result = xtape::empty<double>(from.shape);
  REQUIRE(result.size() == from.values.size());
  std::copy(from.values.begin(), from.values.end(), result.data());
  return result;
}

const torch_golden::tensor& named(const tensors& list, const std::string& name) {
  for (const torch_golden::tensor& each : list)
    if (each.name == name) return each;
  FAIL("there is no " << name);
  throw 0;
}

void compare(const array<double>& found, const torch_golden::tensor& expected) {
  INFO(expected.name);
  const array<double> wanted = array_of(expected);
  REQUIRE(found.shape() == wanted.shape());
  double greatest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double error = std::abs(found.data()[i] - wanted.data()[i]);
    greatest = std::max(greatest, error / std::max(1.0, std::abs(wanted.data()[i])));
    CHECK(!std::isnan(error));
  }
  CHECK(greatest <= tolerance);
}

// Runs the layer with the reference's parameters and inputs, and compares results, gradients and buffers. `run` is
// given a function that finds an input by its name.
template <class Module, class Run>
void check(const char* name, const Module& module, const Run& run) {
  INFO(name);
  const auto place = std::find_if(
      std::begin(torch_golden::references), std::end(torch_golden::references),
      [&](const torch_golden::reference& each) { return each.name == std::string(name); });
  REQUIRE(place != std::end(torch_golden::references));
  const torch_golden::reference& reference = *place;

  std::map<std::string, variable<double>> leaves;
  for_each_parameter<double>(module, [&](const std::string& path, const parameter<double>& p) {
    p.mutable_value() = array_of(named(reference.given, path));
    leaves.emplace(path, p);
  });
  for (const torch_golden::tensor& each : reference.given)
    if (leaves.count(each.name) == 0)
      leaves.emplace(each.name, parameter<double>(array_of(each), each.name));

  xtape::tape tape;
  const results y = run([&](const std::string& input) { return leaves.at(input); });
  std::vector<variable<double>> products;
  std::size_t place_in_r = 0;
  for (std::size_t k = 0; k < y.size(); ++k) {
    compare(y[k].value(), reference.results.begin()[k]);
    array<double> r = xtape::empty<double>(y[k].shape());
    for (double& each : r.storage()) {
      each = (1 + 0.25 * static_cast<double>(place_in_r)) * (place_in_r % 2 == 0 ? 1 : -1);
      ++place_in_r;
    }
    products.push_back(xtape::sum(y[k] * r));
  }
  const variable<double> total = xtape::sum(xtape::stack(products));
  CHECK(reference.gradients.size() == leaves.size());
  for (const torch_golden::tensor& each : reference.gradients)
    compare(xtape::grad(total, {leaves.at(each.name)})[0].value(), each);

  std::size_t buffers = 0;
  for_each_state<double>(module, [&](const std::string& path, const auto& member) {
    if constexpr (std::is_same_v<decltype(member), const buffer<double>&>) {
      compare(member.value(), named(reference.results, path));
      ++buffers;
    }
  });
  CHECK(reference.results.size() == y.size() + buffers);
}

const xtape::init::initializer any = xtape::init::zeros();

// No parameters of its own.
struct nothing {
  void members(const auto&) const {}
};

// The reference of one input x and one result y.
template <class Module>
void check(const char* name, const Module& module) {
  check(name, module, [&](const auto& in) { return results{module(in("x"))}; });
}

}  // namespace

TEST_CASE("a stack of linear layers with dropout, evaluated, is PyTorch's", "[nn][torch]") {
  xtape::rng random(1);
  const sequential<double> model{linear<double>(3, 5, any, random), xtape::tanh,
                                 dropout(0.5, random), linear<double>(5, 2, any, random)};
  const evaluation mode;
  check("linear stack", model);
}

TEST_CASE("batch_norm is PyTorch's, with its running statistics", "[nn][torch]") {
  const batch_norm<double> norm(3, {.momentum = 0.3, .epsilon = 1e-3});
  check("batch_norm step 1", norm);
  check("batch_norm step 2", norm);
  {
    const evaluation mode;
    check("batch_norm evaluated", norm);
  }
  const batch_norm<double> images(2, {.momentum = std::nullopt});
  check("batch_norm images 1", images);
  check("batch_norm images 2", images);
  const evaluation mode;
  check("batch_norm images evaluated", images);
}

TEST_CASE("layer_norm is PyTorch's", "[nn][torch]") {
  check("layer_norm", layer_norm<double>(3));
  check("layer_norm of planes", layer_norm<double>({3, 2}, {.epsilon = 1e-2}));
}

TEST_CASE("convolutional layers are PyTorch's", "[nn][torch]") {
  xtape::rng random(1);
  check("conv2d",
        conv2d<double>(4, 6, {3, 2}, any, random,
                       {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2}));
  check("conv2d without a bias", conv2d<double>(4, 2, 3, any, random, {.bias = false}));
  check("convolutional net",
        sequential<double>{conv2d<double>(2, 3, 3, any, random, {.padding = 1}), xtape::tanh,
                           max_pool2d(2), conv2d<double>(3, 2, 2, any, random),
                           avg_pool2d({1, 2}, {.stride = 1}), flatten(),
                           linear<double>(2, 3, any, random)});
}

TEST_CASE("embedding is PyTorch's", "[nn][torch]") {
  xtape::rng random(1);
  const embedding<double> table(5, 3, any, random);
  check("embedding", table, [&](const auto&) { return results{table({3, 0, 3, 4})}; });
  check("embedding of sequences", table, [&](const auto&) {
    return results{table(array<double>{{1, 4, 1}, {2, 2, 2}})};
  });
}

TEST_CASE("recurrent cells are PyTorch's", "[nn][torch]") {
  xtape::rng random(1);
  const rnn_cell<double> elman(3, 2, any, any, random);
  check("rnn_cell", elman, [&](const auto& in) { return results{elman(in("x"), in("h"))}; });
  const gru_cell<double> gated(3, 2, any, any, random);
  check("gru_cell", gated, [&](const auto& in) { return results{gated(in("x"), in("h"))}; });
  const lstm_cell<double> memory(3, 2, any, any, random);
  check("lstm_cell", memory, [&](const auto& in) {
    const auto [h, c] = memory(in("x"), {in("h"), in("c")});
    return results{h, c};
  });
}

TEST_CASE("recurrent layers are PyTorch's", "[nn][torch]") {
  xtape::rng random(1);
  const rnn<double> elman(3, 2, any, any, random);
  check("rnn", elman, [&](const auto& in) {
    const auto [y, h] = elman(in("x"), in("h"));
    return results{y, h};
  });
  const gru<double> gated(3, 2, any, any, random);
  check("gru", gated, [&](const auto& in) {
    const auto [y, h] = gated(in("x"), in("h"));
    return results{y, h};
  });
  const lstm<double> memory(3, 2, any, any, random);
  check("lstm", memory, [&](const auto& in) {
    const auto [y, last] = memory(in("x"), {in("h"), in("c")});
    return results{y, last.h, last.c};
  });
  check("rnn, two layers", sequential<double>{rnn<double>(3, 4, any, any, random),
                                              rnn<double>(4, 2, any, any, random)});
  check("lstm, two layers", sequential<double>{lstm<double>(3, 4, any, any, random),
                                               lstm<double>(4, 2, any, any, random)});
  check("gru, two layers", sequential<double>{gru<double>(3, 4, any, any, random),
                                              gru<double>(4, 2, any, any, random)});
}

TEST_CASE("every reference of PyTorch is compared", "[nn][torch]") {
  // As many as the cases above name.
  CHECK(std::size(torch_golden::references) == 23);
}
