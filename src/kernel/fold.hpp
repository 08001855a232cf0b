#pragma once
// Reductions that keep more than a sum: the greatest element, products, sums without rounding errors.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

namespace xtape::kernel {

/// A sum that carries along what its additions round away (Knuth, The Art of Computer Programming 2, 4.2.2).
template <class T>
struct exact_sum {
  lane<T> sum = lane<T>(T(0)), rest = lane<T>(T(0));

  void add(const lane<T>& v) {
    const lane<T> next = sum + v, part = next - sum;
    rest = rest + ((sum - (next - part)) + (v - part));
    sum = next;
  }
  void join(const exact_sum& other) {
    add(other.sum);
    rest = rest + other.rest;
  }
  /// The rest is NaN where the sum is infinite.
  lane<T> total() const { return xsimd::select(xsimd::isnan(rest), sum, sum + rest); }
};

// Folds: what is known of the elements of some reductions, one a place of the register. Each is begun `with` one
// number a reduction; an element `fill` changes nothing; `parts` are its registers.

/// The greatest element, or with a negative sign the least. NaN if one is NaN; -inf, or inf, of nothing.
template <class T, int Sign>
struct extreme {
  lane<T> found = lane<T>(-Sign * std::numeric_limits<T>::infinity());

  explicit extreme(const lane<T>& = lane<T>(T(0))) {}
  static T fill(T) { return -Sign * std::numeric_limits<T>::infinity(); }
  void add(const lane<T>& v) {
    const auto better = Sign > 0 ? v > found : v < found;
    found = xsimd::select(better || xsimd::isnan(v), v, found);
  }
  void join(const extreme& other) { extreme::add(other.found); }
  lane<T> result(T) const { return found; }
  auto parts() { return std::array{&found}; }
};
template <class T>
using greatest = extreme<T, 1>;
template <class T>
using least = extreme<T, -1>;

/// The greatest absolute value; 0 of nothing.
template <class T>
struct greatest_magnitude : greatest<T> {
  explicit greatest_magnitude(const lane<T>& = lane<T>(T(0))) { this->found = lane<T>(T(0)); }
  static T fill(T) { return T(0); }
  void add(const lane<T>& v) { greatest<T>::add(xsimd::abs(v)); }
};

/// How many elements are the number it is begun with, NaN being NaN.
template <class T>
struct ties {
  lane<T> wanted, count = lane<T>(T(0));

  explicit ties(const lane<T>& with = lane<T>(T(0))) : wanted(with) {}
  static T fill(T with) { return with == with ? std::numeric_limits<T>::quiet_NaN() : T(0); }
  static auto tie(const lane<T>& v, const lane<T>& wanted) {
    return v == wanted || (xsimd::isnan(v) && xsimd::isnan(wanted));
  }
  void add(const lane<T>& v) {
    count = count + xsimd::select(tie(v, wanted), lane<T>(T(1)), lane<T>(T(0)));
  }
  void join(const ties& other) { count = count + other.count; }
  lane<T> result(T) const { return count; }
  auto parts() { return std::array{&count}; }
};

/// What rounding took from product = a * b (Dekker, A floating-point technique for extending the available precision, 1971):
/// the same with and without fused multiplication.
template <class T>
lane<T> rounded_away(const lane<T>& a, const lane<T>& b, const lane<T>& product) {
  // The upper half of the digits, and the rest: products of halves are exact.
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int half = (std::numeric_limits<T>::digits + 1) / 2;
  const lane<T> upper(std::bit_cast<T>(~bits{0} << half));
  const lane<T> a1 = a & upper, a2 = a - a1, b1 = b & upper, b2 = b - b1;
  return a2 * b2 + (a1 * b2 + (a2 * b1 + (a1 * b1 - product)));
}

/// The product, with what its roundings lost (Ogita, Rump and Oishi, Accurate sum and dot product, 2005).
template <class T>
struct product {
  lane<T> value = lane<T>(T(1)), rest = lane<T>(T(0));

  explicit product(const lane<T>& = lane<T>(T(0))) {}
  static T fill(T) { return T(1); }
  void add(const lane<T>& v) {
    const lane<T> next = value * v;
    rest = rest * v + rounded_away<T>(value, v, next);
    value = next;
  }
  void join(const product& other) {
    const lane<T> next = value * other.value;
    rest = rest * other.value + value * other.rest + rounded_away<T>(value, other.value, next);
    value = next;
  }
  /// The rest is NaN where the product is infinite.
  lane<T> result(T) const { return xsimd::select(xsimd::isnan(rest), value, value + rest); }
  auto parts() { return std::array{&value, &rest}; }
};

/// A sum of what `Term` makes of each element and the number it is begun with.
template <class T, class Term>
struct sum_of {
  lane<T> with;
  exact_sum<T> sum;

  explicit sum_of(const lane<T>& number = lane<T>(T(0))) : with(number) {}
  static T fill(T with) { return Term::fill(with); }
  void add(const lane<T>& v) { sum.add(Term::of(v, with)); }
  void join(const sum_of& other) { sum.join(other.sum); }
  lane<T> result(T) const { return sum.total(); }
  auto parts() { return std::array{&sum.sum, &sum.rest}; }
};
struct distance {
  static auto fill(auto from) { return from; }
  static auto of(const auto& v, const auto& from) { return v - from; }
};
struct magnitude {
  template <class T>
  static T fill(T) {
    return T(0);
  }
  static auto of(const auto& v, const auto&) { return xsimd::abs(v); }
};
struct scaled_square {
  template <class T>
  static T fill(T) {
    return T(0);
  }
  static auto of(const auto& v, const auto& factor) { return (v * factor) * (v * factor); }
};

/// The sum of squared distances from the mean, begun with the mean. It corrects for the mean's rounding (Chan,
/// Golub and LeVeque, Algorithms for computing the sample variance, 1983).
template <class T>
struct squared_distances {
  lane<T> mean;
  exact_sum<T> distances, squares;

