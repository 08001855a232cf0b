#include "ops/rows.hpp"

#include <limits>

namespace table {

static constexpr double inf = std::numeric_limits<double>::infinity();

static double naive_variance(const std::vector<double>& values, std::size_t ddof) {
  const double mean = naive_mean(values);
  double total = 0;
  for (const double v : values) total += (v - mean) * (v - mean);
  return total / static_cast<double>(values.size() - ddof);
}

void add_reduce(std::vector<operation>& rows) {
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

  const auto product = [](const std::vector<double>& values) {
    double total = 1;
    for (const double v : values) total *= v;
    return total;
  };
  const auto greatest = [](const std::vector<double>& values) {
    return *std::max_element(values.begin(), values.end());
  };
  const auto smallest = [](const std::vector<double>& values) {
    return *std::min_element(values.begin(), values.end());
  };
  const auto variance = [](const std::vector<double>& v) { return naive_variance(v, 0); };
  const auto sample_variance = [](const std::vector<double>& v) { return naive_variance(v, 1); };
  const auto deviation = [](const std::vector<double>& v) {
    return std::sqrt(naive_variance(v, 0));
  };
  const auto sample_deviation = [](const std::vector<double>& v) {
    return std::sqrt(naive_variance(v, 1));
  };
  const auto taxicab = [](const std::vector<double>& values) {
    double total = 0;
    for (const double v : values) total += std::abs(v);
    return total;
  };
  const auto euclidean = [](const std::vector<double>& values) {
    double total = 0;
    for (const double v : values) total += v * v;
    return std::sqrt(total);
  };
  const auto magnitude = [](const std::vector<double>& values) {
    double most = 0;
    for (const double v : values) most = std::max(most, std::abs(v));
    return most;
  };
  const lists some = {{{3, 2}}, {{1}}, {{1, 4}}, {{2, 1, 3, 2}}, {{19}}, {{2, 1, 2, 1, 2}}};
  const lists scalars = {{{}}, {{3, 2}}, {{19}}, {{2, 1, 2, 1, 2}}};
  const lists pairs = {{{3, 2}}, {{2}}, {{1, 4}}, {{2, 1, 3, 2}}, {{19}}};
  // Reduced rows that are shorter and longer than registers, and results that are.
  const lists rows_and_columns = {{{2, 3}}, {{3, 37}}, {{5, 1}}, {{0, 3}}};
  const lists columns_and_rows = {{{3, 2}}, {{4, 19}}, {{37, 3}}, {{1, 5}}, {{3, 0}}};
  const lists rank_five = {{{2, 1, 3, 1, 2}}, {{1, 2, 2, 3, 1}}};
  rows.push_back(row(
      "prod(x)", "", {plain}, any_shape, [](const auto& x) { return prod(x[0]); },
      over_everything(product)));
  rows.push_back(row(
      "prod(x, axes, options)", "axis 0", {positive}, columns_and_rows,
      [](const auto& x) { return prod(x[0], {0}); }, group_by_group({0}, false, product)));
  rows.push_back(row(
      "prod(x, axes, options)", "axis -1 kept", {positive}, rows_and_columns,
      [](const auto& x) { return prod(x[0], {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, product)));
  rows.push_back(row(
      "prod(x, axes, options)", "axis 1", {plain}, cubes,
      [](const auto& x) { return prod(x[0], {1}); }, group_by_group({1}, false, product)));
  rows.push_back(row(
      "prod(x, axes, options)", "axes 2 and 0", {plain}, cubes,
      [](const auto& x) {
        return prod(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, product)));
  rows.push_back(row(
      "prod(x, axes, options)", "axes 1, 2 and 4 kept", {plain}, rank_five,
      [](const auto& x) {
        return prod(x[0], {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, product)));
  rows.push_back(row(
      "prod(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return prod(x[0], axis_list{}); }, group_by_group({}, false, product)));
  rows.push_back(row(
      "max(x)", "", {plain}, some, [](const auto& x) { return max(x[0]); },
      over_everything(greatest)));
  rows.push_back(row(
      "max(x)", "of a scalar", {plain}, scalars, [](const auto& x) { return max(x[0]); },
      over_everything(greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "axis 0", {plain}, columns_and_rows,
      [](const auto& x) { return max(x[0], {0}); }, group_by_group({0}, false, greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "axis -1 kept", {plain}, rows_and_columns,
      [](const auto& x) { return max(x[0], {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "axis 1", {plain}, full_cubes,
      [](const auto& x) { return max(x[0], {1}); }, group_by_group({1}, false, greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "axes 2 and 0", {plain}, full_cubes,
      [](const auto& x) {
        return max(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "axes 1, 2 and 4 kept", {plain}, rank_five,
      [](const auto& x) {
        return max(x[0], {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, greatest)));
  rows.push_back(row(
      "max(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return max(x[0], axis_list{}); }, group_by_group({}, false, greatest)));
  rows.push_back(row(
      "min(x)", "", {plain}, some, [](const auto& x) { return min(x[0]); },
      over_everything(smallest)));
  rows.push_back(row(
      "min(x)", "of a scalar", {plain}, scalars, [](const auto& x) { return min(x[0]); },
      over_everything(smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "axis 0", {plain}, columns_and_rows,
      [](const auto& x) { return min(x[0], {0}); }, group_by_group({0}, false, smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "axis -1 kept", {plain}, rows_and_columns,
      [](const auto& x) { return min(x[0], {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "axis 1", {plain}, full_cubes,
      [](const auto& x) { return min(x[0], {1}); }, group_by_group({1}, false, smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "axes 2 and 0", {plain}, full_cubes,
      [](const auto& x) {
        return min(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "axes 1, 2 and 4 kept", {plain}, rank_five,
      [](const auto& x) {
        return min(x[0], {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, smallest)));
  rows.push_back(row(
      "min(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return min(x[0], axis_list{}); }, group_by_group({}, false, smallest)));
  rows.push_back(row(
      "var(x)", "", {plain}, some, [](const auto& x) { return var(x[0]); },
      over_everything(variance)));
  rows.push_back(row(
      "var(x, axes, options)", "axis 0", {plain}, {{{3, 2}}, {{4, 19}}, {{37, 3}}, {{3, 0}}},
      [](const auto& x) { return var(x[0], {0}); }, group_by_group({0}, false, variance)));
  rows.push_back(row(
      "var(x, axes, options)", "axis -1 kept, ddof 1", {plain}, {{{2, 3}}, {{3, 37}}, {{0, 3}}},
      [](const auto& x) { return var(x[0], {-1}, {.ddof = 1, .keep_dims = true}); },
      group_by_group({1}, true, sample_variance)));
  rows.push_back(row(
      "var(x, axes, options)", "axis 1, ddof 1", {plain},
      {{{2, 3, 4}}, {{1, 3, 1}}, {{3, 2, 1}}, {{0, 3, 2}}},
      [](const auto& x) { return var(x[0], {1}, {.ddof = 1}); },
      group_by_group({1}, false, sample_variance)));
  rows.push_back(row(
      "var(x, axes, options)", "axes 2 and 0", {plain}, {{{2, 3, 4}}, {{2, 1, 5}}, {{2, 0, 2}}},
      [](const auto& x) {
        return var(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, variance)));
  rows.push_back(row(
      "var(x, axes, options)", "axes 1, 2 and 4 kept", {plain}, rank_five,
      [](const auto& x) {
        return var(x[0], {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, variance)));
  rows.push_back(row(
      "stddev(x)", "", {plain}, pairs, [](const auto& x) { return stddev(x[0]); },
      over_everything(deviation)));
  rows.push_back(row(
      "stddev(x, axes, options)", "axis 0", {plain}, {{{3, 2}}, {{4, 19}}, {{37, 3}}, {{3, 0}}},
      [](const auto& x) { return stddev(x[0], {0}); }, group_by_group({0}, false, deviation)));
  rows.push_back(row(
      "stddev(x, axes, options)", "axis -1 kept, ddof 1", {plain}, {{{2, 3}}, {{3, 37}}, {{0, 3}}},
      [](const auto& x) { return stddev(x[0], {-1}, {.ddof = 1, .keep_dims = true}); },
      group_by_group({1}, true, sample_deviation)));
  rows.push_back(row(
      "stddev(x, axes, options)", "axis 1, ddof 1", {plain},
      {{{2, 3, 4}}, {{1, 3, 1}}, {{3, 2, 1}}, {{0, 3, 2}}},
      [](const auto& x) { return stddev(x[0], {1}, {.ddof = 1}); },
      group_by_group({1}, false, sample_deviation)));
  rows.push_back(row(
      "stddev(x, axes, options)", "axes 2 and 0", {plain}, {{{2, 3, 4}}, {{2, 1, 5}}, {{2, 0, 2}}},
      [](const auto& x) {
        return stddev(x[0], {2, 0});
      },
      group_by_group({0, 2}, false, deviation)));
  rows.push_back(row(
      "stddev(x, axes, options)", "axes 1, 2 and 4 kept", {plain}, rank_five,
      [](const auto& x) {
        return stddev(x[0], {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, deviation)));
  rows.push_back(row(
      "var(x, axes, options)", "no axis", {plain}, any_shape,
      [](const auto& x) { return var(x[0], axis_list{}); }, group_by_group({}, false, variance)));
  rows.push_back(row(
      "norm(x, order)", "order 1", {off_zero}, any_shape,
      [](const auto& x) { return norm(x[0], 1); }, over_everything(taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, axis 0", {off_zero}, columns_and_rows,
      [](const auto& x) { return norm(x[0], 1, {0}); }, group_by_group({0}, false, taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, axis -1 kept", {off_zero}, rows_and_columns,
      [](const auto& x) { return norm(x[0], 1, {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, axis 1", {off_zero}, cubes,
      [](const auto& x) { return norm(x[0], 1, {1}); }, group_by_group({1}, false, taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, axes 2 and 0", {off_zero}, cubes,
      [](const auto& x) {
        return norm(x[0], 1, {2, 0});
      },
      group_by_group({0, 2}, false, taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, axes 1, 2 and 4 kept", {off_zero}, rank_five,
      [](const auto& x) {
        return norm(x[0], 1, {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, taxicab)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 1, no axis", {off_zero}, any_shape,
      [](const auto& x) { return norm(x[0], 1, axis_list{}); },
      group_by_group({}, false, taxicab)));
  rows.push_back(row(
      "norm(x, order)", "order 2", {off_zero}, any_shape,
      [](const auto& x) { return norm(x[0], 2); }, over_everything(euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, axis 0", {off_zero}, columns_and_rows,
      [](const auto& x) { return norm(x[0], 2, {0}); }, group_by_group({0}, false, euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, axis -1 kept", {off_zero}, rows_and_columns,
      [](const auto& x) { return norm(x[0], 2, {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, axis 1", {off_zero}, cubes,
      [](const auto& x) { return norm(x[0], 2, {1}); }, group_by_group({1}, false, euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, axes 2 and 0", {off_zero}, cubes,
      [](const auto& x) {
        return norm(x[0], 2, {2, 0});
      },
      group_by_group({0, 2}, false, euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, axes 1, 2 and 4 kept", {off_zero}, rank_five,
      [](const auto& x) {
        return norm(x[0], 2, {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, euclidean)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order 2, no axis", {off_zero}, any_shape,
      [](const auto& x) { return norm(x[0], 2, axis_list{}); },
      group_by_group({}, false, euclidean)));
  rows.push_back(row(
      "norm(x, order)", "order inf", {off_zero}, some,
      [](const auto& x) { return norm(x[0], inf); }, over_everything(magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, axis 0", {off_zero}, columns_and_rows,
      [](const auto& x) { return norm(x[0], inf, {0}); }, group_by_group({0}, false, magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, axis -1 kept", {off_zero}, rows_and_columns,
      [](const auto& x) { return norm(x[0], inf, {-1}, {.keep_dims = true}); },
      group_by_group({1}, true, magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, axis 1", {off_zero}, full_cubes,
      [](const auto& x) { return norm(x[0], inf, {1}); }, group_by_group({1}, false, magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, axes 2 and 0", {off_zero}, full_cubes,
      [](const auto& x) {
        return norm(x[0], inf, {2, 0});
      },
      group_by_group({0, 2}, false, magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, axes 1, 2 and 4 kept", {off_zero}, rank_five,
      [](const auto& x) {
        return norm(x[0], inf, {1, 4, 2}, {.keep_dims = true});
      },
      group_by_group({1, 2, 4}, true, magnitude)));
  rows.push_back(row(
      "norm(x, order, axes, options)", "order inf, no axis", {off_zero}, any_shape,
      [](const auto& x) { return norm(x[0], inf, axis_list{}); },
      group_by_group({}, false, magnitude)));

  const auto running = [](std::size_t axis) -> expectation {
    return [axis](const arrays<double>& x) {
      return generate(x[0].shape(), [&](index at) {
        double total = 0;
        for (std::size_t last = at[axis] + 1, i = 0; i < last; ++i) {
          at[axis] = i;
          total += element(x[0], at);
        }
        return total;
      });
    };
  };
  rows.push_back(row(
      "cumsum(x, axis)", "axis 0", {plain},
      {{{3, 2}}, {{5}}, {{1, 4}}, {{2, 1, 3, 2}}, {{0}}, {{2, 0}}},
      [](const auto& x) { return cumsum(x[0], 0); }, running(0)));
  rows.push_back(row(
      "cumsum(x, axis)", "axis 1", {plain}, cubes, [](const auto& x) { return cumsum(x[0], 1); },
      running(1)));
  rows.push_back(row(
      "cumsum(x, axis)", "axis -1", {plain}, cubes, [](const auto& x) { return cumsum(x[0], -1); },
      running(2)));
}

}  // namespace table
