#include "kernel/lapack.hpp"

#include <xtape/array/error.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace xtape::kernel;

namespace {

template <class T>
using values = std::vector<T>;

template <class T>
values<T> random_values(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  values<T> result(size);
  for (T& v : result) v = static_cast<T>(generator() % 2001) / T(1000) - T(1);
  return result;
}

/// a b, or a^T b, of (n, n) and (n, columns), in double.
template <class T>
values<T> times(bool transposed, std::size_t n, std::size_t columns, const values<T>& a,
                const values<T>& b) {
  values<T> c(n * columns);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      double total = 0;
      for (std::size_t p = 0; p < n; ++p)
        total += static_cast<double>(a[transposed ? p * n + i : i * n + p]) *
                 static_cast<double>(b[p * columns + j]);
      c[i * columns + j] = static_cast<T>(total);
    }
  return c;
}

template <class T>
double distance(const values<T>& a, const values<T>& b) {
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    greatest = std::max(greatest, std::abs(static_cast<double>(a[i] - b[i])));
  return greatest / static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
values<T> identity(std::size_t n) {
  values<T> one(n * n, T(0));
  for (std::size_t i = 0; i < n; ++i) one[i * n + i] = T(1);
  return one;
}

const std::vector<std::size_t> sizes = {1, 2, 3, 5, 17, 70};

}  // namespace

TEMPLATE_TEST_CASE("lu solves, inverts and gives the determinant", "[kernel][lapack]", float,
                   double) {
  using T = TestType;
  for (const std::size_t n : sizes) {
    INFO("n " << n);
    values<T> a = random_values<T>(n * n, 1);
    for (std::size_t i = 0; i < n; ++i) a[i * n + (i + 1) % n] += T(n);  // pivots are needed
    values<T> factors = a;
    std::vector<int> pivots(n);
    REQUIRE(lu(n, factors.data(), pivots.data()));
    for (const std::size_t columns : {1u, 2u, 9u})
      for (const bool transposed : {false, true}) {
        const values<T> x = random_values<T>(n * columns, 2);
        values<T> b = times(transposed, n, columns, a, x);
        lu_solve(transposed, n, columns, factors.data(), pivots.data(), b.data());
        CHECK(distance(b, x) < 40 * std::sqrt(n));
      }
    const T det = lu_det(n, factors.data(), pivots.data());
    const T log = lu_logdet(n, factors.data(), pivots.data());
    CHECK(std::isnan(log) == (det < 0));
    if (det > 0 && std::isfinite(det))
      CHECK(std::abs(log - std::log(det)) <= 8 * std::numeric_limits<T>::epsilon() * T(1 + log));
    lu_inverse(n, factors.data(), pivots.data());
    CHECK(distance(times(false, n, n, a, factors), identity<T>(n)) < 40 * std::sqrt(n));
  }
  // Without pivots, the lower triangle alone.
  const values<T> triangle{2, 99, 3, 4};
  values<T> x{2, 11};
  lu_solve(false, 2, 1, triangle.data(), nullptr, x.data());
  CHECK((x == values<T>{1, 2}));
  lu_solve(true, 2, 1, triangle.data(), nullptr, x.data());
  CHECK((x == values<T>{T(-0.25), T(0.5)}));
  values<T> permuted{0, 2, 0, 0, 0, 3, 5, 0, 0};
  int pivots[3];
  REQUIRE(lu(3, permuted.data(), pivots));
  CHECK(lu_det(3, permuted.data(), pivots) == 30);
  values<T> swapped{0, 2, 3, 0};
  REQUIRE(lu(2, swapped.data(), pivots));
  CHECK(lu_det(2, swapped.data(), pivots) == -6);
  values<T> singular{1, 2, 2, 4};
  CHECK_FALSE(lu(2, singular.data(), pivots));
  CHECK(lu_det(2, singular.data(), pivots) == 0);
  CHECK(lu_logdet(2, singular.data(), pivots) == -std::numeric_limits<T>::infinity());
  CHECK(lu_det<T>(0, nullptr, nullptr) == 1);
}

