// What layers do beside their formulas: modes, random masks, state, the summary.

#include <xtape/array/machine.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/sgd.hpp>

#include "catch.hpp"
#include "ops/errors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace xtape::nn;
using xtape::array;
using xtape::operand;
using xtape::parameter;
using xtape::variable;

namespace {

const xtape::init::initializer weights = xtape::init::normal(0, 0.5);

struct encoder {
  sequential<double> layers;
  variable<double> operator()(const operand<double>& x) const { return layers(x); }
  void members(const auto& visit) const { visit("layers", layers); }
};

// A module of a program's own, with a state of every kind.
struct translator {
  encoder first;
  lstm<double> second;
  linear<double> last;

  explicit translator(xtape::rng& random)
      : first{{linear<double>(3, 4, weights, random), batch_norm<double>(4), dropout(0.5, random),
               residual(sequential<double>{xtape::tanh, layer_norm<double>(4)})}},
        second(4, 2, weights, weights, random),
        last(2, 2, weights, random) {}

  // x: (n, 3), of which every two rows are a sequence.
  variable<double> operator()(const operand<double>& x) const {
    const variable<double> sequences = xtape::reshape(first(x), {-1, 2, 4});
    return last(xtape::slice(second(sequences), {xtape::all, xtape::at(-1)}));
  }
  void members(const auto& visit) const {
    visit("encoder", first);
    visit("decoder", second);
    visit("last", last);
  }
};

// Numbers that tell one state from another.
template <class Module>
std::vector<std::pair<std::string, std::vector<double>>> state_of(const Module& module) {
  std::vector<std::pair<std::string, std::vector<double>>> found;
  for_each_state<double>(module, [&](const std::string& path, const auto& member) {
    found.push_back({path, {}});
    if constexpr (std::is_same_v<decltype(member), const generator&>) {
      xtape::rng copy = member.value();
      found.back().second = {copy.uniform(), copy.uniform()};
    } else {
      found.back().second.assign(member.value().begin(), member.value().end());
    }
  });
  return found;
}

template <class Module>
std::vector<std::string> paths(const Module& module) {
  std::vector<std::string> found;
  for (const auto& each : state_of(module)) found.push_back(each.first);
  return found;
}

void train(const translator& model, const array<double>& x, int steps) {
  xtape::optim::sgd<double> optimizer(parameters<double>(model), {.learning_rate = 0.1});
  for (int i = 0; i < steps; ++i) {
    xtape::tape tape;
    const variable<double> loss = xtape::mean(xtape::square(model(x)));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

template <class T>
std::size_t zeros_in(const array<T>& x) {
  return static_cast<std::size_t>(std::count(x.begin(), x.end(), T(0)));
}

}  // namespace

// ---- Modes -----------------------------------------------------------------------------------------

TEST_CASE("layers train while a tape records, unless a scope says otherwise", "[nn][mode]") {
  CHECK_FALSE(is_training());
  {
    const xtape::tape tape;
    CHECK(is_training());
    {
      const xtape::no_grad pause;
      CHECK_FALSE(is_training());
    }
    {
      const evaluation outer;
      CHECK_FALSE(is_training());
      {
        const training inner;
        CHECK(is_training());
        {
          const evaluation innermost;
          CHECK_FALSE(is_training());
          const xtape::tape another;
          CHECK_FALSE(is_training());
        }
        CHECK(is_training());
      }
      CHECK_FALSE(is_training());
    }
    CHECK(is_training());
  }
  CHECK_FALSE(is_training());
  const training mode;
  CHECK(is_training());
  bool elsewhere = true;
  std::thread([&elsewhere] { elsewhere = is_training(); }).join();
  CHECK_FALSE(elsewhere);
  try {
    const evaluation unwound;
    throw 1;
  } catch (int) {
  }
  CHECK(is_training());
}

// ---- Dropout ---------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("dropout drops a share and keeps the expectation", "[nn][dropout]", float,
                   double) {
  using T = TestType;
  const double p = GENERATE(0.1, 0.5, 0.9);
  CAPTURE(p);
  xtape::rng random(11);
  const dropout layer(p, random);
  const std::size_t n = 200001;
  const array<T> x = xtape::full<T>({n}, T(3));
  const training mode;
  const array<T> y = layer(x).value();
  const double share = static_cast<double>(zeros_in(y)) / static_cast<double>(n);
  CHECK(std::abs(share - p) < 5 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
  const T kept = T(3) * static_cast<T>(1 / (1 - p));
  CHECK(std::all_of(y.begin(), y.end(), [kept](T v) { return v == 0 || v == kept; }));
  // Neighbours are dropped independently of each other.
  std::size_t pairs = 0;
  for (std::size_t i = 1; i < n; ++i) pairs += y.data()[i] == 0 && y.data()[i - 1] == 0 ? 1 : 0;
  CHECK(std::abs(static_cast<double>(pairs) / static_cast<double>(n) - p * p) <
        8 * p * std::sqrt((1 - p) / static_cast<double>(n)));
}

TEST_CASE("dropout's mask is 32 bits an element of its own generator", "[nn][dropout]") {
  xtape::rng random(5), same(5);
  const dropout layer(0.3, random);
  CHECK(random != xtape::rng(5));
  xtape::rng own(same());
  CHECK(random == same);
  const training mode;
  const array<double> ones = xtape::full<double>({3, 3}, 1.0);
  for (int call = 0; call < 2; ++call) {
    const array<double> y = layer(ones).value();
    for (std::size_t i = 0; i < 10; i += 2) {
      const std::uint64_t word = own();
      const double limit = 0.3 * 4294967296.0;
      CHECK((y.data()[i] == 0) == (static_cast<double>(word & 0xFFFFFFFF) < limit));
      if (i + 1 < 9) CHECK((y.data()[i + 1] == 0) == (static_cast<double>(word >> 32) < limit));
    }
  }
  CHECK(layer.source.value() == own);
}

TEST_CASE("dropout's masks follow from the seed, and copies go their own ways", "[nn][dropout]") {
  const array<float> x = xtape::full<float>({50, 3}, 1.0F);
  const training mode;
  xtape::rng a(1), b(1), c(2);
  const dropout first(0.5, a), again(0.5, b), other(0.5, c), sibling(0.5, a);
  const array<float> y = first(x).value();
  CHECK((y == again(x).value()));
  CHECK((y != other(x).value()));
  CHECK((y != sibling(x).value()));
  const dropout copy = first;
  CHECK(copy.source.value() == first.source.value());
  const array<float> next = first(x).value();
  CHECK((next != y));
  CHECK(copy.source.value() == again.source.value());
  CHECK((copy(x).value() == next));
}

TEMPLATE_TEST_CASE("dropout's mask does not depend on the number of threads", "[nn][dropout]",
                   float, double) {
  using T = TestType;
  xtape::rng random(7);
  const dropout layer(0.4, random);
  const array<T> x = xtape::full<T>({100003}, T(1));
  const training mode;
  const int before = xtape::num_threads();
  xtape::set_num_threads(1);
  const dropout one = layer;
  const array<T> expected = one(x).value();
  for (const int threads : {2, 3}) {
    xtape::set_num_threads(threads);
    const dropout several = layer;
    CHECK((several(x).value() == expected));
    CHECK(several.source.value() == one.source.value());
  }
  xtape::set_num_threads(before);
}

TEST_CASE("dropout drops nothing where nothing is learned", "[nn][dropout]") {
  xtape::rng random(7);
  const dropout layer(0.5, random), none(0, random);
  const xtape::rng before = layer.source.value();
  const array<double> x = random.normal<double>({5, 4});
  CHECK((layer(x).value() == x));
  {
    const xtape::tape tape;
    const xtape::no_grad pause;
    CHECK((layer(x).value() == x));
  }
  const xtape::tape tape;
  CHECK((none(x).value() == x));
  {
    const evaluation mode;
    CHECK((layer(x).value() == x));
  }
  CHECK(layer.source.value() == before);
  // A mask and its gradient are the same.
  const parameter<double> w(x);
  const variable<double> y = layer(w);
  CHECK((y.value() != x));
  CHECK(layer.source.value() != before);
  const array<double> slope = xtape::grad(xtape::sum(y), {w})[0].value();
  CHECK((y.value() == array<double>(slope * x)));
  CHECK(zeros_in(slope) > 0);
  CHECK((layer(xtape::zeros<double>({0, 3})).shape() == xtape::shape_type{0, 3}));
}

// ---- Normalization ---------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("batch_norm's statistics change in training only", "[nn][batch_norm]", float,
                   double) {
  using T = TestType;
  const batch_norm<T> norm(2, {.momentum = 0.5});
  const array<T> x{{T(1), T(10)}, {T(3), T(30)}};
  // Nothing is learned yet: mean 0 and variance 1.
  CHECK(std::abs(norm(x).value()(0, 0) - 1) < T(1e-5));
  CHECK((norm.num_batches_tracked.value()() == 0));
  {
    const xtape::tape tape;
    const array<T> y = norm(x).value();
    CHECK(std::abs(y(0, 0) + 1) < T(1e-4));
    CHECK(std::abs(y(1, 1) - 1) < T(1e-4));
  }
  CHECK((norm.running_mean.value() == array<T>{T(1), T(10)}));
  CHECK((norm.running_var.value() == array<T>{T(1.5), T(100.5)}));
  CHECK((norm.num_batches_tracked.value()() == 1));
  const batch_norm<T> before = norm;
  norm(x);
  CHECK((norm.running_mean.value() == before.running_mean.value()));
  {
    const training mode;
    norm(x);
  }
  CHECK((norm.running_mean.value() == array<T>{T(1.5), T(15)}));
  CHECK((before.running_mean.value() == array<T>{T(1), T(10)}));
  CHECK((norm(xtape::zeros<T>({0, 2})).shape() == xtape::shape_type{0, 2}));
}

// ---- State -----------------------------------------------------------------------------------------

TEST_CASE("every part of a model's state has its path", "[nn][state]") {
  xtape::rng random(1);
  const translator model(random);
  CHECK(paths(model) ==
        std::vector<std::string>{"encoder.layers.0.weight", "encoder.layers.0.bias",
                                 "encoder.layers.1.weight", "encoder.layers.1.bias",
                                 "encoder.layers.1.running_mean", "encoder.layers.1.running_var",
                                 "encoder.layers.1.num_batches_tracked", "encoder.layers.2.source",
                                 "encoder.layers.3.f.1.weight", "encoder.layers.3.f.1.bias",
                                 "decoder.weight_ih", "decoder.weight_hh", "decoder.bias_ih",
                                 "decoder.bias_hh", "last.weight", "last.bias"});
  std::vector<std::string> names;
  for (const variable<double>& p : parameters<double>(model)) names.emplace_back(p.name());
  CHECK(names == std::vector<std::string>{
                     "encoder.layers.0.weight", "encoder.layers.0.bias", "encoder.layers.1.weight",
                     "encoder.layers.1.bias", "encoder.layers.3.f.1.weight",
                     "encoder.layers.3.f.1.bias", "decoder.weight_ih", "decoder.weight_hh",
                     "decoder.bias_ih", "decoder.bias_hh", "last.weight", "last.bias"});
}

TEST_CASE("training a model leaves its copy as it was", "[nn][state]") {
  xtape::rng random(2);
  translator model(random);
  const array<double> x = random.normal<double>({6, 3});
  const translator copy = model;
  const auto before = state_of(model);
  CHECK(state_of(copy) == before);
  train(model, x, 2);
  CHECK(state_of(copy) == before);
  const auto after = state_of(model);
  for (std::size_t i = 0; i < before.size(); ++i) {
    INFO(before[i].first);
    CHECK(after[i].second != before[i].second);
  }
  // The copy goes the same way, and so does a model that is given the state, whole or part by part.
  train(copy, x, 2);
  CHECK(state_of(copy) == after);
  xtape::rng others(99);
  translator assigned(others);
  assigned = model;
  CHECK(state_of(assigned) == after);
  const translator restored(others);
  for_each_state<double>(restored, [&](const std::string& path, const auto& to) {
    for_each_state<double>(model, [&](const std::string& from_path, const auto& from) {
      if constexpr (std::is_same_v<decltype(to), decltype(from)>)
        if (path == from_path) to.mutable_value() = from.value();
    });
  });
  CHECK(state_of(restored) == after);
  train(model, x, 1);
  train(restored, x, 1);
  CHECK(state_of(restored) == state_of(model));
  CHECK(state_of(assigned) == after);
}

// ---- Others ----------------------------------------------------------------------------------------

TEST_CASE("flatten keeps the first axis", "[nn][flatten]") {
  const flatten layer;
  xtape::rng random(1);
  const array<double> x = random.normal<double>({2, 3, 4});
  const variable<double> y = layer(x);
  REQUIRE(y.shape() == xtape::shape_type{2, 12});
  CHECK(std::equal(x.begin(), x.end(), y.value().begin()));
  CHECK(layer(xtape::zeros<float>({0, 3, 4})).shape() == xtape::shape_type{0, 12});
}

TEST_CASE("an embedding takes indices in any shape", "[nn][embedding]") {
  xtape::rng random(1);
  const embedding<float> table(4, 2, weights, random);
  const array<float>& w = table.weight.value();
  const variable<float> y = table({2, 0, 2});
  REQUIRE(y.shape() == xtape::shape_type{3, 2});
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK(y.value()(0, j) == w(2, j));
    CHECK(y.value()(1, j) == w(0, j));
    CHECK(y.value()(2, j) == w(2, j));
  }
  CHECK(table({3}).shape() == xtape::shape_type{1, 2});
  CHECK(table(std::vector<int>{}).shape() == xtape::shape_type{0, 2});
  const array<float> sequences{{2, 0, 2}, {1, 1, 3}};
  const variable<float> z = sequential<float>{table}(sequences);
  REQUIRE(z.shape() == xtape::shape_type{2, 3, 2});
  CHECK(z.value()(1, 2, 1) == w(3, 1));
  CHECK(table(xtape::full<float>({}, 3.0F)).shape() == xtape::shape_type{2});
}

