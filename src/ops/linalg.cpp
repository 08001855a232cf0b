#include <xtape/ops/linalg.hpp>

#include "kernel/gemm.hpp"
#include "ops/broadcast.hpp"

namespace xtape {

using namespace detail;

namespace {

template <real T>
variable<T> product(const operand<T>& a, const operand<T>& b, bool transpose_a, bool transpose_b);

// op(a) op(b), each as it is or transposed. The derivatives are again such products, so that no
// transposed copy is ever made.
struct matmul_rule : structural {
  static constexpr std::string_view name = "matmul";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;
  bool transpose_a, transpose_b;

  template <real T>
  variable<T> forward(const array_view<T>& a, const array_view<T>& b) const {
    const variable<T> y =
        blank<T>({a.shape()[transpose_a ? 1 : 0], b.shape()[transpose_b ? 0 : 1]});
    multiply<T>(a, b, transpose_a, transpose_b, {y.node().data(), false});
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>&, const variable<T>& b) const {
    return transpose_a ? product<T>(b, g, transpose_b, true)
                       : product<T>(g, b, false, !transpose_b);
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& a, const variable<T>&) const {
    return transpose_b ? product<T>(g, a, true, transpose_a)
                       : product<T>(a, g, !transpose_a, false);
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>& b) const {
    transpose_a ? multiply(b, g, transpose_b, true, to) : multiply(g, b, false, !transpose_b, to);
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& a,
                  const array_view<T>&) const {
    transpose_b ? multiply(g, a, true, transpose_a, to) : multiply(a, g, !transpose_a, false, to);
  }

  template <real T>
  static void multiply(const array_view<T>& a, const array_view<T>& b, bool ta, bool tb,
                       target<T> to) {
    const std::size_t m = a.shape()[ta ? 1 : 0], k = a.shape()[ta ? 0 : 1],
                      n = b.shape()[tb ? 0 : 1];
    kernel::gemm<T>(ta, tb, m, n, k, T(1), a.data(), b.data(), T(to.accumulate ? 1 : 0), to.data);
  }
};

template <real T>
variable<T> product(const operand<T>& a, const operand<T>& b, bool transpose_a, bool transpose_b) {
  return apply(matmul_rule{{}, transpose_a, transpose_b}, a, b);
}

struct affine_rule : structural {
  static constexpr std::string_view name = "affine";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& x, const array_view<T>& w,
                      const array_view<T>& b) const {
    const variable<T> y = blank<T>({x.shape()[0], w.shape()[1]});
    kernel::affine(x.shape()[0], w.shape()[1], w.shape()[0], x.data(), w.data(), b.data(),
                   y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>&, const variable<T>& w,
           const variable<T>&) const {
    return product<T>(g, w, false, true);
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& x, const variable<T>&,
           const variable<T>&) const {
    return product<T>(x, g, true, false);
  }
  template <real T>
  auto vjp(arg<2>, const variable<T>& g, const variable<T>&, const variable<T>&,
           const variable<T>& b) const {
    return sum_to<T>(g, b.shape());
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>& w, const array_view<T>&) const {
    matmul_rule::multiply(g, w, false, true, to);
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& x,
                  const array_view<T>&, const array_view<T>&) const {
    matmul_rule::multiply(x, g, true, false, to);
  }
  template <real T>
  void accumulate(arg<2>, target<T> to, const array_view<T>& g, const array_view<T>&,
                  const array_view<T>&, const array_view<T>&) const {
    kernel::column_sums(g.shape()[0], g.shape()[1], g.data(), to.accumulate, to.data);
  }
};

// Throws unless x (n, k) and w (k, m) are matrices that can be multiplied. `shapes` makes the text of an
// error, which nobody pays for who has none.
template <real T, class Shapes>
void check_product(const operand<T>& a, const operand<T>& b, const Shapes& shapes) {
  const auto fail = [&](const std::string& reason) {
    throw shape_error(shapes() + ": " + reason, a.where());
  };
  if (a.shape().size() != 2 || b.shape().size() != 2) fail("both must be matrices");
  if (a.shape()[1] != b.shape()[0])
    fail("inner dimensions " + std::to_string(a.shape()[1]) + " and " +
         std::to_string(b.shape()[0]) + " differ");
}

template <real T>
variable<T> apply_matmul(const operand<T>& a, const operand<T>& b) {
  check_product(a, b,
                [&] { return "matmul: " + to_string(a.shape()) + " x " + to_string(b.shape()); });
  return product(a, b, false, false);
}

template <real T>
variable<T> apply_affine(const operand<T>& x, const operand<T>& w, const operand<T>& b) {
  const auto shapes = [&] {
    return "affine: " + to_string(x.shape()) + " x " + to_string(w.shape()) + " + " +
           to_string(b.shape());
  };
  check_product(x, w, shapes);
  if (b.shape() != shape_type{w.shape()[1]})
    throw shape_error(
        shapes() + ": the bias must have shape (" + std::to_string(w.shape()[1]) + ")", x.where());
  return apply(affine_rule{}, x, w, b);
}

}  // namespace

variable<float> matmul(const operand<float>& a, const operand<float>& b) {
  return apply_matmul(a, b);
}
variable<double> matmul(const operand<double>& a, const operand<double>& b) {
  return apply_matmul(a, b);
}

variable<float> affine(const operand<float>& x, const operand<float>& weight,
                       const operand<float>& bias) {
  return apply_affine(x, weight, bias);
}
variable<double> affine(const operand<double>& x, const operand<double>& weight,
                        const operand<double>& bias) {
  return apply_affine(x, weight, bias);
}

}  // namespace xtape
