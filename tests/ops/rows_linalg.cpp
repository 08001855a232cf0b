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

// x with `much` added to its diagonals: far from singular, and positive definite where symmetric.
template <class T>
variable<T> dominant(const variable<T>& x, double much = 5) {
  const std::size_t n = x.shape().back();
  array<T> diagonal = zeros<T>({n, n});
  for (std::size_t i = 0; i < n; ++i) diagonal.data()[i * n + i] = static_cast<T>(much);
  return x + diagonal;
}

// A square matrix as plain loops see it.
struct matrix {
  std::size_t n;
  std::vector<double> values;
  double& operator()(std::size_t i, std::size_t j) { return values[i * n + j]; }
};

// The matrix at `number` of an array of them, made dominant.
matrix matrix_of(const array<double>& x, std::size_t number, double much = 5) {
  const std::size_t n = x.shape().back();
  const double* const from = x.data() + number * n * n;
  matrix result{n, {from, from + n * n}};
  for (std::size_t i = 0; i < n; ++i) result(i, i) += much;
  return result;
}

// Gauss and Jordan's elimination of a x = b, b of (n, columns); no pivots are needed.
void eliminate(matrix a, std::vector<double>& b, std::size_t columns) {
  for (std::size_t p = 0; p < a.n; ++p)
    for (std::size_t i = 0; i < a.n; ++i) {
      if (i == p) continue;
      const double factor = a(i, p) / a(p, p);
      for (std::size_t j = 0; j < a.n; ++j) a(i, j) -= factor * a(p, j);
      for (std::size_t j = 0; j < columns; ++j) b[i * columns + j] -= factor * b[p * columns + j];
    }
  for (std::size_t i = 0; i < a.n; ++i)
    for (std::size_t j = 0; j < columns; ++j) b[i * columns + j] /= a(i, i);
}

// Along the first row.
double naive_det(matrix a) {
  if (a.n == 0) return 1;
  double total = 0;
  for (std::size_t k = 0; k < a.n; ++k) {
    matrix minor{a.n - 1, {}};
    for (std::size_t i = 1; i < a.n; ++i)
      for (std::size_t j = 0; j < a.n; ++j)
        if (j != k) minor.values.push_back(a(i, j));
    total += (k % 2 == 0 ? 1 : -1) * a(0, k) * naive_det(minor);
  }
  return total;
}

expectation of_determinants(double (*f)(double)) {
  return [f](const arrays<double>& x) {
    const shape_type shape(x[0].shape().begin(), x[0].shape().end() - 2);
    std::size_t number = 0;
    return generate(shape, [&](const index&) { return f(naive_det(matrix_of(x[0], number++))); });
  };
}

array<double> naive_inverse(const arrays<double>& x) {
  array<double> result = x[0];
  const std::size_t n = x[0].shape().back(), size = n * n;
  for (std::size_t number = 0; size > 0 && number < x[0].size() / size; ++number) {
    std::vector<double> b(size, 0.0);
    for (std::size_t i = 0; i < n; ++i) b[i * n + i] = 1;
    eliminate(matrix_of(x[0], number), b, n);
    std::copy(b.begin(), b.end(), result.data() + number * size);
  }
  return result;
}

// a is repeated along the axes that only b has and the other way round, with at most one such axis each,
// at the front.
expectation naive_solve(bool vectors) {
  return [vectors](const arrays<double>& x) {
    const shape_type a = x[0].shape(), b = x[1].shape();
    const std::size_t n = a.back(), columns = vectors ? 1 : b.back();
    shape_type shape(a.begin(), a.end() - 2);
    const std::size_t b_batch = b.size() - (vectors ? 1 : 2);
    if (b_batch > shape.size()) shape = shape_type(b.begin(), b.end() - 2);
    const std::size_t count = size_of(shape);
    shape.push_back(n);
    if (!vectors) shape.push_back(columns);
    array<double> result = empty<double>(shape);
    for (std::size_t number = 0; n * columns > 0 && number < count; ++number) {
      const std::size_t a_count = x[0].size() / (n * n), size = n * columns;
      const double* const from = x[1].data() + number % (x[1].size() / size) * size;
      std::vector<double> values(from, from + size);
      eliminate(matrix_of(x[0], number % a_count), values, columns);
      std::copy(values.begin(), values.end(), result.data() + number * size);
    }
    return result;
  };
}