TEMPLATE_TEST_CASE("cholesky reads and writes the lower triangle", "[kernel][lapack]", float,
                   double) {
  using T = TestType;
  for (const std::size_t n : sizes) {
    INFO("n " << n);
    const values<T> m = random_values<T>(n * n, 3);
    values<T> a = times(true, n, n, m, m);
    for (std::size_t i = 0; i < n; ++i) a[i * n + i] += T(1);
    values<T> l = a;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) l[i * n + j] = std::numeric_limits<T>::quiet_NaN();
    REQUIRE(cholesky(n, l.data()));
    values<T> transposed(n * n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        if (j > i) REQUIRE(l[i * n + j] == 0);
        transposed[j * n + i] = l[i * n + j];
      }
    CHECK(distance(times(false, n, n, l, transposed), a) < 8 * T(n));
  }
  values<T> not_positive{1, 0, 2, 3};
  CHECK_FALSE(cholesky(2, not_positive.data()));
}

TEMPLATE_TEST_CASE("svd gives the matrix back", "[kernel][lapack]", float, double) {
  using T = TestType;
  for (const std::size_t n : sizes) {
    INFO("n " << n);
    const values<T> a = random_values<T>(n * n, 4);
    values<T> u(n * n), s(n), vt(n * n), scaled(n * n);
    REQUIRE(svd(n, a.data(), u.data(), s.data(), vt.data()));
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(s[i] >= 0);
      if (i > 0) CHECK(s[i] <= s[i - 1]);
      for (std::size_t j = 0; j < n; ++j) scaled[i * n + j] = s[i] * vt[i * n + j];
    }
    CHECK(distance(times(false, n, n, u, scaled), a) < 20 * std::sqrt(n));
    CHECK(distance(times(true, n, n, u, u), identity<T>(n)) < 20 * std::sqrt(n));
  }
  const values<T> no_number{1, std::numeric_limits<T>::quiet_NaN(), 2, 3};
  values<T> u(4), s(2), vt(4);
  CHECK_FALSE(svd(2, no_number.data(), u.data(), s.data(), vt.data()));
}

TEMPLATE_TEST_CASE("cofactors are the minors' determinants", "[kernel][lapack]", float, double) {
  using T = TestType;
  const std::size_t n = 5;
  // Regular, of rank 4 to 0, and all but singular.
  for (const std::size_t rank : {5u, 4u, 3u, 2u, 1u, 0u})
    for (const T small : {T(0), std::numeric_limits<T>::epsilon() * 3, T(1e-3)}) {
      values<T> middle = random_values<T>(n * n, 5);
      for (std::size_t i = rank * n; i < n * n; ++i) middle[i] *= small;
      const values<T> a = times(false, n, n, random_values<T>(n * n, 6), middle);
      values<T> found(n * n), expected(n * n);
      cofactors(n, a.data(), found.data());
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
          std::vector<double> minor;
          for (std::size_t p = 0; p < n * n; ++p)
            if (p / n != i && p % n != j) minor.push_back(static_cast<double>(a[p]));
          int pivots[n - 1];
          lu(n - 1, minor.data(), pivots);
          const double det = lu_det(n - 1, minor.data(), pivots);
          expected[i * n + j] = static_cast<T>((i + j) % 2 == 0 ? det : -det);
        }
      INFO("rank " << rank << " small " << small);
      CHECK(distance(found, expected) < (rank == n ? 5000 : 100));
    }
}

TEST_CASE("sizes that LAPACK cannot count are refused", "[kernel][lapack]") {
  const double one = 1;
  const int pivot = 1;
  double x = 0;
  try {
    lu_solve(false, 1, std::size_t{1} << 31, &one, &pivot, &x);
    FAIL_CHECK("nothing was thrown");
  } catch (const xtape::domain_error& error) {
    CHECK(std::string(error.what()) == "lapack: size 2147483648: LAPACK counts up to 2147483647");
  }
}
