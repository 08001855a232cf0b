#pragma once
// What a handle points at. Users meet it as variable and parameter; nothing here is public.

#include <cstdint>
#include <string>
#include <utility>

#include <xtape/array/array.hpp>

namespace xtape::detail {

using pool_string = std::basic_string<char, std::char_traits<char>, pool_allocator<char>>;

/// The part of a node that does not depend on the element type.
struct node_base {
  // Not atomic: a value belongs to one thread at a time (docs/engine.md, "Threads").
  std::uint32_t references = 1;
  std::uint32_t version = 0;  // counts changes of a parameter's value
  std::uint64_t tape = 0;     // serial number of the tape that recorded it, 0 for none
  std::uint64_t mark = 0;     // the last sweep that wanted its cotangent
  std::uint32_t entry = 0;    // its place on that tape
  bool is_double;             // which node<T> this is
  bool parameter = false;     // a leaf whose gradient stays between tapes
  bool keep_grad = false;     // an intermediate value whose gradient was asked for
  bool filled = true;  // false: a gradient that zero_grad emptied; its memory waits for the next
  bool requested = false;          // a sweep under way was asked for its cotangent
  node_base* grad = nullptr;       // what the user sees: accumulates until zero_grad
  node_base* cotangent = nullptr;  // lives within one sweep
  pool_string name;

  explicit node_base(bool holds_double) : is_double(holds_double) {}
};

/// A value. Its gradients are nodes of the same type and shape.
template <real T>
struct node : node_base {
  array<T> value;

  explicit node(const shape_type& shape) : node_base(sizeof(T) == 8), value(shape) {}
  explicit node(array<T>&& from) : node_base(sizeof(T) == 8), value(std::move(from)) {}
  explicit node(const array<T>& from) : node_base(sizeof(T) == 8), value(from) {}
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  static void operator delete(void* block, std::size_t bytes) { pool_deallocate(block, bytes); }
};

inline const shape_type& shape_of(const node_base& n) {
  return n.is_double ? static_cast<const node<double>&>(n).value.shape()
                     : static_cast<const node<float>&>(n).value.shape();
}

inline void release(node_base* held) noexcept {
  if (--held->references != 0) return;
  if (held->is_double)
    delete static_cast<node<double>*>(held);
  else
    delete static_cast<node<float>*>(held);
}

/// Releases what the slot holds, if anything, and empties it.
inline void clear(node_base*& slot) noexcept {
  if (slot != nullptr) release(std::exchange(slot, nullptr));
}

template <real T>
inline node<T>::~node() {
  clear(grad);
  clear(cotangent);
}

template <real T>
node<T>& as(node_base& n) noexcept {
  return static_cast<node<T>&>(n);
}

}  // namespace xtape::detail
