#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <xtape/tape/variable.hpp>

namespace xtape {

class tape;

namespace detail {
class sweep;
class recorder;

struct input_slot {
  node_base* node;
  std::uint32_t version;  // the value's version when it was recorded
};
}  // namespace detail

/// One recorded operation: what was computed, from what, and by which line of the user's program.
class XTAPE_API entry {
 public:
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;

  /// Its place on the tape, counted from 0.
  std::size_t index() const { return output_->entry; }
  /// The operation's name, as in the documentation: "matmul".
  virtual std::string_view operation() const = 0;
  /// The result's shape.
  const shape_type& shape() const;
  /// The name given to the result with named(); empty if none.
  std::string_view name() const { return output_->name; }
  location where() const { return where_; }

  std::size_t input_count() const { return inputs_.size(); }
  /// "%3" for the result of entry 3, a parameter's or variable's name, or "constant (2, 3)".
  std::string input_text(std::size_t k) const;
  /// The result, and an argument, as variables. Throws tape_error where T is not their element type.
  template <real T>
  variable<T> output() const;
  template <real T>
  variable<T> input(std::size_t k) const;

 protected:
  entry() = default;
  virtual ~entry() = default;
  /// Adds to input k's cotangent: the output's cotangent times the derivative with respect to input k.
  virtual void send(std::size_t k, detail::sweep& pass) = 0;

  detail::node_base* output_ = nullptr;
  std::span<detail::input_slot> inputs_;
  location where_;
  bool saves_inputs_ = false;  // whether the derivatives look at the inputs' values

  friend class tape;
  friend class detail::sweep;
  friend class detail::recorder;
};

/// One step of a backward walk: an entry, the cotangent that reached its result, and what it sends on.
template <real T>
struct backward_step {
  /// What the entry sends to its argument `input`: cotangent times local derivative.
  struct contribution {
    std::size_t input;
    array<T> value;
  };
  const entry* operation;  ///< stays valid while the tape lives
  array<T> cotangent;      ///< d(output)/d(this entry's result), complete
  std::vector<contribution> contributions;
};

/// A record of operations, and the way back through it. While a tape is alive on this thread, every
/// operation on a tracked value writes itself on the innermost one. Entries stand in the order of their
/// creation, which is already topological: backward is one loop from the last entry to the first.
///
/// Tapes nest: an inner tape records until its scope ends, and takes values of an outer tape as leaves,
/// whose gradient is then found in their grad(). A tape belongs to the thread that made it.
class XTAPE_API tape {
 public:
  tape();
  ~tape();
  tape(const tape&) = delete;
  tape& operator=(const tape&) = delete;

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// Throws tape_error past the end.
  const entry& operator[](std::size_t index) const;

  /// Whether backward leaves every intermediate value's gradient in its grad(). Default: no.
  void keep_gradients(bool keep = true) { keep_gradients_ = keep; }

  /// Backward from `output`, one entry at a time, last first; entries that the output does not depend
  /// on are passed over. Gradients of parameters are left alone.
  template <real T>
  std::vector<backward_step<T>> walk(const variable<T>& output,
                                     location where = location::current()) const;

  /// The tape as a table: index, operation, shape, inputs, name, file:line.
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const tape& t);

  /// The tape that records on this thread now; null outside every tape and while paused.
  static tape* current() noexcept;

  class iterator {
   public:
    using value_type = entry;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(entry* const* at) : at_(at) {}
    const entry& operator*() const { return **at_; }
    const entry* operator->() const { return *at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) { return iterator(at_++); }
    friend bool operator==(iterator, iterator) = default;

   private:
    entry* const* at_ = nullptr;
  };
  iterator begin() const { return iterator(entries_.data()); }
  iterator end() const { return iterator(entries_.data() + entries_.size()); }

 private:
  friend class pause;
  friend class detail::sweep;
  friend class detail::recorder;

  static tape* find(std::uint64_t serial) noexcept;  // among this thread's living tapes
  void* allocate(std::size_t bytes);

  struct block {
    std::byte* memory;
    std::size_t size;
  };
  std::uint64_t serial_;
  tape* previous_alive_;
  std::uint64_t resume_;  // the tape that records again when this one ends
  bool keep_gradients_ = false;
  std::vector<entry*, pool_allocator<entry*>> entries_;
  std::vector<block, pool_allocator<block>> blocks_;
  std::size_t used_ = 0;     // bytes of the last block
  std::uint64_t changes_;    // parameter changes on this thread when the tape began
};

/// While it lives, nothing is recorded on this thread (unless a new tape begins inside it).
class XTAPE_API pause {
 public:
  pause() noexcept;
  ~pause();
  pause(const pause&) = delete;
  pause& operator=(const pause&) = delete;

 private:
  std::uint64_t resume_;
};

/// While it lives, everything recorded on this thread is laid at one line of the user's program: how a
/// function made of several operations keeps its own lines out of tapes and errors. The outermost wins.
class XTAPE_API at_line {
 public:
  explicit at_line(location where) noexcept;
  ~at_line();
  at_line(const at_line&) = delete;
  at_line& operator=(const at_line&) = delete;

  /// The line in force, or `where` outside every scope.
  static location or_else(location where) noexcept;

 private:
  location where_;
  bool outermost_;
};

struct grad_options {
  bool create_graph = false;  ///< record the sweep, so that its results can be differentiated again
};

/// Gradients of `output` with respect to `inputs`, returned instead of accumulated; nothing else changes.
/// `inputs` are parameters or values on the output's tape; one that the output does not depend on gives zeros.
/// `output` must have one element. With create_graph the gradients are recorded on the tape and can
/// themselves be differentiated.
/// Throws tape_error and shape_error as variable::backward does.
template <real T>
XTAPE_API std::vector<variable<T>> grad(const variable<T>& output,
                                        const std::vector<variable<T>>& inputs,
                                        grad_options options = {},
                                        location where = location::current());
/// The vector-Jacobian product: the same for an output of any shape, given its cotangent.
template <real T>
XTAPE_API std::vector<variable<T>> vjp(const variable<T>& output, const variable<T>& cotangent,
                                       const std::vector<variable<T>>& inputs,
                                       grad_options options = {},
                                       location where = location::current());

}  // namespace xtape
