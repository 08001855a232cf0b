// Linear algebra: against NumPy's values, at singular and ill-conditioned matrices, and its errors.

#include "catch.hpp"

#include <cmath>
#include <limits>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

#include "ops/errors.hpp"
#include "ops/linalg_golden.hpp"
#include "ops/table.hpp"

using namespace xtape;

namespace {

array<double> some(const shape_type& shape) { return full<double>(shape, 0.5); }

template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

using matrix = array<double>;

matrix random_matrix(const shape_type& shape, unsigned seed) {
  return table::draw(shape, {}, seed);
}

matrix times(const matrix& a, const matrix& b) {
  return matmul(variable<double>(a), variable<double>(b)).value();
}

// H_ij = 1 / (i + j + 1).
matrix hilbert(std::size_t n) {
  matrix h = empty<double>({n, n});
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) h(i, j) = 1 / static_cast<double>(i + j + 1);
  return h;
}

// The n-th derivative of sum(f(a + t e) r) by t at 0, f's derivatives taken by backward n times.
template <class F>
double derivative(int n, const F& f, const matrix& a, const matrix& e, const matrix& r) {
  const parameter<double> t(array<double>(full<double>({}, 0)));
  const tape recording;
  variable<double> y = sum(f(a + t * e) * r);
  for (int i = 0; i < n; ++i) y = grad<double>(y, {t}, {.create_graph = true})[0];
  return y.item();
}

variable<double> evaluate(const golden::sample& sample) {
  std::vector<variable<double>> x;
  for (const golden::tensor& in : sample.inputs) {
    array<double> values = empty<double>(in.shape);
    std::copy(in.values.begin(), in.values.end(), values.begin());
    x.push_back(values);
  }
  const std::string operation = sample.operation;
  if (operation == "matmul") return matmul(x[0], x[1]);
  if (operation == "dot") return dot(x[0], x[1]);
  if (operation == "outer") return outer(x[0], x[1]);
  if (operation == "solve") return solve(x[0], x[1]);
  if (operation == "inverse") return inverse(x[0]);
  if (operation == "det") return det(x[0]);
  if (operation == "logdet") return logdet(x[0]);
  if (operation == "cholesky") return cholesky(x[0]);
  if (operation == "trace") return trace(x[0]);
  REQUIRE(operation.substr(0, 7) == "einsum ");
  const std::string subscripts = operation.substr(7);
  return x.size() == 1 ? einsum(subscripts, x[0]) : einsum(subscripts, x[0], x[1]);
}

}  // namespace

TEST_CASE("linear algebra has NumPy's values", "[ops][linalg]") {
  for (const golden::sample& sample : golden::samples) {
    INFO(sample.operation << " " << sample.inputs.begin()->shape.size());
    const array<double> y = evaluate(sample).value();
    REQUIRE(y.shape() == shape_type(sample.output.shape));
    double greatest = 0;
    for (const double v : sample.output.values) greatest = std::max(greatest, std::abs(v));
    for (std::size_t i = 0; i < y.size(); ++i)
      CHECK(std::abs(y.data()[i] - sample.output.values.begin()[i]) <= 1e-12 * greatest);
  }
  CHECK(std::size(golden::samples) > 60);
}

TEST_CASE("third derivatives of inverse, solve and det, in closed form", "[ops][linalg]") {
  const matrix a = random_matrix({3, 3}, 1), e = random_matrix({3, 3}, 2),
               r = random_matrix({3, 3}, 3), b = random_matrix({3, 3}, 4);
  const matrix x = inverse(variable<double>(a)).value();
  const matrix xe = times(x, e), cube = times(xe, times(xe, xe));
  const auto weighted = [&](const matrix& y) {
    double result = 0;
    for (std::size_t i = 0; i < y.size(); ++i) result += y.data()[i] * r.data()[i];
    return result;
  };
  const auto close = [](double found, double expected) {
    CHECK(std::abs(found - expected) <= 1e-11 * std::max(1.0, std::abs(expected)));
  };
  close(derivative(
            3, [](const auto& m) { return inverse(m); }, a, e, r),
        -6 * weighted(times(cube, x)));
  close(derivative(
            3, [&](const auto& m) { return solve(m, b); }, a, e, r),
        -6 * weighted(times(cube, times(x, b))));
  const auto determinant = [](const auto& m) { return det(m); };
  close(derivative(3, determinant, a, e, full<double>({}, 1)), 6 * det(variable<double>(e)).item());
}

