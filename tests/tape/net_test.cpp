// Backpropagation written out by hand, in loops over scalars, against the engine's.

#include "catch.hpp"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

using matrix = std::vector<std::vector<double>>;

matrix zero_matrix(std::size_t rows, std::size_t columns) {
  return matrix(rows, std::vector<double>(columns, 0));
}

struct activation {
  std::string name;
  variable<double> (*operation)(const variable<double>&);
  double (*value)(double);
  double (*derivative)(double z);
};

double logistic(double z) { return 1 / (1 + std::exp(-z)); }

const std::vector<activation> activations = {
    {"sigmoid", [](const variable<double>& x) { return sigmoid(x); }, logistic,
     [](double z) { return logistic(z) * (1 - logistic(z)); }},
    {"tanh", [](const variable<double>& x) { return tanh(x); },
     [](double z) { return std::tanh(z); },
     [](double z) { return 1 - std::tanh(z) * std::tanh(z); }},
    {"relu", [](const variable<double>& x) { return relu(x); },
     [](double z) { return z > 0 ? z : 0; }, [](double z) { return z > 0 ? 1.0 : 0.0; }},
};

struct layer {
  matrix weight;
  std::vector<double> bias;
  matrix weight_gradient;
  std::vector<double> bias_gradient;
};

// Three layers, forward and backward, one example after the other. `loss_gradient` gives
// d(loss)/d(outputs) of an example and adds to the loss.
template <class LossGradient>
double by_hand(std::vector<layer>& layers, const matrix& inputs, const activation& f,
               const LossGradient& loss_gradient) {
  double loss = 0;
  for (std::size_t example = 0; example < inputs.size(); ++example) {
    std::vector<std::vector<double>> a{inputs[example]}, z;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      std::vector<double> sums = layers[l].bias;
      for (std::size_t j = 0; j < sums.size(); ++j)
        for (std::size_t i = 0; i < a[l].size(); ++i) sums[j] += a[l][i] * layers[l].weight[i][j];
      z.push_back(sums);
      if (l + 1 < layers.size())
        for (double& s : sums) s = f.value(s);
      a.push_back(sums);
    }
    std::vector<double> delta = loss_gradient(example, a.back(), loss);
    for (std::size_t l = layers.size(); l-- > 0;) {
      if (l + 1 < layers.size())
        for (std::size_t j = 0; j < delta.size(); ++j) delta[j] *= f.derivative(z[l][j]);
      std::vector<double> below(a[l].size(), 0);
      for (std::size_t j = 0; j < delta.size(); ++j) {
        layers[l].bias_gradient[j] += delta[j];
        for (std::size_t i = 0; i < a[l].size(); ++i) {
          layers[l].weight_gradient[i][j] += a[l][i] * delta[j];
          below[i] += layers[l].weight[i][j] * delta[j];
        }
      }
      delta = below;
    }
  }
  return loss;
}

array<double> to_array(const matrix& m) {
  array<double> result = empty<double>({m.size(), m[0].size()});
  for (std::size_t i = 0; i < m.size(); ++i)
    std::copy(m[i].begin(), m[i].end(), result.data() + i * m[i].size());
  return result;
}

array<double> to_array(const std::vector<double>& v) {
  array<double> result = empty<double>({v.size()});
  std::copy(v.begin(), v.end(), result.begin());
  return result;
}

double greatest_difference(const array<double>& a, const array<double>& b) {
  REQUIRE(a.shape() == b.shape());
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    greatest = std::max(greatest, std::abs(a.data()[i] - b.data()[i]));
  return greatest;
}

}  // namespace

TEST_CASE("three layers equal backpropagation by hand and central differences", "[tape][net]") {
  const std::size_t batch = 5, sizes[] = {4, 7, 6, 3};
  std::mt19937 generator(20);
  const auto random = [&] { return 2 * static_cast<double>(generator()) / 4294967296.0 - 1; };
  for (const activation& f : activations)
    for (const std::string loss_name : {"softmax_cross_entropy", "mse"}) {
      INFO(f.name << " and " << loss_name);
      matrix x = zero_matrix(batch, sizes[0]), targets = zero_matrix(batch, sizes[3]);
      for (auto* m : {&x, &targets})
        for (auto& row : *m)
          for (double& v : row) v = random();
      const std::vector<int> labels{2, 0, 1, 1, 2};
      std::vector<layer> layers;
      std::vector<parameter<double>> parameters;
      for (std::size_t l = 0; l < 3; ++l) {
        layer made{zero_matrix(sizes[l], sizes[l + 1]), std::vector<double>(sizes[l + 1]),
                   zero_matrix(sizes[l], sizes[l + 1]), std::vector<double>(sizes[l + 1])};
        for (auto& row : made.weight)
          for (double& v : row) v = random();
        for (double& v : made.bias) v = random();
        parameters.emplace_back(to_array(made.weight));
        parameters.emplace_back(to_array(made.bias));
        layers.push_back(made);
      }

      const auto cross_entropy = [&](std::size_t example, const std::vector<double>& y,
                                     double& loss) {
        double total = 0;
        for (const double v : y) total += std::exp(v);
        std::vector<double> delta(y.size());
        for (std::size_t j = 0; j < y.size(); ++j)
          delta[j] =
              (std::exp(y[j]) / total - (labels[example] == static_cast<int>(j) ? 1 : 0)) / batch;
        loss -= std::log(std::exp(y[static_cast<std::size_t>(labels[example])]) / total) / batch;
        return delta;
      };
      const auto squares = [&](std::size_t example, const std::vector<double>& y, double& loss) {
        const double n = static_cast<double>(batch * y.size());
        std::vector<double> delta(y.size());
        for (std::size_t j = 0; j < y.size(); ++j) {
          const double error = y[j] - targets[example][j];
          delta[j] = 2 * error / n;
          loss += error * error / n;
        }
        return delta;
      };
      const double expected = loss_name == "mse" ? by_hand(layers, x, f, squares)
                                                 : by_hand(layers, x, f, cross_entropy);

      const auto net = [&](const std::vector<variable<double>>& p) {
        const variable<double> h1 = f.operation(affine(to_array(x), p[0], p[1]));
        const variable<double> h2 = f.operation(affine(h1, p[2], p[3]));
        const variable<double> y = affine(h2, p[4], p[5]);
        return loss_name == "mse" ? mse(y, to_array(targets)) : softmax_cross_entropy(y, labels);
      };
      const tape recording;
      const variable<double> loss =
          net(std::vector<variable<double>>(parameters.begin(), parameters.end()));
      CHECK(recording.size() == 6);
      CHECK(std::abs(loss.item() - expected) < 1e-12);
      loss.backward();
      for (std::size_t l = 0; l < 3; ++l) {
        INFO("layer " << l);
        CHECK(greatest_difference(parameters[2 * l].grad(), to_array(layers[l].weight_gradient)) <
              1e-12);
        CHECK(greatest_difference(parameters[2 * l + 1].grad(), to_array(layers[l].bias_gradient)) <
              1e-12);
      }
      std::vector<array<double>> values;
      for (const parameter<double>& p : parameters) values.push_back(p.value());
      const gradient_report report = check_gradients(net, values);
      INFO(report);
      CHECK(report.ok());
    }
}
