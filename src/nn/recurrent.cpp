#include <xtape/nn/recurrent.hpp>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/shape.hpp>

#include "nn/sizes.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace xtape::nn {
namespace {

// The shape of one gate's weights from the input. Throws unless all gates' can be had.
shape_type gate_shape(const char* layer, std::size_t gates, std::int64_t n_in,
                      std::int64_t n_hidden, location where) {
  const std::string call =
      std::string(layer) + ": " + std::to_string(n_in) + " to " + std::to_string(n_hidden);
  const char* const too_small = "a layer has at least one input and one hidden unit";
  const shape_type one = xtape::detail::matrix_shape(call, n_in, n_hidden, too_small, where);
  xtape::detail::matrix_shape(call, std::max(n_in, n_hidden),
                              static_cast<std::int64_t>(gates) * n_hidden, too_small, where);
  return one;
}

// Every gate's weights drawn for themselves, and put side by side.
template <real T>
array<T> gates_of(std::size_t gates, const shape_type& one, const init::initializer& weights,
                  rng& random, location where) {
  const std::size_t rows = one[0], columns = one[1];
  array<T> all = empty<T>({rows, gates * columns});
  for (std::size_t gate = 0; gate < gates; ++gate) {
    const array<T> part = weights.make<T>(one, random, where);
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(part.data() + i * columns, columns, all.data() + (i * gates + gate) * columns);
  }
  return all;
}

// Gates first .. last - 1 of z, of `width` units each.
template <real T>
variable<T> gates(const variable<T>& z, std::size_t width, std::size_t first, std::size_t last) {
  return slice(
      z, {all,
          {static_cast<std::ptrdiff_t>(first * width), static_cast<std::ptrdiff_t>(last * width)}});
}

template <real T>
variable<T> zeros_of(std::size_t batch, std::size_t units) {
  return variable<T>(zeros<T>({batch, units}));
}

}  // namespace

template <real T>
gate_weights<T>::gate_weights(const char* layer, std::size_t gates, std::int64_t inputs,
                              std::int64_t hidden, const init::initializer& input_weights,
                              const init::initializer& hidden_weights, rng& random, location where)
    : weight_ih(gates_of<T>(gates, gate_shape(layer, gates, inputs, hidden, where), input_weights,
                            random, where),
                "weight_ih"),
      weight_hh(gates_of<T>(gates, gate_shape(layer, gates, hidden, hidden, where), hidden_weights,
                            random, where),
                "weight_hh"),
      bias_ih(zeros<T>({weight_ih.shape()[1]}), "bias_ih"),
      bias_hh(zeros<T>({weight_ih.shape()[1]}), "bias_hh") {}

template <real T>
variable<T> gate_weights<T>::from_input(const operand<T>& x) const {
  return affine(x, weight_ih, bias_ih);
}
template <real T>
variable<T> gate_weights<T>::from_hidden(const variable<T>& h) const {
  return affine(h, weight_hh, bias_hh);
}

template <real T>
void gate_weights<T>::check_input(const char* layer, const shape_type& x, bool sequence,
                                  location where) const {
  if (x.size() != (sequence ? 3 : 2) || x.back() != n_in())
    throw shape_error(std::string(layer) + ": " + to_string(x) + " for " + std::to_string(n_in()) +
                          " features: x is " +
                          (sequence ? "(batch, steps, features)" : "(batch, features)"),
                      where);
}

template <real T>
void gate_weights<T>::check_state(const char* layer, const char* what, const shape_type& x,
                                  const shape_type& s, location where) const {
  const shape_type right{x[0], n_hidden()};
  if (s != right)
    throw shape_error(std::string(layer) + ": " + to_string(x) + " with " + what + " of " +
                          to_string(s) + ": it must be " + to_string(right),
                      where);
}

// ---- The cells -------------------------------------------------------------------------------------

template <real T>
rnn_cell<T>::rnn_cell(std::int64_t n_in, std::int64_t n_hidden,
                      const init::initializer& input_weights,
                      const init::initializer& hidden_weights, rng& random, location where)
    : gate_weights<T>(name, 1, n_in, n_hidden, input_weights, hidden_weights, random, where) {}

template <real T>
auto rnn_cell<T>::step(const variable<T>& input_part, const state& from) const -> state {
  return tanh(input_part + this->from_hidden(from));
}

template <real T>
void rnn_cell<T>::check(const shape_type& x, bool sequence, const state& from,
                        location where) const {
  this->check_input(name, x, sequence, where);
  this->check_state(name, "a state", x, from.shape(), where);
}

template <real T>
auto rnn_cell<T>::zero_state(std::size_t batch) const -> state {
  return zeros_of<T>(batch, this->n_hidden());
}

template <real T>
lstm_cell<T>::lstm_cell(std::int64_t n_in, std::int64_t n_hidden,
                        const init::initializer& input_weights,
                        const init::initializer& hidden_weights, rng& random, location where)
    : gate_weights<T>(name, 4, n_in, n_hidden, input_weights, hidden_weights, random, where) {}

