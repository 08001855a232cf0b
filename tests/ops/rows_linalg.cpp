#include "ops/rows.hpp"

namespace table {

namespace {

// NumPy's matmul: vectors count as a row on the left and as a column on the right, batches broadcast.
array<double> naive_products(const arrays<double>& x) {
  const bool row = x[0].dimension() == 1, column = x[1].dimension() == 1;
  const shape_type a = x[0].shape(), b = x[1].shape();
  const shape_type batch_a(a.begin(), a.end() - (row ? 1 : 2)),
      batch_b(b.begin(), b.end() - (column ? 1 : 2));
  shape_type shape(std::max(batch_a.size(), batch_b.size()), 1);
  for (const shape_type* const batch : {&batch_a, &batch_b})
    for (std::size_t i = 1; i <= batch->size(); ++i)
      if ((*batch)[batch->size() - i] != 1) shape[shape.size() - i] = (*batch)[batch->size() - i];
  const std::size_t batches = shape.size();
  if (!row) shape.push_back(a[a.size() - 2]);
  if (!column) shape.push_back(b[b.size() - 1]);
  return generate(shape, [&](const index& at) {
    double total = 0;
    for (std::size_t i = 0; i < a[a.size() - 1]; ++i) {
      index in_a(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(batches)), in_b = in_a;
      if (!row) in_a.push_back(at[batches]);
      in_a.push_back(i);
      in_b.push_back(i);
      if (!column) in_b.push_back(at.back());
      if (row) in_a = {i};
      if (column) in_b = {i};
      total += element(x[0], in_a) * element(x[1], in_b);
    }
    return total;
  });
}

}  // namespace

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
      [](const auto& x) { return matmul(x[0], x[1]); }, naive_products));
  rows.push_back(row(
      "matmul(a, b)", "vectors", {plain, plain},
      {{{3}, {3}},
       {{1}, {1}},
       {{3, 4}, {4}},
       {{3}, {3, 4}},
       {{1}, {1, 3}},
       {{2, 3, 4}, {4}},
       {{3}, {2, 3, 4}},
       {{2, 1, 3}, {3}},
       {{3}, {2, 3, 1}},
       {{2, 3, 1, 4}, {4}},
       {{0}, {0}},
       {{0}, {0, 3}},
       {{3, 0}, {0}}},
      [](const auto& x) { return matmul(x[0], x[1]); }, naive_products));
  rows.push_back(row(
      "matmul(a, b)", "batches", {plain, plain},
      {{{2, 3, 4}, {4, 3}},
       {{3, 4}, {2, 4, 3}},
       {{2, 3, 4}, {2, 4, 2}},
       {{3, 1, 2}, {3, 2, 1}},
       {{2, 1, 3}, {3, 1}},
       {{1, 2, 3}, {2, 3, 2}},
       {{2, 1, 2, 3}, {3, 3, 2}},
       {{2, 2, 3}, {3, 1, 3, 2}},
       {{2, 3, 1, 2}, {1, 3, 2, 1}},
       {{2, 2, 1, 3, 2}, {2, 2, 1}},
       {{2, 1, 2, 1, 2}, {2, 1, 2, 2, 1}},
       {{3, 1, 1}, {2, 1, 1, 1}},
       {{0, 2, 3}, {3, 2}},
       {{1, 2, 3}, {0, 3, 2}},
       {{2, 2, 0}, {0, 3}},
       {{2, 0, 3}, {2, 3, 2}}},
      [](const auto& x) { return matmul(x[0], x[1]); }, naive_products));
  rows.push_back(row(
      "dot(a, b)", "", {plain, plain}, {{{3}, {3}}, {{1}, {1}}, {{70}, {70}}, {{0}, {0}}},
      [](const auto& x) { return dot(x[0], x[1]); }, naive_products));
  rows.push_back(row(
      "outer(a, b)", "", {plain, plain},
      {{{3}, {2}}, {{1}, {4}}, {{5}, {1}}, {{3}, {17}}, {{0}, {3}}, {{3}, {0}}},
      [](const auto& x) { return outer(x[0], x[1]); },
      [](const arrays<double>& x) {
        return generate({x[0].size(), x[1].size()},
                        [&](const index& at) { return x[0].data()[at[0]] * x[1].data()[at[1]]; });
      }));
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
