#pragma once
// What a handle points at. Users meet it as variable and parameter; nothing here is public.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <xtape/array/numbers.hpp>

namespace xtape::detail {

/// The part of a node that does not depend on the element type.
struct node_base : pooled, pinned {
  // What parameters have, and few others.
  struct extras : pooled {
    node_base* grad = nullptr;  // what the user sees: accumulates until zero_grad
    std::uint32_t version = 0;  // counts changes of a parameter's value
    std::basic_string<char, std::char_traits<char>, pool_allocator<char>> name;
  };

  // Not atomic: a value belongs to one thread at a time (docs/engine.md, "Threads").
  std::uint32_t references = 1;
  std::uint32_t entry = 0;  // its place on the tape that recorded it,
  std::uint64_t tape = 0;   // and that tape's serial number, 0 for none
  bool is_double;           // which node<T> this is
  bool parameter = false;   // a leaf whose gradient stays between tapes
  bool keep_grad = false;   // an intermediate value whose gradient was asked for
  bool filled = true;  // false: a gradient that zero_grad emptied; its memory waits for the next
  bool leads = false;  // a sweep under way for some inputs: it depends on one of them
  bool requested = false;          // it is one of them
  node_base* cotangent = nullptr;  // lives within one sweep
  extras* rest = nullptr;

  explicit node_base(bool holds_double) : is_double(holds_double) {}
  extras& more() { return rest != nullptr ? *rest : *(rest = new extras); }
  node_base* grad() const { return rest != nullptr ? rest->grad : nullptr; }
  std::uint32_t version() const { return rest != nullptr ? rest->version : 0; }
  std::string_view name() const { return rest != nullptr ? rest->name : std::string_view(); }
};

/// A value; its gradients are such nodes too. One with a single number is two cache lines.
template <real T>
struct node : node_base, numbers<T> {
  template <class From>
  explicit node(From&& from) : node_base(sizeof(T) == 8), numbers<T>(std::forward<From>(from)) {}
  ~node();
};

template <real T>
node<T>& as(node_base& n) noexcept {
  return static_cast<node<T>&>(n);
}

/// f of the node as what it is.
template <class F>
decltype(auto) visit(node_base& n, const F& f) {
  return n.is_double ? f(as<double>(n)) : f(as<float>(n));
}

inline void release(node_base* held) noexcept {
  if (--held->references == 0) visit(*held, [](auto& n) { delete &n; });
}

/// Releases what the slot holds, if anything, and empties it.
inline void clear(node_base*& slot) noexcept {
  if (slot != nullptr) release(std::exchange(slot, nullptr));
}

template <real T>
node<T>::~node() {
  clear(cotangent);
  if (rest == nullptr) return;
  clear(rest->grad);
  delete rest;
}

}  // namespace xtape::detail
