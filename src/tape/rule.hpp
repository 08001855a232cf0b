#pragma once
// Note [Rules]
// An operation is one small struct: its name, what its derivatives look at, `forward`, and one `vjp`
// (vector-Jacobian product: cotangent times local derivative) an argument. This file reads it.
//
// An *elementwise* rule is read twice. With lanes, SIMD registers of numbers, forward and vjp become
// the body of one loop that broadcasts, and adds straight into the gradient (kernel/elementwise.hpp).
// With variables the same vjp computes with operations, which record themselves: the second derivative.
// Its arguments broadcast; that the gradient must be summed back is the engine's business.
//
// A *structural* rule (matmul, sum, reshape) has a forward from arrays to an array, and vjps that are
// read with variables only: unrecorded in a plain backward, recorded under create_graph. Where a
// benchmark pays for it, `accumulate` is a fused kernel for the plain backward, which adds the same vjp
// into memory; a test holds it against the vjp.

#include <array>
#include <initializer_list>
#include <new>
#include <string_view>
#include <utility>

#include "kernel/elementwise.hpp"
#include "tape/sweep.hpp"

namespace xtape::detail {

/// Names an argument of an operation by its place: vjp(arg<1>, ...) is the derivative for the second.
template <std::size_t K>
using arg = std::integral_constant<std::size_t, K>;

/// What the derivatives look at, apart from the cotangent. The rest is not kept for them.
enum class saves : unsigned { nothing = 0, output = 1, inputs = 2, both = 3 };
constexpr bool has(saves all, saves one) {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

/// What a vjp gets in the place of a value its rule does not save: using it does not compile.
struct not_saved {};

struct elementwise {};
struct structural {};

template <class Rule>
inline constexpr bool is_elementwise = std::is_base_of_v<elementwise, Rule>;
template <class Rule>
inline constexpr bool has_fused = requires { requires Rule::fused; };

/// How many of a rule's N arguments, counted from the first, have a derivative: all, or Rule::derivatives.
template <class Rule, std::size_t N>
inline constexpr std::size_t derivatives = N;
template <class Rule, std::size_t N>
  requires requires { Rule::derivatives; }
inline constexpr std::size_t derivatives<Rule, N> = Rule::derivatives;

/// Whether structural rules use their fused kernels. Off only in the test that compares both ways.
bool& fused_kernels() noexcept;

/// Calls f(g, y, x...) with not_saved{} where the rule does not look. `saved` are the saved values in order.
template <class Rule, std::size_t N, class F, class G, class... Saved>
decltype(auto) with_saved(const F& f, const G& g, const Saved&... saved) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
    if constexpr (Rule::saved == saves::both)
      return f(g, saved...);
    else if constexpr (Rule::saved == saves::output)
      return f(g, saved..., ((void)I, not_saved{})...);
    else if constexpr (Rule::saved == saves::inputs)
      return f(g, not_saved{}, saved...);
    else
      return f(g, not_saved{}, ((void)I, not_saved{})...);
  }(std::make_index_sequence<N>());
}

/// One entry of the tape: a rule with its arguments.
template <class Rule, real T, std::size_t N>
class recorded final : public entry {
 public:
  recorded(Rule&& rule, variable<T>& output, const std::array<input_slot, N>& inputs, location where)
      : rule_(std::move(rule)), slots_(inputs) {
    output_ = &output.node();
    ++output_->references;
    inputs_ = slots_;
    where_ = where;
    saves_inputs_ = has(Rule::saved, saves::inputs);
  }
  ~recorded() override {
    release(output_);
    for (const input_slot& slot : slots_)
      if (slot.node != nullptr) release(slot.node);
  }
  std::string_view operation() const override { return Rule::name; }

