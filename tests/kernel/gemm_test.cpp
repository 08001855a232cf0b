#include "kernel/gemm.hpp"

#include <xtape/array/error.hpp>

#include "catch.hpp"

#include <array>
#include <climits>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <omp.h>

using xtape::kernel::affine;
using xtape::kernel::column_sums;
using xtape::kernel::gemm;
using xtape::kernel::gemm_batches;

namespace {

using sizes = std::vector<std::size_t>;

template <class T>
std::vector<T> random_values(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<T> values(size);
  for (T& value : values) value = static_cast<T>(generator() % 2001) / T(1000) - T(1);
  return values;
}

/// op(a) op(b) in double, and in `bound` the sum of the terms' magnitudes.
template <class T>
double term_sum(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                const std::vector<T>& a, const std::vector<T>& b, std::size_t i, std::size_t j,
                double& bound) {
  double sum = 0;
  bound = 0;
  for (std::size_t p = 0; p < k; ++p) {
    const double term = static_cast<double>(transpose_a ? a[p * m + i] : a[i * k + p]) *
                        static_cast<double>(transpose_b ? b[j * k + p] : b[p * n + j]);
    sum += term;
    bound += std::abs(term);
  }
  return sum;
}

/// How many elements of a product differ from the naive one by more than rounding, or lie behind
/// the end of c.
template <class T>
int wrong_elements(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                   T alpha, T beta) {
  const auto a = random_values<T>(m * k, 1);
  const auto b = random_values<T>(k * n, 2);
  std::vector<T> before = random_values<T>(m * n, 3);
  if (beta == T(0)) before.assign(m * n, std::numeric_limits<T>::quiet_NaN());
  std::vector<T> c = before;
  c.push_back(T(77));
  gemm(transpose_a, transpose_b, m, n, k, alpha, a.data(), b.data(), beta, c.data());
  int wrong = c.back() == T(77) ? 0 : 1;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double bound;
      const double sum = term_sum(transpose_a, transpose_b, m, n, k, a, b, i, j, bound);
      const double old =
          beta == T(0) ? 0.0 : static_cast<double>(beta) * static_cast<double>(before[i * n + j]);
      const double expected = static_cast<double>(alpha) * sum + old;
      const double tolerance = (static_cast<double>(k) + 4) *
                               static_cast<double>(std::numeric_limits<T>::epsilon()) *
                               (std::abs(static_cast<double>(alpha)) * bound + std::abs(old));
      if (!(std::abs(static_cast<double>(c[i * n + j]) - expected) <= tolerance)) ++wrong;
    }
  return wrong;
}

}  // namespace

TEMPLATE_TEST_CASE("gemm agrees with the naive product for every small shape", "[kernel][gemm]",
                   float, double) {
  using T = TestType;
  const std::size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32, 33};
  const int transposes = GENERATE(0, 1, 2, 3);
  const bool transpose_a = (transposes & 1) != 0;
  const bool transpose_b = (transposes & 2) != 0;
  for (const std::size_t m : sizes)
    for (const std::size_t n : sizes)
      for (const std::size_t k : sizes) {
        INFO("m " << m << " n " << n << " k " << k << " transposes " << transposes);
        REQUIRE(wrong_elements<T>(transpose_a, transpose_b, m, n, k, T(1), T(0)) == 0);
        REQUIRE(wrong_elements<T>(transpose_a, transpose_b, m, n, k, T(1), T(1)) == 0);
        REQUIRE(wrong_elements<T>(transpose_a, transpose_b, m, n, k, T(-0.5), T(2)) == 0);
      }
}

