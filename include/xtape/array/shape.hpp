#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <type_traits>

#include <xtape/array/location.hpp>
#include <xtape/array/xtensor.hpp>

namespace xtape {

/// The greatest number of axes an array may have.
inline constexpr std::size_t max_rank = 8;

/// Throws the shape_error of an array with more than max_rank axes.
[[noreturn]] XTAPE_API void throw_rank_error(std::size_t rank);

/// The sizes (or strides) of up to max_rank axes, stored in place: copying one never allocates.
/// A drop-in for the vector that xtensor keeps its shapes in.
template <class T>
class dimensions {
 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using pointer = T*;
  using const_pointer = const T*;
  using iterator = T*;
  using const_iterator = const T*;
  using reverse_iterator = std::reverse_iterator<iterator>;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;
  using allocator_type = std::allocator<T>;

  dimensions() noexcept = default;
  explicit dimensions(size_type count, T value = T()) { resize(count, value); }
  dimensions(std::initializer_list<T> values) {
    if (values.size() > max_rank) throw_rank_error(values.size());
    for (const T value : values) data_[size_++] = value;
  }
  template <std::input_iterator I>
  dimensions(I first, I last) {
    assign(first, last);
  }
  /// From any other shape: std::vector, std::array, xtensor's own.
  template <class S>
  requires(!std::is_same_v<std::remove_cvref_t<S>, dimensions> &&
           requires(const S& s) { T(*s.begin()), s.end(), s.size(); }) dimensions(const S& other) {
    assign(other.begin(), other.end());
  }

  template <class I>
  void assign(I first, I last) {
    resize(static_cast<size_type>(std::distance(first, last)));
    std::transform(first, last, begin(), [](auto value) { return static_cast<T>(value); });
  }
  void resize(size_type count, T value = T()) {
    if (count > max_rank) throw_rank_error(count);
    // Over all places, not over the new ones only: a few instructions instead of a call to memset.
    for (size_type i = 0; i < max_rank; ++i)
      data_[i] = i >= count ? T() : i >= size_ ? value : data_[i];
    size_ = static_cast<std::uint32_t>(count);
  }
  void push_back(T value) { resize(size_ + 1, value); }
  iterator erase(const_iterator at) {
    const iterator position = begin() + (at - begin());
    std::copy(position + 1, end(), position);
    data_[--size_] = T();
    return position;
  }
  iterator insert(const_iterator at, T value) {
    const difference_type offset = at - begin();
    push_back(value);
    std::rotate(begin() + offset, end() - 1, end());
    return begin() + offset;
  }
  void clear() noexcept { *this = dimensions(); }

  bool empty() const noexcept { return size_ == 0; }
  size_type size() const noexcept { return size_; }
  size_type max_size() const noexcept { return max_rank; }
  T* data() noexcept { return data_.data(); }
  const T* data() const noexcept { return data_.data(); }
  T& operator[](size_type i) noexcept { return data_[i]; }
  const T& operator[](size_type i) const noexcept { return data_[i]; }
  T& front() noexcept { return data_[0]; }
  const T& front() const noexcept { return data_[0]; }
  T& back() noexcept { return data_[size_ - 1]; }
  const T& back() const noexcept { return data_[size_ - 1]; }
  iterator begin() noexcept { return data(); }
  iterator end() noexcept { return data() + size_; }
  const_iterator begin() const noexcept { return data(); }
  const_iterator end() const noexcept { return data() + size_; }
  const_iterator cbegin() const noexcept { return begin(); }
  const_iterator cend() const noexcept { return end(); }
  reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }
  reverse_iterator rend() noexcept { return reverse_iterator(begin()); }
  const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }
  const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }
  const_reverse_iterator crbegin() const noexcept { return rbegin(); }
  const_reverse_iterator crend() const noexcept { return rend(); }

  friend bool operator==(const dimensions& a, const dimensions& b) noexcept {
    size_type different = a.size_ ^ b.size_;
    for (size_type i = 0; i < max_rank; ++i)
      different |= static_cast<size_type>(a.data_[i] ^ b.data_[i]);
    return different == 0;
  }

 private:
  std::array<T, max_rank> data_{};  // zeros from size_ on: copies and comparisons read all of it
  std::uint32_t size_ = 0;
};

/// Sizes of the axes, outermost first. {} is a scalar.
using shape_type = dimensions<std::size_t>;

/// "(128, 784)"; "()" for a scalar.
XTAPE_API std::string to_string(const shape_type& shape);
/// The number of elements: the product of the sizes, 1 for a scalar.
inline std::size_t size_of(const shape_type& shape) noexcept {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  return size;
}
/// The shape that shapes broadcast to, as in NumPy: from the right, sizes must be equal or 1.
/// Throws shape_error naming the operation.
XTAPE_API shape_type broadcast_shape(const std::string& operation,
                                     std::initializer_list<const shape_type*> shapes,
                                     location where);

}  // namespace xtape

template <class X, class T>
struct xt::rebind_container<X, xtape::dimensions<T>> {
  using type = xtape::dimensions<X>;
};
