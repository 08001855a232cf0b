// The xtape half of docs/from_pytorch.md: what pytorch.py does, number
// for number.
#include <xtape/calculus/check.hpp>
#include <xtape/xtape.hpp>

#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;
using linear = xp::nn::linear<double>;
using sequential = xp::nn::sequential<double>;
namespace init = xp::init;

namespace {

// A line: numbers to five digits.
void show(const std::string& what, const array& values) {
  std::cout << what << ':';
  for (const double number : values) {
    char text[32];
    std::snprintf(text, sizeof text, " %.5f", number + 0.0);
    std::cout << text;
  }
  std::cout << '\n';
}
void show(const std::string& what, double number) {
  show(what, xp::full({}, number));
}
void show(const std::string& what, const variable& values) {
  show(what, values.value());
}

// Numbers from -1 to 1.
array ramp(const xp::shape_type& shape) {
  return xt::linspace<double>(-1, 1, xp::size_of(shape))
      .reshape(shape);
}

// The same weights on both sides, whatever was drawn.
void fill(const auto& model) {
  xp::nn::for_each_parameter<double>(
      model, [](const std::string&, const parameter& p) {
        p.mutable_value() = ramp(p.shape());
      });
}

void values() {
  const array x{{1, 2, 3}, {4, 5, 6}};
  const variable y = xp::mean(x * 2 + 1, {1});
  const double first = y.value()(0);
  show("values", y);
  show("first", first);
}

void gradient() {
  const parameter w(array{0.5, -1.0});
  xp::tape tape;
  const variable loss = xp::sum(w * w);
  loss.backward();
  const array g = w.grad();
  w.zero_grad();
  show("gradient", g);
}

void again() {
  const parameter w(array{0.5, -1.0});
  xp::tape tape;
  const variable loss = xp::sum(w * w);
  loss.backward();
  loss.backward();
  show("twice", w.grad());
}

void without() {
  const parameter w(array{0.5, -1.0});
  const variable y = w * w;  // no tape: nothing is recorded
  xp::tape tape;
  const variable held = (w * w).detach();
  show("without", y + held);
}

void update() {
  const parameter w(array{0.5, -1.0});
  {
    xp::tape tape;
    xp::sum(w * w).backward();
  }
  w.mutable_value() -= 0.1 * w.grad();
  show("update", w);
}

void intermediate() {
  const parameter w(array{0.5, -1.0});
  xp::tape tape;
  const variable h = xp::tanh(w);
  h.keep_grad();
  xp::sum(h * h).backward();
  show("intermediate", h.grad());
}

void second_derivative() {
  const parameter x(xp::full({}, 0.5));
  xp::tape tape;
  const variable y = xp::tanh(x);
  const variable slope =
      xp::grad(y, {x}, {.create_graph = true})[0];
  const variable curvature = xp::grad(slope, {x})[0];
  show("curvature", curvature);
}

void functional() {
  const parameter w(array{1, 2, 3});
  const array v{1, 0, -1};
  xp::tape tape;
  const variable f = xp::sum(xp::pow(w, 3));
  const variable h = xp::hessian(f, {w})[0][0];
  const variable hv = xp::hvp(f, {w}, {v})[0];
  const variable j = xp::jacobian(xp::tanh(w), {w})[0];
  show("hessian", h);
  show("hvp", hv);
  show("jacobian", j);
}

void gradcheck() {
  const auto f = [](const variable& x) { return xp::tanh(x); };
  const auto report = xp::check_gradients(f, {ramp({2, 3})});
  const bool good = report.ok();
  show("gradcheck", good);
}

const xp::custom_rule<double> cube{
    .name = "cube",
    .forward =
        [](const std::vector<variable>& x) {
          return x[0] * x[0] * x[0];
        },
    .vjp = [](std::size_t, const variable& g,
              const std::vector<variable>& x,
              const variable&) { return g * 3 * x[0] * x[0]; }};

void custom() {
  const parameter w(array{0.5, -1.0});
  xp::tape tape;
  xp::sum(xp::custom_op(cube, {w})).backward();
  show("custom", w.grad());
}

struct block {
  linear first, second;

  block(std::int64_t n, xp::rng& random)
      : first(n, n, init::he_normal(), random),
        second(n, n, init::he_normal(), random) {}

  variable operator()(const xp::operand<double>& x) const {
    return x + second(xp::relu(first(x)));
  }

