// What LAPACK's factorizations give: inverses, solutions, determinants, Cholesky factors.

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/shape.hpp>

#include "kernel/lapack.hpp"
#include "ops/product.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace xtape {

using namespace detail;

namespace {

using pivot_list = std::vector<int, pool_allocator<int>>;

template <real T>
void check_square(const char* operation, const operand<T>& x) {
  const shape_type& shape = x.shape();
  const auto fail = [&](const char* reason) {
    throw shape_error(std::string(operation) + ": " + to_string(shape) + ": " + reason, x.where());
  };
  if (shape.size() < 2) fail("a matrix has two axes");
  if (size_from_end(shape, 1) != size_from_end(shape, 2)) fail("the matrices must be square");
}

// Throws the domain_error for one matrix of an array of them.
[[noreturn]] void refuse(const std::string& text, const shape_type& shape, std::size_t number,
                         const char* reason) {
  shape_type at = batch_of(shape, form::matrix);
  for (std::size_t axis = at.size(); axis-- > 0;) {
    const std::size_t size = at[axis];
    at[axis] = number % size;
    number /= size;
  }
  const std::string which =
      at.empty()
          ? "the matrix"
          : "matrix " + (at.size() == 1 ? std::to_string(at[0]) : to_string(at)) + " of the batch";
  throw domain_error(text + ": " + which + " is " + reason);
}

// An array of square matrices, one after the other.
struct squares {
  std::size_t n, size, count;
  explicit squares(const shape_type& shape)
      : n(shape.back()), size(n * n), count(size_of(batch_of(shape, form::matrix))) {}

  // Calls f(number of the matrix, where its elements begin), the small ones on several threads.
  template <class F>
  void for_each(const F& f) const {
    const auto range = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) f(i, i * size);
    };
    if (n > 64)
      range(0, count);
    else
      kernel::parallel_for(count, count * n * size, 1, range);
  }
};

axis_list swap_last_two(const shape_type& shape) {
  axis_list axes;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    axes.push_back(static_cast<std::ptrdiff_t>(axis));
  std::swap(axes.end()[-1], axes.end()[-2]);
  return axes;
}

// One number a matrix, (...), in the shape (..., 1, 1).
template <real T>
variable<T> each_matrix(const variable<T>& x) {
  axis_list sizes(x.shape().begin(), x.shape().end());
  sizes.push_back(1);
  sizes.push_back(1);
  return reshape(x, sizes);
}

template <real T>
variable<T> copied(const array_view<T>& x) {
  const variable<T> y = blank<T>(x.shape());
  std::copy_n(x.data(), x.size(), y.node().data());
  return y;
}

// y = x^-1, d/dx = -y^T g y^T.
struct inverse_rule : structural {
  static constexpr std::string_view name = "inverse";
  static constexpr saves saved = saves::output;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = copied(x);
    const squares all(x.shape());
    std::vector<char> singular(all.count, false);
    all.for_each([&](std::size_t i, std::size_t begin) {
      pivot_list pivots(all.n);
      T* const matrix = y.node().data() + begin;
      singular[i] = !kernel::lu(all.n, matrix, pivots.data());
      if (!singular[i]) kernel::lu_inverse(all.n, matrix, pivots.data());
    });
    for (std::size_t i = 0; i < all.count; ++i)
      if (singular[i]) refuse("inverse: " + to_string(x.shape()), x.shape(), i, "singular");
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y) const {
    const variable<T> left =
        product<T>({form::transposed, form::matrix, form::matrix}, y, g, y.shape());
    return -product<T>({form::matrix, form::transposed, form::matrix}, left, y, y.shape());
  }
};

// The factors of an array of matrices, and the matrices, by which they are known again. Without pivots the
// matrices are lower triangular.
template <real T>
struct factorization {
  std::vector<T, pool_allocator<T>> matrices, factors;
  pivot_list pivots;

  bool is_of(const array_view<T>& a) const {
    return a.size() == matrices.size() &&
           (a.size() == 0 || std::memcmp(a.data(), matrices.data(), a.size() * sizeof(T)) == 0);
  }
  explicit factorization(const array_view<T>& a)
      : matrices(a.data(), a.data() + a.size()), factors(matrices) {}
};

// a x = b, or a^T x = b. Derivatives are solutions too, with the factors that the first one made.
template <real T>
struct solve_rule : structural {
  static constexpr std::string_view name = "solve";
  static constexpr saves saved = saves::both;
  bool transposed;
  form columns;  // how b and x are read
  shape_type result;
  std::shared_ptr<const factorization<T>> known;

