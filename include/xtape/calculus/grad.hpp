#pragma once
// Derivatives as values: returned instead of accumulated. Nothing else changes but the tape, which grows
// where a sweep is recorded. `inputs` are parameters or values on the outputs' tape; one that the outputs do
// not depend on gives zeros. All throw tape_error and shape_error as variable::backward does, tape_error for
// an input that is not tracked, and shape_error for cotangents or tangents of other numbers or shapes.

#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/tape/tape.hpp>

namespace xtape {

struct grad_options {
  bool create_graph = false;  ///< record the sweep, so that its results can be differentiated again
};

/// The gradient of `output`, which must have one element, with respect to each of the inputs. With
/// create_graph it is recorded on the tape and can itself be differentiated, as often as one likes.
template <real T>
XTAPE_API std::vector<variable<T>> grad(const variable<T>& output,
                                        const std::vector<variable<T>>& inputs,
                                        grad_options options = {},
                                        location where = location::current());

/// The vector-Jacobian product: the same for an output of any shape, given its cotangent, a variable or an array.
template <real T>
XTAPE_API std::vector<variable<T>> vjp(const variable<T>& output,
                                       const std::type_identity_t<variable<T>>& cotangent,
                                       const std::vector<variable<T>>& inputs,
                                       grad_options options = {},
                                       location where = location::current());
/// Of several outputs of one tape: the sum of their products, in one sweep.
template <real T>
XTAPE_API std::vector<variable<T>> vjp(const std::vector<variable<T>>& outputs,
                                       const std::vector<variable<T>>& cotangents,
                                       const std::vector<variable<T>>& inputs,
                                       grad_options options = {},
                                       location where = location::current());

/// The Jacobian-vector product: the derivative of `output` along tangents v, one an input and of its shape,
/// sum_k d(output)/d(inputs[k]) v[k], of the output's shape. Computed by two sweeps: J^T u is linear in u, and
/// its derivative for u, applied to v, is J v.
template <real T>
XTAPE_API variable<T> jvp(const variable<T>& output, const std::vector<variable<T>>& inputs,
                          const std::vector<variable<T>>& tangents, grad_options options = {},
                          location where = location::current());

/// d(output)/d(input) for each input, of the output's shape followed by the input's. One sweep an element of
/// the output.
template <real T>
XTAPE_API std::vector<variable<T>> jacobian(const variable<T>& output,
                                            const std::vector<variable<T>>& inputs,
                                            grad_options options = {},
                                            location where = location::current());

/// The second derivatives of `output`, which must have one element: hessian(...)[i][j] is
/// d^2(output) / d(inputs[i]) d(inputs[j]), of the shape of input i followed by that of input j. One sweep an
/// element of the inputs, after one that is recorded.
template <real T>
XTAPE_API std::vector<std::vector<variable<T>>> hessian(const variable<T>& output,
                                                        const std::vector<variable<T>>& inputs,
                                                        grad_options options = {},
                                                        location where = location::current());

/// The Hessian times vectors v, one an input and of its shape: for each i, sum_j of
/// d^2(output) / d(inputs[i]) d(inputs[j]) v[j]. Two sweeps; the Hessian is never formed.
template <real T>
XTAPE_API std::vector<variable<T>> hvp(const variable<T>& output,
                                       const std::vector<variable<T>>& inputs,
                                       const std::vector<variable<T>>& vectors,
                                       grad_options options = {},
                                       location where = location::current());

/// f's value and gradients at arrays, on a tape of its own. f takes its arguments as they are given here,
/// variables instead of arrays, and returns one with a single element:
///   auto [value, gradients] = value_and_grad([](const auto& w, const auto& b) { ... }, w0, b0);
template <class F, class... Inputs, real T = typename std::common_type_t<Inputs...>::value_type>
std::pair<T, std::vector<array<T>>> value_and_grad(const F& f, const Inputs&... at) {
  const std::vector<variable<T>> inputs{parameter<T>(array<T>(at))...};
  const tape recording;
  const variable<T> output = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return variable<T>(f(inputs[I]...));
  }
  (std::index_sequence_for<Inputs...>());
  std::vector<array<T>> gradients;
  for (const variable<T>& g : grad(output, inputs)) gradients.push_back(g.value());
  return {output.item(), std::move(gradients)};
}

}  // namespace xtape
