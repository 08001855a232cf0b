#include "kernel/gather.hpp"

#include <xtape/array/shape.hpp>

#include "kernel/parallel.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace xtape::kernel {

namespace {

std::ptrdiff_t as_signed(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

}  // namespace

void axis_runs::add(const run& r) {
  if (r.size == 0) return;
  if (!runs_.empty()) {
    run& last = runs_.back();
    const bool even =
        last.offset == nowhere
            ? r.offset == nowhere
            : r.step == last.step && r.offset == last.offset + as_signed(last.size) * last.step;
    if (even) {
      last.size += r.size;
      return;
    }
  }
  runs_.push_back(r);
}

std::size_t axis_runs::size() const {
  std::size_t count = 0;
  for (const run& r : runs_) count += r.size;
  return count;
}

void places::add_axis(axis_runs axis) {
  std::vector<run, pool_allocator<run>>& outer = axis.runs_;
  if (outer.size() == 1 && outer[0].offset != nowhere) {
    origin_ += std::exchange(outer[0].offset, 0);
    if (outer[0].size == 1) return;
  }
  if (!axes_.empty() && axes_.back().runs_.size() == 1) {
    // The axis inside is one run. It may lie so that the outer runs go on where it ends.
    const run inner = axes_.back().runs_[0];
    const auto size = as_signed(inner.size);
    const bool even =
        inner.offset != nowhere && std::all_of(outer.begin(), outer.end(), [&](const run& r) {
          return r.offset == nowhere || r.size == 1 || r.step == inner.step * size;
        });
    if (even) {
      axis_runs joined;
      for (const run& r : outer)
        joined.add({r.size * inner.size, r.offset, r.offset == nowhere ? 0 : inner.step});
      axes_.back() = std::move(joined);
      return;
    }
  }
  axes_.push_back(std::move(axis));
}

std::size_t places::size() const {
  std::size_t count = 1;
  for (const axis_runs& axis : axes_) count *= axis.size();
  return count;
}

bool places::outer_is_distinct() const {
  return !axes_.empty() && axes_.back().runs_.size() == 1 && axes_.back().runs_[0].step != 0;
}

namespace {

// The loops over the axes of `places`, innermost first.
template <class X, class Y, class Mover>
class nest {
 public:
  nest(std::span<const std::span<const run>> axes, const Mover& mover)
      : axes_(axes), mover_(mover) {
    for (std::size_t level = 0; level < axes.size(); ++level) {
      std::size_t size = 0;
      for (const run& r : axes[level]) size += r.size;
      sizes_[level] = size;
      blocks_[level] = level == 0 ? 1 : blocks_[level - 1] * sizes_[level - 1];
    }
    constexpr std::size_t worth_a_loop = 8;
    if (axes[0].size() * worth_a_loop <= sizes_[0]) return;
    for (const run& r : axes[0])
      for (std::size_t i = 0; i < r.size; ++i)
        offsets_.push_back(r.offset + (r.offset == nowhere ? 0 : as_signed(i) * r.step));
  }

  std::size_t size(std::size_t level) const { return sizes_[level]; }
  std::size_t block(std::size_t level) const { return blocks_[level]; }

  // The elements [begin, end) along the axis, and all of those inside it.
  void walk(std::size_t level, std::size_t begin, std::size_t end, X* x, Y* y) const {
    if (level == 0 && !offsets_.empty())
      return mover_.listed(x, offsets_.data() + begin, end - begin, y);
    std::size_t first = 0;
    for (const run& r : axes_[level]) {
      const std::size_t from = std::max(begin, first), to = std::min(end, first + r.size);
      const std::ptrdiff_t skipped = as_signed(from - first);
      first += r.size;
      if (from >= to) continue;
      const std::size_t count = to - from;
      if (r.offset == nowhere) {
        mover_.missing(count * blocks_[level], y);
      } else if (level == 0) {
        mover_.even(x + r.offset + skipped * r.step, r.step, count, y);
      } else {
        X* at = x + r.offset + skipped * r.step;
        for (std::size_t i = 0; i < count; ++i, at += r.step)
          walk(level - 1, 0, sizes_[level - 1], at, y + i * blocks_[level]);
      }
      y += count * blocks_[level];
    }
  }

 private:
  std::span<const std::span<const run>> axes_;
  const Mover& mover_;
  std::array<std::size_t, max_rank> sizes_, blocks_;
  std::vector<std::ptrdiff_t, pool_allocator<std::ptrdiff_t>> offsets_;  // of the innermost axis
};

template <class T>
struct getter {
  T fill;

  void missing(std::size_t size, T* y) const { std::fill_n(y, size, fill); }
  void even(const T* x, std::ptrdiff_t step, std::size_t size, T* y) const {
    if (step == 1) {
      std::copy_n(x, size, y);
    } else if (step == -1) {
#pragma omp simd
      for (std::size_t i = 0; i < size; ++i) y[i] = x[-as_signed(i)];
    } else {
#pragma omp simd
      for (std::size_t i = 0; i < size; ++i) y[i] = x[as_signed(i) * step];
    }
  }
  void listed(const T* x, const std::ptrdiff_t* offsets, std::size_t size, T* y) const {
    for (std::size_t i = 0; i < size; ++i) y[i] = offsets[i] == nowhere ? fill : x[offsets[i]];
  }
};

template <class T>
struct adder {
  void missing(std::size_t, const T*) const {}
  void even(T* x, std::ptrdiff_t step, std::size_t size, const T* y) const {
    if (step == 0) {
      for (std::size_t i = 0; i < size; ++i) *x += y[i];
    } else if (step == 1) {
#pragma omp simd
      for (std::size_t i = 0; i < size; ++i) x[i] += y[i];
    } else {
#pragma omp simd
      for (std::size_t i = 0; i < size; ++i) x[as_signed(i) * step] += y[i];
    }
  }
  void listed(T* x, const std::ptrdiff_t* offsets, std::size_t size, const T* y) const {
    for (std::size_t i = 0; i < size; ++i)
      if (offsets[i] != nowhere) x[offsets[i]] += y[i];
  }
};

}  // namespace

template <class X, class Y, class Mover>
void places::for_each(X* x, Y* y, bool parallel, const Mover& mover) const {
  if (axes_.empty()) return mover.even(x + origin_, 1, 1, y);
  const std::size_t total = size();
  if (total == 0) return;
  std::array<std::span<const run>, max_rank> axes;
  for (std::size_t level = 0; level < axes_.size(); ++level) axes[level] = axes_[level].runs_;
  const nest<X, Y, Mover> loops({axes.data(), axes_.size()}, mover);
  const std::size_t top = axes_.size() - 1;
  parallel_for(loops.size(top), parallel ? total : 0, 1, [&](std::size_t begin, std::size_t end) {
    loops.walk(top, begin, end, x + origin_, y + begin * loops.block(top));
  });
}

template <class T>
void gather(const places& from, const T* x, T fill, T* y) {
  from.for_each(x, y, true, getter<T>{fill});
}

template <class T>
void scatter_add(const places& to, const T* y, T* x) {
  // What several threads would add to stays on one.
  to.for_each(x, y, to.outer_is_distinct(), adder<T>{});
}

template void gather(const places&, const float*, float, float*);
template void gather(const places&, const double*, double, double*);
template void scatter_add(const places&, const float*, float*);
template void scatter_add(const places&, const double*, double*);

}  // namespace xtape::kernel
