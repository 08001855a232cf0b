#pragma once

#include <omp.h>
#include <cstddef>

namespace xtape::kernel {

/// Work of fewer elements than this stays on the calling thread: waking a sleeping pool costs more.
inline constexpr std::size_t parallel_threshold = 32768;

/// Calls body(begin, end) over ranges that cover [0, count), one a thread, each beginning at a
/// multiple of `grain`. `work` is the number of elements touched in all; small work is one call
/// on this thread. The ranges depend on count, grain and the number of threads only.
template <class F>
void parallel_for(std::size_t count, std::size_t work, std::size_t grain, const F& body) {
  if (work < parallel_threshold || omp_get_max_threads() == 1 || omp_in_parallel()) {
    body(std::size_t{0}, count);
    return;
  }
#pragma omp parallel
  {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto mine = static_cast<std::size_t>(omp_get_thread_num());
    const std::size_t blocks = (count + grain - 1) / grain;
    const std::size_t begin = blocks * mine / threads * grain;
    const std::size_t last = blocks * (mine + 1) / threads * grain;
    const std::size_t end = last < count ? last : count;
    if (begin < end) body(begin, end);
  }
}

/// While it lives, and if `alone`, BLAS and OpenMP use the calling thread only.
class one_thread {
 public:
  explicit one_thread(bool alone) : before_(alone ? omp_get_max_threads() : 1) {
    if (before_ > 1) omp_set_num_threads(1);
  }
  ~one_thread() {
    if (before_ > 1) omp_set_num_threads(before_);
  }
  one_thread(const one_thread&) = delete;
  one_thread& operator=(const one_thread&) = delete;

 private:
  int before_;
};

}  // namespace xtape::kernel
