#pragma once

#include <cstddef>

#include <xtape/array/shape.hpp>

namespace xtape::kernel {

/// c = alpha op(a) op(b) + beta c, with op(x) = x, or x transposed where asked for.
/// op(a): (m, k), op(b): (k, n), c: (m, n), all contiguous and row-major; a is stored (k, m) where
/// transpose_a, b is stored (n, k) where transpose_b. c must not overlap a or b. With beta == 0 what
/// c held before is not read, so a NaN there does not survive. Large products go through CBLAS,
/// small ones through a loop of this library. Throws domain_error where m, n or k is above INT_MAX.
template <class T>
void gemm(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, T alpha,
          const T* a, const T* b, T beta, T* c);

/// The same, with alpha = 1, for every index of the batches' shapes, which broadcast against each other:
/// a, b and c are contiguous arrays of such matrices. What lacks an axis of the others', or has it once,
/// is used again along it; c then receives the sum. c is added to where `accumulate`. A shared factor
/// costs no more than one product of the same size: (batch, m, k) by (k, n) is one of (batch m, k).
template <class T>
void gemm_batches(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                  const shape_type& batch_a, const T* a, const shape_type& batch_b, const T* b,
                  bool accumulate, const shape_type& batch_c, T* c);

/// c_ij = bias_j + sum_p a_ip b_pj. a: (m, k), b: (k, n), bias: (n), c: (m, n); c must not overlap
/// the others. Throws what gemm throws.
template <class T>
void affine(std::size_t m, std::size_t n, std::size_t k, const T* a, const T* b, const T* bias,
            T* c);

/// out_j = sum_i x_ij, or out_j += sum_i x_ij where `accumulate`. x: (rows, cols), out: (cols).
/// The order of the additions depends on rows and cols only, not on the number of threads.
template <class T>
void column_sums(std::size_t rows, std::size_t cols, const T* x, bool accumulate, T* out);

}  // namespace xtape::kernel