TEMPLATE_TEST_CASE("gemm agrees with the naive product for larger and thin shapes",
                   "[kernel][gemm]", float, double) {
  using T = TestType;
  const std::size_t shapes[][3] = {{60, 89, 70}, {128, 10, 256}, {300, 1, 200}, {1, 300, 200},
                                   {70, 90, 1},  {1, 1, 1000},   {500, 1, 1},   {65, 66, 67}};
  const int transposes = GENERATE(0, 1, 2, 3);
  for (const auto& [m, n, k] : shapes)
    for (const T beta : {T(0), T(1)}) {
      INFO("m " << m << " n " << n << " k " << k << " transposes " << transposes);
      REQUIRE(wrong_elements<T>((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, T(1),
                                beta) == 0);
    }
}

// Above 160^3 terms each thread computes rows or columns of c.
TEMPLATE_TEST_CASE("gemm shared among threads agrees with the naive product", "[kernel][gemm]",
                   float, double) {
  using T = TestType;
  const int transposes = GENERATE(0, 1, 2, 3);
  const bool transpose_a = (transposes & 1) != 0, transpose_b = (transposes & 2) != 0;
  const int threads_before = omp_get_max_threads();
  for (const int threads : {2, 3}) {
    omp_set_num_threads(threads);
    INFO("transposes " << transposes << " threads " << threads);
    CHECK(wrong_elements<T>(transpose_a, transpose_b, 301, 89, 163, T(1), T(0)) == 0);
    CHECK(wrong_elements<T>(transpose_a, transpose_b, 17, 1003, 251, T(-0.5), T(1)) == 0);
  }
  omp_set_num_threads(threads_before);
}

TEMPLATE_TEST_CASE("gemm without terms scales c", "[kernel][gemm]", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> c = {nan, T(2), T(3), T(4)};
  gemm<T>(false, false, 2, 2, 0, T(1), nullptr, nullptr, T(0), c.data());
  CHECK(c == std::vector<T>{0, 0, 0, 0});
  c = {T(1), T(2), T(3), T(4)};
  gemm<T>(false, false, 2, 2, 0, T(1), nullptr, nullptr, T(1), c.data());
  CHECK(c == std::vector<T>{1, 2, 3, 4});
  gemm<T>(true, true, 2, 2, 0, T(1), nullptr, nullptr, T(3), c.data());
  CHECK(c == std::vector<T>{3, 6, 9, 12});
}

TEMPLATE_TEST_CASE("gemm carries NaN and infinity from its inputs", "[kernel][gemm]", float,
                   double) {
  using T = TestType;
  const std::size_t size = GENERATE(3u, 40u);
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    std::vector<T> a(size * size, T(1));
    std::vector<T> b(size * size, T(0));
    std::vector<T> c(size * size);
    a[size + 1] = bad;
    gemm<T>(false, false, size, size, size, T(1), a.data(), b.data(), T(0), c.data());
    for (std::size_t j = 0; j < size; ++j) {
      CHECK(c[j] == T(0));
      CHECK(std::isnan(c[size + j]));
    }
  }
}

TEMPLATE_TEST_CASE("a product with a vector carries NaN past a factor of 0", "[kernel][gemm]",
                   float, double) {
  using T = TestType;
  const std::size_t size = GENERATE(3u, 40u);
  std::vector<T> a(size * size, T(1));
  const std::vector<T> zero(size, T(0));
  std::vector<T> y(size);
  a[size + 1] = std::numeric_limits<T>::quiet_NaN();
  for (const bool transpose : {false, true}) {
    gemm<T>(transpose, false, size, 1, size, T(1), a.data(), zero.data(), T(0), y.data());
    for (std::size_t j = 0; j < size; ++j) CHECK(std::isnan(y[j]) == (j == 1));
    gemm<T>(false, transpose, 1, size, size, T(1), zero.data(), a.data(), T(0), y.data());
    for (std::size_t j = 0; j < size; ++j) CHECK(std::isnan(y[j]) == (j == 1));
  }
}

