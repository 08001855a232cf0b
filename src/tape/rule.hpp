#pragma once
// An operation is one small struct: its name, what its derivatives look at, `forward`, and one `vjp` (vector-Jacobian
// product: cotangent times local derivative) an argument. See docs/engine.md, "A rule, read twice".

#include <array>
#include <new>
#include <string>
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

/// What a rule is unless it says otherwise.
struct rule_base {
  static constexpr bool differentiable(std::size_t) { return true; }  ///< by argument k
  static constexpr bool fused = false;                                ///< has `accumulate`
  static constexpr bool passes_on(std::size_t) { return false; }      ///< vjp k is g as it is
  static constexpr bool even(std::size_t n) { return n == 1; }  ///< its n arguments have one shape
};
struct elementwise : rule_base {};
struct structural : rule_base {};

/// While one is set, the operation about to become that entry computes with other numbers in place of that input.
struct probe {
  std::size_t entry, input;
  const void* numbers;
};
inline thread_local const probe* probing = nullptr;

/// One entry of the tape: a rule with its arguments.
template <class Rule, real T, std::size_t N>
class recorded final : public entry {
 public:
  recorded(variable<T>& output, location where, Rule&& rule,
           const std::array<input_slot, N>& inputs)
      : entry(output.node(), where, of_output), rule_(std::move(rule)), slots_(inputs) {}
  ~recorded() override {
    for (const input_slot& slot : slots_)
      if (slot.node != nullptr) release(slot.node, of_input);
    release(output_, of_output);
  }
  static constexpr bool reads_output = has(Rule::saved, saves::output);
  static constexpr bool reads_inputs = has(Rule::saved, saves::inputs);
  static constexpr auto of_output = reads_output ? node_base::reader : node_base::holder;
  static constexpr auto of_input = reads_inputs ? node_base::reader : node_base::holder;
  std::string_view operation() const override { return Rule::name; }

 private:
  std::span<const input_slot> inputs() const override { return slots_; }
  bool saves_inputs() const override { return reads_inputs; }
  void send(std::size_t k, sweep& pass) override {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      ((k == K ? send_to<K>(pass) : void()), ...);
    }
    (std::make_index_sequence<N>());
  }

  // f(g, what the rule saves ...) on what `of` makes of each node.
  template <class Of, class F>
  decltype(auto) with_saved(const Of& of, const F& f) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
      const auto& g = of(as<T>(*output_->cotangent));
      if constexpr (reads_output)
        return f(g, of(as<T>(*output_)), of(as<T>(*slots_[I].node))...);
      else
        return f(g, of(as<T>(*slots_[I].node))...);
    }
    (std::make_index_sequence < reads_inputs ? N : 0 > ());
  }

  template <std::size_t K>
  void send_to(sweep& pass) {
    if constexpr (Rule::differentiable(K)) {
      constexpr auto values = [](node<T>& n) { return n.view(); };
      const auto vjp = [this](const auto&... saved) { return rule_.vjp(arg<K>{}, saved...); };
      node<T>& to = as<T>(*slots_[K].node);
      if constexpr (Rule::passes_on(K))
        if (to.tape == output_->tape && to.shape() == as<T>(*output_).shape())  // no copy
          return pass.add(to, variable<T>::share(as<T>(*output_->cotangent)));
      if constexpr (std::derived_from<Rule, elementwise>)
        if (!pass.recorded())
          return with_saved(values, [&](const auto&... from) {
            constexpr std::size_t one = reads_output ? 2 : 1;  // which do not broadcast
            constexpr std::size_t dense = Rule::even(N) ? sizeof...(from) : one;
            const auto [data, accumulate] = pass.open(to);
            kernel::map_to<T, dense, Rule::even(N)>(as<T>(*output_).shape(), to.shape(), data,
                                                    accumulate, std::array{from...}, vjp);
          });
      if constexpr (Rule::fused)
        if (!pass.recorded())
          return with_saved(values, [&](const auto&... from) {
            rule_.accumulate(arg<K>{}, pass.open(to), from...);
          });
      pass.add(to, with_saved([](node<T>& n) { return variable<T>::share(n); }, vjp));
    }
  }

  [[no_unique_address]] Rule rule_;
  std::array<input_slot, N> slots_;
};

/// Writes entries on the tape.
class recorder {
 public:
  /// Whether gradients are to reach `n`: it is a parameter, or was recorded on a tape that is alive.
  static bool tracked(const node_base& n, const tape* first = nullptr) noexcept {
    if (n.parameter || n.tape == 0) return n.parameter;
    return (first != nullptr && n.tape == first->serial_) || tape::find(n.tape) != nullptr;
  }

  static bool records(const auto&... from) {
    const tape* const t = tape::current();
    return t != nullptr && ((from.node() != nullptr && tracked(*from.node(), t)) || ...);
  }

  template <class Rule, real T, class... Arguments>
  static void record(Rule&& rule, variable<T>& output, location where, const Arguments&... from) {
    if (!records(from...)) return;
    using made = recorded<Rule, T, sizeof...(from)>;
    write<made>(*tape::current(), output, where, std::move(rule),
                std::array{slot<made, T>(from)...});
  }

  /// The next entry of `t`, made of all the arguments but the first.
  template <class Entry, real T, class... Rest>
  static void write(tape& t, variable<T>& output, location where, Rest&&... rest) {
    void* const memory = t.arena_.allocate(sizeof(Entry), alignof(Entry));
    output.node().kept |= t.keep_intermediates_;
    output.node().tape = t.serial_;
    output.node().entry = static_cast<std::uint32_t>(t.size());
    t.entries_.push_back(new (memory) Entry(output, where, std::forward<Rest>(rest)...));
  }

 private:
  // An untracked array is only kept, as a copy, where the derivatives look at it.
  template <class Made, real T>
  static input_slot slot(const auto& from) {
    node<T>* n = from.node();
    if (n != nullptr)
      n->references += Made::of_input;
    else if (Made::reads_inputs)
      n = new node<T>(from.value());
    return {n, n == nullptr ? 0 : n->version()};
  }
};

/// A value with unspecified numbers, for a forward to fill.
template <real T>
variable<T> blank(const shape_type& shape) {
  return variable<T>::adopt(new node<T>(shape));
}

/// Runs an operation on its arguments, and records it where one of them is tracked.
template <class Rule, class First, class... More, real T = typename First::value_type>
variable<T> apply(Rule rule, const First& first, const More&... more) {
  const location where = at_line::or_else(first.where());
  std::array<array_view<T>, 1 + sizeof...(more)> from{first.value(), more.value()...};
  if (probing != nullptr && recorder::records(first, more...))
    if (const auto [i, k, numbers] = *probing; i == tape::current()->size())
      from[k] = {from[k].shape(), static_cast<const T*>(numbers)};
  variable<T> result = [&] {
    if constexpr (std::derived_from<Rule, elementwise>) {
      const bool same = ((more.shape() == first.shape()) && ...);
      const variable<T> y =
          blank<T>(same ? first.shape()
                        : broadcast_shape(std::string(Rule::name),
                                          {&first.shape(), &more.shape()...}, where));
      kernel::map<T, Rule::even(from.size()) ? from.size() : 0>(
          y.shape(), y.node().data(), std::false_type{}, from,
          [&rule](const auto&... lanes) { return rule.forward(lanes...); });
      return y;
    } else {
      return std::apply([&rule](const auto&... x) { return rule.forward(x...); }, from);
    }
  }();
  recorder::record(std::move(rule), result, where, first, more...);
  return result;
}

}  // namespace xtape::detail
