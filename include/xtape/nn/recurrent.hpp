#pragma once

#include <xtape/init/init.hpp>
#include <xtape/nn/module.hpp>

#include <cstddef>
#include <cstdint>

namespace xtape::nn {

/// What the cells below are made of: weights from the input and from the hidden state to a number of gates, which stand
/// side by side. PyTorch's are these transposed, with the same names, order of gates, and two biases:
///   weight_ih (n_in, gates n_hidden)     = PyTorch's weight_ih^T, weight_ih_l0^T in a layer
///   weight_hh (n_hidden, gates n_hidden) = its weight_hh^T
///   bias_ih, bias_hh (gates n_hidden)    = its own
/// The weights of every gate are drawn as a matrix of their own, (n_in, n_hidden) or (n_hidden, n_hidden), as the
/// initializers mean it; biases are zeros.
template <real T>
struct XTAPE_API gate_weights {
  parameter<T> weight_ih, weight_hh;
  parameter<T> bias_ih, bias_hh;

  std::size_t n_in() const { return weight_ih.shape()[0]; }
  std::size_t n_hidden() const { return weight_hh.shape()[0]; }

  void members(const auto& visit) const {
    visit("weight_ih", weight_ih);
    visit("weight_hh", weight_hh);
    visit("bias_ih", bias_ih);
    visit("bias_hh", bias_hh);
  }

 protected:
  gate_weights(const char* layer, std::size_t gates, std::int64_t n_in, std::int64_t n_hidden,
               const init::initializer& input_weights, const init::initializer& hidden_weights,
               rng& random, location where);

  /// What the input adds to every gate: x weight_ih + bias_ih, (n, n_in) -> (n, gates n_hidden).
  variable<T> from_input(const operand<T>& x) const;
  /// What the hidden state adds: h weight_hh + bias_hh.
  variable<T> from_hidden(const variable<T>& h) const;
  /// Throws shape_error unless x is (n, n_in) or (n, t, n_in), and a state (n, n_hidden).
  void check_input(const char* layer, const shape_type& x, bool sequence, location where) const;
  void check_state(const char* layer, const char* what, const shape_type& x, const shape_type& s,
                   location where) const;
};

/// Elman's network, one step: h' = tanh(x weight_ih + bias_ih + h weight_hh + bias_hh).
/// x (n, n_in), h and h' (n, n_hidden).
/// Source: Elman, "Finding structure in time", Cognitive Science 14 (1990).
template <real T>
struct XTAPE_API rnn_cell : gate_weights<T> {
  using element = T;
  using state = variable<T>;

  /// Draws the input's weights, then the hidden state's. Throws domain_error for sizes below 1, and as the
  /// initializers do.
  rnn_cell(std::int64_t n_in, std::int64_t n_hidden, const init::initializer& input_weights,
           const init::initializer& hidden_weights, rng& random,
           location where = location::current());

  /// The state after x. Throws shape_error where shapes do not fit.
  state operator()(const operand<T>& x, const state& from) const;

  /// The state before anything was seen: zeros.
  state zero_state(std::size_t batch) const;

  // What `recurrent` runs a cell by: the input's part of any number of rows, and the step that is left.
  static constexpr const char* name = "rnn";
  using gate_weights<T>::from_input;
  state step(const variable<T>& input_part, const state& from) const;
  static const variable<T>& hidden(const state& s) { return s; }
  void check(const shape_type& x, bool sequence, const state& from, location where) const;
};

/// What an lstm hands from step to step.
template <real T>
struct lstm_state {
  variable<T> h;  ///< the hidden state, which is the output: (n, n_hidden)
  variable<T> c;  ///< the cells: (n, n_hidden)

  /// The same numbers without history: where backpropagation through time is cut.
  lstm_state detach() const { return {h.detach(), c.detach()}; }
};

/// Long short-term memory, one step. With z = x weight_ih + bias_ih + h weight_hh + bias_hh, in four parts i, f, g, o
/// side by side:
///   c' = sigmoid(f) c + sigmoid(i) tanh(g)
///   h' = sigmoid(o) tanh(c')
/// x (n, n_in), h and c (n, n_hidden).
/// Source: Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); the forget gate f: Gers,
/// Schmidhuber, Cummins, "Learning to forget", Neural Computation 12 (2000).
template <real T>
struct XTAPE_API lstm_cell : gate_weights<T> {
  using element = T;
  using state = lstm_state<T>;

