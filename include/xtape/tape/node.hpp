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
    ~extras();
    node_base* grad = nullptr;  // what the user sees: accumulates until zero_grad
    std::uint32_t version = 0;  // counts changes of a parameter's value
    std::basic_string<char, std::char_traits<char>, pool_allocator<char>> name;
  };

  // Two counts in one, so that a handle changes both at once: of all that hold the node (low half), and of the readers
  // among them, for whose sake it keeps its numbers (high half). See docs/engine.md, "What a tape keeps".
  // Not atomic: a value belongs to one thread at a time (docs/engine.md, "Threads").
  static constexpr std::uint64_t holder = 1, reader = (std::uint64_t{1} << 32) + holder;
  std::uint64_t references = reader;
  std::uint64_t tape = 0;          // the serial number of the tape that recorded it, 0 for none,
  std::uint32_t entry = 0;         // and its place there
  bool is_double : 1;              // which node<T> this is
  bool kept : 1 = false;           // has its numbers without readers, too
  bool parameter : 1 = false;      // a leaf whose gradient stays between tapes
  bool keep_grad : 1 = false;      // an intermediate value whose gradient was asked for
  bool filled : 1 = true;          // false: a gradient that zero_grad emptied, memory for the next
  bool leads : 1 = false;          // a sweep under way for some inputs: it depends on one of them
  bool requested : 1 = false;      // it is one of them
  node_base* cotangent = nullptr;  // lives within one sweep
  extras* rest = nullptr;

  explicit node_base(bool holds_double) : is_double(holds_double) {}
  bool shared() const { return static_cast<std::uint32_t>(references) > 1; }
  extras& more() { return rest != nullptr ? *rest : *(rest = new extras); }
  node_base* grad() const { return rest != nullptr ? rest->grad : nullptr; }
  std::uint32_t version() const { return rest != nullptr ? rest->version : 0; }
  std::string_view name() const { return rest != nullptr ? rest->name : std::string_view(); }
};

/// Releases what the slot holds, if anything, and empties it.
void clear(node_base*& slot) noexcept;

/// A value; its gradients are such nodes too. One with a single number is two cache lines.
template <real T>
struct node : node_base, numbers<T> {
  template <class From>
  explicit node(From&& from) : node_base(sizeof(T) == 8), numbers<T>(std::forward<From>(from)) {
    kept = this->packed();
  }
  ~node() {
    clear(cotangent);
    delete rest;
  }
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

/// A node that has lost its last reader: without any holder it goes, else its numbers do unless it is to keep them.
XTAPE_API void unread(node_base& n) noexcept;

inline void release(node_base* held, std::uint64_t reference = node_base::reader) noexcept {
  if ((held->references -= reference) < node_base::reader) unread(*held);
}

inline void clear(node_base*& slot) noexcept {
  if (slot != nullptr) release(std::exchange(slot, nullptr));
}
inline node_base::extras::~extras() { clear(grad); }

}  // namespace xtape::detail
