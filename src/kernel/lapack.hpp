#pragma once
// Factorizations of square matrices, row-major and contiguous, through the LAPACK that OpenBLAS brings along.
// A NaN that is read makes the whole result NaN; what LAPACK itself does with it depends on type and size.
// All throw domain_error where n is above INT_MAX.

#include <cstddef>

namespace xtape::kernel {

/// Factors a, in place, as lower upper permutation, with a unit diagonal in upper: LAPACK's column-major
/// factors of the transpose. `pivots` has room for n. False where a is singular, that is, where a pivot is
/// exactly 0; the factors are complete all the same.
template <class T>
bool lu(std::size_t n, T* a, int* pivots);

/// x = a^-1 x, or a^-T x, for x of (n, columns), a given by its factors, which are those of no singular matrix;
/// or, without pivots, for the lower triangle itself.
template <class T>
void lu_solve(bool transposed, std::size_t n, std::size_t columns, const T* factors,
              const int* pivots, T* x);

/// The factors become the inverse; they are those of no singular matrix.
template <class T>
void lu_inverse(std::size_t n, T* factors, const int* pivots);

/// The determinant. It overflows or underflows only where the result does.
template <class T>
T lu_det(std::size_t n, const T* factors, const int* pivots);

/// The determinant's logarithm: NaN where it is negative, -inf where it is 0.
template <class T>
T lu_logdet(std::size_t n, const T* factors, const int* pivots);

/// a becomes the lower triangular factor l of a = l l^T; only the lower triangle of a is read.
/// False where a is not positive definite; a's values are then unspecified.
template <class T>
bool cholesky(std::size_t n, T* a);

/// a = u diag(s) vt, with s descending; a is left as it was. False where an element of a is not finite, or the
/// iteration does not converge.
template <class T>
bool svd(std::size_t n, const T* a, T* u, T* s, T* vt);

/// c_ij = the cofactor of a_ij, which is the derivative of a's determinant. Through the inverse where there
/// is one; where a is singular, through the singular values. c must not overlap a. NaN where an element of a is not finite.
template <class T>
void cofactors(std::size_t n, const T* a, T* c);

}  // namespace xtape::kernel
