#pragma once

#include <span>
#include <string_view>
#include <utility>

#include <xtape/tape/node.hpp>

namespace xtape {

/// A handle on an immutable value that operations combine. Cheap to copy: copies share the value. Made from an array it is
/// a constant; made by an operation while a tape is alive, from anything that depends on a parameter, it is *tracked* and
/// has a history that backward follows. A value outlives its tape; only its history goes with it.
template <real T>
class XTAPE_API variable {
 public:
  using value_type = T;

  /// A constant. Implicit, so that a function of variables takes arrays too.
  variable(const array<T>& value) : node_(new detail::node<T>(array_view<T>(value))) {}
  variable(array<T>&& value) : node_(new detail::node<T>(std::move(value))) {}
  /// A constant of shape ().
  explicit variable(T scalar) : node_(new detail::node<T>(shape_type{})) {
    *node_->data() = scalar;
  }

  variable(const variable& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) node_->references += detail::node_base::reader;
  }
  variable(variable&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  variable& operator=(variable other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~variable() {
    if (node_ != nullptr) detail::release(node_);
  }

  /// Its numbers. Throws tape_error where they were given up: see tape::keep_intermediates.
  const array<T>& value(location where = location::current()) const { return node().value(where); }
  const shape_type& shape() const { return node().shape(); }
  std::size_t size() const { return size_of(shape()); }
  std::size_t rank() const { return shape().size(); }
  /// The only element. Throws shape_error unless there is exactly one.
  T item(location where = location::current()) const;

  /// Names the value in print-outs, reports and errors; its numbers then stay as long as its tape. Returns it.
  const variable& named(std::string_view name) const;
  std::string_view name() const { return node().name(); }

  /// Whether gradients reach it: a parameter, or recorded on a tape that is alive.
  bool tracked() const;
  /// The same value without history: a constant to whatever uses it.
  variable detach() const { return adopt(new detail::node<T>(node().view())); }

  /// Runs the tape backwards from this value: every parameter p it depends on gets p.grad() += d(this)/dp. The value must
  /// have one element; otherwise pass its cotangent, an array or variable of its shape, and p.grad() += seed . d(this)/dp.
  /// May be called again while the tape lives. Throws tape_error without a tape, with one that is gone, or when a parameter
  /// changed in between; shape_error for a missing or misshapen seed. Gradients are then as before.
  void backward(location where = location::current()) const { backward_from({}, where); }
  void backward(const variable& seed, location where = location::current()) const {
    backward_from(std::span(&seed, 1), where);
  }

  /// d(loss)/d(this), summed over the backward calls since zero_grad. Zeros for a parameter no backward reached. An
  /// intermediate value's gradient is only there if keep_grad asked for it before backward: tape_error otherwise.
  const array<T>& grad(location where = location::current()) const;
  /// Whether a backward call reached it since zero_grad.
  bool has_grad() const { return node().grad() != nullptr && node().grad()->filled; }
  /// Asks backward to leave this intermediate value's gradient in grad().
  const variable& keep_grad() const {
    node().keep_grad = true;
    return *this;
  }
  /// Forgets the gradient; the next backward starts afresh. Costs nothing.
  void zero_grad() const {
    if (has_grad()) node().grad()->filled = false;
  }

  /// A parameter's elements, to be changed in place. Whatever was recorded with the old ones can no longer run
  /// backward. Throws tape_error for any other variable: values are immutable.
  array<T>& mutable_value(location where = location::current()) const;

  /// The engine's view of the handle.
  detail::node<T>& node() const {
    if (node_ == nullptr) throw_moved_from();
    return *node_;
  }
  /// Takes over one reference.
  static variable adopt(detail::node<T>* made) noexcept { return variable(made); }
  /// Adds a reference.
  static variable share(detail::node<T>& held) noexcept {
    held.references += detail::node_base::reader;
    return variable(&held);
  }

 protected:
  explicit variable(detail::node<T>* adopted) noexcept : node_(adopted) {}

 private:
  void backward_from(std::span<const variable> seeds, location where) const;
  [[noreturn]] static void throw_moved_from();
  detail::node<T>* node_;
};

/// A leaf that training changes: always tracked, with a name, keeping its gradient between tapes. It owns its
/// value: a copy is an independent parameter, and has to be asked for (`parameter<T> copy(w)`): no list `{w, b}`
/// makes one unseen. A variable made from it refers to it, and goes on doing so when the parameter moves elsewhere
/// or is given another's value by copy assignment; that is how an optimizer holds it. Move assignment replaces it by the other.
template <real T>
class parameter : public variable<T> {
 public:
  explicit parameter(array<T> value, std::string_view name = {})
      : variable<T>(new detail::node<T>(std::move(value))) {
    this->node().parameter = true;
    this->named(name);
  }
  explicit parameter(const parameter& other) : parameter(other.value(), other.name()) {}
  parameter(parameter&&) noexcept = default;
  /// Copies the value and drops the gradient. The parameter stays itself: who refers to it sees the new value.
  parameter& operator=(const parameter& other) {
    if (this != &other) {
      this->mutable_value() = other.value();
      this->zero_grad();
      this->named(other.name());
    }
    return *this;
  }
  parameter& operator=(parameter&&) noexcept = default;
  ~parameter() = default;
};

extern template class variable<float>;
extern template class variable<double>;

}  // namespace xtape
