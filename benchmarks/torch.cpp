// The workloads in libtorch, of the same names and timed by the same rule.
#include "timing.hpp"

#include <xtape/data/idx.hpp>

#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

using benchmarks::timer;
using torch::Tensor;
using activation = Tensor (*)(const Tensor&);

namespace {

Tensor sigmoid(const Tensor& x) { return torch::sigmoid(x); }
Tensor tanh(const Tensor& x) { return torch::tanh(x); }
Tensor relu(const Tensor& x) { return torch::relu(x); }

void zero_grad(const Tensor& x) { x.mutable_grad() = Tensor(); }

// A multi-layer perceptron from addmm, libtorch's fused product and bias.
struct mlp {
  std::vector<Tensor> weights, biases;
  activation act;

  mlp(const std::vector<std::int64_t>& sizes, activation function) : act(function) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
      const double std = 1 / std::sqrt(static_cast<double>(sizes[i]));
      weights.push_back((torch::randn({sizes[i], sizes[i + 1]}) * std).requires_grad_());
      biases.push_back(torch::zeros({1, sizes[i + 1]}).requires_grad_());
    }
  }
  Tensor operator()(Tensor h, bool activate_last) const {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      h = torch::addmm(biases[i], h, weights[i]);
      if (activate_last || i + 1 < weights.size()) h = act(h);
    }
    return h;
  }
  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all(weights);
    all.insert(all.end(), biases.begin(), biases.end());
    return all;
  }
};

