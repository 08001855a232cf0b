#include "ops/broadcast.hpp"

namespace xtape::detail {

template <real T>
variable<T> add(const argument<T>& a, const argument<T>& b) {
  return apply(add_rule{}, a, b);
}

template <real T>
variable<T> sum_to(const argument<T>& x, const shape_type& shape) {
  return apply(sum_to_rule{{}, x.shape(), shape}, x);
}

template variable<float> add(const argument<float>&, const argument<float>&);
template variable<double> add(const argument<double>&, const argument<double>&);
template variable<float> sum_to(const argument<float>&, const shape_type&);
template variable<double> sum_to(const argument<double>&, const shape_type&);

}  // namespace xtape::detail
