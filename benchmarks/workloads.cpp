// The workloads in xtape: whole steps (forward, backward, update), as a user writes them.
#include "timing.hpp"

#include <xtape/xtape.hpp>

#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace xp = xtape;
using array = xp::array<float>;
using variable = xp::variable<float>;
using parameter = xp::parameter<float>;
using activation = variable (*)(const xp::operand<float>&);
using benchmarks::timer;

namespace {

// A multi-layer perceptron written with plain parameters: what the engine costs, and nothing on top.
struct mlp {
  std::vector<parameter> weights, biases;
  activation act;

  mlp(const std::vector<std::size_t>& sizes, activation function, xp::rng& random) : act(function) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
      const double std = 1 / std::sqrt(static_cast<double>(sizes[i]));
      weights.emplace_back(random.normal<float>({sizes[i], sizes[i + 1]}, 0, std));
      biases.emplace_back(xp::zeros<float>({sizes[i + 1]}));
    }
  }
  variable operator()(const variable& x, bool activate_last) const {
    variable h = x;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      h = xp::affine(h, weights[i], biases[i]);
      if (activate_last || i + 1 < weights.size()) h = act(h);
    }
    return h;
  }
  std::vector<variable> parameters() const {
    std::vector<variable> all(weights.begin(), weights.end());
    all.insert(all.end(), biases.begin(), biases.end());
    return all;
  }
};

std::vector<int> some_labels(std::size_t count, std::size_t classes) {
  std::vector<int> labels(count);
  for (std::size_t i = 0; i < count; ++i) labels[i] = static_cast<int>(i % classes);
  return labels;
}

void classify(timer& time, const std::vector<std::size_t>& sizes, std::size_t batch,
              activation act) {
  xp::rng random(1);
  const mlp model(sizes, act, random);
  const variable x(random.uniform<float>({batch, sizes.front()}));
  const std::vector<int> labels = some_labels(batch, sizes.back());
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.01, .momentum = 0.9});
  time([&] {
    xp::tape tape;
    const variable loss = xp::softmax_cross_entropy(model(x, false), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  });
}

void regress(timer& time, const std::vector<std::size_t>& sizes, std::size_t batch,
             activation act) {
  xp::rng random(1);
  const mlp model(sizes, act, random);
  const variable x(random.uniform<float>({batch, sizes.front()}));
  const variable y(random.uniform<float>({batch, sizes.back()}));
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.01});
  time([&] {
    xp::tape tape;
    const variable loss = xp::mse(model(x, true), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  });
}

// An epoch of Fashion-MNIST: a new order, every batch gathered from the images in memory, every step.
void fashion_epoch(timer& time) {
  const auto [train, test] = xp::data::fashion_mnist<float>();
  xp::rng random(1);
  const mlp model({784, 128, 10}, xp::relu, random);
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.05});
  auto batches = xp::data::batches(train, 128, random);
  time([&] {
    double total = 0;
    for (auto& [x, labels] : batches) {
      xp::tape tape;
      const variable loss = xp::softmax_cross_entropy(model(x, false), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total += loss.item();
    }
    if (!std::isfinite(total)) throw std::runtime_error("the loss is not finite");
  });
}

// A chain of operations on arrays of one element: nothing but the engine. With -1 its values stay -1, 0
// and 1, and its cotangents 1 and -1; a smaller factor would soon measure subnormal numbers.
void chain(timer& time, std::size_t entries) {
  const parameter x(array{-1.0f});
  time([&] {
    x.zero_grad();
    xp::tape tape;
    variable y = x;
    for (std::size_t i = 0; i < entries / 2; ++i) {
      y = y * x;
      y = y + x;
    }
    xp::sum(y).backward();
  });
}

void elementwise(timer& time, activation act) {
  xp::rng random(1);
  const parameter x(random.normal<float>({1000, 512}));
  const variable g = random.uniform<float>({1000, 512});
  time([&] {
    x.zero_grad();
    xp::tape tape;
    act(x).backward(g);
  });
}

