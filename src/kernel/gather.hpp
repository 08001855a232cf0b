#pragma once
// Arrays made of another's elements, y[i, j, ...] = x[a_i + b_j + ...], and sums on the way back.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <xtape/array/pool.hpp>

namespace xtape::kernel {

/// `size` elements of y along an axis: they lie in x's memory at offset, offset + step, ...
struct run {
  std::size_t size;
  std::ptrdiff_t offset, step;
};
/// The offset of elements that x does not have.
inline constexpr std::ptrdiff_t nowhere = PTRDIFF_MIN;

/// The runs along one axis of y, one after the other.
class axis_runs {
 public:
  axis_runs() = default;
  axis_runs(std::size_t size, std::ptrdiff_t offset, std::ptrdiff_t step) {
    add({size, offset, step});
  }
  /// Appends a run; joins it with the last one where that goes on evenly.
  void add(const run& r);
  /// The number of elements in all runs.
  std::size_t size() const;

 private:
  friend class places;
  std::vector<run, pool_allocator<run>> runs_;
};

/// Where in x the elements of y lie: at the sum of what the axes of y say, and nowhere where one of them
/// says so.
class places {
 public:
  /// Where the elements lie that every axis says 0 of.
  explicit places(std::ptrdiff_t origin = 0) : origin_(origin) {}
  /// Adds an axis outside those that are there: the last one comes first.
  void add_axis(axis_runs axis);
  /// The number of y's elements.
  std::size_t size() const;

  /// Calls, for neighbours in y, mover.even(x, step, count, y); mover.listed(x, offsets, count, y) where the
  /// runs are so short that every element's offset is looked up; mover.missing(count, y) for those nowhere.
  template <class X, class Y, class Mover>
  void for_each(X* x, Y* y, bool parallel, const Mover& mover) const;
  /// Whether no element of x is in two places that differ along the outermost axis.
  bool outer_is_distinct() const;

 private:
  // Innermost first. Axes along which the elements go on evenly are one.
  std::vector<axis_runs, pool_allocator<axis_runs>> axes_;
  std::ptrdiff_t origin_;
};

/// y = x at the places, `fill` where they are nowhere. y is contiguous; x and y must not overlap.
template <class T>
void gather(const places& from, const T* x, T fill, T* y);

/// x += y at the places: what is in several places of y adds up, what is nowhere is left out.
template <class T>
void scatter_add(const places& to, const T* y, T* x);

}  // namespace xtape::kernel
