#pragma once
// Where the state of a model, or of a whole training, stands in memory. Programs use model.hpp and
// checkpoint.hpp.

#include <xtape/array/array.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/io/element.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/tape/variable.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xtape::io::detail {

/// Numbers that keep their place and their shape.
struct memory {
  element type;
  shape_type shape;
  void* numbers;
};

/// A piece of state: its name in files, where it stands, and what a single number must lie between.
struct slot {
  std::string name;
  std::variant<memory, const parameter<float>*, const parameter<double>*, rng*, std::vector<float>*,
               std::vector<double>*>
      place;
  std::optional<std::pair<double, double>> bounds = {};
};

template <class M>
inline constexpr bool is_parameter = false;
template <real T>
inline constexpr bool is_parameter<parameter<T>> = true;

template <class M>
inline constexpr bool is_buffer = false;
template <real T>
inline constexpr bool is_buffer<nn::buffer<T>> = true;

/// What can be listed: a module, or one of what modules are made of.
template <class M>
concept stateful =
    is_parameter<M> || is_buffer<M> || std::same_as<M, nn::generator> || nn::lists_members<M>;

template <real T>
memory memory_of(array<T>& values) {
  return {element_of<T>, values.shape(), values.data()};
}

/// As nn::for_each_state, for every element type at once. Generators, which are no weights, only
/// where asked for.
template <class Module>
void list_state(const Module& module, const std::string& path, bool generators,
                std::vector<slot>& slots) {
  if constexpr (std::same_as<Module, nn::generator>) {
    if (generators) slots.push_back({path, &module.mutable_value()});
  } else if constexpr (is_parameter<Module>) {
    slots.push_back({path, &module});
  } else if constexpr (is_buffer<Module>) {
    slots.push_back({path, memory_of(module.mutable_value())});
  } else {
    static_assert(nn::lists_members<Module>,
                  "a member of a module is a parameter, a buffer, a generator or a module that "
                  "lists its own members");
    module.members([&](std::string_view name, const auto& member) {
      list_state(member, nn::joined_path(path, name), generators, slots);
    });
  }
}

}  // namespace xtape::io::detail
