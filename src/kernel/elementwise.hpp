#pragma once
// The loops under every elementwise rule: a function of lanes over arrays that broadcast against each
// other, stored (map) or summed down to a smaller shape (map_sum), in one pass without a temporary.

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/array/array.hpp>

#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

namespace xtape::kernel {

/// Nested loops over a shape, and how far each of N arrays moves along each of them. Arrays are
/// contiguous and broadcast to the shape from the right as in NumPy. Neighbouring axes along which every
/// array moves evenly are one loop, so that equal shapes are a single loop whatever their rank.
template <std::size_t N>
struct loop_nest {
  std::size_t rank = 0;                     // at least 1, outermost first
  std::array<std::size_t, max_rank> sizes;  //
  std::array<std::array<std::size_t, N>, max_rank>
      steps;  // elements an array moves: innermost 0 or 1

  /// All arrays of one size.
  explicit loop_nest(std::size_t size) : rank(1) {
    sizes[0] = size;
    steps[0].fill(1);
  }

  loop_nest(const shape_type& shape, const std::array<const shape_type*, N>& shapes) {
    std::array<std::size_t, N> stride;
    stride.fill(1);
    // Built innermost first, then turned round.
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      const std::size_t size = shape[axis];
      std::array<std::size_t, N> step{};
      for (std::size_t k = 0; k < N; ++k) {
        const std::size_t missing = shape.size() - shapes[k]->size();
        if (axis < missing || (*shapes[k])[axis - missing] == 1) continue;
        step[k] = stride[k];
        stride[k] *= size;
      }
      if (size == 1) continue;
      if (rank > 0 && continues(step)) {
        sizes[rank - 1] *= size;
      } else {
        sizes[rank] = size;
        steps[rank++] = step;
      }
    }
    if (rank == 0) {
      sizes[0] = 1;
      steps[0].fill(1);
      rank = 1;
    }
    std::reverse(sizes.begin(), sizes.begin() + rank);
    std::reverse(steps.begin(), steps.begin() + rank);
  }

  std::size_t inner() const { return sizes[rank - 1]; }
  std::size_t rows() const {
    std::size_t count = 1;
    for (std::size_t axis = 0; axis + 1 < rank; ++axis) count *= sizes[axis];
    return count;
  }
  /// Calls row(offsets, index) for the rows [begin, end): offsets[k] is where array k's row starts.
  template <class F>
  void for_rows(std::size_t begin, std::size_t end, const F& row) const {
    if (rank - 1 >= max_rank) __builtin_unreachable();  // said for the compiler's bounds warnings
    std::array<std::size_t, max_rank> at{};
    std::array<std::size_t, N> offsets{};
    std::size_t rest = begin;
    for (std::size_t axis = rank - 1; axis-- > 0;) {
      at[axis] = rest % sizes[axis];
      rest /= sizes[axis];
      for (std::size_t k = 0; k < N; ++k) offsets[k] += at[axis] * steps[axis][k];
    }
    for (std::size_t index = begin; index < end; ++index) {
      row(offsets, index);
      for (std::size_t axis = rank - 1; axis-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) offsets[k] += steps[axis][k];
        if (++at[axis] < sizes[axis]) break;
        for (std::size_t k = 0; k < N; ++k) offsets[k] -= sizes[axis] * steps[axis][k];
        at[axis] = 0;
      }
    }
  }

 private:
  bool continues(const std::array<std::size_t, N>& step) const {
    for (std::size_t k = 0; k < N; ++k)
      if (step[k] != steps[rank - 1][k] * sizes[rank - 1]) return false;
    return true;
  }
};

namespace detail {

/// Where one row of each of N arrays lies. An array that does not move along the row is read from a
/// register's worth of copies of its one element; its mask keeps the index at 0. So one loop serves every
/// combination of arrays that move and arrays that do not; the first Dense always move.
template <class T, std::size_t Dense, std::size_t N>
struct row_reader {
  std::array<const T*, N> at;
  std::array<std::size_t, N> mask;
  alignas(64) T copies[N - Dense + 1][lane_size<T>];

  row_reader(const std::array<const T*, N>& arrays, const std::array<std::size_t, N>& steps)
      : at(arrays) {
    for (std::size_t k = Dense; k < N; ++k) {
      mask[k] = ~std::size_t{0};
      if (steps[k] != 0) continue;
      mask[k] = 0;
      store(copies[k - Dense], lane<T>(*arrays[k]));
      at[k] = copies[k - Dense];
    }
  }
  row_reader(const row_reader&) = delete;

