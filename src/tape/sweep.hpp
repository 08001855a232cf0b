#pragma once
// One run of the tape backwards. It knows which values want a cotangent, where a cotangent is kept, and
// whether the run is itself recorded; a rule (rule.hpp) only asks it for a place to add to.

#include <xtape/tape/tape.hpp>

namespace xtape::detail {

/// Memory for a cotangent, and whether it already holds one that is to be added to.
template <real T>
struct target {
  T* data;
  bool accumulate;
};

std::uint64_t count_change() noexcept;  // a parameter of this thread was changed
std::uint64_t changes() noexcept;       // how many changes there were
std::uint64_t next_sweep();             // a number no sweep or tape had before

class sweep {
 public:
  enum class purpose {
    accumulate,  ///< variable::backward: leaves collect in their grad
    collect,     ///< xtape::grad: only what leads to the requested inputs, returned to the caller
    walk,        ///< tape::walk: as accumulate, but nothing stays
  };

  /// `seed` is the cotangent of the output; null: 1. Checks the output, the seed and the parameters' versions before anything is touched.
  template <real T>
  sweep(node<T>& output, const variable<T>* seed, purpose what, bool recorded, const char* operation,
        location where);
  ~sweep();
  sweep(const sweep&) = delete;
  sweep& operator=(const sweep&) = delete;

  /// purpose::collect: the cotangent of `input` is wanted. Call before run.
  void request(node_base& input);
  void run();
  /// purpose::walk: the same, one step an entry, with what it sends to each input.
  template <real T>
  std::vector<backward_step<T>> walk();

  bool recorded() const { return recorded_; }
  bool wants(const node_base* n) const;

  /// Memory in which a kernel puts (or to which it adds) the cotangent of `n`.
  template <real T>
  target<T> open(node<T>& n);
  /// Adds a cotangent that a rule returned. It is kept as it is, without a copy, where it is the first.
  template <real T>
  void add(node<T>& n, variable<T> cotangent);

 private:
  node_base*& slot(node_base& n);
  void check_versions(const node_base& output, const char* operation) const;
  void finish(entry& e);
  static tape& tape_of(const node_base& n, const char* operation, location where);

  tape& tape_;
  std::uint32_t last_;
  purpose what_;
  bool recorded_;
  location where_;
  std::uint64_t id_;
  node_base* contribution_ = nullptr;  // walk: where the contribution under way goes
  bool apart_ = false;                 // walk: contributions go there, not to the inputs
  std::vector<node_base*, pool_allocator<node_base*>> leaves_;  // with a cotangent of this sweep
  std::vector<node_base*, pool_allocator<node_base*>> requested_;
};

}  // namespace xtape::detail