void cross_entropy(timer& time, std::size_t rows, std::size_t classes) {
  xp::rng random(1);
  const parameter z(random.normal<float>({rows, classes}));
  const std::vector<int> labels = some_labels(rows, classes);
  time([&] {
    z.zero_grad();
    xp::tape tape;
    xp::softmax_cross_entropy(z, labels).backward();
  });
}

void product(timer& time, std::size_t n) {
  xp::rng random(1);
  const parameter a(random.normal<float>({n, n})), b(random.normal<float>({n, n}));
  const variable g = xp::full<float>({n, n}, 1);
  time([&] {
    a.zero_grad();
    b.zero_grad();
    xp::tape tape;
    xp::matmul(a, b).backward(g);
  });
}

void broadcast(timer& time) {
  xp::rng random(1);
  const parameter x(random.normal<float>({1000, 512})), r(random.normal<float>({512}));
  time([&] {
    x.zero_grad();
    r.zero_grad();
    xp::tape tape;
    xp::sum(x * r + r).backward();
  });
}

void adam(timer& time) {
  xp::rng random(1);
  const parameter w(random.normal<float>({1000000}));
  const array g = random.normal<float>({1000000});
  {
    const xp::tape tape;
    xp::sum(w * g).backward();
  }
  xp::optim::adam<float> optimizer({w});
  time([&] { optimizer.step(); });
}

// Sequences of 32 steps of 64 features, a batch of them through 128 units.
void lstm(timer& time, std::size_t batch) {
  xp::rng random(1);
  const xp::nn::lstm<float> layer(64, 128, xp::init::glorot_uniform(), xp::init::orthogonal(),
                                  random);
  const variable x(random.normal<float>({batch, 32, 64}));
  const std::vector<variable> parameters = xp::nn::parameters<float>(layer);
  time([&] {
    for (const variable& p : parameters) p.zero_grad();
    xp::tape tape;
    xp::mean(xp::square(layer(x))).backward();
  });
}

// A layer of 3x3 windows on square images; whether the images have a gradient, as those behind the first layer have.
void convolution(timer& time, std::size_t images, std::size_t from, std::size_t size,
                 std::size_t to, bool behind) {
  xp::rng random(1);
  const parameter weight(random.normal<float>({to, from, 3, 3})), bias(xp::zeros<float>({to}));
  const parameter held(random.normal<float>({images, from, size, size}));
  const variable x = behind ? variable(held) : variable(held.value());
  const variable g = random.normal<float>({images, to, size, size});
  time([&] {
    for (const parameter* const each : {&weight, &bias, &held}) each->zero_grad();
    xp::tape tape;
    xp::conv2d(x, weight, bias, {.padding = 1}).backward(g);
  });
}

void max_pool(timer& time) {
  xp::rng random(1);
  const parameter x(random.normal<float>({32, 16, 28, 28}));
  const variable g = random.normal<float>({32, 16, 14, 14});
  time([&] {
    x.zero_grad();
    xp::tape tape;
    xp::max_pool2d(x, 2).backward(g);
  });
}

// Thirty sigmoid layers whose gradients fall below the least normal number half-way, or that keep their size.
void sigmoids30(timer& time, double deviation, bool flush) {
  const xp::flush_subnormals mode(flush);
  std::vector<std::size_t> widths(31, 128);
  xp::rng random(1);
  mlp net(widths, xp::sigmoid, random);
  for (const parameter& w : net.weights)
    w.mutable_value() = random.normal<float>(w.shape(), 0, deviation);
  const variable x = random.uniform<float>({128, 128}), y = random.uniform<float>({128, 128});
  time([&] {
    for (const variable& p : net.parameters()) p.zero_grad();
    xp::tape tape;
    xp::mse(net(x, true), y).backward();
  });
}

