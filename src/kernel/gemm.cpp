#include "kernel/gemm.hpp"

#include <xtape/array/error.hpp>

#include "kernel/elementwise.hpp"
#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

#include <cblas.h>

#include <algorithm>
#include <climits>
#include <string>
#include <utility>
#include <vector>

namespace xtape::kernel {

namespace {

int blas_size(std::size_t size) {
  if (size > static_cast<std::size_t>(INT_MAX))
    throw domain_error("gemm: size " + std::to_string(size) + ": BLAS counts up to " +
                       std::to_string(INT_MAX));
  return static_cast<int>(size);
}

void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, float alpha,
               const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, double alpha,
               const double* a, int lda, const double* b, int ldb, double beta, double* c,
               int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void blas_gemv(CBLAS_TRANSPOSE transpose, int rows, int cols, float alpha, const float* a,
               const float* x, float beta, float* y) {
  cblas_sgemv(CblasRowMajor, transpose, rows, cols, alpha, a, cols, x, 1, beta, y, 1);
}

void blas_gemv(CBLAS_TRANSPOSE transpose, int rows, int cols, double alpha, const double* a,
               const double* x, double beta, double* y) {
  cblas_dgemv(CblasRowMajor, transpose, rows, cols, alpha, a, cols, x, 1, beta, y, 1);
}

/// c = beta c, a product without terms.
template <class T>
void scale(std::size_t size, T beta, T* c) {
  if (beta == T(0))
    std::fill_n(c, size, T(0));
  else if (beta != T(1))
    for (std::size_t i = 0; i < size; ++i) c[i] *= beta;
}

/// op(a) as the loop reads it: element (i, p) is at[i * row + p * column].
template <class T>
struct strided {
  const T* at;
  std::size_t row;
  std::size_t column;
};

/// What beta c, or a bias, adds to a product: `factor` times the rows at `at`, `row` apart, of which none is read where
/// factor is 0.
template <class T>
struct addend {
  T factor;
  const T* at;
  std::size_t row;
};

/// `Rows` rows of one strip of c, `width` <= lane_size columns wide; b's rows are `b_row` apart.
template <std::size_t Rows, bool Whole, class T>
void strip_rows(strided<T> a, const T* b, std::size_t b_row, std::size_t k, std::size_t width,
                T alpha, addend<T> more, T* c, std::size_t c_row) {
  const auto read = [&](const T* from) { return Whole ? load(from) : load_partial(from, width); };
  lane<T> sum[Rows];
  unrolled<Rows>([&](auto r) { sum[r()] = lane<T>(T(0)); });
  for (std::size_t p = 0; p < k; ++p, b += b_row, a.at += a.column) {
    const lane<T> b_p = read(b);
    unrolled<Rows>(
        [&](auto r) { sum[r()] = xsimd::fma(lane<T>(a.at[r() * a.row]), b_p, sum[r()]); });
  }
  unrolled<Rows>([&](auto r) { sum[r()] *= lane<T>(alpha); });
  if (more.factor != T(0))
    unrolled<Rows>([&](auto r) {
      sum[r()] = xsimd::fma(lane<T>(more.factor), read(more.at + r() * more.row), sum[r()]);
    });
  unrolled<Rows>([&](auto r) {
    if (Whole)
      store(c + r() * c_row, sum[r()]);
    else
      store_partial(c + r() * c_row, sum[r()], width);
  });
}

template <bool Whole, class T>
void strip(std::size_t m, strided<T> a, const T* b, std::size_t b_row, std::size_t k,
           std::size_t width, T alpha, addend<T> more, T* c, std::size_t c_row) {
  const auto rows_of = [&](auto rows) {
    constexpr std::size_t count = decltype(rows)::value;
    for (; m >= count; m -= count) {
      strip_rows<count, Whole>(a, b, b_row, k, width, alpha, more, c, c_row);
      a.at += count * a.row, more.at += count * more.row, c += count * c_row;
    }
  };
  rows_of(std::integral_constant<std::size_t, 8>{});
  rows_of(std::integral_constant<std::size_t, 4>{});
  rows_of(std::integral_constant<std::size_t, 2>{});
  rows_of(std::integral_constant<std::size_t, 1>{});
}

/// Longest k whose strip of a transposed b is copied to the stack.
constexpr std::size_t packed_rows = 64;

/// The product as a loop over strips of c one register wide. No packing of a, no threads.
template <class T>
void small_gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                T alpha, const T* a, const T* b, addend<T> more, T* c) {
  constexpr std::size_t size = lane_size<T>;
  const strided<T> rows = transpose_a ? strided<T>{a, 1, m} : strided<T>{a, k, 1};
  alignas(64) T packed[packed_rows * size];
  for (std::size_t j = 0; j < n; j += size, c += size, more.at += size) {
    const std::size_t width = std::min(size, n - j);
    const T* from = b + j;
    if (transpose_b) {
      for (std::size_t q = 0; q < width; ++q)
        for (std::size_t p = 0; p < k; ++p) packed[p * size + q] = b[(j + q) * k + p];
      from = packed;
    }
    const std::size_t b_row = transpose_b ? size : n;
    if (width == size)
      strip<true>(m, rows, from, b_row, k, width, alpha, more, c, n);
    else
      strip<false>(m, rows, from, b_row, k, width, alpha, more, c, n);
  }
}

/// Where small_gemm was measured faster than OpenBLAS 0.3.21, or as fast (8x4 by 4x8: 41 ns to 56 ns, with the second
/// factor transposed 45 ns to 191 ns, double on AVX-512): OpenBLAS has small kernels of its own, the slowest for a
/// transposed b.
bool is_small(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k) {
  if (k > packed_rows || (m == 1) != (n == 1)) return false;
  const std::size_t products = m * n * k;
  return transpose_b && !transpose_a ? products <= 2048 : products <= 512;
}

/// Products of more terms than this are left to BLAS one after the other, not given to a thread each.
constexpr std::size_t large_product = 64 * 64 * 64;
/// What has fewer terms than this, 0.1 ms of work, stays on one thread: little is won by sharing it, and where another
/// program has the core, 128^3 was seen to take 8 ms instead of 0.04.
constexpr std::size_t shared_product = std::size_t{160} * 160 * 160;
/// The same for products with a vector: two threads take 1.2 to 1.7 of the time for 16384 and 65536 terms, 0.65 to 0.88 for
/// 2^18, and half for more.
constexpr std::size_t shared_vector_product = std::size_t{1} << 18;
/// From here on BLAS shares a product among its threads. Below, they wait for one another longer than they compute:
/// each thread taking rows or columns of c by itself needs 0.78 of the time for 784x128x128 with a transposed, 0.65 for
/// 60x89x784, 1.02 to 1.05 for 256^3, and 0.97 to 1.18 for larger ones (two threads).
constexpr std::size_t shared_by_blas = std::size_t{1} << 25;

}  // namespace

