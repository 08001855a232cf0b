#include <xtape/nn/linear.hpp>

#include <xtape/array/error.hpp>
#include <xtape/ops/linalg.hpp>

#include <string>

namespace xtape::nn {

static shape_type weight_shape(std::int64_t n_in, std::int64_t n_out, location where) {
  std::int64_t bytes = 0;
  const auto fail = [&](const char* reason) {
    throw domain_error(
        "linear: " + std::to_string(n_in) + " to " + std::to_string(n_out) + ": " + reason, where);
  };
  if (n_in < 1 || n_out < 1) fail("a layer has at least one input and one output");
  if (__builtin_mul_overflow(n_in, n_out, &bytes) || __builtin_mul_overflow(bytes, 8, &bytes))
    fail("too many weights");
  return {static_cast<std::size_t>(n_in), static_cast<std::size_t>(n_out)};
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
