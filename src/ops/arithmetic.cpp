#include <xtape/ops/arithmetic.hpp>

#include "ops/broadcast.hpp"

namespace xtape {

using namespace detail;

namespace {

struct subtract_rule : elementwise {
  static constexpr std::string_view name = "subtract";
  static constexpr saves saved = saves::nothing;
  static constexpr bool passes_on(std::size_t k) { return k == 0; }
  static auto forward(const auto& a, const auto& b) { return a - b; }
  static auto vjp(arg<0>, const auto& g) { return g; }
  static auto vjp(arg<1>, const auto& g) { return -g; }
};

struct multiply_rule : elementwise {
  static constexpr std::string_view name = "multiply";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& a, const auto& b) { return a * b; }
  static auto vjp(arg<0>, const auto& g, const auto&, const auto& b) { return g * b; }
  static auto vjp(arg<1>, const auto& g, const auto& a, const auto&) { return g * a; }
};

struct divide_rule : elementwise {
  static constexpr std::string_view name = "divide";
  static constexpr saves saved = saves::both;
  static auto forward(const auto& a, const auto& b) { return a / b; }
  static auto vjp(arg<0>, const auto& g, const auto&, const auto&, const auto& b) { return g / b; }
  static auto vjp(arg<1>, const auto& g, const auto& y, const auto&, const auto& b) {
    return -(g * y) / b;
  }
};

struct negate_rule : elementwise {
  static constexpr std::string_view name = "negate";
  static constexpr saves saved = saves::nothing;
  static auto forward(const auto& x) { return -x; }
  static auto vjp(arg<0>, const auto& g) { return -g; }
};

struct exp_rule : elementwise {
  static constexpr std::string_view name = "exp";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return exp(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return g * y; }
};

struct log_rule : elementwise {
  static constexpr std::string_view name = "log";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return log(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g / x; }
};

struct square_rule : elementwise {
  static constexpr std::string_view name = "square";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return x * x; }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return 2 * g * x; }
};

struct sqrt_rule : elementwise {
  static constexpr std::string_view name = "sqrt";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return sqrt(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return g / (2 * y); }
};

}  // namespace

variable<float> operator+(const operand<float>& a, const operand<float>& b) {
  return apply(add_rule{}, a, b);
}
variable<double> operator+(const operand<double>& a, const operand<double>& b) {
  return apply(add_rule{}, a, b);
}

variable<float> operator-(const operand<float>& a, const operand<float>& b) {
  return apply(subtract_rule{}, a, b);
}
variable<double> operator-(const operand<double>& a, const operand<double>& b) {
  return apply(subtract_rule{}, a, b);
}

variable<float> operator*(const operand<float>& a, const operand<float>& b) {
  return apply(multiply_rule{}, a, b);
}
variable<double> operator*(const operand<double>& a, const operand<double>& b) {
  return apply(multiply_rule{}, a, b);
}

variable<float> operator/(const operand<float>& a, const operand<float>& b) {
  return apply(divide_rule{}, a, b);
}
variable<double> operator/(const operand<double>& a, const operand<double>& b) {
  return apply(divide_rule{}, a, b);
}

variable<float> operator-(const operand<float>& x) { return apply(negate_rule{}, x); }
variable<double> operator-(const operand<double>& x) { return apply(negate_rule{}, x); }

variable<float> exp(const operand<float>& x) { return apply(exp_rule{}, x); }
variable<double> exp(const operand<double>& x) { return apply(exp_rule{}, x); }

variable<float> log(const operand<float>& x) { return apply(log_rule{}, x); }
variable<double> log(const operand<double>& x) { return apply(log_rule{}, x); }

variable<float> square(const operand<float>& x) { return apply(square_rule{}, x); }
variable<double> square(const operand<double>& x) { return apply(square_rule{}, x); }

variable<float> sqrt(const operand<float>& x) { return apply(sqrt_rule{}, x); }
variable<double> sqrt(const operand<double>& x) { return apply(sqrt_rule{}, x); }

}  // namespace xtape
