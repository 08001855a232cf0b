#include <xtape/ops/elementary.hpp>

#include <xtape/array/text.hpp>
#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>

#include <cmath>
#include <numbers>

#include "ops/lanes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

template <class T, class A>
xsimd::batch<T, A> pow(const xsimd::batch<T, A>& x, double exponent) {
  return one_by_one([exponent](T v) { return static_cast<T>(std::pow(v, exponent)); }, x);
}

struct sign_rule : elementwise {
  static constexpr std::string_view name = "sign";
  static constexpr saves saved = saves::nothing;
  static constexpr bool differentiable(std::size_t) { return false; }
  static auto forward(const auto& x) { return sign(x); }
};

struct abs_rule : elementwise {
  static constexpr std::string_view name = "abs";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return abs(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * sign(x); }
};

struct reciprocal_rule : elementwise {
  static constexpr std::string_view name = "reciprocal";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return 1 / x; }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return -(g * y * y); }
};

struct rsqrt_rule : elementwise {
  static constexpr std::string_view name = "rsqrt";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return 1 / sqrt(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return scaled(g * y * y * y, -0.5); }
};

struct pow_rule : elementwise {
  static constexpr std::string_view name = "pow";
  static constexpr saves saved = saves::inputs;
  double exponent;
  auto forward(const auto& x) const { return pow(x, exponent); }
  auto vjp(arg<0>, const auto& g, const auto& x) const {
    if (exponent == 0) return scaled(g, 0);
    return scaled(g * pow(x, exponent - 1), exponent);
  }
};

// Where the exponent is 0 the power is 1, at a base of 0 too, and where the base is 0 a growing exponent
// changes nothing: the bases in the derivatives are 1 there, so that no 0 meets an infinity.
struct power_rule : elementwise {
  static constexpr std::string_view name = "pow";
  static constexpr saves saved = saves::both;
  static auto forward(const auto& a, const auto& b) { return exact_pow(a, b); }
  static auto vjp(arg<0>, const auto& g, const auto&, const auto& a, const auto& b) {
    return g * b * exact_pow(where(b, a, 1), b - 1);
  }
  static auto vjp(arg<1>, const auto& g, const auto& y, const auto& a, const auto& b) {
    return g * y * log(where(abs(a) + gate(-b, -b), a, 1));
  }
};

struct expm1_rule : elementwise {
  static constexpr std::string_view name = "expm1";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return expm1(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * exp(x); }
};

struct log1p_rule : elementwise {
  static constexpr std::string_view name = "log1p";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return log1p(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g / (1 + x); }
};

struct sin_rule : elementwise {
  static constexpr std::string_view name = "sin";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return sin(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * cos(x); }
};

struct cos_rule : elementwise {
  static constexpr std::string_view name = "cos";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return cos(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return -(g * sin(x)); }
};

struct tan_rule : elementwise {
  static constexpr std::string_view name = "tan";
  static constexpr saves saved = saves::output;
  static auto forward(const auto& x) { return tan(x); }
  static auto vjp(arg<0>, const auto& g, const auto& y) { return g * (1 + y * y); }
};

// (1 - x)(1 + x) for 1 - x^2: near +-1 the square would round the difference away.
struct asin_rule : elementwise {
  static constexpr std::string_view name = "asin";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return asin(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g / sqrt((1 - x) * (1 + x)); }
};

struct acos_rule : elementwise {
  static constexpr std::string_view name = "acos";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return acos(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return -g / sqrt((1 - x) * (1 + x)); }
};

struct atan_rule : elementwise {
  static constexpr std::string_view name = "atan";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return atan(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g / (1 + x * x); }
};

struct sinh_rule : elementwise {
  static constexpr std::string_view name = "sinh";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return sinh(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * cosh(x); }
};

struct cosh_rule : elementwise {
  static constexpr std::string_view name = "cosh";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return cosh(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) { return g * sinh(x); }
};

