#include "kernel/lapack.hpp"

#include <xtape/array/error.hpp>

#include "kernel/gemm.hpp"
#include "kernel/parallel.hpp"

#include <cblas.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

// Fortran passes everything by address, and after the arguments the length of each text.
extern "C" {
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetri_(const int* n, float* a, const int* lda, const int* pivots, float* work,
             const int* work_size, int* info);
void dgetri_(const int* n, double* a, const int* lda, const int* pivots, double* work,
             const int* work_size, int* info);
void spotrf_(const char* triangle, const int* n, float* a, const int* lda, int* info, std::size_t);
void dpotrf_(const char* triangle, const int* n, double* a, const int* lda, int* info, std::size_t);
void sgesvd_(const char* job_u, const char* job_vt, const int* m, const int* n, float* a,
             const int* lda, float* s, float* u, const int* ldu, float* vt, const int* ldvt,
             float* work, const int* work_size, int* info, std::size_t, std::size_t);
void dgesvd_(const char* job_u, const char* job_vt, const int* m, const int* n, double* a,
             const int* lda, double* s, double* u, const int* ldu, double* vt, const int* ldvt,
             double* work, const int* work_size, int* info, std::size_t, std::size_t);
}

namespace xtape::kernel {

namespace {

int lapack_size(std::size_t n) {
  if (n > static_cast<std::size_t>(INT_MAX))
    throw domain_error("lapack: size " + std::to_string(n) + ": LAPACK counts up to " +
                       std::to_string(INT_MAX));
  return static_cast<int>(n);
}

// The functions of the two types under one name.
constexpr auto getrf(float*) { return sgetrf_; }
constexpr auto getrf(double*) { return dgetrf_; }
constexpr auto getri(float*) { return sgetri_; }
constexpr auto getri(double*) { return dgetri_; }
constexpr auto potrf(float*) { return spotrf_; }
constexpr auto potrf(double*) { return dpotrf_; }
constexpr auto gesvd(float*) { return sgesvd_; }
constexpr auto gesvd(double*) { return dgesvd_; }
constexpr auto trsm(float*) { return cblas_strsm; }
constexpr auto trsm(double*) { return cblas_dtrsm; }

/// Matrices of fewer rows are factored by the calling thread alone. OpenBLAS would share out the work
/// from n = 64 or so, and its threads meet at every few columns: where the machine has other work too,
/// n = 100 was seen to take 100 ms instead of 0.1 ms.
constexpr std::size_t factored_by_threads = 256;

template <class T>
bool is_nan(T value) {
  return std::isnan(value);
}

/// A product of many numbers, in which nothing overflows on the way.
template <class T>
struct scaled {
  T mantissa = 1;
  long exponent = 0;

