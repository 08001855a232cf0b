#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>

namespace xtape::detail {

/// An array's shape and numbers, packed: 88 bytes, and no further block for 8 bytes of numbers or less,
/// where an xtensor container has 264 and a block. What the engine keeps of every value; value() makes
/// an array of it for who asks.
template <real T>
class numbers : pinned {
 public:
  /// Unspecified ones.
  explicit numbers(const shape_type& shape) : shape_(shape) {
    const std::size_t size = size_of(shape);
    if (size * sizeof(T) <= sizeof(memory_)) return;
    memory_.block = pool_allocator<T>().allocate(size);
    place_ = place::block;
  }
  /// A copy.
  explicit numbers(array_view<T> from) : numbers(from.shape()) {
    std::copy_n(from.data(), from.size(), data());
  }
  /// Those of the array, which may be changed through value() from then on, its shape too.
  explicit numbers(array<T>&& from)
      : place_(place::container), array_(new pooled_array(std::move(from))) {}
  ~numbers() {
    delete array_;
    if (place_ == place::block) pool_allocator<T>().deallocate(memory_.block, size_of(shape_));
  }

  const shape_type& shape() const { return place_ == place::container ? array_->shape() : shape_; }
  /// Throws tape_error, with the line that asks for them, where they were given up.
  T* data(location where = {}) {
    return place_ == place::here        ? memory_.here
           : place_ == place::block     ? memory_.block
           : place_ == place::container ? array_->data()
                                        : throw_given_up(where);
  }
  array_view<T> view(location where = {}) { return {shape(), data(where)}; }
  /// The array they came with, or one over them that is made when it is first asked for.
  array<T>& value(location where = {}) {
    if (array_ == nullptr) array_ = new pooled_array(array_over(shape_, data(where)));
    return *array_;
  }

  /// Whether they take no memory besides this.
  bool packed() const { return place_ == place::here; }
  /// Gives up their memory where they have any; the shape stays.
  void give_up() {
    if (place_ == place::here) return;
    if (place_ == place::container) shape_ = array_->shape();
    delete std::exchange(array_, nullptr);
    if (place_ == place::block) pool_allocator<T>().deallocate(memory_.block, size_of(shape_));
    place_ = place::none;
  }

 private:
  enum class place : std::uint8_t { here, block, container, none };
  struct pooled_array : pooled, array<T> {
    explicit pooled_array(array<T>&& from) : array<T>(std::move(from)) {}
  };

  [[noreturn]] T* throw_given_up(location where) {
    throw tape_error(
        "value: the numbers of " + to_string(shape_) +
            " were given up with the last handle, as no derivative needs them: give the value "
            "a name, or call keep_intermediates() of its tape before",
        where);
  }

  [[no_unique_address]] shape_type shape_;  // place_ lies in its padding
  place place_ = place::here;
  union {
    T here[8 / sizeof(T)];
    T* block;
  } memory_;
  pooled_array* array_ = nullptr;
};

static_assert(sizeof(numbers<double>) == 88);

}  // namespace xtape::detail