// The factor of x x^T plus 1 on the diagonal.
array<double> naive_cholesky(const arrays<double>& x) {
  const std::size_t n = x[0].shape()[x[0].dimension() - 2], k = x[0].shape().back();
  shape_type shape = x[0].shape();
  shape.back() = n;
  array<double> result = zeros<double>(shape);
  for (std::size_t number = 0; n * k > 0 && number < x[0].size() / (n * k); ++number) {
    const double* const from = x[0].data() + number * n * k;
    double* const l = result.data() + number * n * n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double total = i == j ? 1 : 0;
        for (std::size_t p = 0; p < k; ++p) total += from[i * k + p] * from[j * k + p];
        for (std::size_t p = 0; p < j; ++p) total -= l[i * n + p] * l[j * n + p];
        l[i * n + j] = i == j ? std::sqrt(total) : total / l[j * n + j];
      }
  }
  return result;
}

// Subscripts without spaces, ellipses or an output left out; one index in all loops for each letter.
expectation naive_einsum(const std::string& subscripts) {
  return [subscripts](const arrays<double>& x) {
    const std::size_t arrow = subscripts.find("->"), comma = subscripts.find(',');
    const std::vector<std::string> terms =
        comma == std::string::npos
            ? std::vector<std::string>{subscripts.substr(0, arrow)}
            : std::vector<std::string>{subscripts.substr(0, comma),
                                       subscripts.substr(comma + 1, arrow - comma - 1)};
    const std::string output = subscripts.substr(arrow + 2);
    std::string letters = output;
    for (const std::string& term : terms)
      for (const char c : term)
        if (letters.find(c) == std::string::npos) letters += c;
    index sizes(letters.size(), 1);
    for (std::size_t k = 0; k < terms.size(); ++k)
      for (std::size_t i = 0; i < terms[k].size(); ++i)
        if (x[k].shape()[i] != 1) sizes[letters.find(terms[k][i])] = x[k].shape()[i];
    const auto pick = [&](const std::string& term, const index& at) {
      index result;
      for (const char c : term) result.push_back(at[letters.find(c)]);
      return result;
    };
    const shape_type shape(sizes.begin(),
                           sizes.begin() + static_cast<std::ptrdiff_t>(output.size()));
    const shape_type rest(sizes.begin() + static_cast<std::ptrdiff_t>(output.size()), sizes.end());
    return generate(shape, [&](const index& out) {
      double total = 0;
      for_each_index(rest, [&](const index& in) {
        index at = out;
        at.insert(at.end(), in.begin(), in.end());
        double product = 1;
        for (std::size_t k = 0; k < terms.size(); ++k) product *= element(x[k], pick(terms[k], at));
        total += product;
      });
      return total;
    });
  };
}

expectation naive_trace(std::ptrdiff_t offset, std::size_t axis1, std::size_t axis2) {
  return [=](const arrays<double>& x) {
    shape_type rest;
    for (std::size_t axis = 0; axis < x[0].dimension(); ++axis)
      if (axis != axis1 && axis != axis2) rest.push_back(x[0].shape()[axis]);
    return generate(rest, [&](const index& at) {
      double total = 0;
      for (std::size_t i = 0; i < x[0].shape()[axis1]; ++i) {
        const std::ptrdiff_t j = static_cast<std::ptrdiff_t>(i) + offset;
        if (j < 0 || j >= static_cast<std::ptrdiff_t>(x[0].shape()[axis2])) continue;
        index in = at;
        const auto place = [&](std::size_t axis, std::size_t value) {
          in.insert(in.begin() + static_cast<std::ptrdiff_t>(axis), value);
        };
        if (axis1 < axis2) place(axis1, i);
        place(axis2, static_cast<std::size_t>(j));
        if (axis1 > axis2) place(axis1, i);
        total += element(x[0], in);
      }
      return total;
    });
  };
}