  variable<T> forward(const array_view<T>& a, const array_view<T>& b) {
    if (known == nullptr || !known->is_of(a)) known = factorized(a, b.shape());
    const variable<T> x = blank<T>(result);
    kernel::map<T, 0>(result, x.node().data(), std::false_type{}, std::array{b}, kernel::identity);
    const squares all(a.shape());
    const std::size_t width = columns_of(result, columns);
    const shape_type of_a = batch_of(a.shape(), form::matrix), of_x = batch_of(result, columns);
    const kernel::loop_nest<1> nest(of_x, {&of_a});
    const std::size_t step = nest.steps[nest.rank - 1][0];
    nest.for_rows(0, size_of(of_x) == 0 ? 0 : nest.rows(),
                  [&](const auto& offsets, std::size_t row) {
                    for (std::size_t i = 0; i < nest.inner(); ++i) {
                      const std::size_t number = offsets[0] + i * step;
                      kernel::lu_solve(
                          transposed, all.n, width, known->factors.data() + number * all.size,
                          known->pivots.empty() ? nullptr : known->pivots.data() + number * all.n,
                          x.node().data() + (row * nest.inner() + i) * all.n * width);
                    }
                  });
    return x;
  }
  // For b it is w with a^T w = g, for a it is -w x^T; the transposes of both where a is read transposed.
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x, const variable<T>& a,
           const variable<T>& b) const {
    const variable<T> w = vjp(arg<1>{}, g, x, a, b);
    const product_forms forms{columns, turned(columns), form::matrix};
    return -(transposed ? product<T>(forms, x, w, a.shape()) : product<T>(forms, w, x, a.shape()));
  }
  auto vjp(arg<1>, const variable<T>& g, const variable<T>&, const variable<T>& a,
           const variable<T>&) const {
    return apply(solve_rule{{}, !transposed, columns, g.shape(), known}, argument<T>(a),
                 argument<T>(g));
  }

 private:
  static std::shared_ptr<const factorization<T>> factorized(const array_view<T>& a,
                                                            const shape_type& b) {
    const auto made = std::make_shared<factorization<T>>(a);
    const squares all(a.shape());
    made->pivots.resize(all.count * all.n);
    std::vector<char> regular(all.count, false);
    all.for_each([&](std::size_t i, std::size_t begin) {
      regular[i] = kernel::lu(all.n, made->factors.data() + begin, made->pivots.data() + i * all.n);
    });
    for (std::size_t i = 0; i < all.count; ++i)
      if (!regular[i])
        refuse("solve: " + to_string(a.shape()) + " and " + to_string(b), a.shape(), i, "singular");
    return made;
  }
};

// l x = b or l^T x = b for a lower triangular matrix, which is its own factorization.
template <real T>
variable<T> solve_lower(bool transposed, const variable<T>& l, const variable<T>& b) {
  const auto known = std::make_shared<factorization<T>>(l.node().view());
  return apply(solve_rule<T>{{}, transposed, form::matrix, b.shape(), known}, argument<T>(l),
               argument<T>(b));
}

// x = y y^T. With the part p of y^T g on and below the diagonal, the diagonal halved, d/dx is
// y^-T (p + p^T)/2 y^-1.
struct cholesky_rule : structural {
  static constexpr std::string_view name = "cholesky";
  static constexpr saves saved = saves::output;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = copied(x);
    const squares all(x.shape());
    std::vector<char> positive(all.count, false);
    all.for_each([&](std::size_t i, std::size_t begin) {
      positive[i] = kernel::cholesky(all.n, y.node().data() + begin);
    });
    for (std::size_t i = 0; i < all.count; ++i)
      if (!positive[i])
        refuse("cholesky: " + to_string(x.shape()), x.shape(), i, "not positive definite");
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y) const {
    const std::size_t n = y.shape().back();
    array<T> half = zeros<T>({n, n});
    for (std::size_t i = 0; i < n; ++i) std::fill_n(half.data() + i * n, i + 1, T(0.5));
    for (std::size_t i = 0; i < n; ++i) half.data()[i * n + i] = T(0.25);
    const axis_list turned_axes = swap_last_two(y.shape());
    const variable<T> p =
        product<T>({form::transposed, form::matrix, form::matrix}, y, g, y.shape()) * half;
    const variable<T> left = solve_lower<T>(true, y, p + transpose(p, turned_axes));
    return solve_lower<T>(true, y, transpose(left, turned_axes));
  }
};

