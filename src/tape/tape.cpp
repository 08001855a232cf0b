#include <xtape/tape/tape.hpp>

#include <algorithm>
#include <atomic>
#include <ostream>

#include "tape/rule.hpp"

namespace xtape {

using detail::node;
using detail::node_base;

namespace {

// This thread's tapes. Serial numbers differ between threads, so that a value recorded on one thread
// is never mistaken for a value of another thread's tape; the one atomic is touched once a thread.
struct thread_state {
  tape* recording = nullptr;  // null while paused
  tape* newest = nullptr;     // head of the list of living tapes
  const location* line = nullptr;
  std::uint64_t changes = 0;  // of parameters
  std::uint64_t serial = 0;
};
constinit thread_local thread_state local{};

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> threads{0};
  if (local.serial == 0) local.serial = (threads.fetch_add(1) + 1) << 40;
  return ++local.serial;
}

}  // namespace

std::uint64_t detail::count_change() noexcept { return ++local.changes; }
std::uint64_t detail::changes() noexcept { return local.changes; }
std::uint64_t detail::next_sweep() { return next_serial(); }

// --- entry ---

const shape_type& entry::shape() const {
  return output_->is_double ? static_cast<const node<double>*>(output_)->value.shape()
                            : static_cast<const node<float>*>(output_)->value.shape();
}

std::string entry::input_text(std::size_t k) const {
  if (k >= inputs_.size())
    throw tape_error("entry: input " + std::to_string(k) + " of " + std::to_string(inputs_.size()));
  const node_base* const n = inputs_[k].node;
  if (n == nullptr) return "constant";
  if (n->tape == output_->tape) return std::string("%") + std::to_string(n->entry);
  if (!n->name.empty()) return std::string(n->name);
  const shape_type& shape = n->is_double ? static_cast<const node<double>*>(n)->value.shape()
                                         : static_cast<const node<float>*>(n)->value.shape();
  return (n->parameter ? "parameter " : "constant ") + to_string(shape);
}

template <real T>
static variable<T> handle(node_base* n) {
  if (n == nullptr) throw tape_error("entry: the argument is a constant that was not kept");
  if (n->is_double != std::is_same_v<T, double>)
    throw tape_error(std::string("entry: the value's elements are ") + (n->is_double ? "double" : "float"));
  return variable<T>::share(static_cast<node<T>&>(*n));
}

template <real T>
variable<T> entry::output() const {
  return handle<T>(output_);
}

template <real T>
variable<T> entry::input(std::size_t k) const {
  input_text(k);  // checks k
  return handle<T>(inputs_[k].node);
}

template XTAPE_API variable<float> entry::output() const;
template XTAPE_API variable<double> entry::output() const;
template XTAPE_API variable<float> entry::input(std::size_t) const;
template XTAPE_API variable<double> entry::input(std::size_t) const;

// --- tape ---

tape::tape()
    : serial_(next_serial()),
      previous_alive_(local.newest),
      resume_(local.recording == nullptr ? 0 : local.recording->serial_),
      changes_(local.changes) {
  local.newest = this;
  local.recording = this;
}

tape::~tape() {
  tape** link = &local.newest;
  while (*link != this) link = &(*link)->previous_alive_;
  *link = previous_alive_;
  if (local.recording == this) local.recording = find(resume_);
  for (std::size_t i = entries_.size(); i-- > 0;) entries_[i]->~entry();
  for (const block& b : blocks_) pool_deallocate(b.memory, b.size);
}

tape* tape::current() noexcept { return local.recording; }

tape* tape::find(std::uint64_t serial) noexcept {
  tape* t = local.newest;
  while (t != nullptr && t->serial_ != serial) t = t->previous_alive_;
  return t;
}

const entry& tape::operator[](std::size_t index) const {
  if (index >= size())
    throw tape_error("tape: entry " + std::to_string(index) + " of " + std::to_string(size()));
  return *entries_[index];
}

// Entries lie one behind the other in blocks that double from 4 KiB to 1 MiB.
void* tape::allocate(std::size_t bytes) {
  bytes = (bytes + 15) / 16 * 16;
  if (blocks_.empty() || used_ + bytes > blocks_.back().size) {
    const std::size_t size = std::min<std::size_t>(std::size_t{4096} << std::min<std::size_t>(blocks_.size(), 8),
                                                   std::size_t{1} << 20);
    blocks_.push_back({nullptr, std::max(size, bytes)});
    blocks_.back().memory = static_cast<std::byte*>(pool_allocate(blocks_.back().size));
    used_ = 0;
  }
  return blocks_.back().memory + std::exchange(used_, used_ + bytes);
}

std::ostream& operator<<(std::ostream& out, const tape& t) {
  const std::array<std::string, 6> title{"entry", "operation", "shape", "inputs", "name", "line"};
  std::vector<std::array<std::string, 6>> rows{title};
  for (const entry& e : t) {
    std::string inputs;
    for (std::size_t k = 0; k < e.input_count(); ++k) inputs += (k == 0 ? "" : ", ") + e.input_text(k);
    rows.push_back({std::string("%") + std::to_string(e.index()), std::string(e.operation()), to_string(e.shape()),
                    inputs, std::string(e.name()), e.where().text()});
  }
  std::array<std::size_t, 6> width{};
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += row[c] + std::string(width[c] - row[c].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  return out;
}

// --- scopes ---

pause::pause() noexcept : resume_(local.recording == nullptr ? 0 : local.recording->serial_) {
  local.recording = nullptr;
}

pause::~pause() { local.recording = tape::find(resume_); }

at_line::at_line(location where) noexcept : where_(where), outermost_(local.line == nullptr) {
  if (outermost_) local.line = &where_;
}

at_line::~at_line() {
  if (outermost_) local.line = nullptr;
}

location at_line::or_else(location where) noexcept { return local.line == nullptr ? where : *local.line; }

// --- recorder ---

namespace detail {

bool recorder::tracked(const node_base& n, const tape& t) noexcept {
  return n.parameter || (n.tape != 0 && (n.tape == t.serial_ || tape::find(n.tape) != nullptr));
}

bool recorder::tracked(const node_base& n) noexcept {
  return n.parameter || (n.tape != 0 && tape::find(n.tape) != nullptr);
}

void recorder::append(tape& t, node_base& output, entry* made) {
  output.tape = t.serial_;
  output.entry = static_cast<std::uint32_t>(t.entries_.size());
  t.entries_.push_back(made);
}

shape_type broadcast_shape(std::string_view operation, std::initializer_list<const shape_type*> shapes,
                           location where) {
  shape_type result;
  for (const shape_type* const shape : shapes) {
    while (result.size() < shape->size()) result.insert(result.begin(), 1);
    for (std::size_t i = 1; i <= shape->size(); ++i) {
      std::size_t& size = result[result.size() - i];
      const std::size_t other = (*shape)[shape->size() - i];
      if (size == other || other == 1) continue;
      if (size != 1) {
        std::string text(operation);
        text += ":";
        for (const shape_type* const s : shapes) text += (s == *shapes.begin() ? " " : " and ") + to_string(*s);
        throw shape_error(text + ": sizes " + std::to_string(size) + " and " + std::to_string(other) +
                              " do not broadcast",
                          at_line::or_else(where));
      }
      size = other;
    }
  }
  return result;
}

bool& fused_kernels() noexcept {
  constinit static thread_local bool on = true;
  return on;
}

}  // namespace detail
}  // namespace xtape
