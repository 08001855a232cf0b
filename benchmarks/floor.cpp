// The workloads by hand: the arithmetic that any framework must do, from cblas and fused loops, compiled
// with everything the compiler offers. A floor for the arithmetic as written here, not a proof that
// nothing can be faster.
#include "timing.hpp"

#include <xtape/data/idx.hpp>

#include <cblas.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <vector>

using benchmarks::timer;
using numbers = std::vector<float>;

namespace {

numbers random_numbers(std::size_t count) {
  static std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, 0.05f);
  numbers drawn(count);
  for (float& each : drawn) each = normal(generator);
  return drawn;
}

std::vector<int> some_labels(std::size_t count, int classes) {
  std::vector<int> labels(count);
  for (std::size_t i = 0; i < count; ++i) labels[i] = static_cast<int>(i) % classes;
  return labels;
}

// Row-major c = a b + beta c of an (m, k) and a (k, n) matrix, each stored transposed where it says so.
void multiply(bool a_transposed, bool b_transposed, int m, int n, int k, const float* a,
              const float* b, float beta, float* c) {
  cblas_sgemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans,
              b_transposed ? CblasTrans : CblasNoTrans, m, n, k, 1, a, a_transposed ? m : k, b,
              b_transposed ? k : n, beta, c, n);
}

// body(begin, end) over ranges that cover [0, count), one a thread; small work stays on this one.
template <class F>
void parallel_for(std::size_t count, std::size_t work, const F& body) {
  if (work < 32768) return body(std::size_t{0}, count);
#pragma omp parallel
  {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto mine = static_cast<std::size_t>(omp_get_thread_num());
    body(count * mine / threads, count * (mine + 1) / threads);
  }
}

// y = Act::value(x), elementwise.
template <class Act>
void map(const float* x, float* y, std::size_t count) {
  parallel_for(count, count, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) y[i] = Act::value(x[i]);
  });
}

// gx = g * Act::derivative(y), elementwise, the derivative written in terms of the result.
template <class Act>
void pull_back(const float* y, const float* g, float* gx, std::size_t count) {
  parallel_for(count, count, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) gx[i] = g[i] * Act::derivative(y[i]);
  });
}

namespace act {

struct sigmoid {
  static float value(float x) { return 1 / (1 + std::exp(-x)); }
  static float derivative(float y) { return y * (1 - y); }
};
struct tanh {  // by exp, which the compiler vectorises; its relative error grows towards 0
  static float value(float x) { return 1 - 2 / (std::exp(2 * x) + 1); }
  static float derivative(float y) { return 1 - y * y; }
};
struct relu {
  static float value(float x) { return std::max(x, 0.0f); }
  static float derivative(float y) { return static_cast<float>(y > 0); }
};

}  // namespace act

// Mean cross-entropy of the softmax of z: (rows, classes), and its gradient.
float cross_entropy(const float* z, const int* labels, float* gradient, std::size_t rows,
                    std::size_t classes) {
  const float each = 1 / static_cast<float>(rows);
  const auto some_rows = [&](std::size_t begin, std::size_t end) {
    float loss = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const float* const row = z + i * classes;
      float* const g = gradient + i * classes;
      float highest = row[0];
      for (std::size_t j = 1; j < classes; ++j) highest = std::max(highest, row[j]);
      float total = 0;
      for (std::size_t j = 0; j < classes; ++j) {
        g[j] = std::exp(row[j] - highest);
        total += g[j];
      }
      const float scale = each / total;
      for (std::size_t j = 0; j < classes; ++j) g[j] *= scale;
      loss += std::log(total) + highest - row[labels[i]];
      g[labels[i]] -= each;
    }
    return loss;
  };
  float loss = 0;
  if (rows * classes < 32768) return some_rows(0, rows) * each;
#pragma omp parallel reduction(+ : loss)
  {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto mine = static_cast<std::size_t>(omp_get_thread_num());
    loss += some_rows(rows * mine / threads, rows * (mine + 1) / threads);
  }
  return loss * each;
}

struct layer {
  int inputs, outputs;
  numbers weights, bias, weights_gradient, bias_gradient, weights_velocity, bias_velocity;

  layer(int from, int to)
      : inputs(from),
        outputs(to),
        weights(random_numbers(static_cast<std::size_t>(from) * static_cast<std::size_t>(to))),
        bias(static_cast<std::size_t>(to)),
        weights_gradient(weights.size()),
        bias_gradient(bias.size()),
        weights_velocity(weights.size()),
        bias_velocity(bias.size()) {}
};

