#include "ops/table.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <xtape/ops/ops.hpp>

using namespace xtape;

namespace table {
namespace {

using index = std::vector<std::size_t>;

// Calls use(index) for every index of the shape, in row-major order.
void for_each_index(const shape_type& shape, const std::function<void(const index&)>& use) {
  index at(shape.size(), 0);
  for (std::size_t count = size_of(shape); count > 0; --count) {
    use(at);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
}

// The element at an index of a shape that x broadcasts to.
double element(const array<double>& x, const index& at) {
  std::size_t place = 0;
  const std::size_t missing = at.size() - x.dimension();
  for (std::size_t axis = 0; axis < x.dimension(); ++axis)
    place = place * x.shape()[axis] + (x.shape()[axis] == 1 ? 0 : at[axis + missing]);
  return x.data()[place];
}

array<double> generate(const shape_type& shape, const std::function<double(const index&)>& f) {
  array<double> result = empty<double>(shape);
  std::size_t place = 0;
  for_each_index(shape, [&](const index& at) { result.data()[place++] = f(at); });
  return result;
}

using expectation = std::function<array<double>(const arrays<double>&)>;

expectation one_by_one(double (*f)(double)) {
  return [f](const arrays<double>& x) {
    return generate(x[0].shape(), [&](const index& at) { return f(element(x[0], at)); });
  };
}

expectation pair_by_pair(double (*f)(double, double)) {
  return [f](const arrays<double>& x) {
    shape_type shape(std::max(x[0].dimension(), x[1].dimension()), 1);
    for (const array<double>& each : x)
      for (std::size_t i = 1; i <= each.dimension(); ++i)
        if (each.shape()[each.dimension() - i] != 1)
          shape[shape.size() - i] = each.shape()[each.dimension() - i];
    return generate(shape,
                    [&](const index& at) { return f(element(x[0], at), element(x[1], at)); });
  };
}

// Reduces over the axes in `over` what f makes of the elements in one group.
expectation group_by_group(std::vector<std::size_t> over, bool keep_dims,
                           double (*f)(const std::vector<double>&)) {
  return [=](const arrays<double>& x) {
    const auto reduced = [&](std::size_t axis) {
      return std::find(over.begin(), over.end(), axis) != over.end();
    };
    shape_type result, group;
    for (std::size_t axis = 0; axis < x[0].dimension(); ++axis) {
      group.push_back(reduced(axis) ? x[0].shape()[axis] : 1);
      if (!reduced(axis))
        result.push_back(x[0].shape()[axis]);
      else if (keep_dims)
        result.push_back(1);
    }
    return generate(result, [&](const index& at) {
      std::vector<double> values;
      for_each_index(group, [&](index in) {
        std::size_t next = 0;
        for (std::size_t axis = 0; axis < in.size(); ++axis) {
          if (!reduced(axis)) in[axis] = at[next];
          if (!reduced(axis) || keep_dims) ++next;
        }
        values.push_back(element(x[0], in));
      });
      return f(values);
    });
  };
}

expectation over_everything(double (*f)(const std::vector<double>&)) {
  return [f](const arrays<double>& x) {
    return full<double>({}, f({x[0].data(), x[0].data() + x[0].size()}));
  };
}

double naive_sum(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

double naive_mean(const std::vector<double>& values) {
  return naive_sum(values) / static_cast<double>(values.size());
}

double naive_logsumexp(const std::vector<double>& values) {
  double total = 0;
  for (const double v : values) total += std::exp(v);
  return std::log(total);
}

double naive_log_softmax(const array<double>& x, const index& at, std::size_t axis) {
  double total = 0;
  index other = at;
  for (std::size_t i = 0; i < x.shape()[axis]; ++i) {
    other[axis] = i;
    total += std::exp(element(x, other));
  }
  return element(x, at) - std::log(total);
}

expectation log_softmax_along(std::size_t axis) {
  return [axis](const arrays<double>& x) {
    return generate(x[0].shape(),
                    [&](const index& at) { return naive_log_softmax(x[0], at, axis); });
  };
}

expectation softmax_along(std::size_t axis) {
  return [axis](const arrays<double>& x) {
    return generate(x[0].shape(),
                    [&](const index& at) { return std::exp(naive_log_softmax(x[0], at, axis)); });
  };
}

array<double> naive_matmul(const arrays<double>& x) {
  return generate({x[0].shape()[0], x[1].shape()[1]}, [&](const index& at) {
    double total = x.size() == 3 ? element(x[2], {at[1]}) : 0;
    for (std::size_t i = 0; i < x[0].shape()[1]; ++i)
      total += element(x[0], {at[0], i}) * element(x[1], {i, at[1]});
    return total;
  });
}

std::vector<int> labels_for(const shape_type& logits) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < logits[0]; ++i)
    labels.push_back(static_cast<int>((7 * i + 1) % logits[1]));
  return labels;
}

array<double> naive_cross_entropy(const array<double>& z,
                                  const std::function<double(const index&)>& target) {
  double total = 0;
  for_each_index(z.shape(),
                 [&](const index& at) { total -= target(at) * naive_log_softmax(z, at, 1); });
  return full<double>({}, total / static_cast<double>(z.shape()[0]));
}

// The same elements; `place` says where result element i is found.
expectation moved(std::function<shape_type(const shape_type&)> shape,
                  std::function<index(const index&)> place) {
  return [=](const arrays<double>& x) {
    return generate(shape(x[0].shape()), [&](const index& at) { return element(x[0], place(at)); });
  };
}

expectation reshaped(shape_type to) {
  return [to](const arrays<double>& x) {
    const array<double> flat = [&] {
      std::size_t next = 0;
      return generate({x[0].size()}, [&](const index&) { return x[0].data()[next++]; });
    }();
    std::size_t next = 0;
    return generate(to, [&](const index&) { return flat.data()[next++]; });
  };
}

// A row: f is a generic lambda that takes a vector of variables of either type.
template <class F>
operation row(std::string declaration, std::string variant, std::vector<domain> domains,
              std::vector<std::vector<shape_type>> shapes, F f, expectation expected) {
  return {std::move(declaration), std::move(variant), std::move(domains), std::move(shapes), f, f,
          std::move(expected)};
}

using lists = std::vector<std::vector<shape_type>>;

const lists any_shape = {{{3, 2}}, {{}}, {{1, 4}}, {{2, 1, 3, 2}}, {{19}}, {{0}}, {{2, 0}}};
const lists any_pair = {{{3, 2}, {2}},   {{3, 1}, {1, 4}},   {{}, {2, 3}},
                        {{2, 3}, {}},    {{2, 3}, {2, 3}},   {{2, 1, 3}, {4, 1}},
                        {{1, 1}, {3}},   {{5}, {1}},         {{2, 1, 2, 1}, {1, 3, 1, 2}},
                        {{2, 17}, {17}}, {{17, 2}, {17, 1}}, {{}, {}},
                        {{0, 3}, {3}},   {{0}, {1}},         {{2, 0}, {2, 1}}};

const lists any_triple = {{{3, 2}, {2}, {1}},      {{}, {2, 3}, {2, 3}}, {{2, 3}, {2, 3}, {2, 3}},
                          {{2, 17}, {17}, {2, 1}}, {{3, 1}, {1, 4}, {}}, {{0, 3}, {3}, {}}};

std::vector<operation> make_operations() {
  const domain plain;
  const domain positive{0.4, 2.5};
  const domain off_zero{-2, 2, 0.1};
  const domain far_off_zero{-2, 2, 0.5};
  std::vector<operation> rows;

  // --- arithmetic ---
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

  // --- elementary functions ---
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

  // --- activation ---
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
  const lists matrices = {{{3, 4}}, {{1, 5}}, {{4, 1}}, {{2, 19}}, {{0, 3}}, {{2, 0}}};
  const lists cubes = {{{2, 3, 4}}, {{1, 3, 1}}, {{2, 1, 3}}, {{2, 3, 0}}, {{0, 3, 2}}};
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

  // --- reductions ---
  const lists full_cubes = {{{2, 3, 4}}, {{1, 3, 1}}, {{2, 1, 5}}};
  const lists cubes_with_middle = {{{2, 3, 4}}, {{1, 3, 1}}, {{2, 1, 5}}, {{0, 3, 2}}, {{2, 3, 0}}};
  const lists no_mean_of_nothing = {{{3, 2}}, {{}}, {{1, 4}}, {{2, 1, 3, 2}}, {{19}}};
  rows.push_back(row(
      "sum(x)", "", {plain}, any_shape, [](const auto& x) { return sum(x[0]); },
      over_everything(naive_sum)));
  rows.push_back(row(
      "sum(x, axes, options)", "axis 0", {plain}, cubes,
      [](const auto& x) { return sum(x[0], {0}); }, group_by_group({0}, false, naive_sum)));
  rows.push_back(row(
      "sum(x, axes, options)", "axis -1 kept", {plain}, cubes,
      [](const auto& x) { return sum(x[0], {-1}, {.keep_dims = true}); },
      group_by_group({2}, true, naive_sum)));
  rows.push_back(row(
      "sum(x, axes, options)", "axes 2 and 0", {plain}, cubes,
      [](const auto& x) {
        return sum(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, naive_sum)));
  rows.push_back(row(
      "sum(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return sum(x[0], axis_list{}); }, group_by_group({}, false, naive_sum)));
  rows.push_back(row(
      "mean(x)", "", {plain}, no_mean_of_nothing, [](const auto& x) { return mean(x[0]); },
      over_everything(naive_mean)));
  rows.push_back(row(
      "mean(x, axes, options)", "axis 1", {plain}, cubes_with_middle,
      [](const auto& x) { return mean(x[0], {1}); }, group_by_group({1}, false, naive_mean)));
  rows.push_back(row(
      "mean(x, axes, options)", "axes 0 and -1 kept", {plain}, full_cubes,
      [](const auto& x) {
        return mean(x[0], {0, -1}, {.keep_dims = true});
      },
      group_by_group({0, 2}, true, naive_mean)));
  rows.push_back(row(
      "mean(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return mean(x[0], axis_list{}); },
      group_by_group({}, false, naive_mean)));
  rows.push_back(row(
      "logsumexp(x)", "", {plain}, any_shape, [](const auto& x) { return logsumexp(x[0]); },
      over_everything(naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "axis 0", {plain}, cubes,
      [](const auto& x) { return logsumexp(x[0], {0}); },
      group_by_group({0}, false, naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "axis 1 kept", {plain}, cubes,
      [](const auto& x) { return logsumexp(x[0], {1}, {.keep_dims = true}); },
      group_by_group({1}, true, naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "axes 1 and 2", {plain}, cubes,
      [](const auto& x) {
        return logsumexp(x[0], {1, 2});
      },
      group_by_group({1, 2}, false, naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "axes 2 and 0", {plain}, cubes,
      [](const auto& x) {
        return logsumexp(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "axes 0 and 2 kept", {plain}, cubes,
      [](const auto& x) {
        return logsumexp(x[0], {0, 2}, {.keep_dims = true});
      },
      group_by_group({0, 2}, true, naive_logsumexp)));
  rows.push_back(row(
      "logsumexp(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return logsumexp(x[0], axis_list{}); },
      group_by_group({}, false, naive_logsumexp)));

  // --- shape ---
  rows.push_back(row(
      "reshape(x, sizes)", "", {plain}, {{{2, 6}}, {{12}}, {{3, 1, 4}}},
      [](const auto& x) {
        return reshape(x[0], {3, 2, 2});
      },
      reshaped({3, 2, 2})));
  rows.push_back(row(
      "reshape(x, sizes)", "with -1", {plain}, {{{2, 6}}, {{12}}, {{3, 1, 4}}},
      [](const auto& x) {
        return reshape(x[0], {4, -1});
      },
      reshaped({4, 3})));
  rows.push_back(row(
      "reshape(x, sizes)", "scalar", {plain}, {{{1}}, {{1, 1}}, {{}}},
      [](const auto& x) { return reshape(x[0], {}); }, reshaped({})));
  rows.push_back(row(
      "reshape(x, sizes)", "empty", {plain}, {{{0}}, {{4, 0}}},
      [](const auto& x) {
        return reshape(x[0], {0, 3});
      },
      reshaped({0, 3})));
  rows.push_back(row(
      "transpose(x)", "", {plain}, {{{3, 4}}, {{1, 5}}, {{17, 9}}, {{0, 3}}},
      [](const auto& x) { return transpose(x[0]); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[1], s[0]};
          },
          [](const index& at) {
            return index{at[1], at[0]};
          })));
  rows.push_back(row(
      "transpose(x)", "rank 3", {plain}, cubes, [](const auto& x) { return transpose(x[0]); },
      moved(
          [](const shape_type& s) {
            return shape_type{s[2], s[1], s[0]};
          },
          [](const index& at) {
            return index{at[2], at[1], at[0]};
          })));
  rows.push_back(row(
      "transpose(x)", "rank 1 and 0", {plain}, {{{4}}, {{}}, {{0}}},
      [](const auto& x) { return transpose(x[0]); },
      moved([](const shape_type& s) { return s; }, [](const index& at) { return at; })));
  rows.push_back(row(
      "transpose(x, axes)", "", {plain}, cubes,
      [](const auto& x) {
        return transpose(x[0], {1, -1, 0});
      },
      moved(
          [](const shape_type& s) {
            return shape_type{s[1], s[2], s[0]};
          },
          [](const index& at) {
            return index{at[2], at[0], at[1]};
          })));
  const auto spread = [](shape_type to) {
    return moved([to](const shape_type&) { return to; }, [](const index& at) { return at; });
  };
  rows.push_back(row(
      "broadcast_to(x, shape)", "", {plain},
      {{{2, 1, 4}}, {{3, 1}}, {{4}}, {{1}}, {{}}, {{2, 3, 4}}},
      [](const auto& x) {
        return broadcast_to(x[0], {2, 3, 4});
      },
      spread({2, 3, 4})));
  rows.push_back(row(
      "broadcast_to(x, shape)", "empty", {plain}, {{{1}}, {{0}}, {{1, 0}}},
      [](const auto& x) {
        return broadcast_to(x[0], {3, 0});
      },
      spread({3, 0})));
  rows.push_back(row(
      "sum_to(x, shape)", "", {plain}, {{{2, 3, 4}}, {{0, 3, 2}}, {{2, 3, 1}}},
      [](const auto& x) {
        return sum_to(x[0], {3, 1});
      },
      [](const arrays<double>& x) {
        array<double> y = group_by_group({0, 2}, true, naive_sum)(x);
        return reshaped({3, 1})({y});
      }));
  rows.push_back(row(
      "sum_to(x, shape)", "scalar", {plain}, any_shape,
      [](const auto& x) { return sum_to(x[0], {}); }, over_everything(naive_sum)));

  // --- products ---
  rows.push_back(row(
      "matmul(a, b)", "", {plain, plain},
      {{{3, 4}, {4, 2}},
       {{1, 5}, {5, 1}},
       {{2, 1}, {1, 3}},
       {{1, 4}, {4, 3}},
       {{4, 3}, {3, 1}},
       {{5, 17}, {17, 9}},
       {{0, 3}, {3, 2}},
       {{2, 0}, {0, 3}},
       {{2, 3}, {3, 0}}},
      [](const auto& x) { return matmul(x[0], x[1]); }, naive_matmul));
  rows.push_back(row(
      "affine(x, weight, bias)", "", {plain, plain, plain},
      {{{3, 4}, {4, 2}, {2}},
       {{1, 5}, {5, 1}, {1}},
       {{2, 1}, {1, 3}, {3}},
       {{1, 4}, {4, 3}, {3}},
       {{5, 17}, {17, 9}, {9}},
       {{0, 3}, {3, 2}, {2}},
       {{2, 0}, {0, 3}, {3}},
       {{2, 3}, {3, 0}, {0}}},
      [](const auto& x) { return affine(x[0], x[1], x[2]); }, naive_matmul));

  // --- losses ---
  const lists logits = {{{3, 4}}, {{1, 2}}, {{2, 1}}, {{5, 19}}};
  rows.push_back(row(
      "softmax_cross_entropy(logits, labels)", "", {plain}, logits,
      [](const auto& x) { return softmax_cross_entropy(x[0], labels_for(x[0].shape())); },
      [](const arrays<double>& x) {
        const std::vector<int> labels = labels_for(x[0].shape());
        return naive_cross_entropy(x[0], [&](const index& at) {
          return labels[at[0]] == static_cast<int>(at[1]) ? 1.0 : 0.0;
        });
      }));
  const lists same_matrices = {
      {{3, 4}, {3, 4}}, {{1, 2}, {1, 2}}, {{2, 1}, {2, 1}}, {{5, 19}, {5, 19}}};
  rows.push_back(row(
      "softmax_cross_entropy(logits, targets)", "", {plain, {0, 1}}, same_matrices,
      [](const auto& x) { return softmax_cross_entropy(x[0], x[1]); },
      [](const arrays<double>& x) {
        return naive_cross_entropy(x[0], [&](const index& at) { return element(x[1], at); });
      }));
  rows.push_back(row(
      "mse(prediction, target)", "", {plain, plain},
      {{{3, 2}, {3, 2}}, {{}, {}}, {{19}, {19}}, {{2, 1, 3}, {2, 1, 3}}},
      [](const auto& x) { return mse(x[0], x[1]); },
      [](const arrays<double>& x) {
        double total = 0;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          const double error = x[0].data()[i] - x[1].data()[i];
          total += error * error;
        }
        return full<double>({}, total / static_cast<double>(x[0].size()));
      }));
  return rows;
}

}  // namespace

const std::vector<operation>& operations() {
  static const std::vector<operation> rows = make_operations();
  return rows;
}

array<double> draw(const shape_type& shape, const domain& from, unsigned seed) {
  std::mt19937 generator(seed);
  array<double> result = empty<double>(shape);
  for (double& x : result.storage()) do {
      x = from.low + (from.high - from.low) * static_cast<double>(generator()) / 4294967296.0;
    } while (std::abs(x) < from.gap);
  return result;
}

arrays<double> draw(const operation& op, const std::vector<shape_type>& shapes, unsigned seed) {
  arrays<double> result;
  for (std::size_t k = 0; k < shapes.size(); ++k)
    result.push_back(draw(shapes[k], op.domains[k], seed + 100 * static_cast<unsigned>(k)));
  return result;
}

void for_each_call(
    const std::function<void(const operation&, const std::vector<shape_type>&)>& use) {
  for (const operation& op : operations())
    for (const std::vector<shape_type>& shapes : op.shapes) {
      std::string text = op.name() + " of";
      for (const shape_type& shape : shapes) text += " " + to_string(shape);
      INFO(text);
      use(op, shapes);
    }
}

array<float> to_float(const array<double>& x) {
  array<float> result = empty<float>(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [](double v) { return static_cast<float>(v); });
  return result;
}

array<double> to_double(const array<float>& x) {
  array<double> result = empty<double>(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [](float v) { return static_cast<double>(v); });
  return result;
}

double distance(const array<double>& a, const array<double>& b) {
  if (a.shape() != b.shape()) return std::numeric_limits<double>::infinity();
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a.data()[i], y = b.data()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double d = std::abs(x - y) / std::max(1.0, std::abs(y));
    greatest = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(greatest, d);
  }
  return greatest;
}

}  // namespace table
