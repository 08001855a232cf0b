#include <xtape/tape/tape.hpp>

#include <atomic>

#include "tape/rule.hpp"

namespace xtape {

namespace {

// This thread's tapes. Serial numbers differ between threads; the one atomic is touched once a thread.
struct thread_state {
  tape* recording = nullptr;  // null while paused
  tape* newest = nullptr;     // head of the list of living tapes
  std::uint64_t changes = 0;  // of parameters
  std::uint64_t serial = 0;

  std::uint64_t next_serial() {  // a number that no tape of any thread had before
    static std::atomic<std::uint64_t> threads{0};
    if (serial == 0) serial = (threads.fetch_add(1) + 1) << 40;
    return ++serial;
  }
};
constinit thread_local thread_state local{};

}  // namespace

std::uint64_t& detail::changes() noexcept { return local.changes; }

const shape_type& entry::shape() const {
  return detail::visit(*output_, [](auto& n) -> const shape_type& { return n.shape(); });
}

std::string entry::input_text(std::size_t k) const {
  detail::node_base* const n = k < input_count() ? inputs()[k].node : nullptr;
  if (n == nullptr) return k < input_count() ? "constant" : "";
  if (n->tape == output_->tape) return std::string("%") + std::to_string(n->entry);
  if (!n->name().empty()) return std::string(n->name());
  return std::string(n->parameter ? "parameter " : "constant ") +
         detail::visit(*n, [](auto& value) { return to_string(value.shape()); });
}

tape::tape()
    : serial_(local.next_serial()),
      previous_alive_(local.newest),
      resume_(local.recording == nullptr ? 0 : local.recording->serial_),
      changes_(local.changes) {
  local.newest = this;
  local.recording = this;
}

tape::~tape() {
  tape** link = &local.newest;
  for (; *link != this; link = &(*link)->previous_alive_)
    if ((*link)->resume_ == serial_) (*link)->resume_ = resume_;
  *link = previous_alive_;
  if (local.recording == this) local.recording = find(resume_);
  for (std::size_t i = entries_.size(); i-- > 0;) {
    fetch_ahead(i);
    entries_[i]->~entry();
  }
}

// Going down from entry i, memory that the caches have lost is asked for a few entries ahead.
void tape::fetch_ahead(std::size_t i) const {
  if (i < 8) return;
  for (const std::size_t half : {0u, 64u}) {
    __builtin_prefetch(reinterpret_cast<const char*>(entries_[i - 8]) + half);
    __builtin_prefetch(reinterpret_cast<const char*>(entries_[i - 4]->output_) + half);
  }
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

no_grad::no_grad() noexcept : resume_(local.recording == nullptr ? 0 : local.recording->serial_) {
  local.recording = nullptr;
}

no_grad::~no_grad() { local.recording = tape::find(resume_); }

}  // namespace xtape
