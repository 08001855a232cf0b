#include "ops/broadcast.hpp"

namespace xtape::detail {

template <real T>
variable<T> add(const variable<T>& a, const variable<T>& b) {
  return apply(add_rule{}, argument<T>(a), argument<T>(b));
}

template <real T>
variable<T> sum_to(const variable<T>& x, const shape_type& shape) {
  return apply(sum_to_rule{{}, x.shape(), shape}, argument<T>(x));
}

template variable<float> add(const variable<float>&, const variable<float>&);
template variable<double> add(const variable<double>&, const variable<double>&);
template variable<float> sum_to(const variable<float>&, const shape_type&);
template variable<double> sum_to(const variable<double>&, const shape_type&);

}  // namespace xtape::detail