template <real T>
auto lstm_cell<T>::step(const variable<T>& input_part, const state& from) const -> state {
  const std::size_t width = this->n_hidden();
  const variable<T> z = input_part + this->from_hidden(from.h);
  const variable<T> i = sigmoid(gates(z, width, 0, 1)), f = sigmoid(gates(z, width, 1, 2)),
                    g = tanh(gates(z, width, 2, 3)), o = sigmoid(gates(z, width, 3, 4));
  const variable<T> c = f * from.c + i * g;
  return {o * tanh(c), c};
}

template <real T>
void lstm_cell<T>::check(const shape_type& x, bool sequence, const state& from,
                         location where) const {
  this->check_input(name, x, sequence, where);
  this->check_state(name, "h", x, from.h.shape(), where);
  this->check_state(name, "c", x, from.c.shape(), where);
}

template <real T>
auto lstm_cell<T>::zero_state(std::size_t batch) const -> state {
  const variable<T> nothing = zeros_of<T>(batch, this->n_hidden());
  return {nothing, nothing};
}

template <real T>
gru_cell<T>::gru_cell(std::int64_t n_in, std::int64_t n_hidden,
                      const init::initializer& input_weights,
                      const init::initializer& hidden_weights, rng& random, location where)
    : gate_weights<T>(name, 3, n_in, n_hidden, input_weights, hidden_weights, random, where) {}

template <real T>
auto gru_cell<T>::step(const variable<T>& input_part, const state& from) const -> state {
  const std::size_t width = this->n_hidden();
  const variable<T> a = input_part, b = this->from_hidden(from);
  const variable<T> rz = sigmoid(gates(a, width, 0, 2) + gates(b, width, 0, 2));
  const variable<T> r = gates(rz, width, 0, 1), z = gates(rz, width, 1, 2);
  const variable<T> n = tanh(gates(a, width, 2, 3) + r * gates(b, width, 2, 3));
  return n + z * (from - n);
}

template <real T>
void gru_cell<T>::check(const shape_type& x, bool sequence, const state& from,
                        location where) const {
  this->check_input(name, x, sequence, where);
  this->check_state(name, "a state", x, from.shape(), where);
}

template <real T>
auto gru_cell<T>::zero_state(std::size_t batch) const -> state {
  return zeros_of<T>(batch, this->n_hidden());
}

namespace {

template <class Cell, real T>
typename Cell::state one_step(const Cell& cell, const operand<T>& x,
                              const typename Cell::state& from) {
  const at_line line(x.where());
  cell.check(x.shape(), false, from, x.where());
  return cell.step(cell.from_input(x), from);
}

}  // namespace

template <real T>
auto rnn_cell<T>::operator()(const operand<T>& x, const state& from) const -> state {
  return one_step(*this, x, from);
}
template <real T>
auto lstm_cell<T>::operator()(const operand<T>& x, const state& from) const -> state {
  return one_step(*this, x, from);
}
template <real T>
auto gru_cell<T>::operator()(const operand<T>& x, const state& from) const -> state {
  return one_step(*this, x, from);
}

// ---- Along sequences -------------------------------------------------------------------------------

template <class Cell>
auto recurrent<Cell>::operator()(const operand<element>& x, const state& from) const -> result {
  const at_line line(x.where());
  cell.check(x.shape(), true, from, x.where());
  const auto batch = static_cast<std::ptrdiff_t>(x.shape()[0]),
             steps = static_cast<std::ptrdiff_t>(x.shape()[1]),
             features = static_cast<std::ptrdiff_t>(x.shape()[2]);
  if (steps == 0)
    throw domain_error(
        std::string(Cell::name) + ": " + to_string(x.shape()) + ": there are no steps", x.where());
  // Steps first, so that the rows of a step are neighbours.
  const variable<element> parts =
      cell.from_input(reshape(transpose(x, {1, 0, 2}), {steps * batch, features}));
  state now = from;
  std::vector<variable<element>> outputs;
  outputs.reserve(x.shape()[1]);
  for (std::ptrdiff_t t = 0; t < steps; ++t) {
    now = cell.step(slice(parts, {{t * batch, (t + 1) * batch}}), now);
    outputs.push_back(Cell::hidden(now));
  }
  return {stack(outputs, 1), now};
}

template <class Cell>
auto recurrent<Cell>::operator()(const operand<element>& x) const -> variable<element> {
  return (*this)(x, zero_state(x.shape().empty() ? 0 : x.shape()[0])).output;
}

template struct gate_weights<float>;
template struct gate_weights<double>;
template struct rnn_cell<float>;
template struct rnn_cell<double>;
template struct lstm_cell<float>;
template struct lstm_cell<double>;
template struct gru_cell<float>;
template struct gru_cell<double>;
template struct recurrent<rnn_cell<float>>;
template struct recurrent<rnn_cell<double>>;
template struct recurrent<lstm_cell<float>>;
template struct recurrent<lstm_cell<double>>;
template struct recurrent<gru_cell<float>>;
template struct recurrent<gru_cell<double>>;

}  // namespace xtape::nn
