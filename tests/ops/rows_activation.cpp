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
