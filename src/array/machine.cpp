#include <xtape/array/machine.hpp>

#include <omp.h>
#include <xsimd/xsimd.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

// Weak: a BLAS that is not OpenBLAS has none of them.
extern "C" {
[[gnu::weak]] char* openblas_get_config();
[[gnu::weak]] int openblas_get_parallel();
}

namespace xtape {

int num_threads() noexcept { return omp_get_max_threads(); }

void set_num_threads(int count, location where) {
  if (count < 1)
    throw domain_error("set_num_threads: " + std::to_string(count) + " threads: at least 1", where);
  omp_set_num_threads(count);
}

// ---- Subnormal numbers -----------------------------------------------------------------------------

namespace {

#if defined(__SSE2__)
constexpr unsigned flush_bits = 0x8040;  // FTZ: results, DAZ: arguments
bool flushed() noexcept { return (_mm_getcsr() & flush_bits) == flush_bits; }
void flush(bool on) noexcept {
  const unsigned rest = _mm_getcsr() & ~flush_bits;
  _mm_setcsr(on ? rest | flush_bits : rest);
}
#elif defined(__aarch64__)
constexpr std::uint64_t flush_bit = std::uint64_t{1} << 24;  // FPCR.FZ
std::uint64_t control() noexcept {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
bool flushed() noexcept { return (control() & flush_bit) != 0; }
void flush(bool on) noexcept {
  const std::uint64_t value = on ? control() | flush_bit : control() & ~flush_bit;
  asm volatile("msr fpcr, %0" : : "r"(value));
}
#else
bool flushed() noexcept { return false; }
void flush(bool) noexcept {}
#endif

// On this thread and on those that its operations, and BLAS, share out work to: OpenMP's pool. A thread that joins
// the pool later begins as the one that makes it.
void flush_all(bool on, int threads) noexcept {
  flush(on);
  if (threads == 1 || omp_in_parallel()) return;
#pragma omp parallel num_threads(threads)
  flush(on);
}

}  // namespace

flush_subnormals::flush_subnormals(bool on) : before_(flushed()), threads_(omp_get_max_threads()) {
  flush_all(on, threads_);
}

flush_subnormals::~flush_subnormals() {
  flush_all(before_, std::max(threads_, omp_get_max_threads()));
}

bool subnormals_flushed() noexcept { return flushed(); }

// ---- What the library was built with ---------------------------------------------------------------

namespace {

// Of OpenBLAS: 0 one thread, 1 threads of its own, 2 OpenMP's; -1 for another BLAS.
int blas_threading() { return openblas_get_parallel ? openblas_get_parallel() : -1; }

std::string blas() {
  const char* const kinds[]{"another library than OpenBLAS", "one thread", "threads of its own",
                            "OpenMP threads"};
  const std::string kind = kinds[std::clamp(blas_threading(), -1, 2) + 1];
  return openblas_get_config ? std::string(openblas_get_config()) + " (" + kind + ')' : kind;
}

// A BLAS of another kind is many times slower, and nothing else would tell. Once, when the library is loaded.
[[maybe_unused]] const bool told = [] {
  if (blas_threading() == 2) return false;
  std::fprintf(
      stderr,
      "xtape: BLAS is %s: matrix products will be slow. xtape is made for OpenBLAS's OpenMP "
      "flavour (libopenblas0-openmp).\n",
      blas().c_str());
  return true;
}();

}  // namespace

std::string build_info() {
  return std::string("xtape " XTAPE_VERSION ", ") +
#if defined(__clang__)
         "clang " __clang_version__
#else
         "gcc " __VERSION__
#endif
         + "\ninstructions: " + xsimd::default_arch::name() + "\nBLAS: " + blas() +
         "\nthreads: " + std::to_string(num_threads()) +
         "\nsubnormal numbers: " + (flushed() ? "flushed to zero" : "kept") + '\n';
}

}  // namespace xtape