void update(numbers& values, const numbers& gradient, numbers& velocity, float rate,
            float momentum) {
  float* const w = values.data();
  const float* const g = gradient.data();
  float* const v = velocity.data();
  parallel_for(values.size(), values.size(), [&](std::size_t begin, std::size_t end) {
    if (momentum > 0) {
      for (std::size_t i = begin; i < end; ++i) {
        v[i] = momentum * v[i] + g[i];
        w[i] -= rate * v[i];
      }
    } else {
      for (std::size_t i = begin; i < end; ++i) w[i] -= rate * g[i];
    }
  });
}

// A multi-layer perceptron that keeps all its memory from step to step.
template <class Act>
struct mlp {
  int batch;
  bool activate_last;
  std::vector<layer> layers;
  std::vector<numbers> h, g;  // values and cotangents: of the input, then of each layer

  mlp(const std::vector<int>& sizes, int rows, bool activated)
      : batch(rows), activate_last(activated) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) layers.emplace_back(sizes[i], sizes[i + 1]);
    for (const int size : sizes) {
      h.emplace_back(static_cast<std::size_t>(rows) * static_cast<std::size_t>(size), 0.5f);
      g.emplace_back(h.back().size());
    }
  }

  void forward() {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const layer& l = layers[i];
      float* const y = h[i + 1].data();
      for (int r = 0; r < batch; ++r) std::copy(l.bias.begin(), l.bias.end(), y + r * l.outputs);
      multiply(false, false, batch, l.outputs, l.inputs, h[i].data(), l.weights.data(), 1, y);
      if (activate_last || i + 1 < layers.size()) map<Act>(y, y, outputs(i));
    }
  }

  // From the cotangent of the result in g.back().
  void backward(float rate, float momentum) {
    for (std::size_t i = layers.size(); i-- > 0;) {
      layer& l = layers[i];
      float* const gy = g[i + 1].data();
      if (activate_last || i + 1 < layers.size())
        pull_back<Act>(h[i + 1].data(), gy, gy, outputs(i));
      multiply(true, false, l.inputs, l.outputs, batch, h[i].data(), gy, 0,
               l.weights_gradient.data());
      std::fill(l.bias_gradient.begin(), l.bias_gradient.end(), 0.0f);
      for (int r = 0; r < batch; ++r)
        for (int j = 0; j < l.outputs; ++j)
          l.bias_gradient[static_cast<std::size_t>(j)] += gy[r * l.outputs + j];
      if (i > 0)
        multiply(false, true, batch, l.inputs, l.outputs, gy, l.weights.data(), 0, g[i].data());
      update(l.weights, l.weights_gradient, l.weights_velocity, rate, momentum);
      update(l.bias, l.bias_gradient, l.bias_velocity, rate, momentum);
    }
  }

  std::size_t outputs(std::size_t i) const {
    return static_cast<std::size_t>(batch) * static_cast<std::size_t>(layers[i].outputs);
  }
};

template <class Act>
void classify(timer& time, const std::vector<int>& sizes, int batch) {
  mlp<Act> model(sizes, batch, false);
  const auto rows = static_cast<std::size_t>(batch);
  const std::vector<int> labels = some_labels(rows, sizes.back());
  time([&] {
    model.forward();
    cross_entropy(model.h.back().data(), labels.data(), model.g.back().data(), rows,
                  static_cast<std::size_t>(sizes.back()));
    model.backward(0.01f, 0.9f);
  });
}

template <class Act>
void regress(timer& time, const std::vector<int>& sizes, int batch) {
  mlp<Act> model(sizes, batch, true);
  const numbers y = random_numbers(model.h.back().size());
  const float each = 1 / static_cast<float>(y.size());
  float loss = 0;
  time([&] {
    model.forward();
    loss = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const float difference = model.h.back()[i] - y[i];
      loss += difference * difference * each;
      model.g.back()[i] = 2 * difference * each;
    }
    model.backward(0.01f, 0);
  });
}

void fashion_epoch(timer& time) {
  const auto [train, test] = xtape::data::fashion_mnist<float>();
  constexpr std::size_t batch = 128, pixels = 784;
  mlp<act::relu> model({pixels, 128, 10}, batch, false);
  std::vector<std::size_t> order(train.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<int> labels(batch);
  std::mt19937 generator(1);
  volatile float total_loss = 0;
  time([&] {
    std::shuffle(order.begin(), order.end(), generator);
    float total = 0;
    for (std::size_t begin = 0; begin < order.size(); begin += batch) {
      // The rest of 96 images counts as a smaller batch in the same memory.
      const std::size_t rows = std::min(batch, order.size() - begin);
      model.batch = static_cast<int>(rows);
      for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t sample = order[begin + i];
        std::copy_n(train.x.data() + sample * pixels, pixels, model.h[0].data() + i * pixels);
        labels[i] = train.labels[sample];
      }
      model.forward();
      total += cross_entropy(model.h.back().data(), labels.data(), model.g.back().data(), rows, 10);
      model.backward(0.05f, 0);
    }
    total_loss = total;
  });
}

