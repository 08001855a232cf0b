#pragma once

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

/// A node as a variable. Throws tape_error where it is null or of another element type.
template <real T>
variable<T> handle(node_base* n) {
  if (n != nullptr && n->is_double == std::same_as<T, double>) return variable<T>::share(as<T>(*n));
  throw tape_error("entry: there is no such value, or it has another element type");
}

struct input_slot {
  node_base* node;
  std::uint32_t version;  // the value's version when it was recorded
};
}  // namespace detail

/// One recorded operation: what was computed, from what, and by which line of the user's program.
class XTAPE_API entry : detail::pinned {
 public:
  /// Its place on the tape, counted from 0.
  std::size_t index() const { return output_->entry; }
  /// The operation's name, as in the documentation: "matmul".
  virtual std::string_view operation() const = 0;
  /// The result's shape.
  const shape_type& shape() const;
  /// The name given to the result with named(); empty if none.
  std::string_view name() const { return output_->name(); }
  location where() const { return where_; }

  std::size_t input_count() const { return inputs().size(); }
  /// "%3" for the result of entry 3, a parameter's or variable's name, or "constant (2, 3)"; empty past the last.
  std::string input_text(std::size_t k) const;
  /// The result, and an argument, as variables. Throws tape_error where T is not their element type. Their numbers may be
  /// gone: see tape::keep_intermediates.
  template <real T>
  variable<T> output() const {
    return detail::handle<T>(output_);
  }
  template <real T>
  variable<T> input(std::size_t k) const {
    return detail::handle<T>(k < input_count() ? inputs()[k].node : nullptr);
  }

 protected:
  entry(detail::node_base& output, location where, std::uint64_t reference)
      : output_(&output), where_(where) {
    output.references += reference;  // which the derived class releases
  }
  virtual ~entry() = default;
  virtual std::span<const detail::input_slot> inputs() const = 0;
  /// Whether the derivatives look at the inputs' values.
  virtual bool saves_inputs() const = 0;
  /// Adds to input k's cotangent: the output's cotangent times the derivative with respect to input k.
  virtual void send(std::size_t k, detail::sweep& pass) = 0;

  detail::node_base* output_;
  location where_;

  friend class tape;
  friend class detail::sweep;
  friend class detail::recorder;
};

/// A record of operations, and the way back through it. While a tape is alive on this thread, every operation on a tracked
/// value writes itself on the innermost one. Entries stand in the order of their creation, which is already topological:
/// backward is one loop from the last entry to the first.
/// Tapes nest: an inner tape records until its scope ends, and takes values of an outer tape as leaves, whose gradient is
/// then found in their grad(). A tape belongs to the thread that made it.
class XTAPE_API tape : detail::pinned {
 public:
  tape();
  ~tape();

  std::size_t size() const { return entries_.size(); }
  /// Throws tape_error past the end.
  const entry& operator[](std::size_t index) const;
  /// The entries in the order of their creation.
  std::span<const entry* const> entries() const { return entries_; }

  /// Whether every result recorded from now on keeps its numbers while the tape lives, and backward leaves its gradient in
  /// grad(). Default: no. Then one whose numbers no derivative needs gives them up with its last handle, unless named().
  void keep_intermediates(bool keep = true) { keep_intermediates_ = keep; }

  /// The tape that records on this thread now; null outside every tape and while paused.
  static tape* current() noexcept;

 private:
  friend class no_grad;
  friend class detail::sweep;
  friend class detail::recorder;

  static tape* find(std::uint64_t serial) noexcept;  // among this thread's living tapes
  void fetch_ahead(std::size_t i) const;

  std::uint64_t serial_;
  tape* previous_alive_;
  std::uint64_t resume_;  // the tape that records again when this one ends
  bool keep_intermediates_ = false, sweeping_ = false;
  std::pmr::monotonic_buffer_resource arena_{4096, pool_resource()};
  std::vector<entry*, pool_allocator<entry*>> entries_;
  std::uint64_t changes_;  // parameter changes on this thread when the tape began
};

/// While it lives, nothing is recorded on this thread (unless a new tape begins inside it).
class XTAPE_API no_grad : detail::pinned {
 public:
  no_grad() noexcept;
  ~no_grad();

 private:
  std::uint64_t resume_;
};

}  // namespace xtape
