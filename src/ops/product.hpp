#pragma once
// Products of matrices and vectors, and of batches of them: the rule under matmul, dot and outer, and what
// other rules' derivatives are made of.

#include <xtape/ops/operand.hpp>

#include "kernel/gemm.hpp"
#include "tape/rule.hpp"

namespace xtape::detail {

/// How an array is read as a matrix; what axes it has beside number the matrices of a batch.
enum class form : unsigned char {
  matrix,      ///< (..., rows, columns)
  transposed,  ///< (..., columns, rows)
  row,         ///< (..., columns), of one row
  column,      ///< (..., rows), of one column
  scalar,      ///< (...), of one element
};

/// The form in which the same array is read as the transpose.
constexpr form turned(form f) {
  constexpr form other[] = {form::transposed, form::matrix, form::column, form::row, form::scalar};
  return other[static_cast<std::size_t>(f)];
}

/// How many of an array's axes, the last ones, are the matrix.
constexpr std::size_t matrix_axes(form f) {
  return f == form::scalar ? 0 : f == form::row || f == form::column ? 1 : 2;
}

/// The size of the axis that is `from_end` axes before the end.
inline std::size_t size_from_end(const shape_type& shape, std::size_t from_end) {
  return shape[shape.size() - from_end];
}

constexpr bool is_transposed(form f) { return f == form::transposed; }

inline std::size_t rows_of(const shape_type& shape, form f) {
  if (f == form::row || f == form::scalar) return 1;
  return size_from_end(shape, f == form::matrix ? 2 : 1);
}
inline std::size_t columns_of(const shape_type& shape, form f) { return rows_of(shape, turned(f)); }

/// The shape of the batch that an array of such matrices is.
inline shape_type batch_of(const shape_type& shape, form f) {
  return {shape.begin(), shape.end() - matrix_axes(f)};
}

/// What the shapes of two batches broadcast to. Throws shape_error, with the text that `shapes` makes.
template <class Shapes>
shape_type broadcast_batches(const shape_type& a, const shape_type& b, const Shapes& shapes,
                             location where) {
  const shape_type& longer = a.size() < b.size() ? b : a;
  const shape_type& shorter = a.size() < b.size() ? a : b;
  shape_type result = longer;
  for (std::size_t i = 1; i <= shorter.size(); ++i) {
    const std::size_t size = shorter[shorter.size() - i];
    std::size_t& common = result[result.size() - i];
    if (common != size && common != 1 && size != 1)
      throw shape_error(
          shapes() + ": batches " + to_string(a) + " and " + to_string(b) + " do not broadcast",
          where);
    if (common == 1) common = size;
  }
  return result;
}

struct product_forms {
  form a, b, y;  // y is never `transposed`
};

/// y = a b, as matrices of the given forms, for every index of their batches, which broadcast; where
/// `result`, the shape of y, lacks a batch axis of theirs, the sum along it. So the derivatives are
/// again such products: no transposed copy is made, and no batch of products only to be summed.
struct matmul_rule : structural {
  static constexpr std::string_view name = "matmul";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;
  product_forms forms;
  shape_type result;

  template <real T>
  variable<T> forward(const array_view<T>& a, const array_view<T>& b) const {
    const variable<T> y = blank<T>(result);
    multiply<T>(forms, a, b, result, {y.node().data(), false});
    return y;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g, const variable<T>& a, const variable<T>& b) const;
  template <real T>
  variable<T> vjp(arg<1>, const variable<T>& g, const variable<T>& a, const variable<T>& b) const;
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& a,
                  const array_view<T>& b) const {
    is_transposed(forms.a) ? multiply(for_a(), b, g, a.shape(), to)
                           : multiply(for_a(), g, b, a.shape(), to);
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& a,
                  const array_view<T>& b) const {
    is_transposed(forms.b) ? multiply(for_b(), g, a, b.shape(), to)
                           : multiply(for_b(), a, g, b.shape(), to);
  }

  // The derivative for a is g b^T, or b g^T where a is read transposed; that for b is a^T g, or g^T a.
  product_forms for_a() const {
    return is_transposed(forms.a) ? product_forms{forms.b, turned(forms.y), form::matrix}
                                  : product_forms{forms.y, turned(forms.b), forms.a};
  }
  product_forms for_b() const {
    return is_transposed(forms.b) ? product_forms{turned(forms.y), forms.a, form::matrix}
                                  : product_forms{turned(forms.a), forms.y, forms.b};
  }

  template <real T>
  static void multiply(product_forms as, const array_view<T>& a, const array_view<T>& b,
                       const shape_type& y, target<T> to) {
    const bool ta = is_transposed(as.a), tb = is_transposed(as.b);
    const std::size_t m = rows_of(a.shape(), as.a), k = columns_of(a.shape(), as.a),
                      n = columns_of(b.shape(), as.b);
    if (a.shape().size() == matrix_axes(as.a) && b.shape().size() == matrix_axes(as.b) &&
        y.size() == matrix_axes(as.y))
      kernel::gemm<T>(ta, tb, m, n, k, T(1), a.data(), b.data(), T(to.accumulate ? 1 : 0), to.data);
    else
      kernel::gemm_batches<T>(ta, tb, m, n, k, batch_of(a.shape(), as.a), a.data(),
                              batch_of(b.shape(), as.b), b.data(), to.accumulate, batch_of(y, as.y),
                              to.data);
  }
};

/// The product as an operation; that shapes and forms fit is the caller's duty.
template <real T>
variable<T> product(product_forms forms, const argument<T>& a, const argument<T>& b,
                    const shape_type& result) {
  return apply(matmul_rule{{}, forms, result}, a, b);
}

template <real T>
variable<T> matmul_rule::vjp(arg<0>, const variable<T>& g, const variable<T>& a,
                             const variable<T>& b) const {
  return is_transposed(forms.a) ? product<T>(for_a(), b, g, a.shape())
                                : product<T>(for_a(), g, b, a.shape());
}
template <real T>
variable<T> matmul_rule::vjp(arg<1>, const variable<T>& g, const variable<T>& a,
                             const variable<T>& b) const {
  return is_transposed(forms.b) ? product<T>(for_b(), g, a, b.shape())
                                : product<T>(for_b(), a, g, b.shape());
}

}  // namespace xtape::detail