struct erf_rule : elementwise {
  static constexpr std::string_view name = "erf";
  static constexpr saves saved = saves::inputs;
  template <class T, class A>
  static auto forward(const xsimd::batch<T, A>& x) {
    if constexpr (std::same_as<T, double>)
      return one_by_one([](double v) { return std::erf(v); }, x);
    else
      return xsimd::erf(x);
  }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    return scaled(g * exp(-(x * x)), 2 * std::numbers::inv_sqrtpi);
  }
};

struct erfc_rule : elementwise {
  static constexpr std::string_view name = "erfc";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& x) { return exact_erfc(x); }
  static auto vjp(arg<0>, const auto& g, const auto& x) {
    return scaled(g * exp(-(x * x)), -2 * std::numbers::inv_sqrtpi);
  }
};

struct prefer_rule : elementwise {
  static constexpr std::string_view name = "prefer";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k == 0; }
  static auto forward(const auto& g, const auto& a, const auto& b) { return prefer(g, a, b); }
  static auto vjp(arg<0>, const auto& h, const auto&, const auto& a, const auto& b) {
    return prefer(h, a, b);
  }
};

struct maximum_rule : elementwise {
  static constexpr std::string_view name = "maximum";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& a, const auto& b) {
    return xsimd::select(a > b || xsimd::isnan(a), a, b);  // not max: NaN stays NaN
  }
  static auto vjp(arg<0>, const auto& g, const auto& a, const auto& b) { return prefer(g, a, b); }
  static auto vjp(arg<1>, const auto& g, const auto& a, const auto& b) { return prefer(g, b, a); }
};

struct minimum_rule : elementwise {
  static constexpr std::string_view name = "minimum";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& a, const auto& b) {
    return xsimd::select(a < b || xsimd::isnan(a), a, b);
  }
  static auto vjp(arg<0>, const auto& g, const auto& a, const auto& b) { return prefer(g, b, a); }
  static auto vjp(arg<1>, const auto& g, const auto& a, const auto& b) { return prefer(g, a, b); }
};

struct where_rule : elementwise {
  static constexpr std::string_view name = "where";
  static constexpr saves saved = saves::inputs;
  static constexpr bool differentiable(std::size_t k) { return k > 0; }
  static auto forward(const auto& c, const auto& a, const auto& b) { return where(c, a, b); }
  static auto vjp(arg<1>, const auto& g, const auto& c, const auto&, const auto&) {
    return where(c, g, 0);
  }
  static auto vjp(arg<2>, const auto& g, const auto& c, const auto&, const auto&) {
    return where(c, 0, g);
  }
};

struct clip_rule : elementwise {
  static constexpr std::string_view name = "clip";
  static constexpr saves saved = saves::both;
  double low, high;
  auto forward(const auto& x) const { return clip(x, low, high); }
  static auto vjp(arg<0>, const auto& g, const auto& y, const auto& x) {
    return where(x - y, 0, g);  // x - y is 0 where nothing was clipped
  }
};

template <real T>
variable<T> apply_clip(const operand<T>& x, double low, double high) {
  if (!(low <= high))
    throw domain_error("clip: low = " + number_text(low) + ", high = " + number_text(high) +
                           ": low must not be greater than high",
                       x.where());
  return apply(clip_rule{{}, low, high}, x);
}

}  // namespace

variable<float> abs(const operand<float>& x) { return apply(abs_rule{}, x); }
variable<double> abs(const operand<double>& x) { return apply(abs_rule{}, x); }

variable<float> sign(const operand<float>& x) { return apply(sign_rule{}, x); }
variable<double> sign(const operand<double>& x) { return apply(sign_rule{}, x); }

variable<float> reciprocal(const operand<float>& x) { return apply(reciprocal_rule{}, x); }
variable<double> reciprocal(const operand<double>& x) { return apply(reciprocal_rule{}, x); }

variable<float> rsqrt(const operand<float>& x) { return apply(rsqrt_rule{}, x); }
variable<double> rsqrt(const operand<double>& x) { return apply(rsqrt_rule{}, x); }