TEST_CASE("det has its derivatives at singular matrices", "[ops][linalg]") {
  // det(a + t e) is a polynomial in t; its coefficients from a's and e's mixed determinants.
  const auto coefficient = [](const matrix& a, const matrix& e, int degree) {
    // Sum over the choices of `degree` rows of e among a's.
    double total = 0;
    const std::size_t n = a.shape()[0];
    for (unsigned rows = 0; rows < 1u << n; ++rows) {
      if (__builtin_popcount(rows) != degree) continue;
      matrix mixed = a;
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n && (rows >> i & 1u) != 0; ++j) mixed(i, j) = e(i, j);
      total += det(variable<double>(mixed)).item();
    }
    return total;
  };
  const matrix e = random_matrix({4, 4}, 5);
  const matrix left = random_matrix({4, 4}, 6), right = random_matrix({4, 4}, 7);
  const auto of_rank = [&](std::size_t rank, double small) {
    matrix middle = zeros<double>({4, 4});
    for (std::size_t i = 0; i < 4; ++i) middle(i, i) = i < rank ? 1 + double(i) : small;
    return times(left, times(middle, right));
  };
  const auto determinant = [](const auto& m) { return det(m); };
  const matrix one = full<double>({}, 1);
  for (const double small : {0.0, 1e-14, 1e-7, 1e-4, 1e-2})
    for (const std::size_t rank : {0u, 1u, 2u, 3u, 4u}) {
      const matrix a = of_rank(rank, small);
      double factorial = 1;
      for (int n = 1; n <= 4; ++n) {
        INFO("rank " << rank << ", other singular values " << small << ", derivative " << n);
        factorial *= n;
        const double expected = factorial * coefficient(a, e, n);
        CHECK(std::abs(derivative(n, determinant, a, e, one) - expected) <=
              1e-9 * std::max(1.0, std::abs(expected)));
        if (n > 1) continue;
        const parameter<double> p(a);
        const tape recording;
        det(p).backward();  // through the fused kernel
        double found = 0;
        for (std::size_t i = 0; i < 16; ++i) found += p.grad().data()[i] * e.data()[i];
        CHECK(std::abs(found - expected) <= 1e-12 * std::max(1.0, std::abs(expected)));
      }
    }
  // In a batch with regular ones, of which each needs another number of borders.
  array<double> batch = empty<double>({3, 4, 4});
  for (std::size_t i = 0; i < 3; ++i) {
    const matrix a = of_rank(std::size_t{4} - i, 0);
    std::copy(a.begin(), a.end(), batch.begin() + static_cast<std::ptrdiff_t>(16 * i));
  }
  const matrix r = array<double>{0.5, -2, 3};
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i)
    expected += r(i) * 2 * coefficient(of_rank(std::size_t{4} - i, 0), e, 2);
  CHECK(std::abs(derivative(2, determinant, batch, e, r) - expected) <= 1e-10 * std::abs(expected));
}