template <class T>
void gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, T alpha,
          const T* a, const T* b, T beta, T* c) {
  if (m == 0 || n == 0) return;
  if (k == 0) return scale(m * n, beta, c);
  if (is_small(transpose_a, transpose_b, m, n, k))
    return small_gemm(transpose_a, transpose_b, m, n, k, alpha, a, b, addend<T>{beta, c, n}, c);
  const bool column = n == 1, row = m == 1 && !column;
  const int rows = blas_size(m);
  const int cols = blas_size(n);
  const int terms = blas_size(k);
  const auto op = [](bool transpose) { return transpose ? CblasTrans : CblasNoTrans; };
  const std::size_t products = m * n * k;
  const one_thread vector((column || row) && products < shared_vector_product);
  if (column)
    return blas_gemv(op(transpose_a), transpose_a ? terms : rows, transpose_a ? rows : terms, alpha,
                     a, b, beta, c);
  if (row)
    return blas_gemv(op(!transpose_b), transpose_b ? cols : terms, transpose_b ? terms : cols,
                     alpha, b, a, beta, c);
  const int lda = transpose_a ? rows : terms, ldb = transpose_b ? terms : cols;
  if (products < shared_product || products >= shared_by_blas) {
    const one_thread here(products > large_product && products < shared_product);
    return blas_gemm(op(transpose_a), op(transpose_b), rows, cols, terms, alpha, a, lda, b, ldb,
                     beta, c, cols);
  }
  const bool by_rows = m >= n;
  parallel_for(by_rows ? m : n, products, 16, [&](std::size_t begin, std::size_t end) {
    const int part = static_cast<int>(end - begin);
    if (by_rows)
      blas_gemm(op(transpose_a), op(transpose_b), part, cols, terms, alpha,
                a + begin * (transpose_a ? 1 : k), lda, b, ldb, beta, c + begin * n, cols);
    else
      blas_gemm(op(transpose_a), op(transpose_b), rows, part, terms, alpha, a, lda,
                b + begin * (transpose_b ? k : 1), ldb, beta, c + begin, cols);
  });
}

