#include <xtape/calculus/grad.hpp>

#include <optional>
#include <string>

#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/shape.hpp>

namespace xtape {

namespace {

template <real T>
void check_vectors(const char* operation, const std::vector<variable<T>>& inputs,
                   const std::vector<variable<T>>& vectors, location where) {
  const std::string op(operation);
  if (inputs.size() != vectors.size())
    throw shape_error(op + ": " + std::to_string(inputs.size()) + " inputs and " +
                          std::to_string(vectors.size()) + " vectors",
                      where);
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k].shape() != vectors[k].shape())
      throw shape_error(op + ": input " + std::to_string(k) + " has shape " +
                            to_string(inputs[k].shape()) + ", its vector " +
                            to_string(vectors[k].shape()),
                        where);
}

// sum_k <a_k, b_k>.
template <real T>
variable<T> inner(const std::vector<variable<T>>& a, const std::vector<variable<T>>& b) {
  std::optional<variable<T>> total;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const variable<T> term = sum(a[k] * b[k]);
    total = total ? *total + term : term;
  }
  return total ? *total : variable<T>(T(0));
}

}  // namespace

template <real T>
std::vector<variable<T>> jacobian(const variable<T>& output, const std::vector<variable<T>>& inputs,
                                  grad_options options, location where) {
  const at_line line(where);
  std::vector<std::vector<variable<T>>> rows(inputs.size());  // by input, one an output element
  array<T> unit = zeros<T>(output.shape());
  for (T& element : unit.storage()) {
    element = 1;
    const std::vector<variable<T>> row = vjp<T>(output, unit, inputs, options, where);
    for (std::size_t k = 0; k < inputs.size(); ++k) rows[k].push_back(row[k]);
    element = 0;
  }
  std::vector<variable<T>> result;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    shape_type shape = output.shape();
    for (const std::size_t n : inputs[k].shape()) shape.push_back(n);
    if (rows[k].empty())
      result.push_back(zeros<T>(shape));
    else
      result.push_back(reshape(stack(rows[k]), axis_list(shape.begin(), shape.end())));
  }
  return result;
}

template <real T>
std::vector<std::vector<variable<T>>> hessian(const variable<T>& output,
                                              const std::vector<variable<T>>& inputs,
                                              grad_options options, location where) {
  std::vector<std::vector<variable<T>>> result;
  for (const variable<T>& g : grad(output, inputs, {.create_graph = true}, where))
    result.push_back(jacobian(g, inputs, options, where));
  return result;
}

template <real T>
variable<T> jvp(const variable<T>& output, const std::vector<variable<T>>& inputs,
                const std::vector<variable<T>>& tangents, grad_options options, location where) {
  const at_line line(where);
  check_vectors("jvp", inputs, tangents, where);
  const variable<T> u = parameter<T>(zeros<T>(output.shape()));
  const variable<T> projected =
      inner(vjp(output, u, inputs, {.create_graph = true}, where), tangents);
  return projected.tracked() ? grad(projected, {u}, options, where)[0] : u.detach();
}

template <real T>
std::vector<variable<T>> hvp(const variable<T>& output, const std::vector<variable<T>>& inputs,
                             const std::vector<variable<T>>& vectors, grad_options options,
                             location where) {
  const at_line line(where);
  check_vectors("hvp", inputs, vectors, where);
  if (inputs.empty()) return {};
  return grad(inner(grad(output, inputs, {.create_graph = true}, where), vectors), inputs, options,
              where);
}

template XTAPE_API std::vector<variable<float>> jacobian(const variable<float>&,
                                                         const std::vector<variable<float>>&,
                                                         grad_options, location);
template XTAPE_API std::vector<std::vector<variable<float>>> hessian(
    const variable<float>&, const std::vector<variable<float>>&, grad_options, location);
template XTAPE_API std::vector<variable<double>> jacobian(const variable<double>&,
                                                          const std::vector<variable<double>>&,
                                                          grad_options, location);
template XTAPE_API std::vector<std::vector<variable<double>>> hessian(
    const variable<double>&, const std::vector<variable<double>>&, grad_options, location);
template XTAPE_API variable<float> jvp(const variable<float>&, const std::vector<variable<float>>&,
                                       const std::vector<variable<float>>&, grad_options, location);
template XTAPE_API std::vector<variable<float>> hvp(const variable<float>&,
                                                    const std::vector<variable<float>>&,
                                                    const std::vector<variable<float>>&,
                                                    grad_options, location);
template XTAPE_API variable<double> jvp(const variable<double>&,
                                        const std::vector<variable<double>>&,
                                        const std::vector<variable<double>>&, grad_options,
                                        location);
template XTAPE_API std::vector<variable<double>> hvp(const variable<double>&,
                                                     const std::vector<variable<double>>&,
                                                     const std::vector<variable<double>>&,
                                                     grad_options, location);

}  // namespace xtape
