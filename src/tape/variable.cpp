#include <xtape/tape/variable.hpp>

#include "tape/rule.hpp"

namespace xtape {

void detail::unread(node_base& held) noexcept {
  visit(held, [](auto& n) {
    if (n.references == 0)
      delete &n;
    else if (!n.kept)
      n.give_up();
  });
}

template <real T>
void variable<T>::throw_moved_from() {
  throw tape_error("variable: used after it was moved from");
}

template <real T>
T variable<T>::item(location where) const {
  if (size() != 1)
    throw shape_error(
        "item: " + to_string(shape()) + " has " + std::to_string(size()) + " elements, not one",
        where);
  return *node().data(where);
}

template <real T>
const variable<T>& variable<T>::named(std::string_view name) const {
  if (name != node().name()) node().more().name = name;
  node().kept = true;
  return *this;
}

template <real T>
bool variable<T>::tracked() const {
  return detail::recorder::tracked(node());
}

template <real T>
void variable<T>::backward_from(std::span<const variable> seeds, location where) const {
  using detail::sweep;
  sweep(std::span(this, 1), seeds, sweep::purpose::accumulate, "backward", where).run();
}

template <real T>
const array<T>& variable<T>::grad(location where) const {
  detail::node<T>& n = node();
  if (n.grad() == nullptr) {
    if (!n.parameter)
      throw tape_error(
          "grad: no gradient is kept for this value: it is an intermediate one; "
          "call keep_grad() on it before backward",
          where);
    n.more().grad = new detail::node<T>(n.shape());
    n.grad()->filled = false;
  }
  array<T>& gradient = detail::as<T>(*n.grad()).value();
  if (!n.grad()->filled) gradient.fill(T(0));
  return gradient;
}

template <real T>
array<T>& variable<T>::mutable_value(location where) const {
  if (!node().parameter)
    throw tape_error("mutable_value: only a parameter's value can be changed", where);
  ++node().more().version;
  ++detail::changes();
  return node().value();
}

template class variable<float>;
template class variable<double>;

}  // namespace xtape
