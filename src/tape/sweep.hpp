#pragma once
// One run of the tape backwards. It knows which values want a cotangent, where a cotangent is kept, and whether
// the run is itself recorded; a rule (rule.hpp) only asks it for a place to add to.

#include <xtape/tape/tape.hpp>

namespace xtape::detail {

std::uint64_t& changes() noexcept;  // how many times a parameter of this thread was changed

/// The two operations a recorded sweep is made of besides the rules' own, defined with the others: a + b, and x
/// summed over the axes along which `shape` broadcasts to x's shape.
template <real T>
variable<T> add(const variable<T>& a, const variable<T>& b);
template <real T>
variable<T> sum_to(const variable<T>& x, const shape_type& shape);

/// Memory for a cotangent, and whether it already holds one that is to be added to.
template <real T>
struct target {
  T* data;
  bool accumulate;
};

/// Is told what a sweep does, entry by entry.
struct sweep_observer {
  virtual void reached(const entry& e, node_base& cotangent) = 0;
  virtual void sent(std::size_t input, node_base& contribution) = 0;

 protected:
  ~sweep_observer() = default;
};

class sweep : pinned {
 public:
  enum class purpose {
    accumulate,  ///< variable::backward: leaves collect in their grad
    observe,     ///< walk: the same for an observer; nothing stays
    collect,  ///< grad: only what leads to the requested inputs; the caller takes their cotangents
    record,   ///< the same, written on the tape as it goes
  };

  template <real T>
  using values = std::span<const variable<T>>;
  /// `seeds` are the outputs' cotangents; none: 1. All is checked before anything is touched.
  template <real T>
  sweep(values<T> outputs, values<T> seeds, purpose what, const char* caller, location where);
  ~sweep();

  /// collect, record: the cotangent of `input` is wanted, and kept until the sweep is destroyed.
  void request(node_base& input);
  void run(sweep_observer* observer = nullptr);

  bool recorded() const { return what_ == purpose::record; }
  /// Memory in which a kernel puts (or to which it adds) the cotangent of `n`.
  template <real T>
  target<T> open(node<T>& n);
  /// Adds a cotangent that a rule returned. It is kept as it is, without a copy, where it is the first.
  template <real T>
  void add(node<T>& n, variable<T> cotangent);

 private:
  static tape& tape_of(const node_base& n, const char* operation, location where);
  void check_versions(std::vector<bool> leads, const char* operation) const;
  bool wants(const node_base* n) const;
  node_base*& slot(node_base& n);
  void send(entry& e, std::size_t k, sweep_observer* observer);
  void finish(node_base& output);

  tape& tape_;
  std::uint32_t last_ = 0;
  std::uint32_t next_;  // entries from here on have sent theirs on
  purpose what_;
  location where_;
  node_base** apart_ = nullptr;  // where the contribution under way goes, if not to its input
  std::vector<node_base*, pool_allocator<node_base*>> leaves_;  // that hold a cotangent
  std::vector<node_base*, pool_allocator<node_base*>> requested_;
};

}  // namespace xtape::detail