  void members(const auto& visit) const {
    visit("first", first);
    visit("second", second);
  }
};

void module() {
  xp::rng random(42);
  const block model(3, random);
  fill(model);
  const variable y = model(ramp({2, 3}));
  std::string names;
  for (const variable& p : xp::nn::parameters<double>(model))
    names += std::string(p.name()) + ' ';
  std::cout << names << '\n';
  show("block", y);
}

void layers() {
  xp::rng random(42);
  const sequential model{
      linear(4, 5, init::glorot_uniform(), random), xp::tanh,
      linear(5, 3, init::glorot_uniform(), random)};
  fill(model);
  const variable y = model(ramp({2, 4}));
  const auto table = xp::nn::summary(model, {1, 4});
  const std::size_t numbers = table.parameters();
  show("sequential", y);
  show("numbers", static_cast<double>(numbers));
}

void initializers() {
  xp::rng random(42);
  const linear layer(784, 256, init::he_normal(), random);
  show("biases", xp::sum(layer.bias));
}

void losses() {
  const array logits = ramp({2, 3});
  const std::vector<int> labels{0, 2};
  const array targets{{1, 0, 1}, {0, 1, 0}};
  const variable a = xp::softmax_cross_entropy(logits, labels);
  const variable b = xp::softmax_cross_entropy(
      logits, labels,
      {.how = xp::reduction::sum, .label_smoothing = 0.1});
  const variable c =
      xp::binary_cross_entropy_with_logits(logits, targets);
  const variable d = xp::mse(logits, targets);
  const variable e = xp::huber(logits, targets, 0.5);
  show("losses", xp::stack({a, b, c, d, e}));
}

void training() {
  xp::rng random(42);
  const sequential model{
      linear(4, 8, init::glorot_uniform(), random), xp::tanh,
      linear(8, 3, init::glorot_uniform(), random)};
  fill(model);
  const array x = ramp({6, 4});
  const std::vector<int> labels{0, 1, 2, 0, 1, 2};
  xp::optim::sgd<double> optimizer(
      model.parameters(),
      {.learning_rate = 0.1, .momentum = 0.9});
  const xp::schedule::step_decay rate(0.1, 0.9, 1);
  for (int epoch = 0; epoch < 20; ++epoch) {
    optimizer.set_learning_rate(rate(epoch));
    xp::tape tape;
    const variable loss =
        xp::softmax_cross_entropy(model(x), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  show("training", xp::softmax_cross_entropy(model(x), labels));
}

void groups() {
  xp::rng random(42);
  const linear body(4, 8, init::glorot_uniform(), random);
  const linear head(8, 3, init::glorot_uniform(), random);
  fill(body);
  fill(head);
  xp::optim::adamw<double> optimizer(
      xp::nn::parameters<double>(body),
      {.learning_rate = 0.01, .weight_decay = 0.1});
  optimizer.add_group(
      xp::nn::parameters<double>(head),
      {.learning_rate = 0.001, .weight_decay = 0.1});
  xp::optim::clip_by_norm clip(1.0);
  const array x = ramp({6, 4});
  {
    xp::tape tape;
    xp::sum(xp::square(head(xp::tanh(body(x))))).backward();
  }
  const double norm = clip(optimizer.parameters());
  optimizer.step();
  show("norm", norm);
  show("groups", xp::sum(head(xp::tanh(body(x)))));
}

void modes() {
  xp::rng random(42);
  const sequential model{linear(4, 5, init::he_normal(), random),
                         xp::nn::batch_norm<double>(5),
                         xp::nn::dropout(0.5, random)};
  fill(model);
  const array x = ramp({6, 4});
  {
    xp::tape tape;
    model(x);  // recorded: it trains
  }
  const variable y = model(x);  // no tape: it evaluates
  show("evaluation", xp::slice(y, {xp::at(0)}));
}

void sequences() {
  xp::rng random(42);
  const xp::nn::lstm<double> layer(3, 5, init::glorot_uniform(),
                                   init::orthogonal(), random);
  fill(layer);
  const array x = ramp({2, 4, 3});
  const auto [y, last] = layer(x, layer.zero_state(2));
  show("lstm", xp::slice(y, {xp::at(0), xp::at(3)}));
  show("cells", xp::slice(last.c, {xp::at(0)}));
}

void images() {
  xp::rng random(42);
  const sequential model{
      xp::nn::conv2d<double>(1, 4, 3, init::he_normal(), random,
                             {.padding = 1}),
      xp::relu, xp::nn::max_pool2d(2), xp::nn::flatten(),
      linear(64, 3, init::glorot_uniform(), random)};
  fill(model);
  const array x = ramp({2, 1, 8, 8});
  const variable y = model(x);
  show("images", y);
}

void words() {
  xp::rng random(42);
  const xp::nn::embedding<double> table(10, 4, init::normal(0, 1),
                                        random);
  const variable y = table(array{{1, 2, 3}, {4, 5, 6}});
  show("embedding",
       array{double(y.shape()[0]), double(y.shape()[1]),
             double(y.shape()[2])});
}

void data() {
  const xp::data::dataset<double> samples{
      ramp({10, 3}), {0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, 2};
  xp::rng random(42);
  const auto [train, none, test] = xp::data::split(
      samples, random, {.validation = 0, .test = 0.2});
  auto batches = xp::data::batches(train, 4, random);
  std::size_t seen = 0;
  for (auto& [x, labels] : batches) seen += labels.size();
  show("batches", array{double(batches.size()), double(seen),
                        double(test.size())});
}

void weights() {
  xp::rng random(42);
  const linear model(4, 3, init::he_normal(), random);
  const linear other(4, 3, init::he_normal(), random);
  fill(model);
  xp::io::save(model, "model.safetensors");
  xp::io::load(other, "model.safetensors");
  show("weights", other(ramp({1, 4})));
}

void checkpoint() {
  xp::rng random(42);
  const linear model(4, 3, init::he_normal(), random);
  xp::optim::adam<double> optimizer(
      xp::nn::parameters<double>(model), {.learning_rate = 0.01});
  int epoch = 7;
  xp::io::checkpoint state;
  state.add("model", model);
  state.add("optimizer", optimizer);
  state.add("epoch", epoch);
  state.save("last.safetensors");
  state.load("last.safetensors");
  show("epoch", epoch);
}

void reproducible() {
  xp::rng random(42);
  xp::set_num_threads(1);
  const array x = random.normal<double>({2, 3});
  show("drawn",
       array{double(x.shape()[0]), double(x.shape()[1])});
}

}  // namespace

int main() {
  // Files are written to a folder of their own.
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("from_pytorch." + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::filesystem::current_path(folder);
  values();
  gradient();
  again();
  without();
  update();
  intermediate();
  second_derivative();
  functional();
  gradcheck();
  custom();
  module();
  layers();
  initializers();
  losses();
  training();
  groups();
  modes();
  sequences();
  images();
  words();
  data();
  weights();
  checkpoint();
  reproducible();
  std::filesystem::remove_all(folder);
}
