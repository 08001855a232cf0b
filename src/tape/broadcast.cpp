#include "tape/broadcast.hpp"

#include "tape/rule.hpp"

namespace xtape::detail {
namespace {

constexpr auto identity = [](const auto& x) { return x; };

struct add_rule : elementwise {
  static constexpr std::string_view name = "add";
  static constexpr saves saved = saves::nothing;
  static auto forward(const auto& a, const auto& b) { return a + b; }
  static auto vjp(arg<0>, const auto& g, not_saved, not_saved, not_saved) { return g; }
  static auto vjp(arg<1>, const auto& g, not_saved, not_saved, not_saved) { return g; }
};

struct sum_to_rule : structural {
  static constexpr std::string_view name = "sum_to";
  static constexpr saves saved = saves::nothing;
  static constexpr bool fused = true;
  shape_type from, to;

  template <real T>
  array<T> forward(const array<T>& x) const {
    array<T> result = zeros<T>(to);
    kernel::map_sum<T>(from, result.data(), to, std::array{&x}, identity);
    return result;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, not_saved, not_saved) const {
    return broadcast_to<T>(g, from);
  }
  template <real T>
  void accumulate(arg<0>, target<T> into, const array<T>& g, not_saved, not_saved) const {
    kernel::map<T>(from, into.data, into.accumulate, std::array{&g}, identity);
  }
};

struct broadcast_to_rule : structural {
  static constexpr std::string_view name = "broadcast_to";
  static constexpr saves saved = saves::nothing;
  static constexpr bool fused = true;
  shape_type from, to;

  template <real T>
  array<T> forward(const array<T>& x) const {
    array<T> result = empty<T>(to);
    kernel::map<T>(to, result.data(), false, std::array{&x}, identity);
    return result;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, not_saved, not_saved) const {
    return sum_to<T>(g, from);
  }
  template <real T>
  void accumulate(arg<0>, target<T> into, const array<T>& g, not_saved, not_saved) const {
    if (!into.accumulate) std::fill_n(into.data, size_of(from), T(0));
    kernel::map_sum<T>(to, into.data, from, std::array{&g}, identity);
  }
};

}  // namespace

template <real T>
variable<T> add(const operand<T>& a, const operand<T>& b) {
  return apply(add_rule{}, a, b);
}

template <real T>
variable<T> sum_to(const operand<T>& x, const shape_type& shape) {
  return apply(sum_to_rule{{}, x.shape(), shape}, x);
}

template <real T>
variable<T> broadcast_to(const operand<T>& x, const shape_type& shape) {
  return apply(broadcast_to_rule{{}, x.shape(), shape}, x);
}

template variable<float> add(const operand<float>&, const operand<float>&);
template variable<double> add(const operand<double>&, const operand<double>&);
template variable<float> sum_to(const operand<float>&, const shape_type&);
template variable<double> sum_to(const operand<double>&, const shape_type&);
template variable<float> broadcast_to(const operand<float>&, const shape_type&);
template variable<double> broadcast_to(const operand<double>&, const shape_type&);

}  // namespace xtape::detail