TEST_CASE("a sequence is its cell step by step", "[nn][recurrent]") {
  xtape::rng random(4);
  const array<double> x = random.normal<double>({3, 4, 2});
  const auto part = [&x](int t) { return xtape::slice(x, {xtape::all, xtape::at(t)}); };
  const auto same = [](const variable<double>& a, const variable<double>& b) {
    REQUIRE(a.shape() == b.shape());
    double greatest = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
      greatest = std::max(greatest, std::abs(a.value().data()[i] - b.value().data()[i]));
    CHECK(greatest < 1e-14);
  };
  const auto by_steps = [&](const auto& layer, const auto& hidden) {
    auto state = layer.zero_state(3);
    const auto [y, last] = layer(x, state);
    for (int t = 0; t < 4; ++t) {
      state = layer.cell(part(t), state);
      same(xtape::slice(y, {xtape::all, xtape::at(t)}), hidden(state));
    }
    same(hidden(last), hidden(state));
    same(layer(x), y);
    // What stands between two halves of a sequence is the state.
    const auto [y1, middle] = layer(xtape::slice(x, {xtape::all, {0, 2}}), layer.zero_state(3));
    const auto [y2, end] = layer(xtape::slice(x, {xtape::all, {2, 4}}), middle);
    same(xtape::concatenate({y1, y2}, 1), y);
  };
  const auto itself = [](const variable<double>& state) { return state; };
  by_steps(rnn<double>(2, 3, weights, weights, random), itself);
  by_steps(gru<double>(2, 3, weights, weights, random), itself);
  by_steps(lstm<double>(2, 3, weights, weights, random),
           [](const lstm_state<double>& state) { return state.h; });
}

