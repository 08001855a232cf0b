#pragma once

#include <xtape/array/changing.hpp>
#include <xtape/ops/operand.hpp>
#include <xtape/tape/variable.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Layers. A module is any copyable struct with parameters that can be called; it lists its members,
/// which are parameters, buffers, generators or modules, in one place:
///
///     struct block {
///       xp::nn::linear<float> first, second;
///       xp::variable<float> operator()(const xp::operand<float>& x) const {
///         return x + second(xp::relu(first(x)));
///       }
///       void members(const auto& visit) const { visit("first", first), visit("second", second); }
///     };
///
/// There is nothing to derive from and nothing to register. Parameters own their values, so a copy of a
/// module is independent of the original: to keep the best model so far, copy it.
namespace xtape::nn {

/// What training changes in a layer beside its parameters: arrays and random numbers.
using xtape::buffer;
using xtape::changing;
using xtape::generator;

/// Whether a type lists its members as a module does.
template <class M>
concept lists_members = requires(const M& module) {
  module.members([](std::string_view, const auto&) {});
};

/// Whether a member is what a module's state is made of: a parameter, a buffer, a generator.
template <class M, class T>
concept state_member =
    std::same_as<M, parameter<T>> || std::same_as<M, buffer<T>> || std::same_as<M, generator>;

/// Whether it can be called as a layer of that element type.
template <class M, class T>
concept layer_of = std::is_invocable_r_v < variable<T>,
const M&, const operand<T>& > || std::is_invocable_r_v<variable<T>, const M&, const variable<T>&>;

/// "encoder" and "weight" make "encoder.weight"; without a path, the name alone.
XTAPE_API std::string joined_path(const std::string& path, std::string_view name);

/// Calls visit(path, member) for all that training changes in a module: every parameter, buffer and generator,
/// in the order of the listing. The path of one joins the names that lead to it: "encoder.0.weight".
/// A module's state is complete with it: copied to another module of the same layers, through value() and
/// mutable_value(), it makes that one go on bit for bit like this one.
template <real T, class Module, class Visit>
void for_each_state(const Module& module, const Visit& visit, const std::string& path = {}) {
  if constexpr (state_member<Module, T>) {
    visit(path, module);
  } else {
    static_assert(lists_members<Module>,
                  "a member of a module is a parameter<T>, a buffer<T>, a generator or a module "
                  "that lists its "
                  "own members; is its element type the T that was asked for?");
    module.members([&](std::string_view name, const auto& member) {
      for_each_state<T>(member, visit, joined_path(path, name));
    });
  }
}

/// Calls visit(path, parameter) for the parameters among them.
template <real T, class Module, class Visit>
void for_each_parameter(const Module& module, const Visit& visit, const std::string& path = {}) {
  for_each_state<T>(
      module,
      [&visit](const std::string& at, const auto& member) {
        if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, parameter<T>>)
          visit(at, member);
      },
      path);
}

/// Handles on a module's parameters, as an optimizer takes them. Each parameter is given its path
/// in this module as its name.
template <real T, class Module>
std::vector<variable<T>> parameters(const Module& module) {
  std::vector<variable<T>> found;
  for_each_parameter<T>(module, [&found](const std::string& path, const parameter<T>& p) {
    found.push_back(p.named(path));
  });
  return found;
}

}  // namespace xtape::nn

namespace xtape::detail {

/// The operand as a variable: itself, or a copy of an array that is only borrowed.
template <real T>
variable<T> held(const operand<T>& x) {
  return x.node() != nullptr ? variable<T>::share(*x.node())
                             : variable<T>::adopt(new node<T>(x.value()));
}

/// Calls a layer, which may take an operand or a variable.
template <real T, class Layer>
variable<T> call_layer(const Layer& layer, const operand<T>& x) {
  if constexpr (std::is_invocable_r_v<variable<T>, const Layer&, const operand<T>&>)
    return layer(x);
  else
    return layer(held(x));
}

}  // namespace xtape::detail