// f(n, factors, pivots) of each matrix.
template <real T, class F>
variable<T> of_factors(const array_view<T>& x, const F& f) {
  const variable<T> y = blank<T>(batch_of(x.shape(), form::matrix));
  const variable<T> factors = copied(x);
  const squares all(x.shape());
  all.for_each([&](std::size_t i, std::size_t begin) {
    pivot_list pivots(all.n);
    T* const matrix = factors.node().data() + begin;
    kernel::lu(all.n, matrix, pivots.data());
    y.node().data()[i] = f(all.n, matrix, pivots.data());
  });
  return y;
}

// log det x, d/dx = x^-T.
struct logdet_rule : structural {
  static constexpr std::string_view name = "logdet";
  static constexpr saves saved = saves::both;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return of_factors(x, kernel::lu_logdet<T>);
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y, const variable<T>& x) const {
    const array_view<T> values = y.node().view();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isinf(values.data()[i]) && values.data()[i] < 0)
        refuse("logdet: " + to_string(x.shape()), x.shape(), i, "singular: there is no derivative");
    return each_matrix(g) * transpose(inverse(x), swap_last_two(x.shape()));
  }
};

// Note [Bordered determinant]
// The derivative of det x is its matrix of cofactors, det(x) x^-T where x is regular. Near a singular x that form
// is useless, and to differentiate it again there is impossible. Let x have the singular values s, its left
// vectors u and right vectors v of the r smallest of them; then b = x + u w^T with w = v s_0 is regular and
// well-conditioned, and with m = 1 - w^T b^-1 u, an r by r matrix,
//   det x = det(b) det(m)          (matrix determinant lemma)
//   cofactors of x = det(b) (det(m) b^-T + b^-T w adj(m)^T u^T b^-T).
// With u and w held constant both are true for every x around, so that the second line, written in
// operations, can be differentiated to any order. adj(m) and det(m) are polynomials, by Faddeev and LeVerrier.
template <real T>
struct bordered {
  std::size_t r = 0;
  array<T> u, w, sum;  // (..., n, r), (..., n, r), and u w^T (..., n, n)

  explicit bordered(const array_view<T>& x);
};

template <real T>
bordered<T>::bordered(const array_view<T>& x) {
  const squares all(x.shape());
  const std::size_t n = all.n;
  const T small = T(0.01);  // each order of differentiation costs a factor of b's condition, 100
  std::vector<T> left(x.size()), s(all.count * n), right(x.size());
  std::vector<std::size_t> ranks(all.count);
  for (std::size_t i = 0; i < all.count; ++i) {
    const T* const values = s.data() + i * n;
    const bool finite = kernel::svd(n, x.data() + i * all.size, left.data() + i * all.size,
                                    s.data() + i * n, right.data() + i * all.size);
    while (ranks[i] < n && !(finite && values[ranks[i]] <= small * values[0])) ++ranks[i];
    r = std::max(r, n - ranks[i]);
  }
  shape_type shape = x.shape();
  shape.back() = r;
  u = zeros<T>(shape);
  w = zeros<T>(shape);
  sum = zeros<T>(x.shape());
  for (std::size_t i = 0; i < all.count; ++i) {
    const T* const values = s.data() + i * n;
    const T scale = n > 0 && values[0] > 0 ? values[0] : T(1);
    T* const ui = u.data() + i * n * r;
    T* const wi = w.data() + i * n * r;
    for (std::size_t k = ranks[i]; k < n; ++k)
      for (std::size_t j = 0; j < n; ++j) {
        ui[j * r + k - ranks[i]] = left[i * all.size + j * n + k];
        wi[j * r + k - ranks[i]] = scale * right[i * all.size + k * n + j];
      }
    kernel::gemm(false, true, n, n, r, T(1), ui, wi, T(0), sum.data() + i * all.size);
  }
}

struct det_rule : structural {
  static constexpr std::string_view name = "det";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    return of_factors(x, kernel::lu_det<T>);
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g, const variable<T>& x) const;
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& x) const {
    const squares all(x.shape());
    all.for_each([&](std::size_t i, std::size_t begin) {
      std::vector<T> c(all.size);
      kernel::cofactors(all.n, x.data() + begin, c.data());
      for (std::size_t j = 0; j < all.size; ++j)
        to.data[begin + j] = (to.accumulate ? to.data[begin + j] : T(0)) + g.data()[i] * c[j];
    });
  }
};