namespace {

/// The shape that all three broadcast to.
shape_type common_shape(const shape_type& a, const shape_type& b, const shape_type& c) {
  shape_type all(std::max({a.size(), b.size(), c.size()}), 1);
  for (const shape_type* const shape : {&a, &b, &c})
    for (std::size_t i = 1; i <= shape->size(); ++i)
      if ((*shape)[shape->size() - i] != 1) all[all.size() - i] = (*shape)[shape->size() - i];
  return all;
}

}  // namespace

template <class T>
void gemm_batches(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                  const shape_type& batch_a, const T* a, const shape_type& batch_b, const T* b,
                  bool accumulate, const shape_type& batch_c, T* c) {
  const std::size_t a_size = m * k, b_size = k * n, c_size = m * n;
  const shape_type all = common_shape(batch_a, batch_b, batch_c);
  if (c_size == 0 || size_of(all) == 0) {
    if (!accumulate) std::fill_n(c, c_size * size_of(batch_c), T(0));
    return;
  }
  loop_nest<3> nest(all, {&batch_a, &batch_b, &batch_c});
  // Along the innermost axis the matrices lie behind each other: as one with more rows, or more terms.
  std::size_t& inner = nest.sizes[nest.rank - 1];
  const auto [a_step, b_step, c_step] = nest.steps[nest.rank - 1];
  const bool countable = std::max(m, k) * inner <= static_cast<std::size_t>(INT_MAX);
  if (countable && a_step == 1 && b_step == 0 && c_step == 1 && (!transpose_a || k == 1))
    m *= std::exchange(inner, 1);
  else if (countable && a_step == 1 && b_step == 1 && c_step == 0 && (transpose_a || m == 1) &&
           (!transpose_b || n == 1))
    k *= std::exchange(inner, 1);

  std::size_t count = 1;
  bool sums = false;  // an element of c belongs to several products
  for (std::size_t axis = 0; axis < nest.rank; ++axis) {
    count *= nest.sizes[axis];
    sums = sums || (nest.steps[axis][2] == 0 && nest.sizes[axis] > 1);
  }
  if (sums && !accumulate) std::fill_n(c, c_size * size_of(batch_c), T(0));
  const T beta(accumulate || sums ? 1 : 0);
  const auto products = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      std::array<std::size_t, 3> at{};
      std::size_t rest = i;
      for (std::size_t axis = nest.rank; axis-- > 0; rest /= nest.sizes[axis])
        for (std::size_t x = 0; x < 3; ++x) at[x] += rest % nest.sizes[axis] * nest.steps[axis][x];
      gemm(transpose_a, transpose_b, m, n, k, T(1), a + at[0] * a_size, b + at[1] * b_size, beta,
           c + at[2] * c_size);
    }
  };
  if (sums || m * n * k > large_product)
    products(0, count);
  else
    parallel_for(count, count * m * n * k / 8, 1, products);
}

template <class T>
void affine(std::size_t m, std::size_t n, std::size_t k, const T* a, const T* b, const T* bias,
            T* c) {
  if (m > 0 && k > 0 && is_small(false, false, m, n, k))
    return small_gemm(false, false, m, n, k, T(1), a, b, addend<T>{T(1), bias, 0}, c);
  parallel_for(m, m * n, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) std::copy_n(bias, n, c + i * n);
  });
  gemm(false, false, m, n, k, T(1), a, b, T(1), c);
}

