#include <xtape/nn/nn.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/init/init.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/sgd.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Message;
using xtape::array;
using xtape::operand;
using xtape::parameter;
using xtape::variable;
using xtape::nn::linear;
using xtape::nn::sequential;

namespace {

constexpr xtape::location nowhere;

template <class T>
sequential<T> small_model(std::uint64_t seed) {
  xtape::rng random(seed);
  return {linear<T>(3, 4, xtape::init::glorot_uniform(), random), xtape::tanh,
          linear<T>(4, 2, xtape::init::he_normal(), random)};
}

template <class T>
std::vector<std::string> names(const std::vector<variable<T>>& parameters) {
  std::vector<std::string> result;
  for (const variable<T>& p : parameters) result.emplace_back(p.name());
  return result;
}

/// A module of a program's own.
struct residual {
  linear<double> first, second;
  variable<double> operator()(const operand<double>& x) const {
    return x + second(xtape::relu(first(x)));
  }
  void members(const auto& visit) const {
    visit("first", first);
    visit("second", second);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("a linear layer computes x W + b", "[nn]", float, double) {
  using T = TestType;
  xtape::rng random(1);
  linear<T> layer(3, 2, xtape::init::normal(0, 1), random);
  xtape::rng same(1);
  REQUIRE(layer.weight.value() == xtape::init::normal(0, 1).make<T>({3, 2}, same));
  REQUIRE(layer.bias.value() == xtape::zeros<T>({2}));
  layer.bias.mutable_value() = array<T>{T(10), T(20)};
  const array<T> x = random.normal<T>({5, 3});
  const variable<T> y = layer(x);
  REQUIRE(y.shape() == xtape::shape_type{5, 2});
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t j = 0; j < 2; ++j) {
      double expected = 10.0 * static_cast<double>(j + 1);
      for (std::size_t k = 0; k < 3; ++k)
        expected += static_cast<double>(x(i, k)) * static_cast<double>(layer.weight.value()(k, j));
      REQUIRE(std::abs(static_cast<double>(y.value()(i, j)) - expected) <=
              16 * std::numeric_limits<T>::epsilon() * 20);
    }
}

TEST_CASE("a linear layer's sizes are checked", "[nn]") {
  xtape::rng random(1);
  const auto make = [&](std::int64_t n_in, std::int64_t n_out) {
    linear<float>(n_in, n_out, xtape::init::zeros(), random, nowhere);
  };
  CHECK_THROWS_MATCHES(make(0, 3), xtape::domain_error,
                       Message("linear: 0 to 3: a layer has at least one input and one output"));
  CHECK_THROWS_MATCHES(make(3, -1), xtape::domain_error,
                       Message("linear: 3 to -1: a layer has at least one input and one output"));
  CHECK_THROWS_MATCHES(make(4294967296, 4294967296), xtape::domain_error,
                       Message("linear: 4294967296 to 4294967296: too many weights"));
}

TEMPLATE_TEST_CASE("a sequential applies its layers in order", "[nn]", float, double) {
  using T = TestType;
  const sequential<T> model = small_model<T>(3);
  REQUIRE(model.size() == 3);
  const std::vector<variable<T>> p = model.parameters();
  REQUIRE(names(p) == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"});
  xtape::rng random(4);
  const array<T> x = random.normal<T>({5, 3});
  const variable<T> expected = xtape::affine(xtape::tanh(xtape::affine(x, p[0], p[1])), p[2], p[3]);
  REQUIRE(model(x).value() == expected.value());

  sequential<T> grown;
  REQUIRE(grown(x).value() == x);
  REQUIRE(grown.parameters().empty());
  grown.add(model);
  grown.add([](const variable<T>& y) { return y * y; });
  grown.add([](const operand<T>& y) { return xtape::sum(y, {1}); });
  const variable<T> squares = xtape::sum(xtape::square(expected), {1});
  REQUIRE(grown(x).value() == squares.value());
  REQUIRE(names(grown.parameters())[2] == "0.2.weight");

  // A function that takes a variable may come first, too.
  const sequential<T> first{[](const variable<T>& y) { return y + y; }, xtape::relu};
  REQUIRE(first(x).value() == xtape::relu(x + x).value());
}

TEST_CASE("a model and its copy are independent", "[nn]") {
  sequential<double> model = small_model<double>(5);
  const array<double> x = xtape::full<double>({1, 3}, 0.5);
  const array<double> before = model(x).value();
  const auto train = [&](sequential<double>& m) {
    xtape::optim::sgd<double> optimizer(m.parameters(), {.learning_rate = 0.1});
    xtape::tape tape;
    optimizer.zero_grad();
    xtape::sum(m(x)).backward();
    optimizer.step();
  };

  sequential<double> saved = model;
  const sequential<double> braced{model};
  REQUIRE(braced.size() == model.size());
  REQUIRE(names(saved.parameters()) == names(model.parameters()));
  train(model);
  REQUIRE(model(x).value() != before);
  REQUIRE(saved(x).value() == before);
  REQUIRE(braced(x).value() == before);

  // What refers to the parameters stays with the model when it is moved or copied into.
  xtape::optim::sgd<double> optimizer(model.parameters(), {.learning_rate = 0.1});
  model = saved;
  REQUIRE(model(x).value() == before);
  sequential<double> moved = std::move(model);
  {
    xtape::tape tape;
    optimizer.zero_grad();
    xtape::sum(moved(x)).backward();
    optimizer.step();
  }
  REQUIRE(moved(x).value() != before);
  REQUIRE(saved(x).value() == before);

  // Other layers take the place of those there were.
  moved = sequential<double>{xtape::relu};
  REQUIRE(moved(x).value() == x);
  const sequential<double> two{xtape::relu, xtape::square};
  moved = two;
  REQUIRE(moved(x).value() == array<double>(x * x));
  moved = sequential<double>{xtape::square, xtape::square};
  const sequential<double>& itself = moved;
  moved = itself;
  REQUIRE(moved(x).value() == array<double>(x * x * x * x));
}

TEST_CASE("a module of one's own lists its members in one place", "[nn]") {
  xtape::rng random(6);
  const auto weights = xtape::init::glorot_normal();
  const residual block{{2, 4, weights, random}, {4, 2, weights, random}};
  REQUIRE(names(xtape::nn::parameters<double>(block)) ==
          std::vector<std::string>{"first.weight", "first.bias", "second.weight", "second.bias"});
  const sequential<double> model{block, xtape::sigmoid, block};
  const std::vector<variable<double>> p = model.parameters();
  REQUIRE(p.size() == 8);
  REQUIRE(p[5].name() == "2.first.bias");
  REQUIRE(&p[0].value() != &block.first.weight.value());
  const array<double> x = random.normal<double>({3, 2});
  REQUIRE(model(x).value() == block(xtape::sigmoid(block(x))).value());
}

TEST_CASE("a wrong input is affine's error, at the caller's line", "[nn]") {
  xtape::rng random(7);
  const linear<double> layer(3, 4, xtape::init::zeros(), random);
  const sequential<double> model{xtape::relu, layer, layer};
  const array<double> x = xtape::zeros<double>({5, 2}), fits = xtape::zeros<double>({5, 3});
  int line = 0;
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const xtape::shape_error& e) {
      return e.what();
    }
    return "nothing was thrown";
  };
  const auto expected = [&line](const std::string& text) {
    return text + "  [nn_test.cpp:" + std::to_string(line) + "]";
  };
  const std::string first = "affine: (5, 2) x (3, 4) + (4): inner dimensions 2 and 3 differ";
  const std::string second = "affine: (5, 4) x (3, 4) + (4): inner dimensions 4 and 3 differ";
  line = __LINE__ + 1;
  const std::string of_layer = message([&] { layer(x); });
  CHECK(of_layer == expected(first));
  line = __LINE__ + 1;
  const std::string of_model = message([&] { model(x); });
  CHECK(of_model == expected(first));
  line = __LINE__ + 1;
  const std::string inside = message([&] { model(fits); });
  CHECK(inside == expected(second));

