#include "ops/rows.hpp"

namespace table {

void add_arithmetic(std::vector<operation>& rows) {
  rows.push_back(row(
      "operator+(a, b)", "", {plain, plain}, any_pair, [](const auto& x) { return x[0] + x[1]; },
      pair_by_pair([](double a, double b) { return a + b; })));
  rows.push_back(row(
      "operator-(a, b)", "", {plain, plain}, any_pair, [](const auto& x) { return x[0] - x[1]; },
      pair_by_pair([](double a, double b) { return a - b; })));
  rows.push_back(row(
      "operator*(a, b)", "", {plain, plain}, any_pair, [](const auto& x) { return x[0] * x[1]; },
      pair_by_pair([](double a, double b) { return a * b; })));
  rows.push_back(row(
      "operator/(a, b)", "", {plain, far_off_zero}, any_pair,
      [](const auto& x) { return x[0] / x[1]; },
      pair_by_pair([](double a, double b) { return a / b; })));
  rows.push_back(row(
      "operator-(x)", "", {plain}, any_shape, [](const auto& x) { return -x[0]; },
      one_by_one([](double x) { return -x; })));
  rows.push_back(row(
      "exp(x)", "", {plain}, any_shape, [](const auto& x) { return exp(x[0]); },
      one_by_one([](double x) { return std::exp(x); })));
  rows.push_back(row(
      "log(x)", "", {positive}, any_shape, [](const auto& x) { return log(x[0]); },
      one_by_one([](double x) { return std::log(x); })));
  rows.push_back(row(
      "square(x)", "", {plain}, any_shape, [](const auto& x) { return square(x[0]); },
      one_by_one([](double x) { return x * x; })));
  rows.push_back(row(
      "sqrt(x)", "", {positive}, any_shape, [](const auto& x) { return sqrt(x[0]); },
      one_by_one([](double x) { return std::sqrt(x); })));
}

}  // namespace table
