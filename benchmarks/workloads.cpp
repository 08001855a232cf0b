// Whole steps (forward, backward, update) of named workloads, on one thread unless OMP_NUM_THREADS says
// otherwise. The names and sizes are those of docs/benchmarks.md.
#include <xtape/xtape.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace xp = xtape;
using array = xp::array<float>;
using variable = xp::variable<float>;
using parameter = xp::parameter<float>;
using activation = variable (*)(const xp::operand<float>&);

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

void classify(benchmark::State& state, const std::vector<std::size_t>& sizes, std::size_t batch,
              activation act) {
  xp::rng random(1);
  const mlp model(sizes, act, random);
  const variable x(random.uniform<float>({batch, sizes.front()}));
  std::vector<int> labels(batch);
  for (std::size_t i = 0; i < batch; ++i) labels[i] = static_cast<int>(i % sizes.back());
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.01, .momentum = 0.9});
  for (auto _ : state) {
    xp::tape tape;
    const variable loss = xp::softmax_cross_entropy(model(x, false), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

void mlp784_256_10(benchmark::State& state) { classify(state, {784, 256, 10}, 128, xp::relu); }
void mlp784_89_10(benchmark::State& state) { classify(state, {784, 89, 10}, 60, xp::tanh); }
void tiny_4_8_3(benchmark::State& state) { classify(state, {4, 8, 3}, 8, xp::tanh); }
void deep50x32(benchmark::State& state) {
  std::vector<std::size_t> sizes(51, 32);
  sizes.push_back(10);
  classify(state, sizes, 16, xp::tanh);
}

void seed004_9x512(benchmark::State& state) {
  xp::rng random(1);
  std::vector<std::size_t> sizes(9, 512);
  sizes.front() = 500;
  sizes.push_back(1);
  const mlp model(sizes, xp::sigmoid, random);
  const variable x(random.uniform<float>({1000, 500}, -1, 1)), y(random.uniform<float>({1000, 1}));
  xp::optim::sgd<float> optimizer(model.parameters(), {.learning_rate = 0.01});
  for (auto _ : state) {
    xp::tape tape;
    const variable loss = xp::mse(model(x, true), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

// A chain of operations on arrays of one element: nothing but the engine. With -1 its values stay -1, 0
// and 1, and its cotangents 1 and -1; a smaller factor would soon measure subnormal numbers.
void chain(benchmark::State& state) {
  const parameter x(array{-1.0f});
  for (auto _ : state) {
    x.zero_grad();
    xp::tape tape;
    variable y = x;
    for (std::int64_t i = 0; i < state.range(0) / 2; ++i) {
      y = y * x;
      y = y + x;
    }
    xp::sum(y).backward();
  }
  state.counters["per_entry"] = benchmark::Counter(
      static_cast<double>(state.range(0)),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void elementwise(benchmark::State& state, activation act) {
  xp::rng random(1);
  const parameter x(random.normal<float>({1000, 512}));
  const array g = random.uniform<float>({1000, 512});
  for (auto _ : state) {
    x.zero_grad();
    xp::tape tape;
    act(x).backward(g);
  }
}
void sigmoid_1000x512(benchmark::State& state) { elementwise(state, xp::sigmoid); }
void tanh_1000x512(benchmark::State& state) { elementwise(state, xp::tanh); }
void relu_1000x512(benchmark::State& state) { elementwise(state, xp::relu); }

void softmax_cross_entropy(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto classes = static_cast<std::size_t>(state.range(1));
  xp::rng random(1);
  const parameter z(random.normal<float>({rows, classes}));
  std::vector<int> labels(rows);
  for (std::size_t i = 0; i < rows; ++i) labels[i] = static_cast<int>(i % classes);
  for (auto _ : state) {
    z.zero_grad();
    xp::tape tape;
    xp::softmax_cross_entropy(z, labels).backward();
  }
}

void matmul_1024(benchmark::State& state) {
  xp::rng random(1);
  const parameter a(random.normal<float>({1024, 1024})), b(random.normal<float>({1024, 1024}));
  const array g = xp::full<float>({1024, 1024}, 1);
  for (auto _ : state) {
    a.zero_grad();
    b.zero_grad();
    xp::tape tape;
    xp::matmul(a, b).backward(g);
  }
}

// x * r + r with r broadcast over the rows of x, summed.
void broadcast_1000x512(benchmark::State& state) {
  xp::rng random(1);
  const parameter x(random.normal<float>({1000, 512})), r(random.normal<float>({512}));
  for (auto _ : state) {
    x.zero_grad();
    r.zero_grad();
    xp::tape tape;
    xp::sum(x * r + r).backward();
  }
}

}  // namespace

BENCHMARK(mlp784_256_10)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(mlp784_89_10)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(seed004_9x512)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(deep50x32)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(tiny_4_8_3)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(chain)->Arg(1000)->Arg(1000000)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(sigmoid_1000x512)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(tanh_1000x512)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(relu_1000x512)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(softmax_cross_entropy)
    ->Args({4096, 1000})
    ->Args({128, 10})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();
BENCHMARK(matmul_1024)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(broadcast_1000x512)->Unit(benchmark::kMicrosecond)->UseRealTime();

BENCHMARK_MAIN();
