#include <xtape/ops/linalg.hpp>

#include <xtape/ops/reduce.hpp>
#include <xtape/ops/shape.hpp>

#include "ops/axes.hpp"
#include "ops/broadcast.hpp"
#include "ops/product.hpp"

namespace xtape {

using namespace detail;

namespace {

struct dot_rule : matmul_rule {
  static constexpr std::string_view name = "dot";
};

struct outer_rule : matmul_rule {
  static constexpr std::string_view name = "outer";
};

struct affine_rule : structural {
  static constexpr std::string_view name = "affine";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;
  static constexpr product_forms for_x{form::matrix, form::transposed, form::matrix};
  static constexpr product_forms for_weight{form::transposed, form::matrix, form::matrix};

  template <real T>
  variable<T> forward(const array_view<T>& x, const array_view<T>& w,
                      const array_view<T>& b) const {
    const variable<T> y = blank<T>({x.shape()[0], w.shape()[1]});
    kernel::affine(x.shape()[0], w.shape()[1], w.shape()[0], x.data(), w.data(), b.data(),
                   y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x, const variable<T>& w,
           const variable<T>&) const {
    return product<T>(for_x, g, w, x.shape());
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& x, const variable<T>& w,
           const variable<T>&) const {
    return product<T>(for_weight, x, g, w.shape());
  }
  template <real T>
  auto vjp(arg<2>, const variable<T>& g, const variable<T>&, const variable<T>&,
           const variable<T>& b) const {
    return sum_to<T>(g, b.shape());
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& x,
                  const array_view<T>& w, const array_view<T>&) const {
    matmul_rule::multiply(for_x, g, w, x.shape(), to);
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& x,
                  const array_view<T>& w, const array_view<T>&) const {
    matmul_rule::multiply(for_weight, x, g, w.shape(), to);
  }
  template <real T>
  void accumulate(arg<2>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>&, const array_view<T>&) const {
    kernel::column_sums(g.shape()[0], g.shape()[1], g.data(), to.accumulate, to.data);
  }
};

std::string both(const char* operation, const shape_type& a, const shape_type& b) {
  return std::string(operation) + ": " + to_string(a) + " x " + to_string(b);
}

// Throws unless the columns of a are as many as the rows of b. `shapes` makes the text of an error, which
// nobody pays for who has none.
template <class Shapes>
void check_inner(std::size_t columns, std::size_t rows, const Shapes& shapes, location where) {
  if (columns != rows)
    throw shape_error(shapes() + ": inner dimensions " + std::to_string(columns) + " and " +
                          std::to_string(rows) + " differ",
                      where);
}

template <real T>
variable<T> apply_matmul(const operand<T>& a, const operand<T>& b) {
  const shape_type &sa = a.shape(), &sb = b.shape();
  const auto shapes = [&] { return both("matmul", sa, sb); };
  if (sa.empty() || sb.empty())
    throw shape_error(shapes() + ": a scalar is neither a vector nor a matrix", a.where());
  product_forms as{form::matrix, form::matrix, form::matrix};
  if (sa.size() == 1) as.a = as.y = form::row;
  if (sb.size() == 1) {
    as.b = form::column;
    as.y = sa.size() == 1 ? form::scalar : form::column;
  }
  check_inner(columns_of(sa, as.a), rows_of(sb, as.b), shapes, a.where());
  shape_type result;
  if (sa.size() > 2 || sb.size() > 2)
    result = broadcast_batches(batch_of(sa, as.a), batch_of(sb, as.b), shapes, a.where());
  if (as.a == form::matrix) result.push_back(rows_of(sa, as.a));
  if (as.b == form::matrix) result.push_back(columns_of(sb, as.b));
  return product<T>(as, a, b, result);
}

// Throws unless both are vectors.
template <real T>
void check_vectors(const char* operation, const operand<T>& a, const operand<T>& b) {
  if (a.shape().size() != 1 || b.shape().size() != 1)
    throw shape_error(both(operation, a.shape(), b.shape()) + ": both must be vectors", a.where());
}

template <real T>
variable<T> apply_dot(const operand<T>& a, const operand<T>& b) {
  check_vectors("dot", a, b);
  check_inner(
      a.shape()[0], b.shape()[0], [&] { return both("dot", a.shape(), b.shape()); }, a.where());
  return apply(dot_rule{{{}, {form::row, form::column, form::scalar}, {}}}, a, b);
}

template <real T>
variable<T> apply_outer(const operand<T>& a, const operand<T>& b) {
  check_vectors("outer", a, b);
  const shape_type result{a.shape()[0], b.shape()[0]};
  return apply(outer_rule{{{}, {form::column, form::row, form::matrix}, result}}, a, b);
}

template <real T>
variable<T> apply_affine(const operand<T>& x, const operand<T>& w, const operand<T>& b) {
  const auto shapes = [&] {
    return both("affine", x.shape(), w.shape()) + " + " + to_string(b.shape());
  };
  if (x.shape().size() != 2 || w.shape().size() != 2)
    throw shape_error(shapes() + ": both must be matrices", x.where());
  check_inner(x.shape()[1], w.shape()[0], shapes, x.where());
  if (b.shape().size() != 1 || b.shape()[0] != w.shape()[1])
    throw shape_error(
        shapes() + ": the bias must have shape (" + std::to_string(w.shape()[1]) + ")", x.where());
  return apply(affine_rule{}, x, w, b);
}

template <real T>
variable<T> apply_trace(const operand<T>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                        std::ptrdiff_t axis2) {
  const at_line line(x.where());
  normalize_axes("trace", x.shape(), {axis1, axis2}, x.where());
  return sum(diagonal(x, offset, axis1, axis2), {-1});
}

}  // namespace

variable<float> matmul(const operand<float>& a, const operand<float>& b) {
  return apply_matmul(a, b);
}
variable<double> matmul(const operand<double>& a, const operand<double>& b) {
  return apply_matmul(a, b);
}

variable<float> dot(const operand<float>& a, const operand<float>& b) { return apply_dot(a, b); }
variable<double> dot(const operand<double>& a, const operand<double>& b) { return apply_dot(a, b); }

variable<float> outer(const operand<float>& a, const operand<float>& b) {
  return apply_outer(a, b);
}
variable<double> outer(const operand<double>& a, const operand<double>& b) {
  return apply_outer(a, b);
}

variable<float> affine(const operand<float>& x, const operand<float>& weight,
                       const operand<float>& bias) {
  return apply_affine(x, weight, bias);
}
variable<double> affine(const operand<double>& x, const operand<double>& weight,
                        const operand<double>& bias) {
  return apply_affine(x, weight, bias);
}

variable<float> trace(const operand<float>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                      std::ptrdiff_t axis2) {
  return apply_trace(x, offset, axis1, axis2);
}
variable<double> trace(const operand<double>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                       std::ptrdiff_t axis2) {
  return apply_trace(x, offset, axis1, axis2);
}

}  // namespace xtape
