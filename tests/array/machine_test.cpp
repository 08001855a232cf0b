#include "../catch.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <thread>

#include <xtape/array/machine.hpp>
#include <xtape/ops/ops.hpp>

using Catch::Matchers::ContainsSubstring;
using namespace xtape;

namespace {

// Large enough for all threads.
const array<float> large = xt::ones<float>({1 << 20}) * 1e-30f;

// How many numbers are 0, told by their bits: where subnormals are flushed, each of them equals 0.
std::size_t zeros_of(const array<float>& x) {
  return static_cast<std::size_t>(std::count_if(
      x.begin(), x.end(), [](float number) { return std::bit_cast<std::uint32_t>(number) == 0; }));
}

// How many elements of large * 1e-10, which is subnormal, are 0; and of that times 1e30, which is not.
std::pair<std::size_t, std::size_t> zeros() {
  const array<float> product = (variable<float>(large) * 1e-10f).value();
  const array<float> back = (variable<float>(product) * 1e30f).value();
  return {zeros_of(product), zeros_of(back)};
}

}  // namespace

TEST_CASE("subnormals are flushed in a scope, on all threads, and kept after it",
          "[array][machine]") {
  const std::size_t none = 0, every = large.size();
  CHECK(zeros() == std::pair(none, none));
  const array<float> subnormal = (variable<float>(large) * 1e-10f).value();
  {
    const flush_subnormals fast;
    CHECK(subnormals_flushed());
    CHECK(zeros() == std::pair(every, every));
    // As an argument, too.
    const array<float> back = (variable<float>(subnormal) * 1e30f).value();
    CHECK(static_cast<std::size_t>(std::count(back.begin(), back.end(), 0.0f)) == every);
    {
      const flush_subnormals kept(false);
      CHECK(!subnormals_flushed());
      CHECK(zeros() == std::pair(none, none));
    }
    CHECK(zeros() == std::pair(every, every));
  }
  CHECK(!subnormals_flushed());
  CHECK(zeros() == std::pair(none, none));
}

// The smaller ones are computed by our threads, a part each, the larger by BLAS's.
TEST_CASE("matrix products flush subnormals on all threads", "[array][machine][long]") {
  const std::size_t size = GENERATE(256u, 512u);
  const array<float> a = xt::ones<float>({size, size}) * 1e-20f;
  const auto zero = [&] {
    return zeros_of(matmul(a, a * 1e-4f).value());  // size * 1e-44
  };
  CHECK(zero() == 0);
  {
    const flush_subnormals fast;
    CHECK(zero() == a.size());
  }
  CHECK(zero() == 0);
}

TEST_CASE("the number of threads is the calling thread's", "[array][machine]") {
  const int before = num_threads();
  set_num_threads(3);
  CHECK(num_threads() == 3);
  std::thread([&] { CHECK(num_threads() == before); }).join();

  set_num_threads(before);
  CHECK_THROWS_WITH(
      set_num_threads(0),
      ContainsSubstring("set_num_threads: 0 threads: at least 1  [machine_test.cpp:"));
  CHECK(num_threads() == before);
}

TEST_CASE("what figures of speed depend on can be asked for", "[array][machine]") {
  const std::string kept = build_info();
  CHECK_THAT(kept, ContainsSubstring("xtape 0."));
  CHECK_THAT(kept, ContainsSubstring("\ninstructions: "));
  CHECK_THAT(kept, ContainsSubstring("\nBLAS: OpenBLAS "));
  CHECK_THAT(kept, ContainsSubstring("(OpenMP threads)\n"));
  CHECK_THAT(kept, ContainsSubstring("\nthreads: " + std::to_string(num_threads()) + '\n'));
  CHECK_THAT(kept, ContainsSubstring("\nsubnormal numbers: kept\n"));
  const flush_subnormals fast;
  CHECK_THAT(build_info(), ContainsSubstring("\nsubnormal numbers: flushed to zero\n"));
}
