#pragma once

#include <type_traits>

#include <xtape/tape/tape.hpp>

namespace xtape {

namespace detail {

/// What an operation sees of an argument: a value, the node behind it (null for an array that is only
/// borrowed for the call), and the line of the user's program that passed it.
template <real T>
class argument {
 public:
  using value_type = T;

  argument(const variable<T>& v, location where = {})
      : argument(&v.node(), v.node().view(where), where) {}
  argument(detail::node<T>* from, array_view<T> value, location where)
      : node_(from), value_(value), where_(where) {}

  array_view<T> value() const { return value_; }
  const shape_type& shape() const { return value_.shape(); }
  location where() const { return where_; }
  detail::node<T>* node() const { return node_; }

 protected:
  detail::node<T>* node_;
  array_view<T> value_;
  location where_;
};

}  // namespace detail

/// An argument of an operation: a variable, an array, a scalar or an xtensor expression, together
/// with the line of the user's program that passed it. Only ever a function's parameter: an array is
/// borrowed until the call returns.
template <real T>
class XTAPE_API operand : public detail::argument<T> {
 public:
  operand(const variable<T>& v, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : detail::argument<T>(v, {file, line}) {}
  operand(const array<T>& a, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : detail::argument<T>(nullptr, a, {file, line}) {}
  /// An arithmetic scalar, converted to T.
  template <class A>
  requires(std::is_arithmetic_v<A> && !std::is_same_v<A, bool>)
      operand(A scalar, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : operand(new detail::node<T>(shape_type{}), file, line) {
    *this->node_->data() = static_cast<T>(scalar);
  }
  /// An xtensor expression of element type T: evaluated here and now.
  template <class E>
  requires(xt::is_xexpression<E>::value && !std::is_same_v<E, array<T>> &&
           std::is_same_v<typename E::value_type, T>)
      operand(const E& expression, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : operand(new detail::node<T>(array<T>(expression)), file, line) {}

  operand(const operand& other) noexcept : detail::argument<T>(other), owned_(other.owned_) {
    if (owned_) this->node_->references += detail::node_base::reader;
  }
  operand& operator=(const operand&) = delete;
  ~operand() {
    if (owned_) detail::release(this->node_);
  }

 private:
  operand(detail::node<T>* made, const char* file, int line)
      : detail::argument<T>(made, made->view(), {file, line}), owned_(true) {}

  bool owned_ = false;
};

/// Whether xtensor's own operators must leave V to ours.
template <class V>
inline constexpr bool is_variable = false;
template <class T>
inline constexpr bool is_variable<variable<T>> = true;
template <class T>
inline constexpr bool is_variable<parameter<T>> = true;
template <class T>
inline constexpr bool is_variable<operand<T>> = true;

}  // namespace xtape

// Note [array op variable]
// xtensor's operators and functions take any arguments of which one is an xtensor expression, variables among
// the others included, and would be a better match than ours. Without a type for those they bow out.
template <class F, class... E>
requires(xtape::is_variable<std::remove_cvref_t<E>> ||
         ...) struct xt::detail::xfunction_type<F, E...> {
};
