#include "ops/rows.hpp"

namespace table {

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
}

}  // namespace table
