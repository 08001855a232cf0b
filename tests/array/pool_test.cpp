#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <malloc.h>

#include <xtape/array/pool.hpp>

#include "catch.hpp"

using xtape::pool_allocate;
using xtape::pool_deallocate;
using xtape::pool_stats;
using xtape::pool_trim;

namespace {

using sizes = std::vector<std::size_t>;

std::uintptr_t address(const void* block) { return reinterpret_cast<std::uintptr_t>(block); }

std::vector<void*> blocks(std::size_t count, std::size_t bytes) {
  std::vector<void*> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back(pool_allocate(bytes));
    std::memset(result.back(), static_cast<int>(i), bytes);
  }
  return result;
}

void give_back(const std::vector<void*>& all, std::size_t bytes) {
  for (void* const block : all) pool_deallocate(block, bytes);
}

}  // namespace

TEST_CASE("blocks are aligned, apart, and as long as was asked", "[array][pool]") {
  for (const std::size_t bytes : sizes{0, 1, 64, 65, 128, 200, 512, 513, 4096, 100'000}) {
    CAPTURE(bytes);
    const std::vector<void*> all = blocks(20, bytes);
    std::set<std::uintptr_t> starts;
    for (void* const block : all) {
      CHECK(address(block) % 64 == 0);
      starts.insert(address(block));
    }
    CHECK(starts.size() == all.size());
    for (auto next = starts.begin(), at = next++; next != starts.end(); at = next++)
      CHECK(*next - *at >= bytes);
    for (std::size_t i = 0; i < all.size(); ++i)
      CHECK(std::vector<unsigned char>(bytes, static_cast<unsigned char>(i)) ==
            std::vector<unsigned char>(static_cast<unsigned char*>(all[i]),
                                       static_cast<unsigned char*>(all[i]) + bytes));
    give_back(all, bytes);
  }
}

TEST_CASE("an impossible size is bad_alloc", "[array][pool]") {
  CHECK_THROWS_AS(pool_allocate(~std::size_t{0}), std::bad_alloc);
  CHECK_THROWS_AS(xtape::pool_allocator<double>().allocate(~std::size_t{0} / 4), std::bad_alloc);
}

TEST_CASE("nothing given back is nothing", "[array][pool]") { pool_deallocate(nullptr, 64); }

#ifndef ADDRESS_SANITIZER

TEST_CASE("a block given back serves the next request of its size", "[array][pool]") {
  for (const std::size_t bytes : sizes{24, 128, 500, 1'000, 100'000}) {
    CAPTURE(bytes);
    void* const block = pool_allocate(bytes);
    pool_deallocate(block, bytes);
    const std::size_t calls = pool_stats().system_calls, held = pool_stats().bytes_held;
    CHECK(pool_allocate(bytes) == block);
    CHECK(pool_stats().system_calls == calls);
    CHECK(pool_stats().bytes_held <= held - bytes);
    pool_deallocate(block, bytes);
    CHECK(pool_stats().bytes_held == held);
  }
}

TEST_CASE("small blocks lie side by side", "[array][pool]") {
  pool_trim();
  const std::size_t calls = pool_stats().system_calls;
  const std::vector<void*> all = blocks(2'000, 128);
  CHECK(pool_stats().system_calls - calls <= 2'000 * 128 / 32'768 + 1);
  std::size_t neighbours = 0;
  for (std::size_t i = 1; i < all.size(); ++i)
    neighbours += address(all[i]) - address(all[i - 1]) == 128;
  CHECK(neighbours > 1'950);
  give_back(all, 128);
}

TEST_CASE("trimming gives back what is free, and only that", "[array][pool]") {
  pool_trim();
  const std::size_t before = pool_stats().bytes_held;
  std::vector<void*> small = blocks(10'000, 100), large = blocks(10, 5'000);
  void *const kept = small[5'000], *const kept_large = large[5];
  small.erase(small.begin() + 5'000);
  large.erase(large.begin() + 5);
  give_back(small, 100);
  give_back(large, 5'000);
  CHECK(pool_stats().bytes_held > before + 10'000 * 100);
  pool_trim();
  CHECK(pool_stats().bytes_held < before + 32'768);  // the rest of the kept block's slab
  CHECK(*static_cast<unsigned char*>(kept) == 5'000 % 256);
  CHECK(*static_cast<unsigned char*>(kept_large) == 5);
  const std::vector<void*> again = blocks(10'000, 100);  // on slabs old and new
  CHECK(*static_cast<unsigned char*>(kept) == 5'000 % 256);
  give_back(again, 100);
  pool_deallocate(kept, 100);
  pool_deallocate(kept_large, 5'000);
  pool_trim();
  CHECK(pool_stats().bytes_held <= before);
}

TEST_CASE("a block may outlive its thread, and be given back on another", "[array][pool]") {
  std::vector<void*> all;
  std::thread([&] { all = blocks(1'000, 64); }).join();
  std::thread([&] { give_back(std::vector(all.begin() + 10, all.end()), 64); }).join();
  for (int i = 0; i < 10; ++i)
    CHECK(*static_cast<unsigned char*>(all[static_cast<std::size_t>(i)]) == i);
  give_back(std::vector(all.begin(), all.begin() + 10), 64);
}

TEST_CASE("small blocks of a thread that ended serve the next thread", "[array][pool]") {
  void* kept = nullptr;  // holds on to the slab
  std::thread([&] {
    kept = pool_allocate(256);
    pool_deallocate(pool_allocate(256), 256);
  }).join();
  std::thread([] {
    void* const block = pool_allocate(256);
    CHECK(pool_stats().system_calls == 0);
    pool_deallocate(block, 256);
  }).join();
  pool_deallocate(kept, 256);
}

// Its destructor runs after the pool's.
struct late {
  void* block = nullptr;
  ~late() { pool_deallocate(block, std::size_t{64} << 20); }
};

TEST_CASE("a block given back when the thread's pool is gone goes to the system", "[array][pool]") {
  const std::size_t mapped = mallinfo2().hblkhd;
  std::thread([] {
    thread_local late last;
    last.block = &last;  // constructs it: before the pool is first used
    last.block = pool_allocate(std::size_t{64} << 20);
  }).join();
  CHECK(mallinfo2().hblkhd == mapped);
}

#endif
