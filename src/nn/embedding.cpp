#include <xtape/nn/embedding.hpp>

#include <xtape/array/text.hpp>
#include <xtape/ops/shape.hpp>

#include "nn/sizes.hpp"

#include <cmath>
#include <string>

namespace xtape::nn {
namespace {

shape_type table_shape(std::int64_t n, std::int64_t d, location where) {
  return xtape::detail::matrix_shape(
      "embedding: " + std::to_string(n) + " rows of " + std::to_string(d), n, d,
      "a table has at least one row of at least one number", where);
}

// The index of element `place` of an array of that shape: "(1, 3)".
std::string index_text(const shape_type& shape, std::size_t place) {
  shape_type at(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0; place /= shape[axis])
    at[axis] = place % shape[axis];
  return to_string(at);
}

[[noreturn]] void refuse(const shape_type& table, double index, const shape_type& shape,
                         std::size_t place, location where) {
  throw domain_error("embedding: " + to_string(table) + " at " + number_text(index) + ", element " +
                         index_text(shape, place) + " of the indices: it must be one of 0.." +
                         std::to_string(table[0] - 1),
                     where);
}

}  // namespace

template <real T>
embedding<T>::embedding(std::int64_t n, std::int64_t d, const init::initializer& weights,
                        rng& random, location where)
    : weight(weights.make<T>(table_shape(n, d, where), random, where), "weight") {}

template <real T>
variable<T> embedding<T>::operator()(const std::vector<int>& indices, location where) const {
  const shape_type& table = weight.shape();
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (indices[i] < 0 || static_cast<std::size_t>(indices[i]) >= table[0])
      refuse(table, indices[i], {indices.size()}, i, where);
  const at_line line(where);
  return take(weight, indices);
}

template <real T>
variable<T> embedding<T>::operator()(const operand<T>& indices) const {
  const shape_type& table = weight.shape();
  const array_view<T> from = indices.value();
  std::vector<int> rows(from.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const T index = from.data()[i];
    if (!(index >= 0 && static_cast<double>(index) < static_cast<double>(table[0])) ||
        index != std::floor(index))
      refuse(table, static_cast<double>(index), from.shape(), i, indices.where());
    rows[i] = static_cast<int>(index);
  }
  const at_line line(indices.where());
  const variable<T> found = take(weight, rows);
  if (from.shape().size() == 1) return found;
  axis_list sizes(from.shape().begin(), from.shape().end());
  sizes.push_back(static_cast<std::ptrdiff_t>(table[1]));
  return reshape(found, sizes);
}

template struct embedding<float>;
template struct embedding<double>;

}  // namespace xtape::nn
