#include <xtape/nn/residual.hpp>

#include <xtape/array/error.hpp>
#include <xtape/ops/arithmetic.hpp>

namespace xtape::detail {

template <real T>
variable<T> add_residual(const operand<T>& x, const variable<T>& y) {
  if (x.shape() != y.shape())
    throw shape_error("residual: " + to_string(x.shape()) + " + " + to_string(y.shape()) +
                          ": what is added must have the input's shape",
                      x.where());
  return x + y;
}

template XTAPE_API variable<float> add_residual(const operand<float>&, const variable<float>&);
template XTAPE_API variable<double> add_residual(const operand<double>&, const variable<double>&);

}  // namespace xtape::detail
