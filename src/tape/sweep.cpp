#include "tape/sweep.hpp"

#include <algorithm>
#include <optional>

#include "tape/broadcast.hpp"
#include "tape/rule.hpp"

namespace xtape {
namespace detail {

tape& sweep::tape_of(const node_base& n, const char* operation, location where) {
  const std::string op(operation);
  if (n.tape == 0)
    throw tape_error(op + (n.parameter ? ": a parameter is not the result of any operation"
                                       : ": this value was not recorded: it was made without a tape, "
                                         "or from values none of which is tracked"),
                     where);
  tape* const t = tape::find(n.tape);
  if (t == nullptr)
    throw tape_error(op + ": the tape that recorded this value is gone: call it within the tape's scope",
                     where);
  return *t;
}

template <real T>
sweep::sweep(node<T>& output, const variable<T>* seed, purpose what, bool recorded,
             const char* operation, location where)
    : tape_(tape_of(output, operation, where)),
      last_(output.entry),
      what_(what),
      recorded_(recorded),
      where_(where),
      id_(next_sweep()) {
  const shape_type& shape = output.value.shape();
  if (seed == nullptr && output.value.size() != 1)
    throw shape_error(std::string(operation) + ": " + to_string(shape) +
                          " has " + std::to_string(output.value.size()) +
                          " elements, not one: pass the cotangent to start from",
                      where);
  if (seed != nullptr && seed->shape() != shape)
    throw shape_error(std::string(operation) + ": the cotangent's shape " + to_string(seed->shape()) +
                          " is not the value's, " + to_string(shape),
                      where);
  if (output.cotangent != nullptr)
    throw tape_error(std::string(operation) + ": a backward of this value is already under way", where);
  check_versions(output, operation);
  variable<T> start = seed != nullptr ? *seed : variable<T>(full<T>(shape, T(1)));
  output.cotangent = &start.node();
  ++output.cotangent->references;
}

template sweep::sweep(node<float>&, const variable<float>*, purpose, bool, const char*, location);
template sweep::sweep(node<double>&, const variable<double>*, purpose, bool, const char*, location);

sweep::~sweep() {
  for (std::uint32_t i = 0; i <= last_; ++i) clear(tape_.entries_[i]->output_->cotangent);
  for (node_base* const leaf : leaves_) clear(leaf->cotangent);
  for (node_base* const input : requested_) input->requested = false;
}

// A parameter changed after an entry that looks at its value was recorded: the derivative would be
// taken at the wrong place. Looked for only if any parameter changed since the tape began.
void sweep::check_versions(const node_base& output, const char* operation) const {
  if (changes() == tape_.changes_) return;
  std::vector<bool> leads(last_ + 1, false);
  leads[output.entry] = true;
  for (std::uint32_t i = last_ + 1; i-- > 0;) {
    if (!leads[i]) continue;
    const entry& e = *tape_.entries_[i];
    for (std::size_t k = 0; k < e.inputs_.size(); ++k) {
      const input_slot& in = e.inputs_[k];
      if (in.node == nullptr) continue;
      if (in.node->tape == tape_.serial_) {
        leads[in.node->entry] = true;
      } else if (e.saves_inputs_ && in.node->version != in.version) {
        throw tape_error(std::string(operation) + ": " + e.input_text(k) + " was changed after " +
                             std::string(e.operation()) + " recorded it at " + e.where().text() +
                             ": run backward before the optimizer's step",
                         where_);
      }
    }
  }
}

void sweep::request(node_base& input) {
  input.mark = id_;
  input.requested = true;
  requested_.push_back(&input);
}

bool sweep::wants(const node_base* n) const {
  if (n == nullptr) return false;
  return what_ == purpose::collect ? n->mark == id_ : recorder::tracked(*n, tape_);
}

node_base*& sweep::slot(node_base& n) {
  if (apart_) return contribution_;
  if (n.tape == tape_.serial_) return n.cotangent;
  if (what_ == purpose::accumulate) return n.grad;
  if (n.cotangent == nullptr) leaves_.push_back(&n);
  return n.cotangent;
}

// The slot's node as one that nobody else sees, so that it may be added to.
template <real T>
static node<T>& own(node_base*& held) {
  if (held->references > 1) {
    auto* const copy = new node<T>(as<T>(*held).value);
    copy->filled = held->filled;
    clear(held);
    held = copy;
  }
  return as<T>(*held);
}

template <real T>
target<T> sweep::open(node<T>& n) {
  node_base*& held = slot(n);
  if (held == nullptr) {
    held = new node<T>(n.value.shape());
    return {as<T>(*held).value.data(), false};
  }
  node<T>& mine = own<T>(held);
  return {mine.value.data(), std::exchange(mine.filled, true)};
}

template target<float> sweep::open(node<float>&);
template target<double> sweep::open(node<double>&);

template <real T>
void sweep::add(node<T>& n, variable<T> cotangent) {
  if (cotangent.shape() != n.value.shape()) cotangent = sum_to<T>(cotangent, n.value.shape());
  node_base*& held = slot(n);
  if (held == nullptr && (&held != &n.grad || cotangent.node().references == 1)) {
    held = &cotangent.node();
    ++held->references;
  } else if (recorded_) {
    cotangent = detail::add<T>(variable<T>::share(as<T>(*held)), cotangent);
    clear(held);
    held = &cotangent.node();
    ++held->references;
  } else {
    const target<T> to = open(n);
    kernel::map<T>(n.value.shape(), to.data, to.accumulate, std::array{&cotangent.value()},
                   [](const auto& g) { return g; });
  }
}

template void sweep::add(node<float>&, variable<float>);
template void sweep::add(node<double>&, variable<double>);

// An entry's cotangent has sent on all it had to.
void sweep::finish(entry& e) {
  node_base& n = *e.output_;
  if (what_ == purpose::accumulate && (n.keep_grad || tape_.keep_gradients_)) {
    const auto keep = [&]<real T>(node<T>& typed) {
      if (n.grad == nullptr || !n.grad->filled) {
        clear(n.grad);
        n.grad = std::exchange(n.cotangent, nullptr);
      } else {
        kernel::map<T>(typed.value.shape(), own<T>(n.grad).value.data(), true,
                       std::array{&std::as_const(as<T>(*n.cotangent).value)},
                       [](const auto& g) { return g; });
      }
    };
    n.is_double ? keep(as<double>(n)) : keep(as<float>(n));
  }
  if (!n.requested) clear(n.cotangent);
}

void sweep::run() {
  if (what_ == purpose::collect)
    for (std::uint32_t i = 0; i <= last_; ++i) {
      entry& e = *tape_.entries_[i];
      if (std::any_of(e.inputs_.begin(), e.inputs_.end(),
                      [this](const input_slot& in) { return wants(in.node); }))
        e.output_->mark = id_;
    }
  std::optional<pause> quiet;
  if (!recorded_) quiet.emplace();
  for (std::uint32_t i = last_ + 1; i-- > 0;) {
    entry& e = *tape_.entries_[i];
    if (e.output_->cotangent == nullptr) continue;
    const at_line line(e.where_);
    for (std::size_t k = 0; k < e.inputs_.size(); ++k)
      if (wants(e.inputs_[k].node)) e.send(k, *this);
    finish(e);
  }
}

template <real T>
std::vector<backward_step<T>> sweep::walk() {
  std::vector<backward_step<T>> steps;
  const pause quiet;
  for (std::uint32_t i = last_ + 1; i-- > 0;) {
    entry& e = *tape_.entries_[i];
    if (e.output_->cotangent == nullptr) continue;
    backward_step<T> step{&e, as<T>(*e.output_->cotangent).value, {}};
    for (std::size_t k = 0; k < e.inputs_.size(); ++k) {
      if (!wants(e.inputs_[k].node)) continue;
      apart_ = true;
      e.send(k, *this);
      apart_ = false;
      if (contribution_ == nullptr) continue;
      variable<T> sent = variable<T>::adopt(&as<T>(*std::exchange(contribution_, nullptr)));
      step.contributions.push_back({k, sent.value()});
      add(as<T>(*e.inputs_[k].node), std::move(sent));
    }
    finish(e);
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace detail

using detail::sweep;

template <real T>
std::vector<backward_step<T>> tape::walk(const variable<T>& output, location where) const {
  if (output.node().tape != serial_)
    throw tape_error("walk: this value was not recorded on this tape", where);
  sweep pass(output.node(), static_cast<const variable<T>*>(nullptr), sweep::purpose::walk, false, "walk",
             where);
  return pass.walk<T>();
}

template XTAPE_API std::vector<backward_step<float>> tape::walk(const variable<float>&, location) const;
template XTAPE_API std::vector<backward_step<double>> tape::walk(const variable<double>&, location) const;

template <real T>
static std::vector<variable<T>> collect(const variable<T>& output, const variable<T>* seed,
                                        const std::vector<variable<T>>& inputs, grad_options options,
                                        const char* operation, location where) {
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!inputs[k].tracked())
      throw tape_error(std::string(operation) + ": input " + std::to_string(k) +
                           " is not tracked: only parameters and values recorded on a living tape are",
                       where);
  sweep pass(output.node(), seed, sweep::purpose::collect, options.create_graph, operation, where);
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
                                                     const std::vector<variable<float>>&, grad_options,
                                                     location);
template XTAPE_API std::vector<variable<double>> grad(const variable<double>&,
                                                      const std::vector<variable<double>>&, grad_options,
                                                      location);
template XTAPE_API std::vector<variable<float>> vjp(const variable<float>&, const variable<float>&,
                                                    const std::vector<variable<float>>&, grad_options,
                                                    location);
template XTAPE_API std::vector<variable<double>> vjp(const variable<double>&, const variable<double>&,
                                                     const std::vector<variable<double>>&, grad_options,
                                                     location);

// --- variable ---

template <real T>
void variable<T>::throw_moved_from() {
  throw tape_error("variable: used after it was moved from");
}

template <real T>
T variable<T>::item(location where) const {
  if (size() != 1)
    throw shape_error("item: " + to_string(shape()) + " has " + std::to_string(size()) +
                          " elements, not one",
                      where);
  return *value().data();
}

template <real T>
const variable<T>& variable<T>::named(std::string_view name) const {
  node().name.assign(name.begin(), name.end());
  return *this;
}

template <real T>
bool variable<T>::tracked() const {
  return detail::recorder::tracked(node());
}

template <real T>
variable<T> variable<T>::detach() const {
  return variable(value());
}

template <real T>
void variable<T>::backward(location where) const {
  sweep(node(), static_cast<const variable<T>*>(nullptr), sweep::purpose::accumulate, false, "backward",
        where)
      .run();
}

template <real T>
void variable<T>::backward(const array<T>& seed, location where) const {
  const variable<T> cotangent(seed);
  sweep(node(), &cotangent, sweep::purpose::accumulate, false, "backward", where).run();
}

template <real T>
const array<T>& variable<T>::grad(location where) const {
  detail::node<T>& n = node();
  if (n.grad == nullptr) {
    if (!n.parameter)
      throw tape_error("grad: no gradient is kept for this value: it is an intermediate one; "
                       "call keep_grad() on it before backward",
                       where);
    n.grad = new detail::node<T>(n.value.shape());
    n.grad->filled = false;
  }
  array<T>& gradient = detail::as<T>(*n.grad).value;
  if (!n.grad->filled) gradient.fill(T(0));
  return gradient;
}

template <real T>
const variable<T>& variable<T>::keep_grad() const {
  node().keep_grad = true;
  return *this;
}

template <real T>
void variable<T>::zero_grad() const {
  if (node().grad != nullptr) node().grad->filled = false;
}

template <real T>
array<T>& variable<T>::mutable_value(location where) const {
  if (!node().parameter)
    throw tape_error("mutable_value: only a parameter's value can be changed", where);
  ++node().version;
  detail::count_change();
  return node().value;
}

template class variable<float>;
template class variable<double>;
template class parameter<float>;
template class parameter<double>;

}  // namespace xtape
