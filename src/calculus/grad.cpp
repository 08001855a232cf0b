#include <xtape/calculus/grad.hpp>

#include <string>

#include "tape/sweep.hpp"

namespace xtape {

using detail::sweep;

template <real T>
static std::vector<variable<T>> collect(const variable<T>& output, const variable<T>* seed,
                                        const std::vector<variable<T>>& inputs,
                                        grad_options options, const char* operation,
                                        location where) {
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!inputs[k].tracked())
      throw tape_error(
          std::string(operation) + ": input " + std::to_string(k) +
              " is not tracked: only parameters and values recorded on a living tape are",
          where);
  sweep pass(output.node(), seed,
             options.create_graph ? sweep::purpose::record : sweep::purpose::collect, operation,
             where);
  for (const variable<T>& input : inputs) pass.request(input.node());
  pass.run();
  std::vector<variable<T>> gradients;
  gradients.reserve(inputs.size());
  for (const variable<T>& input : inputs) {
    detail::node_base* const found = input.node().cotangent;
    gradients.push_back(found != nullptr ? variable<T>::share(detail::as<T>(*found))
                                         : variable<T>(zeros<T>(input.shape())));
  }
  return gradients;
}

template <real T>
std::vector<variable<T>> grad(const variable<T>& output, const std::vector<variable<T>>& inputs,
                              grad_options options, location where) {
  return collect<T>(output, nullptr, inputs, options, "grad", where);
}

template <real T>
std::vector<variable<T>> vjp(const variable<T>& output, const variable<T>& cotangent,
                             const std::vector<variable<T>>& inputs, grad_options options,
                             location where) {
  return collect<T>(output, &cotangent, inputs, options, "vjp", where);
}

template XTAPE_API std::vector<variable<float>> grad(const variable<float>&,
                                                     const std::vector<variable<float>>&,
                                                     grad_options, location);
template XTAPE_API std::vector<variable<double>> grad(const variable<double>&,
                                                      const std::vector<variable<double>>&,
                                                      grad_options, location);
template XTAPE_API std::vector<variable<float>> vjp(const variable<float>&, const variable<float>&,
                                                    const std::vector<variable<float>>&,
                                                    grad_options, location);
template XTAPE_API std::vector<variable<double>> vjp(const variable<double>&,
                                                     const variable<double>&,
                                                     const std::vector<variable<double>>&,
                                                     grad_options, location);

}  // namespace xtape
