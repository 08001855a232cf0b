#include "ops/rows.hpp"

namespace table {

void add_shape(std::vector<operation>& rows) {
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
}

}  // namespace table
