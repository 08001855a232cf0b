#pragma once
// Linear algebra: products through CBLAS, factorizations through LAPACK. All but dot, outer and affine work on
// batches: the leading axes number independent matrices, and broadcast as in NumPy.

#include <cstddef>
#include <string_view>

#include <xtape/ops/operand.hpp>

namespace xtape {

/// Matrix product: (..., n, k) x (..., k, m) -> (..., n, m), where the leading axes broadcast. A vector on the
/// left counts as a row, (k) x (..., k, m) -> (..., m), one on the right as a column, (..., n, k) x (k) ->
/// (..., n), and two vectors give a scalar. vjp: g b^T and a^T g, summed where a or b was broadcast. Throws
/// shape_error where an argument is a scalar, where the inner dimensions differ or the batches do not broadcast.
XTAPE_API variable<float> matmul(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> matmul(const operand<double>& a, const operand<double>& b);

/// sum_i a_i b_i of two vectors: (n) x (n) -> (). vjp: g b and g a.
/// Throws shape_error unless both are vectors of one length.
XTAPE_API variable<float> dot(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> dot(const operand<double>& a, const operand<double>& b);

/// y_ij = a_i b_j: (n) x (m) -> (n, m). vjp: g b and g^T a. Throws shape_error unless both are vectors.
XTAPE_API variable<float> outer(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> outer(const operand<double>& a, const operand<double>& b);

/// x W + b, the bias added to every row: x (n, k), W (k, m), b (m) -> (n, m).
/// vjp: g W^T, x^T g, and the sum of g's rows. One operation instead of matmul and add: it makes no
/// array in between. Throws shape_error where shapes do not fit.
XTAPE_API variable<float> affine(const operand<float>& x, const operand<float>& weight,
                                 const operand<float>& bias);
XTAPE_API variable<double> affine(const operand<double>& x, const operand<double>& weight,
                                  const operand<double>& bias);

/// Sum over a diagonal: sum_i x_{i, i + offset}, along two axes, as in NumPy the first two by default; the others
/// number the matrices and stay: (n, m, ...) -> (...). 0 where x has no such diagonal. vjp: g on that diagonal,
/// 0 elsewhere. Throws shape_error unless the axes are there and are two.
XTAPE_API variable<float> trace(const operand<float>& x, std::ptrdiff_t offset = 0,
                                std::ptrdiff_t axis1 = 0, std::ptrdiff_t axis2 = 1);
XTAPE_API variable<double> trace(const operand<double>& x, std::ptrdiff_t offset = 0,
                                 std::ptrdiff_t axis1 = 0, std::ptrdiff_t axis2 = 1);

/// x^-1 of square matrices, (..., n, n). vjp: -y^T g y^T. NaN gives NaN. Throws shape_error unless x holds square
/// matrices, domain_error where one is singular, that is, where elimination meets a pivot that is exactly 0.
XTAPE_API variable<float> inverse(const operand<float>& x);
XTAPE_API variable<double> inverse(const operand<double>& x);

/// x with a x = b, by elimination with partial pivoting: a (..., n, n). Where b has one axis less than a, it holds
/// vectors (..., n), else matrices (..., n, m); x is like b, and the leading axes broadcast. (This is how
/// NumPy up to 1.26 tells them apart; since 2.0 it takes b for a vector only where it has one axis.)
/// vjp: for b it is w = a^-T g, for a it is -w x^T; derivatives of every order use the factors that the first
/// solution made. Throws shape_error where shapes do not fit, domain_error where a matrix is singular.
XTAPE_API variable<float> solve(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> solve(const operand<double>& a, const operand<double>& b);

/// Determinant: (..., n, n) -> (...), 1 for n = 0. d/dx = the cofactors, det(x) x^-T where x is regular; right at
/// singular matrices too, where it comes from the singular values, and so are the derivatives of every order.
/// Throws shape_error unless x holds square matrices.
XTAPE_API variable<float> det(const operand<float>& x);
XTAPE_API variable<double> det(const operand<double>& x);

/// log det x: (..., n, n) -> (...), where det itself may overflow. NaN where the determinant is negative, -inf
/// where it is 0. d/dx = x^-T; backward throws domain_error where x is singular, since there is none.
/// Throws shape_error unless x holds square matrices.
XTAPE_API variable<float> logdet(const operand<float>& x);
XTAPE_API variable<double> logdet(const operand<double>& x);

/// The lower triangular y with a positive diagonal and x = y y^T, (..., n, n). Only x's lower triangle is read; x is
/// taken to be symmetric, and so is its gradient: with p = y^T g, halved on the diagonal and 0 above,
/// y^-T (p + p^T)/2 y^-1, which is what a change of x that keeps it symmetric is worth. NaN gives NaN.
/// Throws shape_error unless x holds square matrices, domain_error where one is not positive definite.
XTAPE_API variable<float> cholesky(const operand<float>& x);
XTAPE_API variable<double> cholesky(const operand<double>& x);

/// Einstein's summation, in NumPy's notation: a letter names an axis, letters that the output lacks are summed
/// over, one that an argument has twice is its diagonal. "ij,jk->ik" is matmul, "ii->i" the diagonal, "ij->" the
/// sum of all, "i,j->ij" outer, "bij,bjk" (no output given: the letters that occur once, in alphabetical
/// order) a matmul in batches. "..." stands for the axes not named, which broadcast, as do axes of size 1. Spaces are
/// ignored. Two arguments are permuted, where they need to be, and multiplied by GEMM. vjp: an einsum with the
/// letters exchanged. Throws domain_error for subscripts that make no sense, shape_error where they do not fit.
XTAPE_API variable<float> einsum(std::string_view subscripts, const operand<float>& a);
XTAPE_API variable<double> einsum(std::string_view subscripts, const operand<double>& a);
XTAPE_API variable<float> einsum(std::string_view subscripts, const operand<float>& a,
                                 const operand<float>& b);
XTAPE_API variable<double> einsum(std::string_view subscripts, const operand<double>& a,
                                  const operand<double>& b);

}  // namespace xtape