variable<float> pow(const operand<float>& x, double exponent) {
  return apply(pow_rule{{}, exponent}, x);
}
variable<double> pow(const operand<double>& x, double exponent) {
  return apply(pow_rule{{}, exponent}, x);
}

variable<float> pow(const operand<float>& a, const operand<float>& b) {
  return apply(power_rule{}, a, b);
}
variable<double> pow(const operand<double>& a, const operand<double>& b) {
  return apply(power_rule{}, a, b);
}

variable<float> expm1(const operand<float>& x) { return apply(expm1_rule{}, x); }
variable<double> expm1(const operand<double>& x) { return apply(expm1_rule{}, x); }

variable<float> log1p(const operand<float>& x) { return apply(log1p_rule{}, x); }
variable<double> log1p(const operand<double>& x) { return apply(log1p_rule{}, x); }

variable<float> sin(const operand<float>& x) { return apply(sin_rule{}, x); }
variable<double> sin(const operand<double>& x) { return apply(sin_rule{}, x); }

variable<float> cos(const operand<float>& x) { return apply(cos_rule{}, x); }
variable<double> cos(const operand<double>& x) { return apply(cos_rule{}, x); }

variable<float> tan(const operand<float>& x) { return apply(tan_rule{}, x); }
variable<double> tan(const operand<double>& x) { return apply(tan_rule{}, x); }

variable<float> asin(const operand<float>& x) { return apply(asin_rule{}, x); }
variable<double> asin(const operand<double>& x) { return apply(asin_rule{}, x); }

variable<float> acos(const operand<float>& x) { return apply(acos_rule{}, x); }
variable<double> acos(const operand<double>& x) { return apply(acos_rule{}, x); }

variable<float> atan(const operand<float>& x) { return apply(atan_rule{}, x); }
variable<double> atan(const operand<double>& x) { return apply(atan_rule{}, x); }

variable<float> sinh(const operand<float>& x) { return apply(sinh_rule{}, x); }
variable<double> sinh(const operand<double>& x) { return apply(sinh_rule{}, x); }

variable<float> cosh(const operand<float>& x) { return apply(cosh_rule{}, x); }
variable<double> cosh(const operand<double>& x) { return apply(cosh_rule{}, x); }

variable<float> erf(const operand<float>& x) { return apply(erf_rule{}, x); }
variable<double> erf(const operand<double>& x) { return apply(erf_rule{}, x); }

variable<float> erfc(const operand<float>& x) { return apply(erfc_rule{}, x); }
variable<double> erfc(const operand<double>& x) { return apply(erfc_rule{}, x); }

variable<float> maximum(const operand<float>& a, const operand<float>& b) {
  return apply(maximum_rule{}, a, b);
}
variable<double> maximum(const operand<double>& a, const operand<double>& b) {
  return apply(maximum_rule{}, a, b);
}

variable<float> minimum(const operand<float>& a, const operand<float>& b) {
  return apply(minimum_rule{}, a, b);
}
variable<double> minimum(const operand<double>& a, const operand<double>& b) {
  return apply(minimum_rule{}, a, b);
}

variable<float> where(const operand<float>& condition, const operand<float>& a,
                      const operand<float>& b) {
  return apply(where_rule{}, condition, a, b);
}
variable<double> where(const operand<double>& condition, const operand<double>& a,
                       const operand<double>& b) {
  return apply(where_rule{}, condition, a, b);
}

variable<float> clip(const operand<float>& x, double low, double high) {
  return apply_clip(x, low, high);
}
variable<double> clip(const operand<double>& x, double low, double high) {
  return apply_clip(x, low, high);
}

variable<float> prefer(const operand<float>& g, const operand<float>& a, const operand<float>& b) {
  return apply(prefer_rule{}, g, a, b);
}
variable<double> prefer(const operand<double>& g, const operand<double>& a,
                        const operand<double>& b) {
  return apply(prefer_rule{}, g, a, b);
}

}  // namespace xtape