namespace {

/// out_j (+)= the sum of column j over `rows` rows of x that are `x_row` apart, for j < cols.
/// Eight rows at a time: one load and one store of out for eight loads of x.
template <class T>
void add_rows(std::size_t rows, std::size_t cols, const T* x, std::size_t x_row, bool accumulate,
              T* out) {
  constexpr std::size_t size = lane_size<T>;
  std::size_t i = 0;
  const auto add = [&](auto count) {
    const T* from = x + i * x_row;
    const auto columns = [&](std::size_t j, auto read, auto write) {
      constexpr std::size_t n = decltype(count)::value;
      lane<T> sum[n];
      unrolled<n>([&](auto r) { sum[r()] = read(from + r() * x_row + j); });
      // In pairs: r takes what is the half of what is left further on.
      if constexpr (n == 8) unrolled<4>([&](auto r) { sum[r()] += sum[r() + 4]; });
      if constexpr (n >= 4) unrolled<2>([&](auto r) { sum[r()] += sum[r() + 2]; });
      if constexpr (n >= 2) sum[0] += sum[1];
      if (accumulate) sum[0] += read(out + j);
      write(out + j, sum[0]);
    };
    std::size_t j = 0;
    for (; j + size <= cols; j += size)
      columns(
          j, [](const T* at) { return load(at); },
          [](T* at, const lane<T>& value) { store(at, value); });
    if (const std::size_t rest = cols - j; rest > 0)
      columns(
          j, [rest](const T* at) { return load_partial(at, rest); },
          [rest](T* at, const lane<T>& value) { store_partial(at, value, rest); });
    i += decltype(count)::value;
    accumulate = true;
  };
  while (i + 8 <= rows) add(std::integral_constant<std::size_t, 8>{});
  while (i < rows) add(std::integral_constant<std::size_t, 1>{});
}

/// add_rows for any number of columns. Where a row is shorter than a few registers, as many rows as
/// a register has elements count as one long row, whose sums are then added up.
template <class T>
void sum_rows(std::size_t rows, std::size_t cols, const T* x, bool accumulate, T* out) {
  constexpr std::size_t size = lane_size<T>;
  const std::size_t folded = rows / size;
  if (cols >= 4 * size || folded < 8) return add_rows(rows, cols, x, cols, accumulate, out);
  T wide[4 * size * size];
  add_rows(folded, cols * size, x, cols * size, false, wide);
  add_rows(size, cols, wide, cols, accumulate, out);
  add_rows(rows - folded * size, cols, x + folded * size * cols, cols, true, out);
}

/// Rows at least this long are shared out among the threads by columns.
constexpr std::size_t long_row = 8192;
/// Elements of one block of rows with its own partial sums, and the fewest rows it has.
constexpr std::size_t block_elements = 65536;
constexpr std::size_t block_rows_min = 128;

}  // namespace

template <class T>
void column_sums(std::size_t rows, std::size_t cols, const T* x, bool accumulate, T* out) {
  if (cols == 0) return;
  if (rows == 0) {
    if (!accumulate) std::fill_n(out, cols, T(0));
    return;
  }
  const std::size_t block = std::max(block_rows_min, block_elements / cols);
  if (cols >= long_row) {
    parallel_for(cols, rows * cols, 64, [&](std::size_t begin, std::size_t end) {
      add_rows(rows, end - begin, x + begin, cols, accumulate, out + begin);
    });
  } else if (rows <= block) {
    sum_rows(rows, cols, x, accumulate, out);
  } else {
    // The blocks follow from the shape alone, and so do the sums.
    const std::size_t blocks = (rows + block - 1) / block;
    std::vector<T> partial(blocks * cols);
    parallel_for(blocks, rows * cols, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        sum_rows(std::min(block, rows - i * block), cols, x + i * block * cols, false,
                 partial.data() + i * cols);
    });
    sum_rows(blocks, cols, partial.data(), accumulate, out);
  }
}

template void gemm(bool, bool, std::size_t, std::size_t, std::size_t, float, const float*,
                   const float*, float, float*);
template void gemm_batches(bool, bool, std::size_t, std::size_t, std::size_t, const shape_type&,
                           const float*, const shape_type&, const float*, bool, const shape_type&,
                           float*);
template void affine(std::size_t, std::size_t, std::size_t, const float*, const float*,
                     const float*, float*);
template void column_sums(std::size_t, std::size_t, const float*, bool, float*);
template void gemm(bool, bool, std::size_t, std::size_t, std::size_t, double, const double*,
                   const double*, double, double*);
template void gemm_batches(bool, bool, std::size_t, std::size_t, std::size_t, const shape_type&,
                           const double*, const shape_type&, const double*, bool, const shape_type&,
                           double*);
template void affine(std::size_t, std::size_t, std::size_t, const double*, const double*,
                     const double*, double*);
template void column_sums(std::size_t, std::size_t, const double*, bool, double*);

}  // namespace xtape::kernel