void add_einsum(std::vector<operation>& rows) {
  struct form {
    const char *subscripts, *written_out;
    lists shapes;
  };
  const std::vector<form> ones = {
      {"ij->ij", "ij->ij", {{{2, 3}}, {{1, 3}}, {{0, 3}}}},
      {"ji", "ji->ij", {{{2, 3}}, {{17, 9}}}},
      {"ii->i", "ii->i", {{{3, 3}}, {{1, 1}}, {{0, 0}}}},
      {"ii", "ii->", {{{4, 4}}, {{1, 1}}, {{0, 0}}}},
      {" i j -> ", "ij->", {{{2, 3}}, {{1, 1}}, {{0, 2}}}},
      {"", "->", {{{}}}},
      {"ijk->ki", "ijk->ki", {{{2, 3, 4}}, {{1, 3, 2}}, {{2, 0, 3}}}},
      {"iji->ji", "iji->ji", {{{2, 3, 2}}, {{1, 3, 1}}}},
      {"iijkj->kj", "iijkj->kj", {{{2, 2, 3, 2, 3}}}},
      {"...i->...", "abi->ab", {{{2, 2, 3}}, {{1, 2, 3}}}},
      {"i...", "iab->abi", {{{2, 1, 3}}, {{2, 3, 2}}}},
      {"i...->i...", "i->i", {{{3}}}},
      {"...ii->...i", "abii->abi", {{{2, 1, 3, 3}}}},
      {"Ba", "Ba->Ba", {{{2, 3}}}},
  };
  for (const form& each : ones) {
    const std::string subscripts = each.subscripts;
    rows.push_back(row(
        "einsum(subscripts, a)", "\"" + subscripts + "\"", {plain}, each.shapes,
        [subscripts](const auto& x) { return einsum(subscripts, x[0]); },
        naive_einsum(each.written_out)));
  }
  const std::vector<form> pairs = {
      {"ij,jk->ik", "ij,jk->ik", {{{2, 3}, {3, 4}}, {{1, 3}, {3, 1}}, {{2, 0}, {0, 3}}}},
      {"ij,jk", "ij,jk->ik", {{{2, 3}, {3, 4}}, {{2, 1}, {3, 2}}, {{2, 3}, {1, 2}}}},
      {"ij,kj->ki", "ij,kj->ki", {{{2, 3}, {4, 3}}}},
      {"ji,jk->ki", "ji,jk->ki", {{{3, 2}, {3, 4}}}},
      {"bij,bjk", "bij,bjk->ik", {{{2, 3, 2}, {2, 2, 3}}}},
      {"bij,bjk->bik", "bij,bjk->bik", {{{2, 3, 2}, {2, 2, 3}}, {{2, 3, 2}, {1, 2, 3}}}},
      {"bij,jk->bik", "bij,jk->bik", {{{2, 3, 2}, {2, 3}}, {{0, 3, 2}, {2, 3}}}},
      {"ibj,kjb->bki", "ibj,kjb->bki", {{{2, 3, 2}, {2, 2, 3}}}},
      {"i,j->ij", "i,j->ij", {{{2}, {3}}, {{1}, {3}}, {{0}, {3}}}},
      {"i,j->ji", "i,j->ji", {{{2}, {3}}}},
      {"i,i", "i,i->", {{{3}, {3}}, {{3}, {1}}, {{0}, {0}}, {{1}, {0}}}},
      {"i,i->i", "i,i->i", {{{3}, {3}}, {{3}, {1}}}},
      {"bi,bj->bij", "bi,bj->bij", {{{2, 3}, {2, 2}}}},
      {"bi,bj->ibj", "bi,bj->ibj", {{{2, 3}, {2, 2}}}},
      {",", ",->", {{{}, {}}}},
      {",ij", ",ij->ij", {{{}, {2, 3}}}},
      {"ij,j->", "ij,j->", {{{2, 3}, {3}}}},
      {"ijk,jl->l", "ijk,jl->l", {{{2, 3, 2}, {3, 2}}}},
      {"ii,ij->j", "ii,ij->j", {{{2, 2}, {2, 3}}}},
      {"iij,jkk->ik", "iij,jkk->ik", {{{2, 2, 3}, {3, 2, 2}}}},
      {"ijkl,lkmj->mi", "ijkl,lkmj->mi", {{{2, 2, 2, 3}, {3, 2, 2, 2}}}},
      {"i j , j k -> k i", "ij,jk->ki", {{{2, 3}, {3, 2}}}},
      {"...ij,...jk->...ik",
       "abij,bjk->abik",
       {{{2, 2, 2, 3}, {2, 3, 2}}, {{2, 1, 2, 3}, {3, 3, 1}}}},
      {"i...,i...", "iab,ib->ab", {{{3, 2, 1}, {3, 4}}}},
      {"...,...->...", "ab,ab->ab", {{{2, 3}, {1, 3}}}},
      {"Ba,aC", "Ba,aC->BC", {{{2, 3}, {3, 2}}}},
  };
  for (const form& each : pairs) {
    const std::string subscripts = each.subscripts;
    rows.push_back(row(
        "einsum(subscripts, a, b)", "\"" + subscripts + "\"", {plain, plain}, each.shapes,
        [subscripts](const auto& x) { return einsum(subscripts, x[0], x[1]); },
        naive_einsum(each.written_out)));
  }
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
  const lists squares = {{{3, 3}},       {{1, 1}}, {{2, 2, 2}}, {{4, 4}},   {{3, 1, 1}},
                         {{2, 1, 3, 3}}, {{0, 0}}, {{2, 0, 0}}, {{0, 3, 3}}};
  rows.push_back(row(
      "inverse(x)", "", {plain}, squares, [](const auto& x) { return inverse(dominant(x[0])); },
      naive_inverse));
  rows.push_back(row(
      "solve(a, b)", "vectors", {plain, plain},
      {{{3, 3}, {3}},
       {{1, 1}, {1}},
       {{2, 3, 3}, {2, 3}},
       {{2, 3, 3}, {1, 3}},
       {{0, 0}, {0}},
       {{0, 2, 2}, {0, 2}}},
      [](const auto& x) { return solve(dominant(x[0]), x[1]); }, naive_solve(true)));
  rows.push_back(row(
      "solve(a, b)", "matrices", {plain, plain},
      {{{3, 3}, {3, 2}},
       {{2, 2}, {2, 2}},
       {{1, 1}, {1, 3}},
       {{3, 3}, {3, 1}},
       {{2, 2, 2}, {2, 2, 3}},
       {{2, 2}, {3, 2, 2}},
       {{2, 2, 2}, {3, 1, 2, 2}},
       {{4, 4}, {4, 17}},
       {{0, 0}, {0, 2}},
       {{2, 2}, {2, 0}},
       {{2, 2}, {0, 2, 2}}},
      [](const auto& x) { return solve(dominant(x[0]), x[1]); },
      [](const arrays<double>& x) {
        if (x[0].dimension() + 1 == x[1].dimension() && x[0].dimension() == 3) {
          // Two axes broadcast: each of b's is repeated before.
          const shape_type b = x[1].shape();
          array<double> wide = generate({b[0], x[0].shape()[0], b[2], b[3]},
                                        [&](const index& at) { return element(x[1], at); });
          return naive_solve(false)({x[0], wide});
        }
        return naive_solve(false)(x);
      }));
  rows.push_back(row(
      "det(x)", "", {plain}, squares, [](const auto& x) { return det(dominant(x[0])); },
      of_determinants([](double d) { return d; })));
  rows.push_back(row(
      "det(x)", "of any matrix", {plain}, {{{3, 3}}, {{1, 1}}, {{2, 2, 2}}, {{0, 2, 2}}},
      [](const auto& x) { return det(x[0]); },
      [](const arrays<double>& x) {
        std::size_t number = 0;
        return generate(shape_type(x[0].shape().begin(), x[0].shape().end() - 2),
                        [&](const index&) { return naive_det(matrix_of(x[0], number++, 0)); });
      }));
  rows.push_back(row(
      "logdet(x)", "", {plain}, squares, [](const auto& x) { return logdet(dominant(x[0])); },
      of_determinants([](double d) { return std::log(d); })));
  rows.push_back(row(
      "cholesky(x)", "", {plain},
      {{{3, 5}}, {{1, 1}}, {{2, 2, 3}}, {{4, 4}}, {{2, 1, 3, 4}}, {{0, 2}}, {{0, 2, 3}}},
      [](const auto& x) { return cholesky(dominant(einsum("...ik,...jk->...ij", x[0], x[0]), 1)); },
      naive_cholesky));
  rows.push_back(row(
      "trace(x, offset, axis1, axis2)", "", {plain},
      {{{3, 3}},
       {{2, 4}},
       {{4, 2}},
       {{1, 1}},
       {{2, 3, 4}},
       {{3, 2, 1, 2}},
       {{0, 3}},
       {{0, 0, 2}},
       {{2, 2, 0}}},
      [](const auto& x) { return trace(x[0]); }, naive_trace(0, 0, 1)));
  rows.push_back(row(
      "trace(x, offset, axis1, axis2)", "offset", {plain}, {{{3, 3}}, {{2, 4}}, {{3, 3, 2}}},
      [](const auto& x) { return trace(x[0], 1); }, naive_trace(1, 0, 1)));
  rows.push_back(row(
      "trace(x, offset, axis1, axis2)", "below", {plain}, {{{3, 3}}, {{4, 2}}, {{3, 1, 2}}},
      [](const auto& x) { return trace(x[0], -2); }, naive_trace(-2, 0, 1)));
  rows.push_back(row(
      "trace(x, offset, axis1, axis2)", "last axes", {plain}, {{{2, 3, 3}}, {{2, 1, 3, 4}}},
      [](const auto& x) { return trace(x[0], 1, -2, -1); },
      [](const arrays<double>& x) {
        return naive_trace(1, x[0].dimension() - 2, x[0].dimension() - 1)(x);
      }));
  rows.push_back(row(
      "trace(x, offset, axis1, axis2)", "axes apart", {plain}, {{{2, 3, 4}}, {{4, 2, 2}}},
      [](const auto& x) { return trace(x[0], 1, 2, 0); }, naive_trace(1, 2, 0)));
  add_einsum(rows);
}

}  // namespace table