std::vector<std::size_t> sizes(std::size_t first, std::size_t hidden, std::size_t layers,
                               std::size_t last) {
  std::vector<std::size_t> all(layers + 2, hidden);
  all.front() = first;
  all.back() = last;
  return all;
}

void deep(timer& time, std::size_t layers) {
  classify(time, sizes(32, 32, layers, 10), 16, xp::tanh);
}

void wide(timer& time, std::size_t batch) {
  regress(time, sizes(500, 512, 8, 1), batch, xp::sigmoid);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--build-info")
    return std::fputs(xp::build_info().c_str(), stdout) < 0;
  return benchmarks::run(
      argc, argv,
      {
          {"mlp784-256-10 b128 relu",
           [](timer& t) {
             classify(t, {784, 256, 10}, 128, xp::relu);
           }},
          {"mlp784-89-10 b60 tanh",
           [](timer& t) {
             classify(t, {784, 89, 10}, 60, xp::tanh);
           }},
          {"seed004 9x512 b1000 sigm", [](timer& t) { wide(t, 1000); }},
          {"deep50x32 b16 tanh", [](timer& t) { deep(t, 50); }},
          {"tiny 4-8-3 b8 tanh",
           [](timer& t) {
             classify(t, {4, 8, 3}, 8, xp::tanh);
           }},
          {"scalar chain 1000 mul+add", [](timer& t) { chain(t, 1000); }, 1000},
          {"scalar chain 1000000 mul+add", [](timer& t) { chain(t, 1000000); }, 1000000},
          {"sigmoid 1000x512 f+b", [](timer& t) { elementwise(t, xp::sigmoid); }},
          {"tanh 1000x512 f+b", [](timer& t) { elementwise(t, xp::tanh); }},
          {"relu 1000x512 f+b", [](timer& t) { elementwise(t, xp::relu); }},
          {"softmax-ce 4096x1000 f+b", [](timer& t) { cross_entropy(t, 4096, 1000); }},
          {"softmax-ce 128x10 f+b", [](timer& t) { cross_entropy(t, 128, 10); }},
          {"matmul 1024^3 f+b", [](timer& t) { product(t, 1024); }},
          {"broadcast x*r+r sum f+b", broadcast},
          {"fashion epoch 784-128-10 b128", fashion_epoch},
          {"adam 1e6 parameters", adam},
          {"lstm 64-128 t32 b32 f+b", [](timer& t) { lstm(t, 32); }},
          {"lstm 64-128 t32 b1 f+b", [](timer& t) { lstm(t, 1); }},
          {"conv 3x3 1-16 28x28 b32 f+b", [](timer& t) { convolution(t, 32, 1, 28, 16, false); }},
          {"conv 3x3 16-32 14x14 b64 f+b", [](timer& t) { convolution(t, 64, 16, 14, 32, true); }},
          {"conv 3x3 64-64 14x14 b32 f+b", [](timer& t) { convolution(t, 32, 64, 14, 64, true); }},
          {"max_pool 2x2 16 28x28 b32 f+b", max_pool},
          {"deep25x32 b16 tanh", [](timer& t) { deep(t, 25); }},
          {"deep100x32 b16 tanh", [](timer& t) { deep(t, 100); }},
          {"deep200x32 b16 tanh", [](timer& t) { deep(t, 200); }},
          {"seed004 9x512 b500 sigm", [](timer& t) { wide(t, 500); }},
          {"seed004 9x512 b2000 sigm", [](timer& t) { wide(t, 2000); }},
          {"seed004 9x512 b4000 sigm", [](timer& t) { wide(t, 4000); }},
          {"sigmoids 30x128 b128, healthy", [](timer& t) { sigmoids30(t, 0.35, false); }},
          {"sigmoids 30x128 b128, subnormal", [](timer& t) { sigmoids30(t, 0.01, false); }},
          {"sigmoids 30x128 b128, flushed", [](timer& t) { sigmoids30(t, 0.01, true); }},
      });
}