TEST_CASE("recurrent weights are drawn gate by gate", "[nn][recurrent]") {
  xtape::rng random(4), same(4);
  const auto in = xtape::init::glorot_uniform(), hidden = xtape::init::normal(0, 2);
  const lstm_cell<double> cell(2, 3, in, hidden, random);
  REQUIRE(cell.weight_ih.shape() == xtape::shape_type{2, 12});
  REQUIRE(cell.weight_hh.shape() == xtape::shape_type{3, 12});
  for (std::size_t gate = 0; gate < 4; ++gate) {
    const array<double> w = in.make<double>({2, 3}, same);
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 3; ++j) CHECK(cell.weight_ih.value()(i, 3 * gate + j) == w(i, j));
  }
  for (std::size_t gate = 0; gate < 4; ++gate) {
    const array<double> w = hidden.make<double>({3, 3}, same);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) CHECK(cell.weight_hh.value()(i, 3 * gate + j) == w(i, j));
  }
  CHECK(random == same);
  CHECK((cell.bias_ih.value() == xtape::zeros<double>({12})));
  CHECK((cell.bias_hh.value() == xtape::zeros<double>({12})));
  CHECK((rnn<float>(2, 3, in, in, random).cell.weight_ih.shape() == xtape::shape_type{2, 3}));
  CHECK((gru<float>(2, 3, in, in, random).cell.weight_ih.shape() == xtape::shape_type{2, 9}));
}

