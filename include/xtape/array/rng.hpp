#pragma once

#include <xtape/array/array.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

namespace xtape {

/// One block of Philox4x32-10: a bijection of the 128-bit counter for every 64-bit key. The
/// generator below encrypts 0, 1, 2, ... with it.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
XTAPE_API std::array<std::uint32_t, 4> philox4x32(const std::array<std::uint32_t, 4>& counter,
                                                  const std::array<std::uint32_t, 2>& key) noexcept;

/// The z with P(Z <= z) = p for a standard normal Z, to about 1e-15 relative.
/// p: strictly between 0 and 1, else domain_error.
/// Source: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
XTAPE_API double standard_normal_quantile(double p, location where = location::current());

/// A counter-based random number generator: draw k of a generator is a pure function of (seed, k).
///
/// The numbers are the same on every compiler, optimisation level and C library: only integer
/// arithmetic, + - * / and square roots are used, never a function of libm, and never a fused
/// multiply-add. One draw is 64 bits; uniform() and normal() take one draw each, below(n) seldom
/// more than one. Filling an array gives exactly the numbers that as many single calls would.
///
/// It is a std::uniform_random_bit_generator, but the distributions of <random> differ between
/// standard libraries: use the members. Not for secrets.
class XTAPE_API rng {
 public:
  using result_type = std::uint64_t;

  explicit rng(std::uint64_t seed) noexcept : key_(seed) {}

  /// The generator of that sub-stream, independent of this one and of every other stream. It
  /// depends on the seed and the path of splits only, not on what has been drawn: give each layer
  /// its own stream, and a new layer does not change the numbers of the others.
  rng split(std::uint64_t stream) const noexcept;

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }

  /// The next 64 random bits.
  result_type operator()() noexcept {
    const std::size_t lane = position_ & 1;
    if (lane == 0) load();
    ++position_;
    return block_[lane];
  }
  /// The next 32 random bits: the upper half of one draw.
  std::uint32_t bits32() noexcept { return static_cast<std::uint32_t>((*this)() >> 32); }
  /// Skips `draws` draws, in constant time.
  void discard(std::uint64_t draws) noexcept;

  /// A multiple of 2^-53 in [0, 1), each equally likely.
  double uniform() noexcept { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  /// a + (b - a) u for a u in [0, 1). b itself can appear only by rounding.
  /// Throws domain_error unless a <= b are finite and so is b - a.
  double uniform(double a, double b, location where = location::current());

  /// Standard normal: the quantile of a draw, so |z| < 8.3 and symmetric about 0.
  double normal() noexcept;
  /// mean + std z. Throws domain_error unless both are finite and std >= 0.
  double normal(double mean, double std, location where = location::current());

  /// One of 0, ..., n - 1, each exactly equally likely. Throws domain_error for n = 0.
  /// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019).
  std::uint64_t below(std::uint64_t n, location where = location::current());

  /// Puts the elements into a random order, each of them equally likely (Fisher and Yates, from the
  /// last element to the first).
  template <class R>
  requires requires(R& values) {
    std::begin(values)[std::ptrdiff_t{0}];
    std::size(values);
  }
  void shuffle(R&& values) {
    const auto first = std::begin(values);
    for (std::uint64_t n = std::size(values); n > 1; --n)
      std::iter_swap(first + static_cast<std::ptrdiff_t>(n - 1),
                     first + static_cast<std::ptrdiff_t>(below(n)));
  }

  /// Fills with the next draws, 64 bits each.
  void fill_bits(std::span<std::uint64_t> words) noexcept;
  /// Fills with uniform(a, b), each float the rounding of the double. Also throws domain_error
  /// where the bounds do not fit a float.
  void fill_uniform(std::span<double> values, double a, double b,
                    location where = location::current());
  void fill_uniform(std::span<float> values, double a, double b,
                    location where = location::current());
  /// Fills with normal(mean, std), each float the rounding of the double. Also throws domain_error
  /// where the numbers would not fit a float.
  void fill_normal(std::span<double> values, double mean, double std,
                   location where = location::current());
  void fill_normal(std::span<float> values, double mean, double std,
                   location where = location::current());

  /// An array of that shape of uniform(a, b): `random.uniform<double>({3, 4}, -1, 1)`.
  template <real T>
  array<T> uniform(const shape_type& shape, double a = 0, double b = 1,
                   location where = location::current()) {
    array<T> result = empty<T>(shape);
    fill_uniform(std::span<T>(result.data(), result.size()), a, b, where);
    return result;
  }
  /// An array of that shape of normal(mean, std): `random.normal<double>({3, 4})`.
  template <real T>
  array<T> normal(const shape_type& shape, double mean = 0, double std = 1,
                  location where = location::current()) {
    array<T> result = empty<T>(shape);
    fill_normal(std::span<T>(result.data(), result.size()), mean, std, where);
    return result;
  }

  /// All that there is to a generator: its key (the seed, unless it was split off), its stream, and the
  /// draws made so far. Any three numbers are a generator's state.
  using state_type = std::array<std::uint64_t, 3>;
  state_type state() const noexcept { return {key_, stream_, position_}; }
  /// Goes on bit for bit as the generator would whose state this is.
  void set_state(const state_type& state) noexcept;

  /// Equal generators give equal numbers from here on.
  friend bool operator==(const rng& a, const rng& b) noexcept {
    return a.key_ == b.key_ && a.stream_ == b.stream_ && a.position_ == b.position_;
  }

 private:
  void load() noexcept;

  std::uint64_t key_;
  std::uint64_t stream_ = 0;
  std::uint64_t position_ = 0;            // draws made so far; two draws are one block
  std::array<std::uint64_t, 2> block_{};  // block position_ / 2, valid while position_ is odd
};

}  // namespace xtape
