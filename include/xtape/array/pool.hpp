#pragma once

#include <cstddef>
#include <limits>
#include <memory_resource>
#include <new>

#include <xtape/array/config.hpp>

namespace xtape {

/// What this thread's pool has done so far. system_calls stands still once a loop of fixed shapes is warm.
struct pool_statistics {
  std::size_t allocations = 0;   ///< blocks handed out
  std::size_t system_calls = 0;  ///< blocks asked of the system allocator
  std::size_t bytes_held = 0;    ///< bytes of the free blocks waiting to be handed out again
};

/// Returns at least `bytes` bytes aligned to 64. Thread-local: no locks, no atomics.
/// A block may be given back on another thread; it then serves that thread.
[[nodiscard]] XTAPE_API void* pool_allocate(std::size_t bytes);
/// Gives back a block of pool_allocate(bytes): `bytes` must be the same number.
XTAPE_API void pool_deallocate(void* block, std::size_t bytes) noexcept;
/// Returns this thread's free blocks to the system. Small ones are parts of slabs of 32 KiB, which go back
/// once all of their blocks are free.
XTAPE_API void pool_trim();
XTAPE_API pool_statistics pool_stats() noexcept;

/// Base of what `new` makes in the pool.
struct pooled {
  static void* operator new(std::size_t bytes) { return pool_allocate(bytes); }
  static void* operator new(std::size_t, void* place) noexcept { return place; }
  static void operator delete(void* block, std::size_t bytes) { pool_deallocate(block, bytes); }
};

/// The pool as a memory resource of the standard library.
XTAPE_API std::pmr::memory_resource* pool_resource() noexcept;

/// Standard allocator over the thread's pool; every handle and tape uses it.
template <class T>
class pool_allocator {
 public:
  using value_type = T;

  pool_allocator() noexcept = default;
  template <class U>
  pool_allocator(const pool_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(pool_allocate(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    pool_deallocate(block, count * sizeof(T));
  }

  friend bool operator==(const pool_allocator&, const pool_allocator&) noexcept { return true; }
};

/// The arrays' allocator: the pool; or the memory given, for an array that only looks at numbers that live
/// elsewhere and keeps its size (detail::numbers hands it out as const). A copy of it owns its elements.
template <class T>
class array_allocator : public pool_allocator<T> {
 public:
  array_allocator() noexcept = default;
  explicit array_allocator(T* borrowed) noexcept : borrowed_(borrowed) {}
  template <class U>
  array_allocator(const array_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return borrowed_ != nullptr ? borrowed_ : pool_allocator<T>::allocate(count);
  }
  void deallocate(T* block, std::size_t count) noexcept {
    if (block != borrowed_) pool_allocator<T>::deallocate(block, count);
  }
  array_allocator select_on_container_copy_construction() const noexcept { return {}; }

 private:
  T* borrowed_ = nullptr;
};

}  // namespace xtape