TEST_CASE("an lstm's state is cut from its history", "[nn][recurrent]") {
  xtape::rng random(4);
  const lstm<double> layer(2, 3, weights, weights, random);
  const xtape::tape tape;
  const auto last = layer(random.normal<double>({1, 2, 2}), layer.zero_state(1)).last;
  CHECK((last.h.tracked() && last.c.tracked()));
  const lstm_state<double> cut = last.detach();
  CHECK(!(cut.h.tracked() || cut.c.tracked()));
  CHECK((cut.h.value() == last.h.value()));
  CHECK((cut.c.value() == last.c.value()));
}

TEST_CASE("recurrent layers are stacked with dropout in between", "[nn][recurrent]") {
  xtape::rng random(1);
  const lstm<double> first(3, 4, weights, weights, random);
  const gru<double> second(4, 2, weights, weights, random);
  const dropout between(0.5, random), again = between;
  const sequential<double> stacked{first, between, second};
  const array<double> x = random.normal<double>({2, 5, 3});
  CHECK((stacked(x).value() == second(first(x)).value()));  // nothing is learned, nothing dropped
  const xtape::tape tape;
  const variable<double> hidden = again(first(x));
  CHECK(std::count(hidden.value().begin(), hidden.value().end(), 0.0) > 0);  // of 2 5 4 numbers
  CHECK((stacked(x).value() == second(hidden).value()));
}

