#pragma once

#include <xtape/tape/variable.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

/// Layers. A module is any copyable struct with parameters that can be called; it lists its members,
/// which are parameters or modules, in one place:
///
///     struct residual {
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

/// Whether a type lists its members as a module does.
template <class M>
concept lists_members = requires(const M& module) {
  module.members([](std::string_view, const auto&) {});
};

/// "encoder" and "weight" make "encoder.weight"; without a path, the name alone.
XTAPE_API std::string joined_path(const std::string& path, std::string_view name);

/// Calls visit(path, parameter) for every parameter of a module, in the order of the listing. The path
/// of a parameter joins the names that lead to it: "encoder.0.weight".
template <real T, class Module, class Visit>
void for_each_parameter(const Module& module, const Visit& visit, const std::string& path = {}) {
  if constexpr (std::same_as<Module, parameter<T>>) {
    visit(path, module);
  } else {
    static_assert(lists_members<Module>,
                  "a member of a module is a parameter<T> or a module that lists its own members; "
                  "is its element type the T that was asked for?");
    module.members([&](std::string_view name, const auto& member) {
      for_each_parameter<T>(member, visit, joined_path(path, name));
    });
  }
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