  xtape::tape tape;
  const sequential<double> right{layer, xtape::relu};
  line = __LINE__ + 1;
  right(fits);
  REQUIRE(tape.size() == 2);
  CHECK(tape[0].where().line == line);
  CHECK(tape[1].where().line == line);
}

TEMPLATE_TEST_CASE("accuracy counts rows whose greatest score is their label's", "[nn]", float,
                   double) {
  using T = TestType;
  using xtape::nn::accuracy;
  const T none = std::numeric_limits<T>::quiet_NaN();
  const array<T> scores{
      {T(1), T(3), T(2)}, {T(0), T(0), T(-1)}, {none, T(1), T(0)}, {T(-3), T(-2), T(-1)}};
  CHECK(accuracy(scores, {1, 0, 1, 2}) == 0.75);
  CHECK(accuracy(scores, {1, 0, 0, 2}) == 0.75);  // a NaN is never right
  CHECK(accuracy(scores, {0, 1, 2, 0}) == 0);     // of equal scores the first counts
  CHECK(accuracy(variable<T>(scores), {1, 1, 1, 2}) == 0.5);
}

TEST_CASE("accuracy's errors", "[nn]") {
  const array<double> scores = xtape::zeros<double>({2, 3});
  const auto accuracy = [](const array<double>& s, const std::vector<int>& labels) {
    return xtape::nn::accuracy(operand<double>(s, "", 0), labels);
  };
  CHECK_THROWS_MATCHES(accuracy(scores, {0}), xtape::shape_error,
                       Message("accuracy: (2, 3) against 1 labels: there must be one label a row"));
  CHECK_THROWS_MATCHES(
      accuracy(xtape::zeros<double>({2}), {0, 0}), xtape::shape_error,
      Message("accuracy: (2) against 2 labels: scores are a matrix, a row a sample "
              "and a column a class"));
  CHECK_THROWS_MATCHES(
      accuracy(scores, {0, 3}), xtape::domain_error,
      Message("accuracy: (2, 3) against 2 labels: label 3 of sample 1 is not in 0..2"));
  CHECK_THROWS_AS(accuracy(scores, {-1, 0}), xtape::domain_error);
  CHECK_THROWS_MATCHES(accuracy(xtape::zeros<double>({0, 3}), {}), xtape::domain_error,
                       Message("accuracy: (0, 3) against 0 labels: there are no samples"));
}