TEST_CASE("a residual adds its input", "[nn][residual]") {
  xtape::rng random(1);
  const residual block(sequential<double>{linear<double>(3, 3, weights, random), xtape::tanh});
  const array<double> x = random.normal<double>({2, 3});
  const variable<double> y = x + block.f(x);
  CHECK((block(x).value() == y.value()));
  const residual twice([](const variable<float>& v) { return v; });
  CHECK((twice(array<float>{1, 2}).value() == array<float>{2, 4}));
}

// ---- The summary -----------------------------------------------------------------------------------

TEST_CASE("a summary lists layers, shapes and parameters", "[nn][summary]") {
  xtape::rng random(1);
  const sequential<float> model{
      flatten(),
      linear<float>(6, 4, weights, random),
      xtape::relu,
      batch_norm<float>(4),
      dropout(0.5, random),
      residual(sequential<float>{linear<float>(4, 4, weights, random), xtape::tanh}),
      sequential<float>{layer_norm<float>(4), [](const variable<float>& x) { return 2 * x + 1; }},
      [](const variable<float>& x) { return xtape::sum(x, {1}); }};
  const model_summary found = summary(model, {5, 2, 3});
  CHECK(found.parameters() == 28 + 8 + 20 + 8);
  std::ostringstream out;
  out << found;
  CHECK(out.str() ==
        "layer  kind        output  parameters\n"
        "0      flatten     (5, 6)           0\n"
        "1      linear      (5, 4)          28\n"
        "2      relu        (5, 4)           0\n"
        "3      batch_norm  (5, 4)           8\n"
        "4      dropout     (5, 4)           0\n"
        "5      residual    (5, 4)           0\n"
        "5.f.0  linear      (5, 4)          20\n"
        "5.f.1  tanh        (5, 4)           0\n"
        "6.0    layer_norm  (5, 4)           8\n"
        "6.1    function    (5, 4)           0\n"
        "7      sum         (5)              0\n"
        "total                              64\n");
}