  /// Draws and throws as rnn_cell does.
  lstm_cell(std::int64_t n_in, std::int64_t n_hidden, const init::initializer& input_weights,
            const init::initializer& hidden_weights, rng& random,
            location where = location::current());

  state operator()(const operand<T>& x, const state& from) const;
  state zero_state(std::size_t batch) const;

  static constexpr const char* name = "lstm";
  using gate_weights<T>::from_input;
  state step(const variable<T>& input_part, const state& from) const;
  static const variable<T>& hidden(const state& s) { return s.h; }
  void check(const shape_type& x, bool sequence, const state& from, location where) const;
};

/// Gated recurrent unit, one step. With a = x weight_ih + bias_ih and b = h weight_hh + bias_hh, each in three parts
/// r, z, n side by side:
///   r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), n = tanh(a_n + r b_n)
///   h' = (1 - z) n + z h
/// x (n, n_in), h and h' (n, n_hidden).
/// Source: Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
/// translation", EMNLP 2014, in the form of version 1 of the paper, which PyTorch and Keras (reset_after) compute.
template <real T>
struct XTAPE_API gru_cell : gate_weights<T> {
  using element = T;
  using state = variable<T>;

  /// Draws and throws as rnn_cell does.
  gru_cell(std::int64_t n_in, std::int64_t n_hidden, const init::initializer& input_weights,
           const init::initializer& hidden_weights, rng& random,
           location where = location::current());

  state operator()(const operand<T>& x, const state& from) const;
  state zero_state(std::size_t batch) const;

  static constexpr const char* name = "gru";
  using gate_weights<T>::from_input;
  state step(const variable<T>& input_part, const state& from) const;
  static const variable<T>& hidden(const state& s) { return s; }
  void check(const shape_type& x, bool sequence, const state& from, location where) const;
};

/// A cell run along sequences: x (n, t, n_in), a batch of n sequences of t steps, gives every step's hidden state, y
/// (n, t, n_hidden). The input's part of the gates is one product for all steps. Several layers are several of these,
/// one after the other in a sequential, with a dropout between two where it is wanted.
template <class Cell>
struct XTAPE_API recurrent {
  using element = typename Cell::element;
  using state = typename Cell::state;

  Cell cell;

  /// Draws and throws as the cell does.
  recurrent(std::int64_t n_in, std::int64_t n_hidden, const init::initializer& input_weights,
            const init::initializer& hidden_weights, rng& random,
            location where = location::current())
      : cell(n_in, n_hidden, input_weights, hidden_weights, random, where) {}

  struct result {
    variable<element> output;  ///< (n, t, n_hidden)
    state last;                ///< the state after the last step
  };

  /// The output, beginning with zeros. Throws shape_error unless x is (n, t, n_in), domain_error where t is 0.
  variable<element> operator()(const operand<element>& x) const;
  /// The output and the last state, beginning with a state. Throws also shape_error for a state of another shape.
  ///
  ///     auto [y, state] = layer(x, layer.zero_state(x.shape()[0]));
  result operator()(const operand<element>& x, const state& from) const;

  /// The state before anything was seen: zeros.
  state zero_state(std::size_t batch) const { return cell.zero_state(batch); }

  /// The cell's: "weight_ih", ...
  void members(const auto& visit) const { cell.members(visit); }
};

/// Elman's network along sequences; see rnn_cell and recurrent.
template <real T>
struct rnn : recurrent<rnn_cell<T>> {
  using recurrent<rnn_cell<T>>::recurrent;
};
/// Long short-term memory along sequences; see lstm_cell and recurrent.
template <real T>
struct lstm : recurrent<lstm_cell<T>> {
  using recurrent<lstm_cell<T>>::recurrent;
};
/// Gated recurrent units along sequences; see gru_cell and recurrent.
template <real T>
struct gru : recurrent<gru_cell<T>> {
  using recurrent<gru_cell<T>>::recurrent;
};

extern template struct gate_weights<float>;
extern template struct gate_weights<double>;
extern template struct rnn_cell<float>;
extern template struct rnn_cell<double>;
extern template struct lstm_cell<float>;
extern template struct lstm_cell<double>;
extern template struct gru_cell<float>;
extern template struct gru_cell<double>;
extern template struct recurrent<rnn_cell<float>>;
extern template struct recurrent<rnn_cell<double>>;
extern template struct recurrent<lstm_cell<float>>;
extern template struct recurrent<lstm_cell<double>>;
extern template struct recurrent<gru_cell<float>>;
extern template struct recurrent<gru_cell<double>>;

}  // namespace xtape::nn
