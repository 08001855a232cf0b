#include <xtape/data/prefetch.hpp>

#include <xtape/array/machine.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace xtape::detail {

// Note [Slots] Reference counts are not atomic, and a block of the pool serves the thread that
// frees it. So no handle and no block may wander from one thread to the other with every batch: the
// pool of one would never get back what it gives, and that of the other would grow and grow.
// Instead the batches live in slots that go around, and all their handles and blocks are the
// program's. The second thread only writes numbers: into a slot's x, or, where a shape changes
// (twice an epoch at most with batches()), into a plain vector from which the program makes a new
// x. The range's own memory, on the other hand, is the second thread's alone: its begin() runs
// there, too.
template <class Batch>
struct prefetcher<Batch>::state {
  using element = typename decltype(Batch::x)::value_type;
  static constexpr bool labelled = std::is_same_v<Batch, data::batch<element>>;

  /// An array of a batch.
  struct column {
    variable<element> held{array<element>()};
    std::vector<element> numbers;  // those of `held`, where it has another shape,
    shape_type shape;              // which is this

    void reclaim(variable<element>& given) {
      { const variable<element> let_go = std::move(given); }
      if (held.node().shared()) held = variable<element>::adopt(new node<element>(held.shape()));
    }
    void fill(const variable<element>& from) {
      const array_view<element> all = from.node().view();
      shape = all.shape();
      if (held.shape() == shape)
        std::copy_n(all.data(), all.size(), held.node().data());
      else
        numbers.assign(all.data(), all.data() + all.size());
    }
    void hand_out(variable<element>& given) {
      if (held.shape() != shape) {
        held = variable<element>::adopt(new node<element>(shape));
        std::copy(numbers.begin(), numbers.end(), held.node().data());
      }
      given = held;
    }
  };
  struct slot {
    column x, y;
    Batch handed{x.held};
  };

  explicit state(std::size_t depth) : slots(depth + 1) {}

  slot& at(std::size_t number) { return slots[number % slots.size()]; }

  /// Takes a slot back from the program, on its thread. Whoever still holds x or y keeps it.
  static void reclaim(slot& each) {
    each.x.reclaim(each.handed.x);
    if constexpr (!labelled) each.y.reclaim(each.handed.y);
  }

  /// Copies a batch into the next slot, which the program has given back.
  void fill(const Batch& from) {
    slot& to = at(made);
    to.x.fill(from.x);
    if constexpr (labelled)
      to.handed.labels = from.labels;
    else
      to.y.fill(from.y);
  }

  /// Makes the next slot's batch ready for the program.
  Batch* hand_out() {
    slot& now = at(handed++);
    now.x.hand_out(now.handed.x);
    if constexpr (!labelled) now.y.hand_out(now.handed.y);
    return &now.handed;
  }

  void run() {
    set_num_threads(1);  // two pools would fight for the processors
    try {
      while (const Batch* const next = wait_and_advance()) {
        fill(*next);
        const std::lock_guard guard(lock);
        ++made;
        changed.notify_all();
      }
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard guard(lock);
    finished = true;
    changed.notify_all();
  }

  /// The next batch, once there is a slot for it; null at the end, also of the program's interest.
  const Batch* wait_and_advance() {
    {
      std::unique_lock guard(lock);
      changed.wait(guard, [this] { return stopping || made - returned < slots.size(); });
      if (stopping) return nullptr;
    }
    return advance();
  }

  std::vector<slot> slots;
  std::function<const Batch*()> advance;
  std::thread thread;

  // Counts of batches since start(): handed to the program; made; given back. From `made` on the
  // lock guards all that both threads use while they run.
  std::size_t handed = 0, made = 0, returned = 0;
  bool stopping = false, finished = true;
  std::exception_ptr failure;
  std::mutex lock;
  std::condition_variable changed;
};

template <class Batch>
prefetcher<Batch>::prefetcher(std::size_t depth) : state_(std::make_unique<state>(depth)) {}

template <class Batch>
prefetcher<Batch>::~prefetcher() {
  stop();
}

template <class Batch>
void prefetcher<Batch>::start(std::function<const Batch*()> advance) {
  stop();
  state& s = *state_;
  for (auto& each : s.slots) state::reclaim(each);  // some may come from a loop that was left
  s.handed = s.made = s.returned = 0;
  s.stopping = s.finished = false;
  s.failure = nullptr;
  s.advance = std::move(advance);
  s.thread = std::thread([&s] { s.run(); });
}

template <class Batch>
void prefetcher<Batch>::stop() noexcept {
  state& s = *state_;
  if (!s.thread.joinable()) return;
  {
    const std::lock_guard guard(s.lock);
    s.stopping = true;
    s.changed.notify_all();
  }
  s.thread.join();
}

template <class Batch>
Batch* prefetcher<Batch>::next() {
  state& s = *state_;
  if (s.handed > s.returned) {
    state::reclaim(s.at(s.returned));
    const std::lock_guard guard(s.lock);
    ++s.returned;
    s.changed.notify_all();
  }
  std::unique_lock guard(s.lock);
  s.changed.wait(guard, [&s] { return s.finished || s.made > s.handed; });
  if (s.made == s.handed) {
    if (s.failure) std::rethrow_exception(s.failure);
    return nullptr;
  }
  return s.hand_out();
}

template class prefetcher<data::batch<float>>;
template class prefetcher<data::batch<double>>;
template class prefetcher<data::batch<float, float>>;
template class prefetcher<data::batch<double, double>>;

}  // namespace xtape::detail
