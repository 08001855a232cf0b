#include "ops/rows.hpp"

namespace table {

void add_activation(std::vector<operation>& rows) {
  rows.push_back(row(
      "sigmoid(x)", "", {plain}, any_shape, [](const auto& x) { return sigmoid(x[0]); },
      one_by_one([](double x) { return 1 / (1 + std::exp(-x)); })));
  rows.push_back(row(
      "tanh(x)", "", {plain}, any_shape, [](const auto& x) { return tanh(x[0]); },
      one_by_one([](double x) { return std::tanh(x); })));
  rows.push_back(row(
      "relu(x)", "", {off_zero}, any_shape, [](const auto& x) { return relu(x[0]); },
      one_by_one([](double x) { return x > 0 ? x : 0; })));
  rows.push_back(row(
      "leaky_relu(x, slope)", "default", {off_zero}, any_shape,
      [](const auto& x) { return leaky_relu(x[0]); },
      one_by_one([](double x) { return x > 0 ? x : 0.01 * x; })));
  rows.push_back(row(
      "leaky_relu(x, slope)", "0.3", {off_zero}, any_shape,
      [](const auto& x) { return leaky_relu(x[0], 0.3); },
      one_by_one([](double x) { return x > 0 ? x : 0.3 * x; })));
  rows.push_back(row(
      "elu(x, alpha)", "default", {off_zero}, any_shape, [](const auto& x) { return elu(x[0]); },
      one_by_one([](double x) { return x > 0 ? x : std::exp(x) - 1; })));
  rows.push_back(row(
      "elu(x, alpha)", "0.4", {off_zero}, any_shape, [](const auto& x) { return elu(x[0], 0.4); },
      one_by_one([](double x) { return x > 0 ? x : 0.4 * (std::exp(x) - 1); })));
  rows.push_back(row(
      "selu(x)", "", {off_zero}, any_shape, [](const auto& x) { return selu(x[0]); },
      one_by_one([](double x) {
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (std::exp(x) - 1));
      })));
  rows.push_back(row(
      "gelu(x)", "", {plain}, any_shape, [](const auto& x) { return gelu(x[0]); },
      one_by_one([](double x) { return x * (1 + std::erf(x / std::sqrt(2.0))) / 2; })));
  rows.push_back(row(
      "gelu_tanh(x)", "", {plain}, any_shape, [](const auto& x) { return gelu_tanh(x[0]); },
      one_by_one([](double x) {
        return x / (1 + std::exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
      })));
  rows.push_back(row(
      "silu(x)", "", {plain}, any_shape, [](const auto& x) { return silu(x[0]); },
      one_by_one([](double x) { return x / (1 + std::exp(-x)); })));
  rows.push_back(row(
      "softplus(x)", "", {plain}, any_shape, [](const auto& x) { return softplus(x[0]); },
      one_by_one([](double x) { return std::log(1 + std::exp(x)); })));
  rows.push_back(row(
      "softsign(x)", "", {off_zero}, any_shape, [](const auto& x) { return softsign(x[0]); },
      one_by_one([](double x) { return x / (1 + std::abs(x)); })));
  rows.push_back(row(
      "hard_tanh(x)", "", {plain}, any_shape, [](const auto& x) { return hard_tanh(x[0]); },
      one_by_one([](double x) { return x < -1  ? -1
                                       : x > 1 ? 1
                                               : x; })));
  rows.push_back(row(
      "log_sigmoid(x)", "", {plain}, any_shape, [](const auto& x) { return log_sigmoid(x[0]); },
      one_by_one([](double x) { return -std::log(1 + std::exp(-x)); })));
  rows.push_back(row(
      "mish(x)", "", {plain}, any_shape, [](const auto& x) { return mish(x[0]); },
      one_by_one([](double x) { return x * std::tanh(std::log(1 + std::exp(x))); })));
  rows.push_back(row(
      "gate(g, y)", "", {plain, off_zero}, any_pair, [](const auto& x) { return gate(x[0], x[1]); },
      pair_by_pair([](double g, double y) { return y > 0 ? g : 0; })));
  rows.push_back(row(
      "softmax(x, axis)", "default", {plain}, matrices, [](const auto& x) { return softmax(x[0]); },
      softmax_along(1)));
  rows.push_back(row(
      "softmax(x, axis)", "axis 0", {plain}, matrices,
      [](const auto& x) { return softmax(x[0], 0); }, softmax_along(0)));
  rows.push_back(row(
      "softmax(x, axis)", "axis -2 of 3", {plain}, cubes,
      [](const auto& x) { return softmax(x[0], -2); }, softmax_along(1)));
  rows.push_back(row(
      "log_softmax(x, axis)", "default", {plain}, matrices,
      [](const auto& x) { return log_softmax(x[0]); }, log_softmax_along(1)));
  rows.push_back(row(
      "log_softmax(x, axis)", "axis 0", {plain}, matrices,
      [](const auto& x) { return log_softmax(x[0], 0); }, log_softmax_along(0)));
  rows.push_back(row(
      "log_softmax(x, axis)", "axis 1 of 3", {plain}, cubes,
      [](const auto& x) { return log_softmax(x[0], 1); }, log_softmax_along(1)));
}

}  // namespace table
