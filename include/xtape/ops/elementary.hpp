#pragma once
// Elementary functions, element by element, with NumPy's names. Where a function is not defined the result is
// NaN, as in <cmath>; nothing is thrown. Values are within 4 units in the last place of the true ones.

#include <xtape/ops/operand.hpp>

namespace xtape {

/// |x|. d/dx = sign(x); the kink at 0 counts as 0.
XTAPE_API variable<float> abs(const operand<float>& x);
XTAPE_API variable<double> abs(const operand<double>& x);

/// -1, 0 or 1; NaN of NaN. d/dx = 0 everywhere, at the step too.
XTAPE_API variable<float> sign(const operand<float>& x);
XTAPE_API variable<double> sign(const operand<double>& x);

/// 1/x. d/dx = -1/x^2. Infinite at 0.
XTAPE_API variable<float> reciprocal(const operand<float>& x);
XTAPE_API variable<double> reciprocal(const operand<double>& x);

/// 1/sqrt(x). d/dx = -x^(-3/2) / 2. Infinite at 0, NaN below.
XTAPE_API variable<float> rsqrt(const operand<float>& x);
XTAPE_API variable<double> rsqrt(const operand<double>& x);

/// x^exponent. d/dx = exponent x^(exponent - 1), 0 for an exponent of 0. NaN for x < 0 unless the exponent is
/// a whole number; 1 for an exponent of 0, whatever x is.
XTAPE_API variable<float> pow(const operand<float>& x, double exponent);
XTAPE_API variable<double> pow(const operand<double>& x, double exponent);

/// a^b, element by element; a and b broadcast. d/da = b a^(b - 1), 0 where b is 0; d/db = a^b log(a), 0 where a is
/// 0 and b is not negative. Values as above; the derivative by b is NaN for a < 0.
XTAPE_API variable<float> pow(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> pow(const operand<double>& a, const operand<double>& b);

/// e^x - 1, exact for small x. d/dx = e^x. Overflows where exp does, at 88.38 in float and 709.44 in double.
XTAPE_API variable<float> expm1(const operand<float>& x);
XTAPE_API variable<double> expm1(const operand<double>& x);

/// log(1 + x), exact for small x. d/dx = 1/(1 + x). -inf at -1, NaN below.
XTAPE_API variable<float> log1p(const operand<float>& x);
XTAPE_API variable<double> log1p(const operand<double>& x);

/// Sine of x in radians. d/dx = cos(x). NaN at +-inf, as are cos and tan.
XTAPE_API variable<float> sin(const operand<float>& x);
XTAPE_API variable<double> sin(const operand<double>& x);

/// Cosine of x in radians. d/dx = -sin(x).
XTAPE_API variable<float> cos(const operand<float>& x);
XTAPE_API variable<double> cos(const operand<double>& x);

/// Tangent of x in radians. d/dx = 1 + tan(x)^2.
XTAPE_API variable<float> tan(const operand<float>& x);
XTAPE_API variable<double> tan(const operand<double>& x);

/// Arc sine in [-pi/2, pi/2]. d/dx = 1/sqrt(1 - x^2), infinite at +-1. NaN outside [-1, 1].
XTAPE_API variable<float> asin(const operand<float>& x);
XTAPE_API variable<double> asin(const operand<double>& x);

/// Arc cosine in [0, pi]. d/dx = -1/sqrt(1 - x^2), infinite at +-1. NaN outside [-1, 1].
XTAPE_API variable<float> acos(const operand<float>& x);
XTAPE_API variable<double> acos(const operand<double>& x);

/// Arc tangent in [-pi/2, pi/2]. d/dx = 1/(1 + x^2).
XTAPE_API variable<float> atan(const operand<float>& x);
XTAPE_API variable<double> atan(const operand<double>& x);

/// Hyperbolic sine (e^x - e^-x)/2. d/dx = cosh(x).
XTAPE_API variable<float> sinh(const operand<float>& x);
XTAPE_API variable<double> sinh(const operand<double>& x);

/// Hyperbolic cosine (e^x + e^-x)/2. d/dx = sinh(x).
XTAPE_API variable<float> cosh(const operand<float>& x);
XTAPE_API variable<double> cosh(const operand<double>& x);

/// Error function: 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. d/dx = 2/sqrt(pi) e^(-x^2).
XTAPE_API variable<float> erf(const operand<float>& x);
XTAPE_API variable<double> erf(const operand<double>& x);

/// 1 - erf(x), exact for large x too. d/dx = -2/sqrt(pi) e^(-x^2).
XTAPE_API variable<float> erfc(const operand<float>& x);
XTAPE_API variable<double> erfc(const operand<double>& x);

/// The greater of a and b, which broadcast; NaN if one is NaN. d/da = 1 where a > b, 1/2 where they are equal,
/// else 0; d/db likewise.
XTAPE_API variable<float> maximum(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> maximum(const operand<double>& a, const operand<double>& b);

/// The lesser of a and b, which broadcast; NaN if one is NaN. d/da = 1 where a < b, 1/2 where they are equal,
/// else 0; d/db likewise.
XTAPE_API variable<float> minimum(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> minimum(const operand<double>& a, const operand<double>& b);

/// a where the condition is not 0, else b; all three broadcast, and NaN counts as not 0. d/da = 1 where a is
/// taken, else 0; d/db likewise; the condition has no derivative. What is not taken passes no NaN on, neither
/// its value nor, as long as it is finite, its derivative.
XTAPE_API variable<float> where(const operand<float>& condition, const operand<float>& a,
                                const operand<float>& b);
XTAPE_API variable<double> where(const operand<double>& condition, const operand<double>& a,
                                 const operand<double>& b);

/// x limited to [low, high]; NaN stays NaN. d/dx = 1 where low <= x <= high, the ends included, else 0.
/// Throws domain_error unless low <= high.
XTAPE_API variable<float> clip(const operand<float>& x, double low, double high);
XTAPE_API variable<double> clip(const operand<double>& x, double low, double high);

/// g where a > b, g/2 where a = b, else 0; g where one is NaN: maximum's derivative applied to g. d/dg = 1, 1/2
/// or 0; d/da = d/db = 0.
XTAPE_API variable<float> prefer(const operand<float>& g, const operand<float>& a,
                                 const operand<float>& b);
XTAPE_API variable<double> prefer(const operand<double>& g, const operand<double>& a,
                                  const operand<double>& b);

}  // namespace xtape