TEMPLATE_TEST_CASE("determinants far out", "[ops][linalg][extremes]", float, double) {
  using T = TestType;
  const T big = std::numeric_limits<T>::max() / 4, tiny = std::numeric_limits<T>::min() * 4;
  const auto diagonal = [](const std::vector<T>& values) {
    array<T> x = zeros<T>({values.size(), values.size()});
    for (std::size_t i = 0; i < values.size(); ++i) x(i, i) = values[i];
    return x;
  };
  const auto gradient = [](const array<T>& x) {
    const parameter<T> p(x);
    const tape recording;
    det(p).backward();
    return p.grad();
  };
  const auto near = [](T found, T expected) {
    CHECK(std::abs(found - expected) <=
          64 * std::numeric_limits<T>::epsilon() * std::abs(expected));
  };
  // Nothing overflows on the way.
  near(det(variable<T>(diagonal({big, big, 1 / big, 1 / big}))).item(), 1);
  const T large = std::sqrt(std::sqrt(big));
  near(gradient(diagonal({large, large, 1 / large, 1 / large}))(0, 0), 1 / large);
  // The determinant underflows, its derivative does not.
  CHECK(det(variable<T>(diagonal({tiny, tiny}))).item() == 0);
  near(gradient(diagonal({tiny, tiny}))(1, 1), tiny);
  CHECK(gradient(diagonal({0, 0}))(1, 1) == 0);
  CHECK(gradient(diagonal({0}))(0, 0) == 1);
  near(gradient(diagonal({0, 3}))(0, 0), 3);
  CHECK(gradient(diagonal({0, 3}))(1, 1) == 0);
  near(gradient(diagonal({0, -3, 2}))(0, 0), -6);
  // NaN and infinity.
  CHECK(std::isnan(det(variable<T>(diagonal({nan_of<T>, 1}))).item()));
  CHECK(std::isnan(gradient(diagonal({nan_of<T>, 1}))(0, 0)));
  CHECK(std::isnan(gradient(diagonal({std::numeric_limits<T>::infinity(), 1}))(0, 0)));

  near(logdet(variable<T>(diagonal({big, big, big}))).item(), 3 * std::log(big));
  CHECK(logdet(variable<T>(diagonal({1, 0}))).item() == -std::numeric_limits<T>::infinity());
  CHECK(logdet(variable<T>(diagonal({-1, 0}))).item() == -std::numeric_limits<T>::infinity());
  CHECK(std::isnan(logdet(variable<T>(diagonal({1, -1}))).item()));
  CHECK(std::isnan(logdet(variable<T>(diagonal({nan_of<T>, 1}))).item()));
  near(logdet(variable<T>(diagonal({-2, -1}))).item(), std::log(T(2)));
  near(logdet(variable<T>(array<T>{{0, -2}, {3, 0}})).item(), std::log(T(6)));
  CHECK(std::isnan(logdet(variable<T>(array<T>{{0, 2}, {3, 0}})).item()));
}

TEMPLATE_TEST_CASE("NaN stays NaN", "[ops][linalg][extremes]", float, double) {
  using T = TestType;
  const variable<T> x(array<T>{{nan_of<T>, 1}, {2, 3}});
  const variable<T> b(array<T>{1, 2});
  CHECK(std::isnan(inverse(x).value()(1, 1)));
  CHECK(std::isnan(solve(x, b).value()(1)));
  CHECK(std::isnan(cholesky(x).value()(1, 1)));
  CHECK(std::isnan(matmul(x, b).value()(0)));
  CHECK(matmul(x, b).value()(1) == 8);
  CHECK(std::isnan(einsum("ii", x).value()()));
  // What is not read does not count.
  CHECK(trace(x, -1).item() == 2);
  CHECK(!std::isnan(cholesky(variable<T>(array<T>{{4, nan_of<T>}, {2, 3}})).value()(0, 1)));
}

TEST_CASE("cholesky reads the lower triangle; its gradient is symmetric", "[ops][linalg]") {
  const matrix symmetric{{4, 2, -1}, {2, 5, 0.5}, {-1, 0.5, 3}};
  matrix lower = symmetric;
  lower(0, 1) = 99, lower(0, 2) = -99, lower(1, 2) = 77;
  const parameter<double> p(symmetric), q(lower);
  const matrix r = random_matrix({3, 3}, 8);
  const tape recording;
  const variable<double> y = cholesky(p), z = cholesky(q);
  CHECK((y.value() == z.value()));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = i + 1; j < 3; ++j) CHECK(y.value()(i, j) == 0);
  y.backward(r);
  z.backward(r);
  CHECK((p.grad() == q.grad()));
  const matrix g = p.grad();
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK(std::abs(g(i, j) - g(j, i)) < 1e-15);
  // Changes that keep x symmetric, by central differences; and once more.
  const auto f = [](const variable<double>& x) { return cholesky((x + transpose(x)) * 0.5); };
  CHECK(check_gradients(f, {symmetric}));
  const auto second = [&](const variable<double>& x, const variable<double>& c) {
    return vjp(f(x), c, {x}, {.create_graph = true})[0];
  };
  CHECK(check_gradients(second, {symmetric, r}));
}

