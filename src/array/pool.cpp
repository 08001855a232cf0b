#include <xtape/array/pool.hpp>

#include <array>
#include <bit>
#include <cstdlib>

// Under AddressSanitizer every block goes straight to the system, so that a use after free is seen.
#if defined(__SANITIZE_ADDRESS__)
#define XTAPE_POOL_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XTAPE_POOL_OFF 1
#endif
#endif

namespace xtape {
namespace {

constexpr std::size_t alignment = 64;

// Sizes are rounded up to one of four steps an octave (64, 80, 96, 112, 128, 160, ...), so at most
// a quarter of a block is wasted and a block serves every request of its class.
[[maybe_unused]] std::size_t class_of(std::size_t bytes) {
  if (bytes <= alignment) return 0;
  const auto octave = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^octave < bytes
  const std::size_t step = (bytes - 1 - (std::size_t{1} << octave)) >> (octave - 2);
  return (octave - 6) * 4 + step + 1;
}

[[maybe_unused]] std::size_t size_of_class(std::size_t index) {
  if (index == 0) return alignment;
  const std::size_t octave = (index - 1) / 4 + 6;
  const std::size_t size = (std::size_t{1} << octave) / 4 * ((index - 1) % 4 + 5);
  return (size + alignment - 1) / alignment * alignment;
}

struct free_block {
  free_block* next;
};

// Plain data without a destructor: blocks may come back while the thread's other objects are dying.
struct pool {
  std::array<free_block*, 4 * 58> free;
  pool_statistics stats;
  bool closed;
};
constinit thread_local pool local{};

void release_all() noexcept {
  for (free_block*& head : local.free)
    while (head != nullptr) {
      free_block* const next = head->next;
      std::free(head);
      head = next;
    }
  local.stats.bytes_held = 0;
}

struct closer {
  bool armed = false;
  ~closer() {
    release_all();
    local.closed = true;
  }
};
thread_local closer at_thread_exit;

void* from_system(std::size_t size) {
  at_thread_exit.armed = true;  // constructs it: the thread's blocks are released when it ends
  void* const block = std::aligned_alloc(alignment, size);
  if (block == nullptr) throw std::bad_alloc();
  ++local.stats.system_calls;
  return block;
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 60)) throw std::bad_alloc();
  ++local.stats.allocations;
#ifdef XTAPE_POOL_OFF
  return from_system((bytes + alignment) / alignment * alignment);
#else
  const std::size_t index = class_of(bytes);
  if (free_block* const head = local.free[index]) {
    local.free[index] = head->next;
    local.stats.bytes_held -= size_of_class(index);
    return head;
  }
  return from_system(size_of_class(index));
#endif
}

void pool_deallocate(void* block, [[maybe_unused]] std::size_t bytes) noexcept {
  if (block == nullptr) return;
#ifndef XTAPE_POOL_OFF
  if (!local.closed) {
    const std::size_t index = class_of(bytes);
    local.free[index] = new (block) free_block{local.free[index]};
    local.stats.bytes_held += size_of_class(index);
    return;
  }
#endif
  std::free(block);
}

void pool_trim() noexcept { release_all(); }

pool_statistics pool_stats() noexcept { return local.stats; }

std::pmr::memory_resource* pool_resource() noexcept {
  static class : public std::pmr::memory_resource {
    void* do_allocate(std::size_t bytes, std::size_t) override { return pool_allocate(bytes); }
    void do_deallocate(void* block, std::size_t bytes, std::size_t) override {
      pool_deallocate(block, bytes);
    }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
      return this == &other;
    }
  } resource;
  return &resource;
}

}  // namespace xtape