template <class Act>
void elementwise(timer& time) {
  constexpr std::size_t count = 1000 * 512;
  const numbers x = random_numbers(count), g = random_numbers(count);
  numbers y(count), gx(count);
  time([&] {
    map<Act>(x.data(), y.data(), count);
    pull_back<Act>(y.data(), g.data(), gx.data(), count);
  });
}

// The compiler knows the sizes here.
template <std::size_t rows, std::size_t classes>
void softmax(timer& time) {
  const numbers z = random_numbers(rows * classes);
  numbers g(z.size());
  const std::vector<int> labels = some_labels(rows, static_cast<int>(classes));
  time([&] { cross_entropy(z.data(), labels.data(), g.data(), rows, classes); });
}

void product(timer& time, int n) {
  const auto count = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  const numbers a = random_numbers(count), b = random_numbers(count), g = random_numbers(count);
  numbers c(count), ga(count), gb(count);
  time([&] {
    multiply(false, false, n, n, n, a.data(), b.data(), 0, c.data());
    multiply(false, true, n, n, n, g.data(), b.data(), 0, ga.data());
    multiply(true, false, n, n, n, a.data(), g.data(), 0, gb.data());
  });
}

// sum(x * r + r) and its gradients, each value and each cotangent of an element made once: one pass
// forward, and one backward that starts from a cotangent it does not know to be 1.
void broadcast(timer& time) {
  constexpr std::size_t rows = 1000, columns = 512;
  const numbers x = random_numbers(rows * columns), r = random_numbers(columns);
  numbers gx(x.size()), gr(columns);
  volatile float total = 0, cotangent = 1;
  time([&] {
    float sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) sum += x[i * columns + j] * r[j] + r[j];
    total = sum;
    const float g = cotangent;
    parallel_for(columns, x.size(), [&](std::size_t begin, std::size_t end) {
      std::fill(gr.data() + begin, gr.data() + end, 0.0f);
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = begin; j < end; ++j) {
          gx[i * columns + j] = g * r[j];
          gr[j] += g * x[i * columns + j] + g;
        }
    });
  });
}

// Kingma, Ba, "Adam" (2015), algorithm 1, in one pass over the parameters.
void adam(timer& time) {
  constexpr std::size_t count = 1000000;
  constexpr float rate = 0.001f, first = 0.9f, second = 0.999f, epsilon = 1e-8f;
  numbers w = random_numbers(count), m(count), v(count);
  const numbers g = random_numbers(count);
  int step = 0;
  time([&] {
    ++step;
    const float scale = rate / (1 - std::pow(first, static_cast<float>(step)));
    const float root = 1 / std::sqrt(1 - std::pow(second, static_cast<float>(step)));
    parallel_for(count, count, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        m[i] = first * m[i] + (1 - first) * g[i];
        v[i] = second * v[i] + (1 - second) * g[i] * g[i];
        w[i] -= scale * m[i] / (std::sqrt(v[i]) * root + epsilon);
      }
    });
  });
}

std::vector<int> sizes(int first, int hidden, std::size_t layers, int last) {
  std::vector<int> all(layers + 2, hidden);
  all.front() = first;
  all.back() = last;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  return benchmarks::run(
      argc, argv,
      {
          {"mlp784-256-10 b128 relu",
           [](timer& t) {
             classify<act::relu>(t, {784, 256, 10}, 128);
           }},
          {"mlp784-89-10 b60 tanh",
           [](timer& t) {
             classify<act::tanh>(t, {784, 89, 10}, 60);
           }},
          {"seed004 9x512 b1000 sigm",
           [](timer& t) { regress<act::sigmoid>(t, sizes(500, 512, 8, 1), 1000); }},
          {"deep50x32 b16 tanh",
           [](timer& t) { classify<act::tanh>(t, sizes(32, 32, 50, 10), 16); }},
          {"tiny 4-8-3 b8 tanh",
           [](timer& t) {
             classify<act::tanh>(t, {4, 8, 3}, 8);
           }},
          {"sigmoid 1000x512 f+b", elementwise<act::sigmoid>},
          {"tanh 1000x512 f+b", elementwise<act::tanh>},
          {"relu 1000x512 f+b", elementwise<act::relu>},
          {"softmax-ce 4096x1000 f+b", softmax<4096, 1000>},
          {"softmax-ce 128x10 f+b", softmax<128, 10>},
          {"matmul 1024^3 f+b", [](timer& t) { product(t, 1024); }},
          {"broadcast x*r+r sum f+b", broadcast},
          {"fashion epoch 784-128-10 b128", fashion_epoch},
          {"adam 1e6 parameters", adam},
      });
}