TEST_CASE("solve on Hilbert's matrix errs as its condition allows", "[ops][linalg]") {
  const double condition = 1.5257575e10;  // of the 8 by 8 one, in the 2-norm
  const double epsilon = std::numeric_limits<double>::epsilon();
  const parameter<double> h(hilbert(8));
  const matrix expected = full<double>({8}, 1.0);
  const parameter<double> b(times(h.value(), expected));
  const tape recording;
  const variable<double> x = solve(h, b);
  double error = 0, residual = 0;
  const matrix left = times(h.value(), x.value());
  for (std::size_t i = 0; i < 8; ++i) {
    error = std::max(error, std::abs(x.value()(i) - 1));
    residual = std::max(residual, std::abs(left(i) - b.value()(i)));
  }
  CHECK(error <= condition * epsilon);
  CHECK(residual <= 8 * epsilon * 3);
  CHECK(error > 100 * epsilon);  // the bound above is not an empty one
  // Its derivative for b solves the transposed system, as stably.
  const matrix g = full<double>({8}, 1.0);
  x.backward(g);
  const matrix back = times(b.grad(), h.value());
  double greatest = 0;
  for (const double v : b.grad()) greatest = std::max(greatest, std::abs(v));
  for (std::size_t i = 0; i < 8; ++i) CHECK(std::abs(back(i) - 1) <= 8 * epsilon * greatest);
  // det: 2.737e-33 (exactly 1 / 365356847125734485878112256000000).
  const parameter<double> again(hilbert(8));
  CHECK(std::abs(det(again).item() * 365356847125734485878112256000000.0 - 1) <
        condition * epsilon);
}

TEST_CASE("derivatives of solve know the factors of their own matrix", "[ops][linalg]") {
  // Two solutions of one shape in one tape, and a constant matrix, of which the tape keeps a copy.
  const matrix a = random_matrix({2, 3, 3}, 11), c = random_matrix({3, 3}, 12),
               b = random_matrix({1, 3, 2}, 13);
  const auto f = [&](const variable<double>& x, const variable<double>& y) {
    return solve(c, solve(x, y)) + solve(x * 2.0 + 1.0, y);
  };
  CHECK(check_gradients(f, {a, b}));
  const auto second = [&](const variable<double>& x, const variable<double>& y) {
    return vjp(f(x, y), variable<double>(random_matrix({2, 3, 2}, 14)), {x},
               {.create_graph = true})[0];
  };
  CHECK(check_gradients(second, {a, b}));
}

TEST_CASE("a diagonal that is not there", "[ops][linalg]") {
  const parameter<double> x(some({2, 3}));
  const tape recording;
  for (const std::ptrdiff_t offset :
       {std::ptrdiff_t{3}, std::ptrdiff_t{-2}, std::numeric_limits<std::ptrdiff_t>::max(),
        std::numeric_limits<std::ptrdiff_t>::min()}) {
    CHECK((diagonal(x, offset).shape() == shape_type{0}));
    const variable<double> y = trace(x, offset);
    CHECK(y.item() == 0);
    y.backward();
  }
  CHECK((x.grad() == zeros<double>({2, 3})));
}

