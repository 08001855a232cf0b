#include "tape/sweep.hpp"

#include <optional>

#include "tape/rule.hpp"

namespace xtape::detail {

static thread_local std::uint32_t sweeps = 0;  // under way on this thread, one inside the other
static bool holds(const auto& nodes, const node_base* n) {
  return std::count(nodes.begin(), nodes.end(), n) > 0;
}

static const char* const under_way =
    "a sweep under way passes through the same values: within a vjp differentiate copies of them";

tape& sweep::tape_of(const node_base& n, const char* operation, location where) {
  tape* const t = tape::find(n.tape);
  if (t != nullptr) return *t;
  const char* const why =
      n.tape != 0 ? "the tape that recorded this value is gone: call it within the tape's scope"
      : n.parameter
          ? "a parameter is not the result of any operation"
          : "this value was not recorded: it was made without a tape, or from values none "
            "of which is tracked";
  throw tape_error(operation + std::string(": ") + why, where);
}

template <real T>
sweep::sweep(values<T> outputs, values<T> seeds, purpose what, const char* caller, location where)
    : tape_(tape_of(outputs[0].node(), caller, where)), what_(what), where_(where) {
  const auto op = [=] { return std::string(caller) + ": "; };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const node<T>& output = outputs[i].node();
    const shape_type& shape = outputs[i].shape();
    if (seeds.empty() && size_of(shape) != 1)
      throw shape_error(op() + to_string(shape) + " has " + std::to_string(size_of(shape)) +
                            " elements, not one: pass the cotangent to start from",
                        where);
    if (!seeds.empty() && seeds[i].shape() != shape)
      throw shape_error(op() + "the cotangent's shape " + to_string(seeds[i].shape()) +
                            " is not the value's, " + to_string(shape),
                        where);
    if (&tape_of(output, caller, where) != &tape_)
      throw tape_error(op() + "the outputs were recorded on different tapes", where);
    last_ = std::max(last_, output.entry);
  }
  if (tape_.sweeping_) throw tape_error(under_way, where);
  next_ = last_ + 1;
  if (changes() != tape_.changes_) {
    std::vector<bool> leads(next_, false);
    for (const variable<T>& output : outputs) leads[output.node().entry] = true;
    check_versions(std::move(leads), caller);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const variable<T> seed = seeds.empty() ? blank<T>(outputs[i].shape()) : seeds[i];
    if (seeds.empty()) *seed.node().data() = T(1);
    add(outputs[i].node(), seed);
  }
  ++sweeps;
  tape_.sweeping_ = true;
}
template sweep::sweep(values<float>, values<float>, purpose, const char*, location);
template sweep::sweep(values<double>, values<double>, purpose, const char*, location);

sweep::~sweep() {
  --sweeps;
  tape_.sweeping_ = false;
  for (std::uint32_t i = 0; i < next_; ++i) clear(tape_.entries_[i]->output_->cotangent);
  for (node_base* const leaf : leaves_) clear(leaf->cotangent);
  if (requested_.empty()) return;
  for (std::uint32_t i = 0; i <= last_; ++i) tape_.entries_[i]->output_->leads = false;
  for (node_base* const input : requested_) {
    clear(input->cotangent);
    input->requested = input->leads = false;
  }
}

// Throws where a parameter changed after an entry that looks at its value was recorded.
void sweep::check_versions(std::vector<bool> leads, const char* operation) const {
  for (std::uint32_t i = last_ + 1; i-- > 0;) {
    if (!leads[i]) continue;
    const entry& e = *tape_.entries_[i];
    for (std::size_t k = 0; const auto& [n, version] : e.inputs()) {
      const std::size_t place = k++;
      if (n == nullptr) continue;
      if (n->tape == tape_.serial_)
        leads[n->entry] = true;
      else if (e.saves_inputs() && n->version() != version)
        throw tape_error(std::string(operation) + ": " + e.input_text(place) +
                             " was changed after " + std::string(e.operation()) +
                             " recorded it at " + e.where().text() +
                             ": run backward before the optimizer's step",
                         where_);
    }
  }
}

void sweep::request(node_base& input) {
  if (input.requested && !holds(requested_, &input)) throw tape_error(under_way, where_);
  input.leads = input.requested = true;
  requested_.push_back(&input);
}

