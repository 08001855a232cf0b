#include <xtape/ops/activation.hpp>

#include <numbers>

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/elementary.hpp>
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
  static auto forward(const auto& x) { return sigmoid(x); }
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
  static auto forward(const auto& x) { return relu(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return gate(g, y); }
};

struct gate_rule : elementwise {
  static constexpr std::string_view name = "gate";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k == 0; }
  static auto forward(const auto& g, const auto& y) { return gate(g, y); }
  static auto vjp(arg<0>, const auto& h, const auto&, const auto& y) { return gate(h, y); }
};

// gate(x, x) is relu(x): as a condition, whether x > 0.
struct leaky_relu_rule : elementwise {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr saves saved = saves::inputs;
  double slope;
  auto forward(const auto& x) const { return where(gate(x, x), x, scaled(x, slope)); }
  auto vjp(arg<0>, const auto& g, const auto& x) const {
    return where(gate(x, x), g, scaled(g, slope));
  }
};

// The exponential is taken of min(x, 0): where x itself is taken it must not overflow. As x - relu(x) NaN stays
// NaN; as -relu(-x) it can be differentiated where x is infinite.
struct elu_rule : elementwise {
  static constexpr std::string_view name = "elu";
  static constexpr saves saved = saves::inputs;
  double alpha = 1, scale = 1;
  auto forward(const auto& x) const {
    return where(gate(x, x), scaled(x, scale), scaled(expm1(x - gate(x, x)), scale * alpha));
  }
  auto vjp(arg<0>, const auto& g, const auto& x) const {
    return where(gate(x, x), scaled(g, scale), scaled(g * exp(-gate(-x, -x)), scale * alpha));
  }
};

struct selu_rule : elu_rule {
  static constexpr std::string_view name = "selu";
};

struct gelu_rule : elementwise {
  static constexpr std::string_view name = "gelu";
  static constexpr saves saved = saves::inputs;
  static auto normal(const auto& x) {
    return scaled(exact_erfc(scaled(x, -std::numbers::sqrt2 / 2)), 0.5);
  }
  static auto forward(const auto& x) { return x * normal(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    constexpr double density = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    return g * (normal(x) + scaled(x * exp(scaled(x * x, -0.5)), density));
  }
};

// (1 + tanh(u))/2 is sigmoid(2 u), which keeps its digits where it is nearly 0.
struct gelu_tanh_rule : elementwise {
  static constexpr std::string_view name = "gelu_tanh";
  static constexpr saves saved = saves::inputs;
  static constexpr double cubic = 0.044715;
  static constexpr double factor = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  static auto part(const auto& x) { return sigmoid(scaled(x + scaled(x * x * x, cubic), factor)); }
  static auto forward(const auto& x) { return x * part(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    const auto s = part(x);
    const auto inner = scaled(x * s * (1 - s), factor);  // 0 before x^2 can be infinite
    return g * (s + inner + scaled(inner * x * x, 3 * cubic));
  }
};

struct silu_rule : elementwise {
  static constexpr std::string_view name = "silu";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return x * sigmoid(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    const auto s = sigmoid(x);
    return g * (s + x * s * (1 - s));
  }
};

struct softplus_rule : elementwise {
  static constexpr std::string_view name = "softplus";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return softplus(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * sigmoid(x); }
};

struct softsign_rule : elementwise {
  static constexpr std::string_view name = "softsign";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return x / (1 + abs(x)); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    const auto size = 1 + abs(x);
    return g / size / size;
  }
};

struct hard_tanh_rule : elementwise {
  static constexpr std::string_view name = "hard_tanh";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return where(gate(1 - abs(x), 1 - abs(x)), x, sign(x)); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return gate(g, 1 - abs(x)); }
};

struct log_sigmoid_rule : elementwise {
  static constexpr std::string_view name = "log_sigmoid";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return -softplus(-x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * sigmoid(-x); }
};

struct mish_rule : elementwise {
  static constexpr std::string_view name = "mish";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return x * tanh(softplus(x)); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    const auto t = tanh(softplus(x));
    return g * (t + x * (1 - t * t) * sigmoid(x));
  }
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

variable<float> leaky_relu(const operand<float>& x, double slope) {
  return apply(leaky_relu_rule{{}, slope}, x);
}
variable<double> leaky_relu(const operand<double>& x, double slope) {
  return apply(leaky_relu_rule{{}, slope}, x);
}

variable<float> elu(const operand<float>& x, double alpha) { return apply(elu_rule{{}, alpha}, x); }
variable<double> elu(const operand<double>& x, double alpha) {
  return apply(elu_rule{{}, alpha}, x);
}

variable<float> selu(const operand<float>& x) {
  return apply(selu_rule{{{}, 1.6732632423543772848, 1.0507009873554804934}}, x);
}
variable<double> selu(const operand<double>& x) {
  return apply(selu_rule{{{}, 1.6732632423543772848, 1.0507009873554804934}}, x);
}

variable<float> gelu(const operand<float>& x) { return apply(gelu_rule{}, x); }
variable<double> gelu(const operand<double>& x) { return apply(gelu_rule{}, x); }

variable<float> gelu_tanh(const operand<float>& x) { return apply(gelu_tanh_rule{}, x); }
variable<double> gelu_tanh(const operand<double>& x) { return apply(gelu_tanh_rule{}, x); }

variable<float> silu(const operand<float>& x) { return apply(silu_rule{}, x); }
variable<double> silu(const operand<double>& x) { return apply(silu_rule{}, x); }

variable<float> softplus(const operand<float>& x) { return apply(softplus_rule{}, x); }
variable<double> softplus(const operand<double>& x) { return apply(softplus_rule{}, x); }

variable<float> softsign(const operand<float>& x) { return apply(softsign_rule{}, x); }
variable<double> softsign(const operand<double>& x) { return apply(softsign_rule{}, x); }

variable<float> hard_tanh(const operand<float>& x) { return apply(hard_tanh_rule{}, x); }
variable<double> hard_tanh(const operand<double>& x) { return apply(hard_tanh_rule{}, x); }

variable<float> log_sigmoid(const operand<float>& x) { return apply(log_sigmoid_rule{}, x); }
variable<double> log_sigmoid(const operand<double>& x) { return apply(log_sigmoid_rule{}, x); }

variable<float> mish(const operand<float>& x) { return apply(mish_rule{}, x); }
variable<double> mish(const operand<double>& x) { return apply(mish_rule{}, x); }

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