TEST_CASE("matrices that cannot be factored", "[ops][linalg][errors]") {
  errors::witness w;
  const auto square = [&](const std::string& name, const auto& f) {
    w.check<shape_error>(name + ": (2, 3): the matrices must be square",
                         [&](int& line) { line = __LINE__, f(w.a); });
    w.check<shape_error>(name + ": (3): a matrix has two axes",
                         [&](int& line) { line = __LINE__, f(w.b); });
    w.check<shape_error>(name + ": (): a matrix has two axes",
                         [&](int& line) { line = __LINE__, f(2); });
  };
  square("inverse", [](const operand<double>& x) { inverse(x); });
  square("det", [](const operand<double>& x) { det(x); });
  square("logdet", [](const operand<double>& x) { logdet(x); });
  square("cholesky", [](const operand<double>& x) { cholesky(x); });
  square("solve", [](const operand<double>& x) { solve(x, some({2})); });

  array<double> batch = some({3, 2, 2});  // the first is regular
  batch(0, 0, 0) = 3;
  array<double> deep = array<double>(xt::broadcast(batch, {2, 3, 2, 2}));
  for (std::size_t i = 0; i < 5; ++i) deep.data()[4 * i] = 3;
  w.check<domain_error>("inverse: (2, 2): the matrix is singular", [&](int& line) {
    line = __LINE__, inverse(variable<double>(some({2, 2})));
  });
  w.check<domain_error>("inverse: (3, 2, 2): matrix 1 of the batch is singular",
                        [&](int& line) { line = __LINE__, inverse(variable<double>(batch)); });
  w.check<domain_error>("inverse: (2, 3, 2, 2): matrix (1, 2) of the batch is singular",
                        [&](int& line) { line = __LINE__, inverse(variable<double>(deep)); });
  w.check<domain_error>("solve: (3, 2, 2) and (1, 2, 1): matrix 1 of the batch is singular",
                        [&](int& line) {
                          line = __LINE__, solve(variable<double>(batch), some({1, 2, 1}));
                        });
  batch(2, 0, 0) = -3;
  w.check<domain_error>("cholesky: (3, 2, 2): matrix 2 of the batch is not positive definite",
                        [&](int& line) { line = __LINE__, cholesky(variable<double>(batch)); });
  w.check<domain_error>("cholesky: (1, 1): the matrix is not positive definite", [&](int& line) {
    line = __LINE__, cholesky(variable<double>(full<double>({1, 1}, -1)));
  });
  // Its value exists, its derivative does not.
  const parameter<double> p(batch);
  int recorded = __LINE__ + 1;
  const variable<double> y = logdet(p);
  try {
    y.backward(some({3}));
    FAIL_CHECK("nothing was thrown");
  } catch (const domain_error& error) {
    CHECK(std::string(error.what()) ==
          "logdet: (3, 2, 2): matrix 1 of the batch is singular: there is no derivative  [" +
              location{__FILE__, recorded}.text() + "]");
  }
}

TEST_CASE("right-hand sides that do not fit", "[ops][linalg][errors]") {
  errors::witness w;
  const auto check = [&](const std::string& text, const shape_type& a, const shape_type& b) {
    w.check<shape_error>("solve: " + text, [&](int& line) {
      line = __LINE__, solve(variable<double>(some(a)), some(b));
    });
  };
  check("(2, 2) and (3): the matrices have 2 rows, the right-hand sides 3", {2, 2}, {3});
  check("(2, 2) and (3, 2): the matrices have 2 rows, the right-hand sides 3", {2, 2}, {3, 2});
  check("(4, 2, 2) and (2): the right-hand side must be a matrix, or have one axis less", {4, 2, 2},
        {2});
  check("(2, 2) and (): the right-hand side must be a matrix, or have one axis less", {2, 2}, {});
  // (4, 3) is a batch of vectors here, not a matrix.
  check("(4, 2, 2) and (4, 3): the matrices have 2 rows, the right-hand sides 3", {4, 2, 2},
        {4, 3});
  check("(4, 2, 2) and (3, 2): batches (4) and (3) do not broadcast", {4, 2, 2}, {3, 2});
  check("(4, 2, 2) and (3, 2, 2): batches (4) and (3) do not broadcast", {4, 2, 2}, {3, 2, 2});
}