  template <class F>
  lane<T> whole(std::size_t i, const F& f) const {
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      return f(load(at[K] + (K < Dense ? i : i & mask[K]))...);
    }
    (std::make_index_sequence<N>());
  }
  template <class F>
  lane<T> part(std::size_t i, std::size_t count, const F& f) const {
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
      return f(load_partial(at[K] + (K < Dense ? i : i & mask[K]), count)...);
    }
    (std::make_index_sequence<N>());
  }
};

/// One row into `to`: stored, or added to what is there. What never adds says std::false_type, and is spared the
/// loop.
template <class T, class Add, std::size_t Dense, std::size_t N, class F>
void map_row(T* to, std::size_t size, Add accumulate, const row_reader<T, Dense, N>& row,
             const F& f) {
  std::size_t i = 0;
  if constexpr (std::is_same_v<Add, bool>)
    if (accumulate)
      for (; i + lane_size<T> <= size; i += lane_size<T>)
        store(to + i, load(to + i) + row.whole(i, f));
  for (; i + lane_size<T> <= size; i += lane_size<T>) store(to + i, row.whole(i, f));
  if (i == size) return;
  lane<T> last = row.part(i, size - i, f);
  if (accumulate) last = load_partial(to + i, size - i) + last;
  store_partial(to + i, last, size - i);
}

/// Sum of f over [begin, end) of a row: four registers at once, blocks added up in double, so that the
/// error does not grow with the row's length as a single running float sum's would.
template <class T, std::size_t Dense, std::size_t N, class F>
double row_sum(std::size_t begin, std::size_t end, const row_reader<T, Dense, N>& row, const F& f) {
  constexpr std::size_t w = lane_size<T>;
  constexpr std::size_t block = 256 * w;
  double total = 0;
  for (std::size_t i = begin; i < end;) {
    const std::size_t stop = end - i < block ? end : i + block;
    lane<T> sums[4] = {lane<T>(T(0)), lane<T>(T(0)), lane<T>(T(0)), lane<T>(T(0))};
    for (; i + 4 * w <= stop; i += 4 * w)
      for (std::size_t k = 0; k < 4; ++k) sums[k] = sums[k] + row.whole(i + k * w, f);
    for (; i + w <= stop; i += w) sums[0] = sums[0] + row.whole(i, f);
    total += static_cast<double>(horizontal_sum<T>((sums[0] + sums[1]) + (sums[2] + sums[3])));
    if (i < stop) {  // what the function makes of the padding must not count
      alignas(64) T last[w];
      row.part(i, stop - i, f).store_aligned(last);
      for (std::size_t k = 0; k < stop - i; ++k) total += static_cast<double>(last[k]);
      i = stop;
    }
  }
  return total;
}

template <class T, std::size_t N, std::size_t M>
std::array<const T*, N> advance(std::array<const T*, N> arrays,
                                const std::array<std::size_t, M>& offsets) {
  for (std::size_t k = 0; k < N; ++k) arrays[k] += offsets[k];
  return arrays;
}

template <std::size_t N, std::size_t M>
std::array<std::size_t, N> first(const std::array<std::size_t, M>& steps) {
  std::array<std::size_t, N> result;
  for (std::size_t k = 0; k < N; ++k) result[k] = steps[k];
  return result;
}

}  // namespace detail

/// The function that copies.
inline constexpr auto identity = [](const auto& x) { return x; };

/// out = f(inputs...) over `shape`, or out += f(inputs...). `out` and the first Dense inputs have the
/// shape itself, the others broadcast to it.
template <class T, std::size_t Dense, class Add, std::size_t N, class F>
void map(const shape_type& shape, T* out, Add accumulate,
         const std::array<array_view<T>, N>& inputs, const F& f) {
  const std::size_t size = size_of(shape);
  if (size == 0) return;
  std::array<const T*, N> arrays;
  for (std::size_t k = 0; k < N; ++k) arrays[k] = inputs[k].data();
  // `count` results, from arguments that begin `offsets` into the arrays.
  const auto piece = [&](T* to, const std::array<std::size_t, N>& offsets,
                         const std::array<std::size_t, N>& steps, std::size_t count) {
    const detail::row_reader<T, Dense, N> row(detail::advance(arrays, offsets), steps);
    detail::map_row(to, count, accumulate, row, f);
  };
  const auto one_row = [&](const std::array<std::size_t, N>& steps) {
    parallel_for(size, size, 64, [&](std::size_t begin, std::size_t end) {
      std::array<std::size_t, N> offsets;
      for (std::size_t k = 0; k < N; ++k) offsets[k] = begin * steps[k];
      piece(out + begin, offsets, steps, end - begin);
    });
  };
  if constexpr (Dense == N) {
    one_row(loop_nest<N>(size).steps[0]);
  } else {
    std::array<const shape_type*, N> shapes;
    bool even = true;  // nothing broadcasts: one loop, found without looking at the axes
    for (std::size_t k = 0; k < N; ++k) {
      shapes[k] = &inputs[k].shape();
      even = even && inputs[k].size() == size;
    }
    const loop_nest<N> nest = even ? loop_nest<N>(size) : loop_nest<N>(shape, shapes);
    const std::array<std::size_t, N>& steps = nest.steps[nest.rank - 1];
    if (nest.rank == 1) return one_row(steps);
    const std::size_t inner = nest.inner();
    parallel_for(nest.rows(), size, 1, [&](std::size_t begin, std::size_t end) {
      nest.for_rows(begin, end, [&](const std::array<std::size_t, N>& offsets, std::size_t index) {
        piece(out + index * inner, offsets, steps, inner);
      });
    });
  }
}

