#pragma once
// Elementwise arithmetic. Arguments broadcast against each other as in NumPy, and may be variables,
// arrays, xtensor expressions or scalars; at least one is a variable. All throw shape_error where
// shapes do not broadcast, before anything is recorded.

#include <xtape/ops/operand.hpp>

namespace xtape {

/// a + b. d/da = 1, d/db = 1.
XTAPE_API variable<float> operator+(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> operator+(const operand<double>& a, const operand<double>& b);

/// a - b. d/da = 1, d/db = -1.
XTAPE_API variable<float> operator-(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> operator-(const operand<double>& a, const operand<double>& b);

/// a * b, element by element. d/da = b, d/db = a.
XTAPE_API variable<float> operator*(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> operator*(const operand<double>& a, const operand<double>& b);

/// a / b, element by element. d/da = 1/b, d/db = -a/b^2. Division by 0 gives what IEEE says.
XTAPE_API variable<float> operator/(const operand<float>& a, const operand<float>& b);
XTAPE_API variable<double> operator/(const operand<double>& a, const operand<double>& b);

/// -x. d/dx = -1.
XTAPE_API variable<float> operator-(const operand<float>& x);
XTAPE_API variable<double> operator-(const operand<double>& x);

/// e^x. d/dx = e^x.
XTAPE_API variable<float> exp(const operand<float>& x);
XTAPE_API variable<double> exp(const operand<double>& x);

/// Natural logarithm. d/dx = 1/x. -inf at 0, NaN below.
XTAPE_API variable<float> log(const operand<float>& x);
XTAPE_API variable<double> log(const operand<double>& x);

/// x^2. d/dx = 2x.
XTAPE_API variable<float> square(const operand<float>& x);
XTAPE_API variable<double> square(const operand<double>& x);

/// Square root. d/dx = 1 / (2 sqrt(x)), infinite at 0; NaN below.
XTAPE_API variable<float> sqrt(const operand<float>& x);
XTAPE_API variable<double> sqrt(const operand<double>& x);

}  // namespace xtape
