#include <xtape/nn/linear.hpp>

#include <xtape/ops/linalg.hpp>

#include "nn/sizes.hpp"

#include <string>

namespace xtape::nn {

static shape_type weight_shape(std::int64_t n_in, std::int64_t n_out, location where) {
  return xtape::detail::matrix_shape(
      "linear: " + std::to_string(n_in) + " to " + std::to_string(n_out), n_in, n_out,
      "a layer has at least one input and one output", where);
}

template <real T>
linear<T>::linear(std::int64_t n_in, std::int64_t n_out, const init::initializer& weights,
                  rng& random, location where)
    : weight(weights.make<T>(weight_shape(n_in, n_out, where), random, where), "weight"),
      bias(zeros<T>({static_cast<std::size_t>(n_out)}), "bias") {}

template <real T>
variable<T> linear<T>::operator()(const operand<T>& x) const {
  return affine(x, weight, bias);
}

template struct linear<float>;
template struct linear<double>;

}  // namespace xtape::nn