TEST_CASE("gemm refuses sizes BLAS cannot count", "[kernel][gemm]") {
  if constexpr (sizeof(std::size_t) > 4) {
    const std::size_t big = std::size_t{1} << 31;
    float x = 0;
    const auto message = [&](std::size_t m, std::size_t n, std::size_t k) -> std::string {
      try {
        gemm<float>(false, false, m, n, k, 1.0F, &x, &x, 0.0F, &x);
      } catch (const xtape::domain_error& failure) {
        return failure.what();
      }
      return "nothing thrown";
    };
    const std::string expected = "gemm: size 2147483648: BLAS counts up to 2147483647";
    CHECK(message(big, 1, 1) == expected);
    CHECK(message(1, big, 1) == expected);
    CHECK(message(1, 1, big) == expected);
  }
}

TEMPLATE_TEST_CASE("gemm_batches agrees with a product a matrix", "[kernel][gemm]", float, double) {
  using T = TestType;
  using shape = xtape::shape_type;
  struct batches {
    shape a, b, c, all;
  };
  // With shared factors, sums, both, an axis that only c has, and nothing at all.
  const std::vector<batches> cases = {{{4}, {4}, {4}, {4}},
                                      {{4}, {}, {4}, {4}},
                                      {{}, {4}, {4}, {4}},
                                      {{4}, {4}, {}, {4}},
                                      {{4}, {4}, {1}, {4}},
                                      {{}, {}, {4}, {4}},
                                      {{2, 3}, {3}, {2, 3}, {2, 3}},
                                      {{2, 1}, {3}, {3}, {2, 3}},
                                      {{2, 3}, {2, 3}, {2, 1}, {2, 3}},
                                      {{3, 1, 2}, {2, 1}, {3, 2, 2}, {3, 2, 2}},
                                      {{}, {}, {}, {}},
                                      {{0}, {0}, {}, {0}},
                                      {{300}, {300}, {300}, {300}},
                                      {{300}, {}, {300}, {300}}};
  const auto place = [](const shape& of, const shape& all, std::size_t number) {
    std::size_t at = 0, stride = 1;
    for (std::size_t i = 1; i <= all.size(); number /= all[all.size() - i++])
      if (i <= of.size() && of[of.size() - i] != 1) {
        at += number % all[all.size() - i] * stride;
        stride *= of[of.size() - i];
      }
    return at;
  };
  for (const auto& [batch_a, batch_b, batch_c, all] : cases)
    for (const auto& [m, n, k] : {std::array<std::size_t, 3>{2, 3, 4},
                                  {1, 3, 4},
                                  {3, 1, 2},
                                  {3, 2, 1},
                                  {1, 1, 5},
                                  {2, 2, 0},
                                  {0, 2, 2},
                                  {9, 8, 7}})
      for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7}) {
        const bool ta = (flags & 1) != 0, tb = (flags & 2) != 0, accumulate = (flags & 4) != 0;
        INFO(to_string(batch_a) << to_string(batch_b) << to_string(batch_c) << m << n << k
                                << flags);
        const auto a = random_values<T>(size_of(batch_a) * m * k, 4);
        const auto b = random_values<T>(size_of(batch_b) * k * n, 5);
        std::vector<T> expected(size_of(batch_c) * m * n, T(accumulate ? 0.5 : 0));
        std::vector<T> c(expected.size() + 1, T(accumulate ? 0.5 : NAN));
        c.back() = T(77);
        for (std::size_t i = 0; i < size_of(all); ++i)
          gemm(ta, tb, m, n, k, T(1), a.data() + place(batch_a, all, i) * m * k,
               b.data() + place(batch_b, all, i) * k * n, T(1),
               expected.data() + place(batch_c, all, i) * m * n);
        gemm_batches(ta, tb, m, n, k, batch_a, a.data(), batch_b, b.data(), accumulate, batch_c,
                     c.data());
        REQUIRE(c.back() == T(77));
        const T tolerance = 64 * T(k + 1) * std::numeric_limits<T>::epsilon();
        for (std::size_t i = 0; i < expected.size(); ++i)
          REQUIRE(std::abs(c[i] - expected[i]) <= tolerance);
      }
}