  explicit squared_distances(const lane<T>& with = lane<T>(T(0))) : mean(with) {}
  static T fill(T with) { return with; }
  void add(const lane<T>& v) {
    const lane<T> distance = v - mean;
    distances.add(distance);
    squares.add(distance * distance);
  }
  void join(const squared_distances& other) {
    distances.join(other.distances);
    squares.join(other.squares);
  }
  lane<T> result(T n) const {
    const lane<T> off = distances.total();
    return squares.total() - off * off / lane<T>(n);
  }
  auto parts() { return std::array{&distances.sum, &distances.rest, &squares.sum, &squares.rest}; }
};

namespace detail {

/// All places of the register joined: the result is in the first.
template <class T, class Fold>
void join_places(Fold& fold) {
  for (std::size_t width = lane_size<T> / 2; width > 0; width /= 2) {
    Fold upper = fold;
    for (lane<T>* const part : upper.parts()) {
      alignas(64) T buffer[2 * lane_size<T>] = {};
      part->store_aligned(buffer);
      *part = load(buffer + width);
    }
    fold.join(upper);
  }
}

/// Neighbouring elements, n of them.
template <class Fold, class T>
T fold_row(std::size_t n, const T* x, T with) {
  constexpr std::size_t w = lane_size<T>;
  const Fold start = Fold(lane<T>(with));
  std::array<Fold, 4> folds{start, start, start, start};
  std::size_t j = 0;
  for (; j + 4 * w <= n; j += 4 * w)
    for (std::size_t k = 0; k < 4; ++k) folds[k].add(load(x + j + k * w));
  for (; j + w <= n; j += w) folds[0].add(load(x + j));
  if (j < n) folds[1].add(load_partial(x + j, n - j, Fold::fill(with)));
  folds[0].join(folds[1]);
  folds[2].join(folds[3]);
  folds[0].join(folds[2]);
  join_places<T>(folds[0]);
  alignas(64) T result[w];
  folds[0].result(static_cast<T>(n)).store_aligned(result);
  return result[0];
}

}  // namespace detail

/// y_oi = the result of a Fold over x_o0i, x_o1i, ..., begun with with_oi, or 0 where that is null.
/// x: (outer, n, inner), y and with: (outer, inner), contiguous; y may be `with`.
template <class Fold, class T>
void fold(std::size_t outer, std::size_t n, std::size_t inner, const T* x, const T* with, T* y) {
  constexpr std::size_t w = lane_size<T>;
  const std::size_t results = outer * inner, size = results * n;
  const auto number = [with](std::size_t i, std::size_t count) {
    return with == nullptr ? lane<T>(T(0)) : load_partial(with + i, count);
  };
  if (inner == 1 && n >= 2 * w) {
    parallel_for(outer, size, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        y[i] = detail::fold_row<Fold>(n, x + i * n, with == nullptr ? T(0) : with[i]);
    });
  } else if (inner >= w) {
    // Some columns at a time: as many as are read from memory at its speed and stay in registers or nearby.
    constexpr std::size_t most = 16;
    const std::size_t lanes = (inner + w - 1) / w, blocks = (lanes + most - 1) / most;
    parallel_for(outer * blocks, size, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block) {
        const std::size_t o = block / blocks, first = block % blocks * most * w;
        const std::size_t width = std::min(inner - first, most * w), whole = width / w;
        const std::size_t rest = width % w;
        std::array<Fold, most> folds;
        for (std::size_t k = 0; k * w < width; ++k)
          folds[k] = Fold(number(o * inner + first + k * w, std::min(w, width - k * w)));
        const T* row = x + o * n * inner + first;
        for (std::size_t j = 0; j < n; ++j, row += inner) {
          for (std::size_t k = 0; k < whole; ++k) folds[k].add(load(row + k * w));
          if (rest > 0) folds[whole].add(load_partial(row + whole * w, rest));
        }
        for (std::size_t k = 0; k * w < width; ++k)
          store_partial(y + o * inner + first + k * w, folds[k].result(static_cast<T>(n)),
                        std::min(w, width - k * w));
      }
    });
  } else {
    // Neighbouring results whose elements are apart.
    parallel_for(results, size, w, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i += w) {
        const std::size_t count = std::min(w, end - i);
        std::array<const T*, w> from;
        std::size_t o = i / inner, column = i % inner;
        for (std::size_t k = 0; k < w; ++k) {
          from[k] = x + o * n * inner + column;
          if (k + 1 < count && ++column == inner) column = 0, ++o;
        }
        Fold all(number(i, count));
        for (std::size_t j = 0; j < n; ++j) {
          alignas(64) T buffer[w];
          for (std::size_t k = 0; k < w; ++k) buffer[k] = from[k][j * inner];
          all.add(lane<T>::load_aligned(buffer));
        }
        store_partial(y + i, all.result(static_cast<T>(n)), count);
      }
    });
  }
}

}  // namespace xtape::kernel
