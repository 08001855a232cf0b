#pragma once
// Adding, and broadcasting with its inverse: the operations that the engine itself uses when it records
// a sweep (tape/sweep.hpp declares add and sum_to for it).

#include <xtape/ops/operand.hpp>

#include "tape/rule.hpp"

namespace xtape::detail {

struct add_rule : elementwise {
  static constexpr std::string_view name = "add";
  static constexpr saves saved = saves::nothing;
  static constexpr bool passes_on(std::size_t) { return true; }
  static auto forward(const auto& a, const auto& b) { return a + b; }
  static auto vjp(arg<0>, const auto& g) { return g; }
  static auto vjp(arg<1>, const auto& g) { return g; }
};

/// x repeated along the axes it lacks or has only once; that the shapes fit is the caller's duty.
template <real T>
variable<T> broadcast_to(const argument<T>& x, const shape_type& shape);

struct sum_to_rule : structural {
  static constexpr std::string_view name = "sum_to";
  static constexpr saves saved = saves::nothing;
  shape_type from, to;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(to);
    std::fill_n(y.node().data(), size_of(to), T(0));
    kernel::map_sum<T, 1>(from, y.node().data(), to, std::array{x}, kernel::identity);
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return broadcast_to<T>(g, from);
  }
};

struct broadcast_to_rule : structural {
  static constexpr std::string_view name = "broadcast_to";
  static constexpr saves saved = saves::nothing;
  shape_type from, to;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(to);
    kernel::map<T, 0>(to, y.node().data(), std::false_type{}, std::array{x}, kernel::identity);
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return sum_to<T>(g, from);
  }
};

template <real T>
variable<T> broadcast_to(const argument<T>& x, const shape_type& shape) {
  return apply(broadcast_to_rule{{}, x.shape(), shape}, x);
}

}  // namespace xtape::detail
