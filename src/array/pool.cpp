#include <xtape/array/pool.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <sys/mman.h>

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

#ifdef XTAPE_POOL_OFF
constexpr bool pool_is_off = true;
#else
constexpr bool pool_is_off = false;
#endif
constexpr std::size_t alignment = 64, huge_page = std::size_t{2} << 20;

// Sizes are rounded up to one of four steps an octave (256, 320, 384, 448, 512, 640, ...) and to a
// multiple of 64. From 256 bytes on at most a fifth of a block is wasted.
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
  std::array<std::size_t, 4 * 58> count;  // of the free blocks
  pool_statistics stats;                  // but for bytes_held
  bool closed;
};
constinit thread_local pool local{};

// Small blocks are cut from slabs, so that they lie side by side: what was made together is found
// together. Slabs lie at multiples of their size, which tells a block's slab.
constexpr std::size_t slab_size = 32768;
constexpr std::size_t slab_classes = 13;  // blocks of up to 512 bytes
std::mutex stash_lock;
std::array<free_block*, slab_classes> stash{};  // small blocks of threads that have ended

void* from_system(std::size_t size, std::size_t multiple_of);

[[maybe_unused]] void refill(std::size_t index) {
  const std::size_t size = size_of_class(index);
  {
    const std::lock_guard lock(stash_lock);
    local.free[index] = std::exchange(stash[index], nullptr);
  }
  for (const free_block* b = local.free[index]; b != nullptr; b = b->next) ++local.count[index];
  if (local.free[index] != nullptr) return;
  auto* const slab = static_cast<std::byte*>(from_system(slab_size, slab_size));
  for (std::size_t at = slab_size / size * size; at > 0; at -= size)
    local.free[index] = new (slab + at - size) free_block{local.free[index]};
  local.count[index] += slab_size / size;
}

// Gives back the slabs of which every block is free; the others' free blocks stay in the list.
void release_slabs(std::size_t index) {
  const std::size_t size = size_of_class(index), whole = slab_size / size;
  std::vector<free_block*> blocks;
  for (free_block* b = local.free[index]; b != nullptr; b = b->next) blocks.push_back(b);
  std::sort(blocks.begin(), blocks.end(), std::less<>());
  local.free[index] = nullptr;
  const auto slab_of = [](free_block* b) {
    return reinterpret_cast<std::uintptr_t>(b) / slab_size;
  };
  for (std::size_t end = blocks.size(); end > 0;) {
    std::size_t first = end - 1;
    while (first > 0 && slab_of(blocks[first - 1]) == slab_of(blocks[end - 1])) --first;
    if (end - first == whole) {
      local.count[index] -= whole;
      std::free(blocks[first]);  // a slab's first block lies at its start
      end = first;
    }
    for (; end > first; --end)
      local.free[index] = new (blocks[end - 1]) free_block{local.free[index]};
  }
}

void release_all() {
  for (std::size_t index = 0; index < slab_classes; ++index) release_slabs(index);
  for (std::size_t index = slab_classes; index < local.free.size(); ++index)
    while (free_block* const head = local.free[index]) {
      local.free[index] = head->next;
      --local.count[index];
      std::free(head);
    }
}

struct closer {
  bool armed = false;
  ~closer() {
    release_all();
    const std::lock_guard lock(stash_lock);
    for (std::size_t index = 0; index < slab_classes; ++index)
      while (free_block* const head = local.free[index]) {
        local.free[index] = head->next;
        stash[index] = new (head) free_block{stash[index]};
      }
    local.closed = true;
  }
};
thread_local closer at_thread_exit;

// A block of some pages of 2 MiB asks for such pages: rows that are read here and there in a large array then cost fewer
// walks through the page table.
void* from_system(std::size_t size, std::size_t multiple_of) {
  at_thread_exit.armed = true;  // constructs it: the thread's blocks are released when it ends
  const bool large = size >= 2 * huge_page;
  void* block;  // not from aligned_alloc, which wants a size that is a multiple too
  if (posix_memalign(&block, large ? huge_page : multiple_of, size) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (large) madvise(block, size, MADV_HUGEPAGE);  // a wish: it may be refused
#endif
  ++local.stats.system_calls;
  return block;
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 60)) throw std::bad_alloc();
  ++local.stats.allocations;
#ifdef XTAPE_POOL_OFF
  return from_system((bytes + alignment) / alignment * alignment, alignment);
#else
  const std::size_t index = class_of(bytes);
  if (local.free[index] == nullptr) {
    if (index >= slab_classes) return from_system(size_of_class(index), alignment);
    refill(index);
  }
  free_block* const head = local.free[index];
  local.free[index] = head->next;
  // The block after the next few, if they lie as evenly as they were cut.
  const auto here = reinterpret_cast<std::uintptr_t>(head);
  const auto next = reinterpret_cast<std::uintptr_t>(head->next);
  __builtin_prefetch(reinterpret_cast<void*>(here + 6 * (next - here)), 1);
  --local.count[index];
  return head;
#endif
}

void pool_deallocate(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
#ifndef XTAPE_POOL_OFF
  if (!local.closed) {
    const std::size_t index = class_of(bytes);
    local.free[index] = new (block) free_block{local.free[index]};
    ++local.count[index];
    return;
  }
#endif
  // The thread is ending. A small block is part of a slab; it stays with it.
  if (pool_is_off || class_of(bytes) >= slab_classes) std::free(block);
}

void pool_trim() { release_all(); }

pool_statistics pool_stats() noexcept {
  pool_statistics all = local.stats;
  for (std::size_t i = 0; i < local.count.size(); ++i)
    all.bytes_held += local.count[i] * size_of_class(i);
  return all;
}

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