 private:
  void send(std::size_t k, sweep& pass) override {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      ((k == K ? send_to<K>(pass) : void()), ...);
    }(std::make_index_sequence<N>());
  }

  node<T>& input(std::size_t k) const { return static_cast<node<T>&>(*slots_[k].node); }
  node<T>& output() const { return static_cast<node<T>&>(*output_); }

  // f(g, y or not_saved, x or not_saved ...) on what `of` makes of each node.
  template <class Of, class F>
  decltype(auto) with_values(const Of& of, const F& f) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
      const auto& g = of(as<T>(*output().cotangent));
      if constexpr (Rule::saved == saves::both)
        return f(g, of(output()), of(input(I))...);
      else if constexpr (Rule::saved == saves::output)
        return f(g, of(output()));
      else if constexpr (Rule::saved == saves::inputs)
        return f(g, of(input(I))...);
      else
        return f(g);
    }(std::make_index_sequence<N>());
  }

  template <std::size_t K>
  void send_to(sweep& pass) {
    if constexpr (K < derivatives<Rule, N>) {
      const auto vjp = [this](const auto&... values) {
        return with_saved<Rule, N>(
            [this](const auto&... all) { return rule_.vjp(arg<K>{}, all...); }, values...);
      };
      const auto values = [](const node<T>& n) -> const array<T>& { return n.value; };
      node<T>& to = input(K);
      if constexpr (is_elementwise<Rule>) {
        if (!pass.recorded()) {
          with_values(values, [&](const auto&... from) { send_lanes(pass.open(to), to, vjp, from...); });
          return;
        }
      } else if constexpr (has_fused<Rule>) {
        if (!pass.recorded() && fused_kernels()) {
          with_values(values, [&](const auto&... from) {
            with_saved<Rule, N>(
                [&](const auto&... all) { rule_.accumulate(arg<K>{}, pass.open(to), all...); }, from...);
          });
          return;
        }
      }
      pass.add(to, with_values([](node<T>& n) { return variable<T>::share(n); }, vjp));
    }
  }

  template <class F, class... Values>
  void send_lanes(target<T> to, const node<T>& n, const F& vjp, const Values&... values) const {
    const std::array<const array<T>*, sizeof...(values)> from{&values...};
    const shape_type& shape = output().value.shape();
    const shape_type& to_shape = n.value.shape();
    if (to_shape == shape) {
      kernel::map<T>(shape, to.data, to.accumulate, from, vjp);
    } else {
      if (!to.accumulate) std::fill_n(to.data, size_of(to_shape), T(0));
      kernel::map_sum<T>(shape, to.data, to_shape, from, vjp);
    }
  }

  Rule rule_;
  std::array<input_slot, N> slots_;
};

/// Writes entries on the tape.
class recorder {
 public:
  /// Whether gradients are to reach `n` from what is recorded on `t`: it is a parameter, or was
  /// recorded on a tape that is alive.
  static bool tracked(const node_base& n, const tape& t) noexcept;
  static bool tracked(const node_base& n) noexcept;

  template <class Rule, real T, class... Operands>
  static void record(Rule&& rule, variable<T>& output, location where, const Operands&... operands) {
    tape* const t = tape::current();
    if (t == nullptr || !((operands.node() != nullptr && tracked(*operands.node(), *t)) || ...)) return;
    constexpr std::size_t n = sizeof...(Operands);
    using made = recorded<std::remove_cvref_t<Rule>, T, n>;
    void* const memory = t->allocate(sizeof(made));
    const std::array<input_slot, n> slots{slot<std::remove_cvref_t<Rule>>(operands)...};
    append(*t, output.node(), new (memory) made(std::forward<Rule>(rule), output, slots, where));
  }

 private:
  // An untracked array is only kept, as a copy, where the derivatives look at it.
  template <class Rule, real T>
  static input_slot slot(const operand<T>& from) {
    if (from.node() == nullptr && !has(Rule::saved, saves::inputs)) return {nullptr, 0};
    variable<T> held = from.held();
    node<T>& n = held.node();
    ++n.references;
    return {&n, n.version};
  }
  static void append(tape& t, node_base& output, entry* made);
};

template <real T, class... Operands>
location first_line(const operand<T>& first, const Operands&...) {
  return at_line::or_else(first.where());
}

/// The shape that the arguments broadcast to, as in NumPy. Throws shape_error naming the operation.
shape_type broadcast_shape(std::string_view operation, std::initializer_list<const shape_type*> shapes,
                           location where);

/// Runs an operation on its arguments, and records it where one of them is tracked.
template <class Rule, real T, class... More>
variable<T> apply(Rule rule, const operand<T>& first, const More&... more) {
  const location where = first_line(first, more...);
  if constexpr (is_elementwise<Rule>) {
    const std::array<const array<T>*, 1 + sizeof...(more)> values{&first.value(), &more.value()...};
    const auto same = [&](const auto& other) { return other.shape() == first.shape(); };
    const shape_type shape = (same(more) && ...)
                                 ? first.shape()
                                 : broadcast_shape(Rule::name, {&first.shape(), &more.shape()...}, where);
    variable<T> result = variable<T>::adopt(new node<T>(shape));
    kernel::map<T>(shape, result.node().value.data(), false, values,
                   [&rule](const auto&... lanes) { return rule.forward(lanes...); });
    recorder::record(std::move(rule), result, where, first, more...);
    return result;
  } else {
    variable<T> result(rule.forward(first.value(), more.value()...));
    recorder::record(std::move(rule), result, where, first, more...);
    return result;
  }
}

}  // namespace xtape::detail
