#include <xtape/ops/activation.hpp>

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/reduce.hpp>

#include "kernel/softmax.hpp"
#include "ops/axes.hpp"
#include "ops/lanes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

struct sigmoid_rule : elementwise {
  static constexpr std::string_view name = "sigmoid";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return 1 / (1 + exp(-x)); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return g * y * (1 - y); }
};

struct tanh_rule : elementwise {
  static constexpr std::string_view name = "tanh";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return tanh(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return g * (1 - y * y); }
};

struct relu_rule : elementwise {
  static constexpr std::string_view name = "relu";
  static constexpr saves saved = saves::output;
  template <class T, class A>
  static auto forward(const xsimd::batch<T, A>& x) {
    const xsimd::batch<T, A> zero(T(0));
    return xsimd::select(x <= zero, zero, x);  // not max: NaN stays NaN
  }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return gate(g, y); }
};

struct gate_rule : elementwise {
  static constexpr std::string_view name = "gate";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k == 0; }
  static auto forward(const auto& g, const auto& y) { return gate(g, y); }
  static auto vjp(arg<0>, const auto& h, const auto&, const auto& y) { return gate(h, y); }
};

template <bool Log>
struct softmax_rule : structural {
  static constexpr std::string_view name = Log ? "log_softmax" : "softmax";
  static constexpr saves saved = saves::output;
  static constexpr bool fused = true;
  std::size_t axis;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(x.shape());
    const slices s(x.shape(), axis, axis);
    constexpr auto compute = Log ? kernel::log_softmax<T> : kernel::softmax<T>;
    compute(s.outer, s.n, s.inner, x.data(), y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y) const {
    const auto along = [&](const variable<T>& v) {
      return sum(v, {static_cast<std::ptrdiff_t>(axis)}, {.keep_dims = true});
    };
    if constexpr (Log)
      return g - exp(y) * along(g);
    else
      return y * (g - along(g * y));
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& y) const {
    const slices s(y.shape(), axis, axis);
    constexpr auto add = Log ? kernel::log_softmax_vjp<T> : kernel::softmax_vjp<T>;
    add(s.outer, s.n, s.inner, g.data(), y.data(), to.accumulate, to.data);
  }
};

template <class Rule, real T>
variable<T> along(const operand<T>& x, std::ptrdiff_t axis) {
  return apply(Rule{{}, normalize_axis(Rule::name, x.shape(), axis, x.where())}, x);
}

}  // namespace

variable<float> sigmoid(const operand<float>& x) { return apply(sigmoid_rule{}, x); }
variable<double> sigmoid(const operand<double>& x) { return apply(sigmoid_rule{}, x); }

variable<float> tanh(const operand<float>& x) { return apply(tanh_rule{}, x); }
variable<double> tanh(const operand<double>& x) { return apply(tanh_rule{}, x); }

variable<float> relu(const operand<float>& x) { return apply(relu_rule{}, x); }
variable<double> relu(const operand<double>& x) { return apply(relu_rule{}, x); }

variable<float> gate(const operand<float>& g, const operand<float>& y) {
  return apply(gate_rule{}, g, y);
}
variable<double> gate(const operand<double>& g, const operand<double>& y) {
  return apply(gate_rule{}, g, y);
}

variable<float> softmax(const operand<float>& x, std::ptrdiff_t axis) {
  return along<softmax_rule<false>>(x, axis);
}
variable<double> softmax(const operand<double>& x, std::ptrdiff_t axis) {
  return along<softmax_rule<false>>(x, axis);
}

variable<float> log_softmax(const operand<float>& x, std::ptrdiff_t axis) {
  return along<softmax_rule<true>>(x, axis);
}
variable<double> log_softmax(const operand<double>& x, std::ptrdiff_t axis) {
  return along<softmax_rule<true>>(x, axis);
}

}  // namespace xtape