TEMPLATE_TEST_CASE("affine is the product plus a bias a row", "[kernel][gemm]", float, double) {
  using T = TestType;
  const std::size_t shapes[][3] = {{0, 3, 4},    {1, 1, 1},    {8, 3, 8}, {8, 8, 4},
                                   {60, 10, 89}, {500, 90, 3}, {5, 7, 0}, {4, 0, 3}};
  for (const auto& [m, n, k] : shapes) {
    const auto a = random_values<T>(m * k, 4);
    const auto b = random_values<T>(k * n, 5);
    const auto bias = random_values<T>(n, 6);
    std::vector<T> c(m * n, std::numeric_limits<T>::quiet_NaN());
    affine(m, n, k, a.data(), b.data(), bias.data(), c.data());
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double bound;
        const double expected =
            static_cast<double>(bias[j]) + term_sum(false, false, m, n, k, a, b, i, j, bound);
        const double tolerance = (static_cast<double>(k) + 4) * (bound + 1) *
                                 static_cast<double>(std::numeric_limits<T>::epsilon());
        REQUIRE(std::abs(static_cast<double>(c[i * n + j]) - expected) <= tolerance);
      }
  }
}

TEMPLATE_TEST_CASE("column_sums agrees with sums in double", "[kernel][gemm]", float, double) {
  using T = TestType;
  std::vector<std::pair<std::size_t, std::size_t>> shapes = {
      {1000, 512}, {4096, 10}, {100000, 1}, {100003, 3}, {70000, 5}, {10, 20001}, {300, 700}};
  for (std::size_t rows = 0; rows <= 40; ++rows)
    for (std::size_t cols = 0; cols <= 40; ++cols) shapes.emplace_back(rows, cols);
  for (const std::size_t rows : sizes{127, 128, 129, 255, 1025})
    for (const std::size_t cols : sizes{1, 2, 7, 10, 16, 33, 63, 64, 65})
      shapes.emplace_back(rows, cols);
  for (const auto& [rows, cols] : shapes)
    for (const bool accumulate : {false, true}) {
      INFO("rows " << rows << " cols " << cols << " accumulate " << accumulate);
      const auto x = random_values<T>(rows * cols, 7);
      std::vector<T> out(cols + 1, accumulate ? T(0.25) : std::numeric_limits<T>::quiet_NaN());
      out[cols] = T(77);
      column_sums(rows, cols, x.data(), accumulate, out.data());
      REQUIRE(out[cols] == T(77));
      for (std::size_t j = 0; j < cols; ++j) {
        double sum = accumulate ? 0.25 : 0.0;
        double bound = 1;
        for (std::size_t i = 0; i < rows; ++i) {
          sum += static_cast<double>(x[i * cols + j]);
          bound += std::abs(static_cast<double>(x[i * cols + j]));
        }
        // Far below rows * epsilon: the sums are made in blocks.
        const double tolerance =
            16 * bound * static_cast<double>(std::numeric_limits<T>::epsilon());
        REQUIRE(std::abs(static_cast<double>(out[j]) - sum) <= tolerance);
      }
    }
}

TEMPLATE_TEST_CASE("column_sums has the same bits for any number of threads", "[kernel][gemm]",
                   float, double) {
  using T = TestType;
  const int threads_before = omp_get_max_threads();
  const std::pair<std::size_t, std::size_t> shapes[] = {
      {1000, 512}, {4096, 33}, {100003, 1}, {70000, 5}, {40, 20001}};
  for (const auto& [rows, cols] : shapes) {
    const auto x = random_values<T>(rows * cols, 8);
    omp_set_num_threads(1);
    std::vector<T> expected(cols);
    column_sums(rows, cols, x.data(), false, expected.data());
    for (const int threads : {1, 2, 3, 4}) {
      omp_set_num_threads(threads);
      std::vector<T> out(cols);
      column_sums(rows, cols, x.data(), false, out.data());
      CHECK(out == expected);
    }
  }
  omp_set_num_threads(threads_before);
}
