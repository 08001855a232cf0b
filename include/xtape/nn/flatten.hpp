#pragma once

#include <xtape/ops/shape.hpp>

namespace xtape::nn {

/// All axes but the first as one: (n, ...) -> (n, m), a reshape. Throws flatten's shape_error for fewer than two axes.
struct flatten {
  variable<float> operator()(const operand<float>& x) const { return xtape::flatten(x, 1); }
  variable<double> operator()(const operand<double>& x) const { return xtape::flatten(x, 1); }
};

}  // namespace xtape::nn
