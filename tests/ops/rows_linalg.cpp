#include "ops/rows.hpp"

namespace table {

void add_linalg(std::vector<operation>& rows) {
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
}

}  // namespace table
