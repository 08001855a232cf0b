#include "ops/rows.hpp"

namespace table {

void add_elementary(std::vector<operation>& rows) {
  const domain wide{-6, 6};
  const domain within_one{-0.9, 0.9};
  const domain far_above_minus_one{-0.6, 3};
  rows.push_back(row(
      "abs(x)", "", {off_zero}, any_shape, [](const auto& x) { return abs(x[0]); },
      one_by_one([](double x) { return x < 0 ? -x : x; })));
  rows.push_back(row(
      "sign(x)", "", {off_zero}, any_shape, [](const auto& x) { return sign(x[0]); },
      one_by_one([](double x) { return x < 0 ? -1.0 : 1.0; })));
  rows.push_back(row(
      "reciprocal(x)", "", {far_off_zero}, any_shape,
      [](const auto& x) { return reciprocal(x[0]); },
      one_by_one([](double x) { return std::pow(x, -1.0); })));
  rows.push_back(row(
      "rsqrt(x)", "", {positive}, any_shape, [](const auto& x) { return rsqrt(x[0]); },
      one_by_one([](double x) { return std::pow(x, -0.5); })));
  rows.push_back(row(
      "pow(x, exponent)", "3", {plain}, any_shape, [](const auto& x) { return pow(x[0], 3); },
      one_by_one([](double x) { return x * x * x; })));
  rows.push_back(row(
      "pow(x, exponent)", "-2", {far_off_zero}, any_shape,
      [](const auto& x) { return pow(x[0], -2); },
      one_by_one([](double x) { return 1 / (x * x); })));
  rows.push_back(row(
      "pow(x, exponent)", "1.7", {positive}, any_shape,
      [](const auto& x) { return pow(x[0], 1.7); },
      one_by_one([](double x) { return std::exp(1.7 * std::log(x)); })));
  rows.push_back(row(
      "pow(x, exponent)", "1", {plain}, any_shape, [](const auto& x) { return pow(x[0], 1); },
      one_by_one([](double x) { return x; })));
  rows.push_back(row(
      "pow(x, exponent)", "0", {plain}, any_shape, [](const auto& x) { return pow(x[0], 0); },
      one_by_one([](double x) { return 0 * x + 1; })));
  rows.push_back(row(
      "pow(a, b)", "", {positive, positive}, any_pair,
      [](const auto& x) { return pow(x[0], x[1]); },
      pair_by_pair([](double a, double b) { return std::exp(b * std::log(a)); })));
  rows.push_back(row(
      "pow(a, b)", "negative exponents", {positive, positive}, any_pair,
      [](const auto& x) { return pow(x[0], -x[1]); },
      pair_by_pair([](double a, double b) { return std::exp(-b * std::log(a)); })));
  rows.push_back(row(
      "pow(a, b)", "of a number", {plain}, any_shape, [](const auto& x) { return pow(2.5, x[0]); },
      one_by_one([](double x) { return std::exp(x * std::log(2.5)); })));
  rows.push_back(row(
      "expm1(x)", "", {plain}, any_shape, [](const auto& x) { return expm1(x[0]); },
      one_by_one([](double x) { return std::exp(x) - 1; })));
  rows.push_back(row(
      "log1p(x)", "", {far_above_minus_one}, any_shape, [](const auto& x) { return log1p(x[0]); },
      one_by_one([](double x) { return std::log(1 + x); })));
  rows.push_back(row(
      "sin(x)", "", {wide}, any_shape, [](const auto& x) { return sin(x[0]); },
      one_by_one([](double x) { return std::sin(x); })));
  rows.push_back(row(
      "cos(x)", "", {wide}, any_shape, [](const auto& x) { return cos(x[0]); },
      one_by_one([](double x) { return std::cos(x); })));
  rows.push_back(row(
      "tan(x)", "", {within_one}, any_shape, [](const auto& x) { return tan(x[0]); },
      one_by_one([](double x) { return std::sin(x) / std::cos(x); })));
  rows.push_back(row(
      "asin(x)", "", {within_one}, any_shape, [](const auto& x) { return asin(x[0]); },
      one_by_one([](double x) { return std::atan2(x, std::sqrt(1 - x * x)); })));
  rows.push_back(row(
      "acos(x)", "", {within_one}, any_shape, [](const auto& x) { return acos(x[0]); },
      one_by_one([](double x) { return std::atan2(std::sqrt(1 - x * x), x); })));
  rows.push_back(row(
      "atan(x)", "", {wide}, any_shape, [](const auto& x) { return atan(x[0]); },
      one_by_one([](double x) { return std::atan2(x, 1); })));
  rows.push_back(row(
      "sinh(x)", "", {plain}, any_shape, [](const auto& x) { return sinh(x[0]); },
      one_by_one([](double x) { return (std::exp(x) - std::exp(-x)) / 2; })));
  rows.push_back(row(
      "cosh(x)", "", {plain}, any_shape, [](const auto& x) { return cosh(x[0]); },
      one_by_one([](double x) { return (std::exp(x) + std::exp(-x)) / 2; })));
  rows.push_back(row(
      "erf(x)", "", {plain}, any_shape, [](const auto& x) { return erf(x[0]); },
      one_by_one([](double x) { return 1 - std::erfc(x); })));
  rows.push_back(row(
      "erfc(x)", "", {plain}, any_shape, [](const auto& x) { return erfc(x[0]); },
      one_by_one([](double x) { return 1 - std::erf(x); })));
  rows.push_back(row(
      "maximum(a, b)", "", {plain, plain}, any_pair,
      [](const auto& x) { return maximum(x[0], x[1]); },
      pair_by_pair([](double a, double b) { return a > b ? a : b; })));
  rows.push_back(row(
      "minimum(a, b)", "", {plain, plain}, any_pair,
      [](const auto& x) { return minimum(x[0], x[1]); },
      pair_by_pair([](double a, double b) { return a < b ? a : b; })));
  rows.push_back(row(
      "prefer(g, a, b)", "", {plain, plain, plain}, any_triple,
      [](const auto& x) { return prefer(x[0], x[1], x[2]); },
      [](const arrays<double>& x) {
        const auto pick = pair_by_pair([](double a, double b) { return a > b ? 1.0 : 0.0; });
        const auto times = pair_by_pair([](double g, double mask) { return g * mask; });
        return times({x[0], pick({x[1], x[2]})});
      }));

  rows.push_back(row(
      "where(condition, a, b)", "", {off_zero, plain, plain}, any_triple,
      [](const auto& x) { return where(sign(x[0]) + 1, x[1], x[2]); },
      [](const arrays<double>& x) {
        const auto left = pair_by_pair([](double c, double a) { return c > 0 ? a : 0; });
        const auto right = pair_by_pair([](double c, double b) { return c > 0 ? 0 : b; });
        const auto sum = pair_by_pair([](double a, double b) { return a + b; });
        return sum({left({x[0], x[1]}), right({x[0], x[2]})});
      }));
  rows.push_back(row(
      "clip(x, low, high)", "", {plain}, any_shape,
      [](const auto& x) { return clip(x[0], -0.7, 1.1); }, one_by_one([](double x) {
        return x < -0.7 ? -0.7 : x > 1.1 ? 1.1 : x;
      })));
}

}  // namespace table