/// out += the sum of f(inputs...) over the axes along which `out_shape` is broadcast to `shape`: how a
/// gradient comes back through broadcasting.
template <class T, std::size_t Dense, std::size_t N, class F>
void map_sum(const shape_type& shape, T* out, const shape_type& out_shape,
             const std::array<array_view<T>, N>& inputs, const F& f) {
  const std::size_t size = size_of(shape);
  if (size == 0) return;
  std::array<const shape_type*, N + 1> all;  // the output last
  std::array<const T*, N> arrays;
  for (std::size_t k = 0; k < N; ++k) {
    all[k] = &inputs[k].shape();
    arrays[k] = inputs[k].data();
  }
  all[N] = &out_shape;
  const loop_nest<N + 1> nest(shape, all);
  const std::size_t inner = nest.inner();
  const std::array<std::size_t, N> steps = detail::first<N>(nest.steps[nest.rank - 1]);
  const bool to_one = nest.steps[nest.rank - 1][N] == 0;  // each row ends in one number
  using offset_list = std::array<std::size_t, N + 1>;

  if (to_one && nest.rank == 1 && size >= parallel_threshold) {  // one long row
    // As many parts as the work is worth, whatever the number of threads.
    constexpr std::size_t width = parallel_threshold / 2;
    std::vector<double, pool_allocator<double>> parts((inner + width - 1) / width);
    const detail::row_reader<T, Dense, N> row(arrays, steps);
    parallel_for(parts.size(), size, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t p = begin; p < end; ++p)
        parts[p] = detail::row_sum(p * width, std::min(inner, (p + 1) * width), row, f);
    });
    double total = 0;
    for (const double part : parts) total += part;
    *out += static_cast<T>(total);
  } else if (to_one) {
    const auto rows = [&](std::size_t begin, std::size_t end) {
      nest.for_rows(begin, end, [&](const offset_list& offsets, std::size_t) {
        const detail::row_reader<T, Dense, N> row(detail::advance(arrays, offsets), steps);
        out[offsets[N]] += static_cast<T>(detail::row_sum(0, inner, row, f));
      });
    };
    if (nest.rank > 1 && nest.steps[0][N] != 0)  // rows that share an output stay on one thread
      parallel_for(nest.sizes[0], size, 1, [&](std::size_t begin, std::size_t end) {
        const std::size_t each = nest.rows() / nest.sizes[0];
        rows(begin * each, end * each);
      });
    else
      rows(0, nest.rows());
  } else {
    // Rows are added to each other; threads take columns, so that no two touch the same output.
    parallel_for(inner, size, 64, [&](std::size_t begin, std::size_t end) {
      nest.for_rows(0, nest.rows(), [&](const offset_list& offsets, std::size_t) {
        offset_list from = offsets;
        for (std::size_t k = 0; k < N; ++k) from[k] += begin * steps[k];
        const detail::row_reader<T, Dense, N> row(detail::advance(arrays, from), steps);
        detail::map_row(out + offsets[N] + begin, end - begin, true, row, f);
      });
    });
  }
}

/// out (+)= f(inputs...) over `shape`, summed down to out_shape where that is another; Same: it never is.
template <class T, std::size_t Dense, bool Same, std::size_t N, class F>
void map_to(const shape_type& shape, const shape_type& out_shape, T* out, bool accumulate,
            const std::array<array_view<T>, N>& inputs, const F& f) {
  if (Same || out_shape == shape) return map<T, Dense>(shape, out, accumulate, inputs, f);
  if (!accumulate) std::fill_n(out, size_of(out_shape), T(0));
  if constexpr (!Same) map_sum<T, Dense>(shape, out, out_shape, inputs, f);
}

}  // namespace xtape::kernel
