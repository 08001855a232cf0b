#pragma once
// What a model is made of, as a table.

#include <xtape/nn/mode.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/tape/tape.hpp>

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace xtape::nn {

/// A layer of a model.
struct summary_row {
  std::string path;  ///< "encoder.0"; empty for the model itself
  std::string kind;  ///< its type, "linear", or the operation that a function calls, "relu"
  std::optional<shape_type> output;  ///< not known of a module that only its own module calls
  std::size_t parameters;            ///< how many numbers, those of modules in it not counted
};

/// The rows in the order in which the layers run; a module stands before the modules in it.
class XTAPE_API model_summary {
 public:
  explicit model_summary(std::vector<summary_row> rows) : rows_(std::move(rows)) {}
  const std::vector<summary_row>& rows() const { return rows_; }
  /// The total.
  std::size_t parameters() const;
  /// A table for people, one row a line, and the total.
  std::string text() const;
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const model_summary& s);

 private:
  std::vector<summary_row> rows_;
};

}  // namespace xtape::nn

namespace xtape::detail {

using summary_rows = std::vector<nn::summary_row>;

/// "linear" for xtape::nn::linear<float>; empty for a lambda, which has no name.
XTAPE_API std::string kind_of(const std::type_info& type);

/// The one operation that f runs; "function" where it is not one.
template <real T, class F>
std::string operation_of(const F& f, const variable<T>& x) {
  const tape recording;
  f(x);
  return recording.size() == 1 ? std::string(recording[0].operation()) : "function";
}

/// Appends a row for a module and for each module in it, which cannot be run by itself.
template <real T, class Module>
nn::summary_row& list(summary_rows& rows, const Module& module, const std::string& path) {
  const std::size_t place = rows.size();
  rows.push_back({path, kind_of(typeid(Module)), {}, 0});
  if constexpr (nn::lists_members<Module>)
    module.members([&](std::string_view name, const auto& member) {
      using M = std::remove_cvref_t<decltype(member)>;
      if constexpr (std::same_as<M, parameter<T>>)
        rows[place].parameters += member.size();
      else if constexpr (!nn::state_member<M, T>)
        list<T>(rows, member, nn::joined_path(path, name));
    });
  return rows[place];
}

/// Runs a layer and appends its rows.
template <real T, class Layer>
variable<T> describe(summary_rows& rows, const Layer& layer, const std::string& path,
                     const variable<T>& x) {
  if constexpr (requires { layer.describe(rows, path, x); }) {
    return layer.describe(rows, path, x);
  } else {
    const variable<T> y = call_layer<T>(layer, x);
    nn::summary_row& row = list<T>(rows, layer, path);
    row.output = y.shape();
    if (!std::is_class_v<Layer> || row.kind.empty())
      row.kind = operation_of<T>([&](const variable<T>& v) { call_layer<T>(layer, v); },
                                 parameter<T>(x.value()));
    return y;
  }
}

}  // namespace xtape::detail

namespace xtape::nn {

/// The layers of a model with their output shapes and numbers of parameters: those of a sequential one by one, and of any
/// other module its members, of which only the numbers are known. The model runs once, in evaluation and without a
/// tape, on zeros of that shape, which includes the batch: summary(model, {1, 784}). A function in a sequential runs twice,
/// the second time for its name. Throws as the model does.
///
///     std::cout << xp::nn::summary(model, {1, 784});
template <class Module>
model_summary summary(const Module& model, const shape_type& input,
                      location where = location::current()) {
  constexpr bool in_float = layer_of<Module, float>;
  static_assert(in_float || layer_of<Module, double>, "a model is called with one array");
  using T = std::conditional_t<in_float, float, double>;
  const at_line line(where);
  const evaluation mode;
  const no_grad quiet;
  xtape::detail::summary_rows rows;
  xtape::detail::describe<T>(rows, model, "", variable<T>(zeros<T>(input)));
  return model_summary(std::move(rows));
}

}  // namespace xtape::nn
