#pragma once

#include <concepts>
#include <cstddef>

#include <xtape/array/error.hpp>
#include <xtape/array/pool.hpp>
#include <xtape/array/shape.hpp>
#include <xtape/array/xtensor.hpp>

namespace xtape {

/// The two element types: float for training, double for checks. Both are compiled into the library.
template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

/// An n-dimensional, row-major, contiguous xtensor container of at most max_rank axes. It is built from
/// any xtensor expression and any xtensor function reads it; its type does not depend on the user's
/// xtensor flags. As with every xtensor container, `array<float> a({2, 3})` holds the *values* 2 and 3:
/// an array of a given shape is made by zeros, full or empty below.
template <class T>
using array = xt::xarray_container<xt::uvector<T, array_allocator<T>>, xt::layout_type::row_major,
                                   shape_type>;

/// The numbers of an array that lives elsewhere, for as long as it does.
template <class T>
class array_view {
 public:
  array_view(const shape_type& shape, const T* data) : shape_(&shape), data_(data) {}
  array_view(const array<T>& values) : array_view(values.shape(), values.data()) {}

  const shape_type& shape() const { return *shape_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_of(*shape_); }

 private:
  const shape_type* shape_;
  const T* data_;
};

/// An array over numbers that live elsewhere, for as long as they do. Its copies own theirs.
template <class T>
array<T> array_over(const shape_type& shape, T* data) {
  typename array<T>::inner_strides_type strides(shape.size());
  xt::compute_strides(shape, xt::layout_type::row_major, strides);
  typename array<T>::storage_type numbers(size_of(shape), array_allocator<T>(data));
  return array<T>(std::move(numbers), shape_type(shape), std::move(strides));
}

/// An array of that shape with unspecified values.
template <class T>
array<T> empty(const shape_type& shape) {
  return array<T>::from_shape(shape);
}

/// An array of that shape, every element `value`.
template <class T>
array<T> full(const shape_type& shape, T value) {
  array<T> result = array<T>::from_shape(shape);
  result.fill(value);
  return result;
}

/// An array of that shape, every element 0.
template <class T>
array<T> zeros(const shape_type& shape) {
  return full<T>(shape, T(0));
}

}  // namespace xtape
