#include <xtape/calculus/grad.hpp>

#include <string>

#include <xtape/ops/operand.hpp>

#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// A recorded gradient that turned out not to depend on anything, as the second derivative of 3x, stands on
// the tape all the same, so that it can be differentiated: to zeros.
template <real T>
struct constant_rule : structural {
  static constexpr std::string_view name = "constant";
  static constexpr saves saved = saves::nothing;
  static constexpr bool differentiable(std::size_t) { return false; }
  variable<T> value;

  variable<T> forward(const array_view<T>&) const { return value.detach(); }
};

template <real T>
std::vector<variable<T>> collect(std::span<const variable<T>> outputs,
                                 std::span<const variable<T>> seeds,
                                 const std::vector<variable<T>>& inputs, grad_options options,
                                 const char* operation, location where) {
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!inputs[k].tracked())
      throw tape_error(
          std::string(operation) + ": input " + std::to_string(k) +
              " is not tracked: only parameters and values recorded on a living tape are",
          where);
  sweep pass(outputs, seeds,
             options.create_graph ? sweep::purpose::record : sweep::purpose::collect, operation,
             where);
  for (const variable<T>& input : inputs) pass.request(input.node());
  pass.run();
  std::vector<variable<T>> gradients;
  gradients.reserve(inputs.size());
  for (const variable<T>& input : inputs) {
    node_base* const found = input.node().cotangent;
    variable<T> g =
        found != nullptr ? variable<T>::share(as<T>(*found)) : variable<T>(zeros<T>(input.shape()));
    if (options.create_graph && !g.tracked())
      g = apply(constant_rule<T>{{}, g}, argument<T>(input, where));
    gradients.push_back(std::move(g));
  }
  return gradients;
}

}  // namespace

template <real T>
std::vector<variable<T>> grad(const variable<T>& output, const std::vector<variable<T>>& inputs,
                              grad_options options, location where) {
  return collect<T>({&output, 1}, {}, inputs, options, "grad", where);
}

template <real T>
std::vector<variable<T>> vjp(const variable<T>& output,
                             const std::type_identity_t<variable<T>>& cotangent,
                             const std::vector<variable<T>>& inputs, grad_options options,
                             location where) {
  return collect<T>({&output, 1}, {&cotangent, 1}, inputs, options, "vjp", where);
}

template <real T>
std::vector<variable<T>> vjp(const std::vector<variable<T>>& outputs,
                             const std::vector<variable<T>>& cotangents,
                             const std::vector<variable<T>>& inputs, grad_options options,
                             location where) {
  if (outputs.empty() || outputs.size() != cotangents.size())
    throw shape_error("vjp: " + std::to_string(outputs.size()) + " outputs and " +
                          std::to_string(cotangents.size()) + " cotangents",
                      where);
  return collect<T>(outputs, cotangents, inputs, options, "vjp", where);
}

template XTAPE_API std::vector<variable<float>> grad(const variable<float>&,
                                                     const std::vector<variable<float>>&,
                                                     grad_options, location);
template XTAPE_API std::vector<variable<float>> vjp(const variable<float>&, const variable<float>&,
                                                    const std::vector<variable<float>>&,
                                                    grad_options, location);
template XTAPE_API std::vector<variable<float>> vjp(const std::vector<variable<float>>&,
                                                    const std::vector<variable<float>>&,
                                                    const std::vector<variable<float>>&,
                                                    grad_options, location);
template XTAPE_API std::vector<variable<double>> grad(const variable<double>&,
                                                      const std::vector<variable<double>>&,
                                                      grad_options, location);
template XTAPE_API std::vector<variable<double>> vjp(const variable<double>&,
                                                     const variable<double>&,
                                                     const std::vector<variable<double>>&,
                                                     grad_options, location);
template XTAPE_API std::vector<variable<double>> vjp(const std::vector<variable<double>>&,
                                                     const std::vector<variable<double>>&,
                                                     const std::vector<variable<double>>&,
                                                     grad_options, location);

}  // namespace xtape