// Note [Bordered determinant]
template <real T>
variable<T> det_rule::vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
  constexpr form matrix = form::matrix, transposed = form::transposed;
  const bordered<T> border(x.node().view());
  const axis_list turned_axes = swap_last_two(x.shape());
  if (border.r == 0) return each_matrix(g * det(x)) * transpose(inverse(x), turned_axes);
  const variable<T> b = x + border.sum, inverse_b = inverse(b);
  const variable<T> u(border.u), w(border.w);
  shape_type small = u.shape();
  small.end()[-2] = border.r;
  array<T> one = zeros<T>({border.r, border.r});
  for (std::size_t i = 0; i < border.r; ++i) one.data()[i * border.r + i] = T(1);
  const variable<T> right = product<T>({matrix, matrix, matrix}, inverse_b, u, u.shape());
  const variable<T> left = product<T>({transposed, matrix, matrix}, inverse_b, w, w.shape());
  const variable<T> m = one - product<T>({transposed, matrix, matrix}, w, right, small);
  // Both with the sign (-1)^(r - 1).
  variable<T> adjugate(array<T>(xt::broadcast(one, small)));
  variable<T> trace_m = trace(m, 0, -2, -1);
  for (std::size_t k = 1; k < border.r; ++k) {
    const variable<T> p = product<T>({matrix, matrix, matrix}, m, adjugate, small);
    adjugate = p - each_matrix(trace_m / static_cast<double>(k)) * one;
    trace_m = trace(product<T>({matrix, matrix, matrix}, m, adjugate, small), 0, -2, -1);
  }
  const variable<T> det_m = trace_m / static_cast<double>(border.r);
  const variable<T> wide = product<T>({matrix, transposed, matrix}, left, adjugate, left.shape());
  const variable<T> all = each_matrix(det_m) * transpose(inverse_b, turned_axes) +
                          product<T>({matrix, transposed, matrix}, wide, right, x.shape());
  const double sign = border.r % 2 == 1 ? 1 : -1;
  return each_matrix(g * det(b) * sign) * all;
}

template <class Rule, real T>
variable<T> apply_square(const operand<T>& x) {
  const at_line line(x.where());
  check_square(Rule::name.data(), x);
  return apply(Rule{}, x);
}

template <real T>
variable<T> apply_solve(const operand<T>& a, const operand<T>& b) {
  const at_line line(a.where());
  check_square("solve", a);
  const auto shapes = [&] {
    return "solve: " + to_string(a.shape()) + " and " + to_string(b.shape());
  };
  const shape_type &sa = a.shape(), &sb = b.shape();
  const form columns = sb.size() + 1 == sa.size() ? form::column : form::matrix;
  if (sb.size() < matrix_axes(columns))
    throw shape_error(shapes() + ": the right-hand side must be a matrix, or have one axis less");
  const std::size_t n = sa.back(), rows = rows_of(sb, columns);
  if (n != rows)
    throw shape_error(shapes() + ": the matrices have " + std::to_string(n) +
                      " rows, the right-hand sides " + std::to_string(rows));
  shape_type result =
      broadcast_batches(batch_of(sa, form::matrix), batch_of(sb, columns), shapes, a.where());
  result.push_back(n);
  if (columns == form::matrix) result.push_back(sb.back());
  return apply(solve_rule<T>{{}, false, columns, result, nullptr}, a, b);
}

}  // namespace

variable<float> inverse(const operand<float>& x) { return apply_square<inverse_rule>(x); }
variable<double> inverse(const operand<double>& x) { return apply_square<inverse_rule>(x); }

variable<float> solve(const operand<float>& a, const operand<float>& b) {
  return apply_solve(a, b);
}
variable<double> solve(const operand<double>& a, const operand<double>& b) {
  return apply_solve(a, b);
}

variable<float> det(const operand<float>& x) { return apply_square<det_rule>(x); }
variable<double> det(const operand<double>& x) { return apply_square<det_rule>(x); }

variable<float> logdet(const operand<float>& x) { return apply_square<logdet_rule>(x); }
variable<double> logdet(const operand<double>& x) { return apply_square<logdet_rule>(x); }

variable<float> cholesky(const operand<float>& x) { return apply_square<cholesky_rule>(x); }
variable<double> cholesky(const operand<double>& x) { return apply_square<cholesky_rule>(x); }

}  // namespace xtape