  scaled& operator*=(T factor) {
    int of_factor = 0, of_product = 0;
    mantissa = std::frexp(mantissa * std::frexp(factor, &of_factor), &of_product);
    exponent += of_factor + of_product;
    return *this;
  }
  scaled operator*(const scaled& other) const {
    scaled result = *this;
    result *= other.mantissa;
    result.exponent += other.exponent;
    return result;
  }
  T value() const {
    constexpr long limit = 1 << 20;
    return std::ldexp(mantissa, static_cast<int>(std::clamp(exponent, -limit, limit)));
  }
};

template <class T>
scaled<T> determinant(std::size_t n, const T* factors, const int* pivots) {
  scaled<T> det;
  for (std::size_t i = 0; i < n; ++i) {
    det *= factors[i * n + i];
    if (pivots[i] != static_cast<int>(i + 1)) det.mantissa = -det.mantissa;
  }
  return det;
}

/// 1 or -1: the determinant of an orthogonal matrix.
template <class T>
T orientation(std::size_t n, const T* q) {
  std::vector<T> factors(q, q + n * n);
  std::vector<int> pivots(n);
  lu(n, factors.data(), pivots.data());
  return std::copysign(T(1), lu_det(n, factors.data(), pivots.data()));
}

/// a = u diag(s) vt has the cofactors det(u) det(vt) u diag(s's products without s_i) vt.
template <class T>
void singular_cofactors(std::size_t n, const T* a, T* c) {
  std::vector<T> u(n * n), s(n), vt(n * n);
  if (!svd(n, a, u.data(), s.data(), vt.data())) {
    std::fill_n(c, n * n, std::numeric_limits<T>::quiet_NaN());
    return;
  }
  const T sign = orientation(n, u.data()) * orientation(n, vt.data());
  std::vector<scaled<T>> after(n + 1);
  for (std::size_t i = n; i-- > 0;) {
    after[i] = after[i + 1];
    after[i] *= s[i];
  }
  scaled<T> before;
  for (std::size_t i = 0; i < n; ++i) {
    const T others = sign * (before * after[i + 1]).value();
    for (std::size_t j = 0; j < n; ++j) vt[i * n + j] *= others;
    before *= s[i];
  }
  gemm(false, false, n, n, n, T(1), u.data(), vt.data(), T(0), c);
}

}  // namespace

template <class T>
bool lu(std::size_t n, T* a, int* pivots) {
  if (n == 0) return true;
  const int size = lapack_size(n);
  if (std::any_of(a, a + n * n, is_nan<T>)) {
    std::fill_n(a, n * n, std::numeric_limits<T>::quiet_NaN());
    std::iota(pivots, pivots + n, 1);
    return true;
  }
  int info = 0;
  const one_thread threads(n < factored_by_threads);
  getrf(a)(&size, &size, a, &size, pivots, &info);
  return info == 0;
}

template <class T>
void lu_solve(bool transposed, std::size_t n, std::size_t columns, const T* factors,
              const int* pivots, T* x) {
  if (n == 0 || columns == 0) return;
  if (is_nan(factors[0])) {
    std::fill_n(x, n * columns, factors[0]);
    return;
  }
  const int rows = lapack_size(n), width = lapack_size(columns);
  const one_thread threads(n < factored_by_threads);
  const auto swap = [&](std::size_t i) {
    const auto other = static_cast<std::size_t>(pivots[i] - 1);
    if (other != i) std::swap_ranges(x + i * columns, x + (i + 1) * columns, x + other * columns);
  };
  const auto solve = [&](CBLAS_UPLO triangle, CBLAS_DIAG diagonal) {
    trsm(x)(CblasRowMajor, CblasLeft, triangle, transposed ? CblasTrans : CblasNoTrans, diagonal,
            rows, width, T(1), factors, rows, x, width);
  };
  if (pivots == nullptr) {
    solve(CblasLower, CblasNonUnit);
  } else if (transposed) {
    for (std::size_t i = 0; i < n; ++i) swap(i);
    solve(CblasUpper, CblasUnit);
    solve(CblasLower, CblasNonUnit);
  } else {
    solve(CblasLower, CblasNonUnit);
    solve(CblasUpper, CblasUnit);
    for (std::size_t i = n; i-- > 0;) swap(i);
  }
}

template <class T>
void lu_inverse(std::size_t n, T* factors, const int* pivots) {
  if (n == 0 || is_nan(factors[0])) return;
  const int size = lapack_size(n);
  int info = 0, work_size = -1;
  T best = 0;
  const one_thread threads(n < factored_by_threads);
  getri(factors)(&size, factors, &size, pivots, &best, &work_size, &info);
  std::vector<T> work(std::max(n, static_cast<std::size_t>(best)));
  work_size = lapack_size(work.size());
  getri(factors)(&size, factors, &size, pivots, work.data(), &work_size, &info);
}

template <class T>
T lu_det(std::size_t n, const T* factors, const int* pivots) {
  return determinant(n, factors, pivots).value();
}

template <class T>
T lu_logdet(std::size_t n, const T* factors, const int* pivots) {
  T total = 0;
  bool negative = false;
  for (std::size_t i = 0; i < n; ++i) {
    const T pivot = factors[i * n + i];
    total += std::log(std::abs(pivot));
    negative ^= (pivot < 0) != (pivots[i] != static_cast<int>(i + 1));
  }
  const bool zero = total == -std::numeric_limits<T>::infinity();
  return negative && !zero ? std::numeric_limits<T>::quiet_NaN() : total;
}

template <class T>
bool cholesky(std::size_t n, T* a) {
  if (n == 0) return true;
  const int size = lapack_size(n);
  int info = 0;
  const one_thread threads(n < factored_by_threads);
  bool no_number = false;
  for (std::size_t i = 0; i < n; ++i) {
    T* const row = a + i * n;
    no_number = no_number || std::any_of(row, row + i + 1, is_nan<T>);
    std::fill(row + i + 1, row + n, T(0));
  }
  if (no_number)
    for (std::size_t i = 0; i < n; ++i)
      std::fill_n(a + i * n, i + 1, std::numeric_limits<T>::quiet_NaN());
  else
    potrf(a)("U", &size, a, &size, &info, 1);  // the lower triangle is LAPACK's upper one
  return info == 0;
}

template <class T>
bool svd(std::size_t n, const T* a, T* u, T* s, T* vt) {
  if (n == 0) return true;
  if (!std::all_of(a, a + n * n, [](T v) { return std::isfinite(v); })) return false;
  const int size = lapack_size(n);
  std::vector<T> copy(a, a + n * n);
  int info = 0, work_size = -1;
  T best = 0;
  const one_thread threads(n < factored_by_threads);
  // Of the transpose: its left vectors are our right ones.
  const auto run = [&](T* work) {
    gesvd(s)("A", "A", &size, &size, copy.data(), &size, s, vt, &size, u, &size, work, &work_size,
             &info, 1, 1);
  };
  run(&best);
  std::vector<T> work(std::max(5 * n, static_cast<std::size_t>(best)));
  work_size = lapack_size(work.size());
  run(work.data());
  return info == 0;
}

template <class T>
void cofactors(std::size_t n, const T* a, T* c) {
  std::vector<T> inverse(a, a + n * n);
  std::vector<int> pivots(n);
  const bool regular = lu(n, inverse.data(), pivots.data());
  if (regular) {
    const scaled<T> det = determinant(n, inverse.data(), pivots.data());
    lu_inverse(n, inverse.data(), pivots.data());
    // However ill-conditioned: the small pivots divide the inverse and multiply the determinant.
    if (std::isfinite(det.mantissa) &&
        std::all_of(inverse.begin(), inverse.end(), [](T v) { return std::isfinite(v); })) {
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
          scaled<T> product = det;
          product *= inverse[j * n + i];
          c[i * n + j] = product.value();
        }
      return;
    }
  }
  singular_cofactors(n, a, c);
}

template bool lu(std::size_t, float*, int*);
template void lu_solve(bool, std::size_t, std::size_t, const float*, const int*, float*);
template void lu_inverse(std::size_t, float*, const int*);
template float lu_det(std::size_t, const float*, const int*);
template float lu_logdet(std::size_t, const float*, const int*);
template bool cholesky(std::size_t, float*);
template bool svd(std::size_t, const float*, float*, float*, float*);
template void cofactors(std::size_t, const float*, float*);
template bool lu(std::size_t, double*, int*);
template void lu_solve(bool, std::size_t, std::size_t, const double*, const int*, double*);
template void lu_inverse(std::size_t, double*, const int*);
template double lu_det(std::size_t, const double*, const int*);
template double lu_logdet(std::size_t, const double*, const int*);
template bool cholesky(std::size_t, double*);
template bool svd(std::size_t, const double*, double*, double*, double*);
template void cofactors(std::size_t, const double*, double*);

}  // namespace xtape::kernel
