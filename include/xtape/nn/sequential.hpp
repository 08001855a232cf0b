#pragma once

#include <xtape/nn/linear.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/nn/summary.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace xtape::nn {

/// Layers applied one after the other, each to the result of the one before: modules, operations of one
/// argument such as xtape::relu, and functions of the program's own.
///
///     xp::nn::sequential<float> model{
///         xp::nn::linear<float>(784, 128, xp::init::he_normal(), random), xp::relu,
///         xp::nn::linear<float>(128, 10, xp::init::glorot_uniform(), random)};
///
/// It is a value: a copy has parameters of its own. Copying a model into another of the same layers
/// changes the parameters in place, so that an optimizer goes on with the new values; moving one into
/// another brings its parameters along. They are named after their place: "0.weight", "0.bias", ...
template <real T>
class XTAPE_API sequential {
 public:
  class layer;

  /// Without layers it returns its argument.
  sequential() = default;
  /// `sequential<T>{model}` is a copy of the model, as with parentheses.
  sequential(std::initializer_list<layer> layers);
  sequential(const sequential& other) = default;
  sequential(sequential&&) noexcept = default;
  sequential& operator=(const sequential& other);
  sequential& operator=(sequential&&) noexcept = default;
  ~sequential() = default;

  /// Adds a layer at the end.
  void add(layer next);
  std::size_t size() const noexcept { return layers_.size(); }

  /// The last layer's result. Everything it records is laid at the caller's line.
  variable<T> operator()(const operand<T>& x) const;

  /// Handles on all parameters, named "0.weight", "0.bias", ...
  std::vector<variable<T>> parameters() const;

  /// The layers' parameters, buffers and generators: "0.weight", ...
  void members(const auto& visit) const {
    for (const named_state& each : listed())
      std::visit([&](const auto* member) { visit(each.path, *member); }, each.member);
  }

  /// For nn::summary: runs the layers and appends a row for each.
  variable<T> describe(xtape::detail::summary_rows& rows, const std::string& path,
                       const variable<T>& x) const;

 private:
  struct named_state {
    std::string path;
    std::variant<const parameter<T>*, const buffer<T>*, const generator*> member;
  };
  std::vector<named_state> listed() const;

  std::vector<layer> layers_;
};

/// Anything that can stand in a sequential. Programs never name it: it is what an element of the list
/// in braces becomes.
template <real T>
class sequential<T>::layer {
 public:
  using function = variable<T> (*)(const operand<T>&);

  /// A function such as xtape::relu: of its overloads the one for this element type.
  layer(function f) : holder_(new holds<function>(f)) {}

  /// A module, or a function object that keeps no parameters. It takes an operand or a variable.
  template <class Module>
  requires(!std::same_as<Module, layer> && std::copy_constructible<Module> && layer_of<Module, T>)
      layer(Module module)
      : holder_(new holds<Module>(std::move(module))) {
    static_assert(lists_members<Module> || std::is_trivially_copyable_v<Module>,
                  "a layer that holds more than plain numbers is a module: it lists its members "
                  "in `void members(const auto& visit) const`, which may be empty");
  }

  layer(const layer& other) : holder_(other.holder_->copy()) {}
  layer(layer&&) noexcept = default;
  /// Assigns in place where both hold the same type.
  layer& operator=(const layer& other) {
    if (!holder_ || !holder_->assign(*other.holder_)) holder_ = other.holder_->copy();
    return *this;
  }
  layer& operator=(layer&&) noexcept = default;
  ~layer() = default;

  variable<T> operator()(const operand<T>& x) const { return holder_->call(x); }

  /// The sequential it holds; null for anything else.
  const sequential* as_sequential() const { return holder_->as_sequential(); }

  std::vector<named_state> state() const { return holder_->state(); }

  variable<T> describe(xtape::detail::summary_rows& rows, const std::string& path,
                       const variable<T>& x) const {
    return holder_->describe(rows, path, x);
  }

 private:
  struct XTAPE_API holder {
    virtual ~holder() = default;
    virtual std::unique_ptr<holder> copy() const = 0;
    virtual bool assign(const holder& other) = 0;
    virtual variable<T> call(const operand<T>& x) const = 0;
    virtual std::vector<named_state> state() const = 0;
    virtual variable<T> describe(xtape::detail::summary_rows& rows, const std::string& path,
                                 const variable<T>& x) const = 0;
    virtual const sequential* as_sequential() const = 0;
  };

  template <class Module>
  struct XTAPE_API holds final : holder {
    Module module;

    explicit holds(Module m) : module(std::move(m)) {}
    std::unique_ptr<holder> copy() const override { return std::make_unique<holds>(module); }
    bool assign(const holder& other) override {
      if constexpr (std::is_copy_assignable_v<Module>)
        if (const auto* same = dynamic_cast<const holds*>(&other)) {
          module = same->module;
          return true;
        }
      return false;
    }
    variable<T> call(const operand<T>& x) const override {
      return xtape::detail::call_layer(module, x);
    }
    std::vector<named_state> state() const override {
      std::vector<named_state> found;
      if constexpr (lists_members<Module>)
        for_each_state<T>(module, [&found](const std::string& path, const auto& member) {
          found.push_back({path, &member});
        });
      return found;
    }
    variable<T> describe(xtape::detail::summary_rows& rows, const std::string& path,
                         const variable<T>& x) const override {
      return xtape::detail::describe<T>(rows, module, path, x);
    }
    const sequential* as_sequential() const override {
      if constexpr (std::same_as<Module, sequential>)
        return &module;
      else
        return nullptr;
    }
  };

  std::unique_ptr<holder> holder_;
};

extern template class sequential<float>;
extern template class sequential<double>;
// What nearly every model is made of is compiled into the library, too.
extern template struct sequential<float>::layer::holds<linear<float>>;
extern template struct sequential<double>::layer::holds<linear<double>>;
extern template struct sequential<float>::layer::holds<sequential<float>::layer::function>;
extern template struct sequential<double>::layer::holds<sequential<double>::layer::function>;

}  // namespace xtape::nn
