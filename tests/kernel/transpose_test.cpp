#include "kernel/transpose.hpp"

#include "catch.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <omp.h>

using xtape::kernel::permute;
using xtape::kernel::transpose_2d;

namespace {

/// 0, 1, 2, ...: every element tells where it came from. T holds them exactly.
template <class T>
std::vector<T> counted(std::size_t size) {
  std::vector<T> values(size);
  std::iota(values.begin(), values.end(), T(0));
  return values;
}

template <class T>
int wrong_transposed(std::size_t rows, std::size_t cols) {
  const auto x = counted<T>(rows * cols);
  std::vector<T> y(rows * cols + 1, T(-1));
  transpose_2d(rows, cols, x.data(), y.data());
  int wrong = y.back() == T(-1) ? 0 : 1;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < cols; ++j) wrong += y[j * rows + i] != x[i * cols + j];
  return wrong;
}

template <class T>
int wrong_permuted(const std::vector<std::size_t>& shape, const std::vector<std::size_t>& axes) {
  const std::size_t rank = shape.size();
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  const auto x = counted<T>(size);
  std::vector<T> y(size + 1, T(-1));
  permute(rank, shape.data(), axes.data(), x.data(), y.data());
  int wrong = y.back() == T(-1) ? 0 : 1;
  std::vector<std::size_t> index(rank);  // into x
  for (std::size_t k = 0; k < size; ++k) {
    std::size_t rest = k;
    for (std::size_t axis = rank; axis-- > 0;) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    std::size_t to = 0;
    for (std::size_t i = 0; i < rank; ++i) to = to * shape[axes[i]] + index[axes[i]];
    wrong += y[to] != x[k];
  }
  return wrong;
}

}  // namespace

TEMPLATE_TEST_CASE("transpose_2d moves every element", "[kernel][transpose]", float, double) {
  for (std::size_t rows = 0; rows <= 40; ++rows)
    for (std::size_t cols = 0; cols <= 40; ++cols) {
      INFO(rows << " x " << cols);
      REQUIRE(wrong_transposed<TestType>(rows, cols) == 0);
    }
  const int threads_before = omp_get_max_threads();
  for (const int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    CHECK(wrong_transposed<TestType>(500, 333) == 0);
    CHECK(wrong_transposed<TestType>(33, 4000) == 0);
    CHECK(wrong_transposed<TestType>(4000, 33) == 0);
    CHECK(wrong_transposed<TestType>(1, 50000) == 0);
  }
  omp_set_num_threads(threads_before);
}

TEMPLATE_TEST_CASE("permute moves every element, for every permutation", "[kernel][transpose]",
                   float, double) {
  const std::vector<std::vector<std::size_t>> shapes = {{},
                                                        {5},
                                                        {0},
                                                        {3, 4},
                                                        {1, 7},
                                                        {4, 0, 3},
                                                        {2, 3, 4},
                                                        {17, 2, 33},
                                                        {1, 5, 1},
                                                        {40, 30, 50},
                                                        {2, 3, 4, 5},
                                                        {20, 3, 18, 2},
                                                        {1, 3, 1, 4},
                                                        {2, 2, 3, 1, 2},
                                                        {2, 3, 2, 2, 3, 2}};
  const int threads_before = omp_get_max_threads();
  for (const auto& shape : shapes) {
    auto axes = std::vector<std::size_t>(shape.size());
    std::iota(axes.begin(), axes.end(), std::size_t{0});
    do {
      INFO(Catch::Detail::stringify(shape) << " by " << Catch::Detail::stringify(axes));
      for (const int threads : {1, 3}) {
        omp_set_num_threads(threads);
        REQUIRE(wrong_permuted<TestType>(shape, axes) == 0);
      }
    } while (std::next_permutation(axes.begin(), axes.end()));
  }
  omp_set_num_threads(threads_before);
}

TEMPLATE_TEST_CASE("permute handles eight axes", "[kernel][transpose]", float, double) {
  const std::vector<std::size_t> shape = {2, 3, 2, 1, 3, 2, 2, 4};
  CHECK(wrong_permuted<TestType>(shape, {7, 6, 5, 4, 3, 2, 1, 0}) == 0);
  CHECK(wrong_permuted<TestType>(shape, {0, 1, 2, 3, 4, 5, 7, 6}) == 0);
  CHECK(wrong_permuted<TestType>(shape, {4, 1, 6, 3, 0, 5, 2, 7}) == 0);
  CHECK(wrong_permuted<TestType>(shape, {0, 1, 2, 3, 4, 5, 6, 7}) == 0);
}