void classify(timer& time, const std::vector<std::int64_t>& sizes, std::int64_t batch,
              activation act) {
  const mlp model(sizes, act);
  const Tensor x = torch::rand({batch, sizes.front()});
  const Tensor labels = torch::randint(0, sizes.back(), {batch});
  torch::optim::SGD optimizer(model.parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  time([&] {
    const Tensor loss = torch::cross_entropy_loss(model(x, false), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  });
}

void regress(timer& time, const std::vector<std::int64_t>& sizes, std::int64_t batch,
             activation act) {
  const mlp model(sizes, act);
  const Tensor x = torch::rand({batch, sizes.front()});
  const Tensor y = torch::rand({batch, sizes.back()});
  torch::optim::SGD optimizer(model.parameters(), torch::optim::SGDOptions(0.01));
  time([&] {
    const Tensor loss = torch::mse_loss(model(x, true), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  });
}

// The images in memory, each batch gathered along a random permutation: cheaper than libtorch's
// DataLoader, which stacks single samples.
void fashion_epoch(timer& time) {
  const auto [train, test] = xtape::data::fashion_mnist<float>();
  const auto count = static_cast<std::int64_t>(train.size());
  const Tensor images = torch::from_blob(const_cast<float*>(train.x.data()), {count, 784}).clone();
  const Tensor labels = torch::tensor(train.labels, torch::kInt64);
  const mlp model({784, 128, 10}, relu);
  torch::optim::SGD optimizer(model.parameters(), torch::optim::SGDOptions(0.05));
  time([&] {
    double total = 0;
    const Tensor order = torch::randperm(count);
    for (const Tensor& batch : order.split(128)) {
      const Tensor x = images.index_select(0, batch);
      const Tensor loss = torch::cross_entropy_loss(model(x, false), labels.index_select(0, batch));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total += loss.item<double>();
    }
    if (!std::isfinite(total)) throw std::runtime_error("the loss is not finite");
  });
}

void chain(timer& time, int entries) {
  const Tensor x = torch::full({1}, -1.0f).requires_grad_();
  time([&] {
    zero_grad(x);
    Tensor y = x;
    for (int i = 0; i < entries / 2; ++i) {
      y = y * x;
      y = y + x;
    }
    y.sum().backward();
  });
}

void elementwise(timer& time, activation act) {
  const Tensor x = torch::randn({1000, 512}).requires_grad_();
  const Tensor g = torch::rand({1000, 512});
  time([&] {
    zero_grad(x);
    act(x).backward(g);
  });
}

void cross_entropy(timer& time, std::int64_t rows, std::int64_t classes) {
  const Tensor z = torch::randn({rows, classes}).requires_grad_();
  const Tensor labels = torch::randint(0, classes, {rows});
  time([&] {
    zero_grad(z);
    torch::cross_entropy_loss(z, labels).backward();
  });
}

void product(timer& time, std::int64_t n) {
  const Tensor a = torch::randn({n, n}).requires_grad_(), b = torch::randn({n, n}).requires_grad_();
  const Tensor g = torch::ones({n, n});
  time([&] {
    zero_grad(a);
    zero_grad(b);
    torch::mm(a, b).backward(g);
  });
}

void broadcast(timer& time) {
  const Tensor x = torch::randn({1000, 512}).requires_grad_();
  const Tensor r = torch::randn({512}).requires_grad_();
  time([&] {
    zero_grad(x);
    zero_grad(r);
    (x * r + r).sum().backward();
  });
}

// The update alone: the gradient is given.
void adam(timer& time) {
  const Tensor w = torch::randn({1000, 1000}).requires_grad_();
  w.mutable_grad() = torch::randn({1000, 1000});
  torch::optim::Adam optimizer({w}, torch::optim::AdamOptions(0.001));
  time([&] { optimizer.step(); });
}

void lstm(timer& time, std::int64_t batch) {
  torch::nn::LSTM layer(torch::nn::LSTMOptions(64, 128).batch_first(true));
  const Tensor x = torch::randn({batch, 32, 64});
  time([&] {
    for (const Tensor& p : layer->parameters()) zero_grad(p);
    std::get<0>(layer->forward(x)).square().mean().backward();
  });
}

void convolution(timer& time, std::int64_t images, std::int64_t from, std::int64_t size,
                 std::int64_t to, bool behind) {
  const Tensor weight = torch::randn({to, from, 3, 3}).requires_grad_();
  const Tensor bias = torch::zeros({to}).requires_grad_();
  const Tensor x = torch::randn({images, from, size, size}).requires_grad_(behind);
  const Tensor g = torch::randn({images, to, size, size});
  time([&] {
    for (const Tensor& each : {weight, bias, x}) zero_grad(each);
    torch::conv2d(x, weight, bias, 1, 1).backward(g);
  });
}

void max_pool(timer& time) {
  const Tensor x = torch::randn({32, 16, 28, 28}).requires_grad_();
  const Tensor g = torch::randn({32, 16, 14, 14});
  time([&] {
    zero_grad(x);
    torch::max_pool2d(x, 2).backward(g);
  });
}

std::vector<std::int64_t> sizes(std::int64_t first, std::int64_t hidden, std::size_t layers,
                                std::int64_t last) {
  std::vector<std::int64_t> all(layers + 2, hidden);
  all.front() = first;
  all.back() = last;
  return all;
}

void deep(timer& time, std::size_t layers) { classify(time, sizes(32, 32, layers, 10), 16, tanh); }

void wide(timer& time, std::int64_t batch) { regress(time, sizes(500, 512, 8, 1), batch, sigmoid); }

}  // namespace

int main(int argc, char** argv) {
  return benchmarks::run(
      argc, argv,
      {
          {"mlp784-256-10 b128 relu",
           [](timer& t) {
             classify(t, {784, 256, 10}, 128, relu);
           }},
          {"mlp784-89-10 b60 tanh",
           [](timer& t) {
             classify(t, {784, 89, 10}, 60, tanh);
           }},
          {"seed004 9x512 b1000 sigm", [](timer& t) { wide(t, 1000); }},
          {"deep50x32 b16 tanh", [](timer& t) { deep(t, 50); }},
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
          {"tiny 4-8-3 b8 tanh",
           [](timer& t) {
             classify(t, {4, 8, 3}, 8, tanh);
           }},
          {"scalar chain 1000 mul+add", [](timer& t) { chain(t, 1000); }, 1000},
          {"sigmoid 1000x512 f+b", [](timer& t) { elementwise(t, sigmoid); }},
          {"tanh 1000x512 f+b", [](timer& t) { elementwise(t, tanh); }},
          {"relu 1000x512 f+b", [](timer& t) { elementwise(t, relu); }},
          {"softmax-ce 4096x1000 f+b", [](timer& t) { cross_entropy(t, 4096, 1000); }},
          {"softmax-ce 128x10 f+b", [](timer& t) { cross_entropy(t, 128, 10); }},
          {"matmul 1024^3 f+b", [](timer& t) { product(t, 1024); }},
          {"broadcast x*r+r sum f+b", broadcast},
          {"fashion epoch 784-128-10 b128", fashion_epoch},
          {"adam 1e6 parameters", adam},
      });
}
