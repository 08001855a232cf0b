#pragma once
// The machine under the arrays: threads, subnormal numbers, and what the library was built with.

#include <string>

#include <xtape/array/config.hpp>
#include <xtape/array/error.hpp>

namespace xtape {

/// How many threads an operation may use that this thread calls: at the start as many as there are processors,
/// or as OMP_NUM_THREADS says. Small work stays on the calling thread whatever the number.
XTAPE_API int num_threads() noexcept;

/// Sets num_threads() for the calling thread, in BLAS too; other threads of the program keep theirs. Throws
/// domain_error below 1.
XTAPE_API void set_num_threads(int count, location where = location::current());

/// While it lives, subnormal numbers (below 1.2e-38 in float, 2.2e-308 in double) count as zero, as arguments and
/// as results, in everything that the calling thread and the threads of its operations compute. A processor may need
/// a hundred times as long for a subnormal number: a net whose gradients vanish is trained at full speed with
///
///     const xtape::flush_subnormals fast;
///
/// Afterwards it is again as it was before. `on = false` is the reverse, for a scope that wants them kept. It must be
/// destroyed on the thread that made it, before any made earlier; a change in the middle of a computation
/// changes its last digits. On processors other than x86 and ARM it does nothing.
class XTAPE_API flush_subnormals : detail::pinned {
 public:
  explicit flush_subnormals(bool on = true);
  ~flush_subnormals();

 private:
  bool before_;
  int threads_;
};

/// Whether subnormal numbers count as zero on this thread.
XTAPE_API bool subnormals_flushed() noexcept;

/// What figures of speed depend on, a line each: version and compiler of the library; the instructions it was
/// compiled for; the BLAS it found, and how that shares out work; num_threads(); whether subnormals are flushed.
XTAPE_API std::string build_info();

}  // namespace xtape