TEST_CASE("a summary of a convolutional net, and its state", "[nn][summary]") {
  xtape::rng random(1);
  const sequential<double> model{
      conv2d<double>(1, 4, 3, weights, random, {.padding = 1}),
      xtape::relu,
      max_pool2d(2),
      conv2d<double>(4, 6, {1, 3}, weights, random, {.stride = 2, .groups = 2, .bias = false}),
      avg_pool2d({2, 1}),
      flatten(),
      linear<double>(6, 2, weights, random)};
  std::ostringstream out;
  out << summary(model, {5, 1, 8, 8});
  CHECK(out.str() ==
        "layer  kind        output        parameters\n"
        "0      conv2d      (5, 4, 8, 8)          40\n"
        "1      relu        (5, 4, 8, 8)           0\n"
        "2      max_pool2d  (5, 4, 4, 4)           0\n"
        "3      conv2d      (5, 6, 2, 1)          36\n"
        "4      avg_pool2d  (5, 6, 1, 1)           0\n"
        "5      flatten     (5, 6)                 0\n"
        "6      linear      (5, 2)                14\n"
        "total                                    90\n");
  std::string paths;
  for (const auto& [path, values] : state_of(model)) paths += path + " ";
  CHECK(paths == "0.weight 0.bias 3.weight 6.weight 6.bias ");
  sequential<double> copy = model;
  for_each_parameter<double>(
      copy, [](const std::string&, const parameter<double>& p) { p.mutable_value().fill(1); });
  CHECK(state_of(copy) != state_of(model));
  copy = model;
  CHECK(state_of(copy) == state_of(model));
}

TEST_CASE("a summary of a module of one's own lists its members", "[nn][summary]") {
  xtape::rng random(1);
  const translator model(random);
  const auto before = state_of(model);
  CHECK(summary(model, {6, 3}).text() ==
        "layer           kind        output  parameters\n"
        "                translator  (3, 2)           0\n"
        "encoder         encoder                      0\n"
        "encoder.layers  sequential                  32\n"
        "decoder         lstm                        64\n"
        "last            linear                       6\n"
        "total                                      102\n");
  CHECK(state_of(model) == before);
  // Whatever mode and tape there are.
  const training mode;
  const xtape::tape tape;
  summary(model, {2, 3});
  CHECK(state_of(model) == before);
  CHECK(tape.size() == 0);
  errors::witness witness;
  witness.check<xtape::shape_error>(
      "affine: (2, 4) x (3, 4) + (4): inner dimensions 4 and 3 differ", [&](int& line) {
        line = __LINE__ + 1;
        summary(model, {2, 4});
      });
}