TEST_CASE("traces and sums over axes that are not there", "[ops][linalg][errors]") {
  errors::witness w;
  w.check<shape_error>("trace: (3) has no axis 1", [&](int& line) { line = __LINE__, trace(w.b); });
  w.check<shape_error>("trace: (2, 3) has no axis -3",
                       [&](int& line) { line = __LINE__, trace(w.a, 0, -3, 1); });
  w.check<shape_error>("trace: axis -1 of (2, 3) is named twice",
                       [&](int& line) { line = __LINE__, trace(w.a, 0, 1, -1); });

  const auto one = [&](const std::string& subscripts, const std::string& reason) {
    w.check<domain_error>("einsum: \"" + subscripts + "\": " + reason,
                          [&](int& line) { line = __LINE__, einsum(subscripts, w.a); });
  };
  one("ij->ik", "the output's k is in no argument");
  one("ij->ii", "the output has i twice");
  one("ij->......", "a term has more than one ellipsis");
  one("...i...", "a term has more than one ellipsis");
  one("i1", "stray '1'");
  one("i.j", "stray '.'");
  one("i..", "stray '.'");
  one("ij-", "stray '-'");
  one("ij- >ji", "stray '-'");
  one("ij->j->i", "stray '-'");
  one("ij->i,j", "stray ','");
  one("ij\xc3", "stray '\xc3'");
  one("i,j", "terms for 2 arguments, called with 1");
  one("...j->j", "the output lacks the arguments' ellipsis");
  w.check<domain_error>("einsum: \"ij\": terms for 1 arguments, called with 2",
                        [&](int& line) { line = __LINE__, einsum("ij", w.a, w.b); });
  const auto two = [&](const std::string& subscripts, const std::string& reason) {
    w.check<shape_error>("einsum: \"" + subscripts + "\": " + reason,
                         [&](int& line) { line = __LINE__, einsum(subscripts, w.a, w.b); });
  };
  two("ij,i", "i has the sizes 2 and 3");
  two("ii,i", "i has the sizes 2 and 3");
  two("ijk,j", "(2, 3) has 2 axes, its term 3 letters");
  two("i,j", "(2, 3) has 2 axes, its term 1 letters");
  two("ij,ij...", "(3) has 1 axes, its term 2 letters");
  two("i...,...i", "i has the sizes 2 and 3");
  w.check<shape_error>("einsum: \"...,...\": axes under the ellipsis have the sizes 3 and 2",
                       [&](int& line) { line = __LINE__, einsum("...,...", w.a, some({2})); });
  w.check<shape_error>("einsum: \"ii\": i has the sizes 1 and 3", [&](int& line) {
    line = __LINE__, einsum("ii", variable<double>(some({1, 3})));
  });
  w.check<shape_error>("array: 9 axes: at most 8 are supported", [&](int& line) {
    line = __LINE__, einsum("abcde,fghi->abcdefghi", some({1, 1, 1, 1, 2}), some({1, 1, 1, 2}));
  });
}

TEST_CASE("products that do not fit", "[ops][linalg][errors]") {
  errors::witness w;
  const auto check = [&](const std::string& text, const shape_type& a, const shape_type& b,
                         const auto& f) {
    w.check<shape_error>(text, [&](int& line) { line = __LINE__, f(some(a), some(b)); });
  };
  const auto product = [](const operand<double>& a, const operand<double>& b) { matmul(a, b); };
  check("matmul: () x (3): a scalar is neither a vector nor a matrix", {}, {3}, product);
  check("matmul: (4) x (3): inner dimensions 4 and 3 differ", {4}, {3}, product);
  check("matmul: (4) x (2, 3, 2): inner dimensions 4 and 3 differ", {4}, {2, 3, 2}, product);
  check("matmul: (2, 3, 4) x (3): inner dimensions 4 and 3 differ", {2, 3, 4}, {3}, product);
  check("matmul: (2, 3, 4) x (3, 4): inner dimensions 4 and 3 differ", {2, 3, 4}, {3, 4}, product);
  check("matmul: (2, 3, 4) x (5, 4, 2): batches (2) and (5) do not broadcast", {2, 3, 4}, {5, 4, 2},
        product);
  check("matmul: (2, 3, 4) x (0, 4, 2): batches (2) and (0) do not broadcast", {2, 3, 4}, {0, 4, 2},
        product);
  check("matmul: (3, 2, 3, 4) x (2, 2, 4, 2): batches (3, 2) and (2, 2) do not broadcast",
        {3, 2, 3, 4}, {2, 2, 4, 2}, product);
  const auto inner = [](const operand<double>& a, const operand<double>& b) { dot(a, b); };
  check("dot: (2) x (3): inner dimensions 2 and 3 differ", {2}, {3}, inner);
  check("dot: (2) x (): both must be vectors", {2}, {}, inner);
  check("dot: (2, 3) x (3): both must be vectors", {2, 3}, {3}, inner);
  const auto table = [](const operand<double>& a, const operand<double>& b) { outer(a, b); };
  check("outer: (2) x (3, 1): both must be vectors", {2}, {3, 1}, table);
  check("outer: () x (3): both must be vectors", {}, {3}, table);
}

TEST_CASE("products are recorded under their names, in one entry", "[ops][linalg]") {
  const parameter<double> a(some({3})), b(some({3}));
  const tape recording;
  const variable<double> y = outer(a, b), z = dot(a, b), m = matmul(y, b);
  REQUIRE(recording.size() == 3);
  CHECK(recording[0].operation() == "outer");
  CHECK(recording[1].operation() == "dot");
  CHECK(recording[2].operation() == "matmul");
}
