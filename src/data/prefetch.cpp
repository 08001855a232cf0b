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
template <real T>
struct prefetcher<T>::state {
  struct slot {
    variable<T> x{array<T>()};
    data::batch<T> handed{x, {}};
    std::vector<T> numbers;  // those of x, where it has another shape,
    shape_type shape;        // which is this
  };

  explicit state(std::size_t depth) : slots(depth + 1) {}

  slot& at(std::size_t number) { return slots[number % slots.size()]; }

  /// Takes a slot back from the program, on its thread. Whoever still holds x keeps it.
  static void reclaim(slot& each) {
    { const variable<T> let_go = std::move(each.handed.x); }
    if (each.x.node().shared()) each.x = variable<T>::adopt(new node<T>(each.x.shape()));
  }

  /// Copies a batch into the next slot, which the program has given back.
  void fill(const data::batch<T>& from) {
    slot& to = at(made);
    const array_view<T> numbers = from.x.node().view();
    to.shape = numbers.shape();
    if (to.x.shape() == to.shape)
      std::copy_n(numbers.data(), numbers.size(), to.x.node().data());
    else
      to.numbers.assign(numbers.data(), numbers.data() + numbers.size());
    to.handed.labels = from.labels;
  }

  /// Makes the next slot's batch ready for the program.
  data::batch<T>* hand_out() {
    slot& now = at(handed++);
    if (now.x.shape() != now.shape) {
      now.x = variable<T>::adopt(new node<T>(now.shape));
      std::copy(now.numbers.begin(), now.numbers.end(), now.x.node().data());
    }
    now.handed.x = now.x;
    return &now.handed;
  }

  void run() {
    set_num_threads(1);  // two pools would fight for the processors
    try {
      while (const data::batch<T>* const next = wait_and_advance()) {
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
  const data::batch<T>* wait_and_advance() {
    {
      std::unique_lock guard(lock);
      changed.wait(guard, [this] { return stopping || made - returned < slots.size(); });
      if (stopping) return nullptr;
    }
    return advance();
  }

  std::vector<slot> slots;
  std::function<const data::batch<T>*()> advance;
  std::thread thread;

  // Counts of batches since start(): handed to the program; made; given back. From `made` on the
  // lock guards all that both threads use while they run.
  std::size_t handed = 0, made = 0, returned = 0;
  bool stopping = false, finished = true;
  std::exception_ptr failure;
  std::mutex lock;
  std::condition_variable changed;
};

template <real T>
prefetcher<T>::prefetcher(std::size_t depth) : state_(std::make_unique<state>(depth)) {}

template <real T>
prefetcher<T>::~prefetcher() {
  stop();
}

template <real T>
void prefetcher<T>::start(std::function<const data::batch<T>*()> advance) {
  stop();
  state& s = *state_;
  for (auto& each : s.slots) state::reclaim(each);  // some may come from a loop that was left
  s.handed = s.made = s.returned = 0;
  s.stopping = s.finished = false;
  s.failure = nullptr;
  s.advance = std::move(advance);
  s.thread = std::thread([&s] { s.run(); });
}

template <real T>
void prefetcher<T>::stop() noexcept {
  state& s = *state_;
  if (!s.thread.joinable()) return;
  {
    const std::lock_guard guard(s.lock);
    s.stopping = true;
    s.changed.notify_all();
  }
  s.thread.join();
}

template <real T>
data::batch<T>* prefetcher<T>::next() {
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

template class prefetcher<float>;
template class prefetcher<double>;

}  // namespace xtape::detail