bool sweep::wants(const node_base* n) const {
  if (n == nullptr) return false;
  if (what_ == purpose::collect || what_ == purpose::record) return n->leads;
  return recorder::tracked(*n, &tape_);
}

node_base*& sweep::slot(node_base& n) {
  if (apart_ != nullptr) return *apart_;
  if (n.tape == tape_.serial_) return n.cotangent;
  if (what_ == purpose::accumulate) return n.more().grad;
  if (n.cotangent == nullptr)
    leaves_.push_back(&n);
  else if (sweeps > 1 && !holds(leaves_, &n))
    throw tape_error(under_way, where_);
  return n.cotangent;
}

template <real T>
target<T> sweep::open(node<T>& n) {
  node_base*& held = slot(n);
  if (held != nullptr && as<T>(*held).shape() != n.shape()) clear(held);  // outdated
  const bool accumulate = held != nullptr && held->filled;
  if (held == nullptr || held->shared()) {  // nobody else may see what is written
    auto* const own = accumulate ? new node<T>(as<T>(*held).view()) : new node<T>(n.shape());
    clear(held);
    held = own;
  }
  held->filled = true;
  return {as<T>(*held).data(), accumulate};
}
template target<float> sweep::open(node<float>&);
template target<double> sweep::open(node<double>&);

template <real T>
void sweep::add(node<T>& n, variable<T> cotangent) {
  if (cotangent.shape() != n.shape()) cotangent = sum_to<T>(cotangent, n.shape());
  node_base*& held = slot(n);
  // A gradient that outlives the sweep is nobody else's: the user may empty it.
  const bool to_copy = n.rest != nullptr && &held == &n.rest->grad && cotangent.node().shared();
  if (!recorded() && (to_copy || (held != nullptr && held->filled))) {
    const auto [data, accumulate] = open(n);
    return kernel::map<T, 1>(n.shape(), data, accumulate, std::array{cotangent.node().view()},
                             kernel::identity);
  }
  if (recorded() && held != nullptr)
    cotangent = detail::add<T>(variable<T>::share(as<T>(*held)), cotangent);
  clear(held);
  held = &cotangent.node();
  held->references += node_base::reader;
}
template void sweep::add(node<float>&, variable<float>);
template void sweep::add(node<double>&, variable<double>);

void sweep::send(entry& e, std::size_t k, sweep_observer* observer) {
  if (observer == nullptr) return e.send(k, *this);
  node_base& n = *e.inputs()[k].node;
  node_base* contribution = nullptr;
  apart_ = &contribution;
  e.send(k, *this);
  apart_ = nullptr;
  if (contribution == nullptr) return;
  observer->sent(k, *contribution);
  visit(n, [&]<real T>(node<T>& to) { add(to, variable<T>::adopt(&as<T>(*contribution))); });
}

// An entry's cotangent has sent on all it had to.
void sweep::finish(node_base& n) {
  if (what_ == purpose::accumulate && (n.keep_grad || tape_.keep_intermediates_)) {
    apart_ = &n.more().grad;
    node_base& last = *std::exchange(n.cotangent, nullptr);
    visit(n, [&]<real T>(node<T>& y) { add(y, variable<T>::adopt(&as<T>(last))); });
    apart_ = nullptr;
  }
  if (!n.requested) clear(n.cotangent);
}

void sweep::run(sweep_observer* observer) {
  if (!requested_.empty())
    for (std::uint32_t i = 0; i <= last_; ++i) {
      const entry& e = *tape_.entries_[i];
      for (const input_slot& in : e.inputs())
        if (wants(in.node)) e.output_->leads = true;
    }
  std::optional<no_grad> quiet;
  if (!recorded()) quiet.emplace();
  for (std::uint32_t i = last_ + 1; i-- > 0;) {
    tape_.fetch_ahead(i);
    next_ = i + 1;
    entry& e = *tape_.entries_[i];
    if (e.output_->cotangent == nullptr) continue;
    const at_line line(e.where_);
    if (observer != nullptr) observer->reached(e, *e.output_->cotangent);
    const std::span<const input_slot> inputs = e.inputs();
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (wants(inputs[k].node)) send(e, k, observer);
    finish(*e.output_);
  }
  next_ = 0;
}

}  // namespace xtape::detail
