#pragma once
// The loops under every elementwise rule: a function of lanes over arrays that broadcast against each
// other, stored (map) or summed down to a smaller shape (map_sum), in one pass without a temporary.

#include <algorithm>
#include <array>
#include <cstddef>
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

/// Reads lanes of one array: along it, or its one element again and again.
template <class T, bool Fixed>
struct reader {
  const T* at;
  lane<T> fixed;
  explicit reader(const T* from) : at(from), fixed(Fixed ? *from : T(0)) {}
  lane<T> whole(std::size_t i) const { return Fixed ? fixed : load(at + i); }
  lane<T> part(std::size_t i, std::size_t count) const {
    return Fixed ? fixed : load_partial(at + i, count);
  }
};

/// Calls body(reader...) with a reader<T, Fixed> for each array, Fixed where its bit is set.
template <class T, std::size_t N, class F, class... Readers>
void with_readers(const std::array<const T*, N>& arrays, unsigned fixed_bits, const F& body,
                  const Readers&... made) {
  constexpr std::size_t k = sizeof...(Readers);
  if constexpr (k == N)
    body(made...);
  else if ((fixed_bits >> k & 1u) != 0)
    with_readers<T, N>(arrays, fixed_bits, body, made..., reader<T, true>(arrays[k]));
  else
    with_readers<T, N>(arrays, fixed_bits, body, made..., reader<T, false>(arrays[k]));
}

/// One row: calls use(i, count, value) with the function's lanes, count < lane_size only at the end.
template <class T, class F, class Use, class... Readers>
void run_row(std::size_t size, const F& f, const Use& use, const Readers&... readers) {
  std::size_t i = 0;
  for (; i + lane_size<T> <= size; i += lane_size<T>) use(i, lane_size<T>, f(readers.whole(i)...));
  if (i < size) use(i, size - i, f(readers.part(i, size - i)...));
}

template <std::size_t N>
unsigned fixed_bits(const std::array<std::size_t, N>& steps, std::size_t count) {
  unsigned bits = 0;
  for (std::size_t k = 0; k < count; ++k)
    if (steps[k] == 0) bits |= 1u << k;
  return bits;
}

template <class T, std::size_t N>
std::array<const T*, N> advance(std::array<const T*, N> arrays,
                                const std::array<std::size_t, N>& offsets) {
  for (std::size_t k = 0; k < N; ++k) arrays[k] += offsets[k];
  return arrays;
}

}  // namespace detail

/// The function that copies.
inline constexpr auto identity = [](const auto& x) { return x; };

/// out = f(inputs...) over `shape`, or out += f(inputs...). `out` has the shape itself.
template <class T, std::size_t N, class F>
void map(const shape_type& shape, T* out, bool accumulate,
         const std::array<const array<T>*, N>& inputs, const F& f) {
  const std::size_t size = size_of(shape);
  if (size == 0) return;
  std::array<const shape_type*, N> shapes;
  std::array<const T*, N> arrays;
  bool even = true;  // nothing broadcasts: one loop, found without looking at the axes
  for (std::size_t k = 0; k < N; ++k) {
    shapes[k] = &inputs[k]->shape();
    arrays[k] = inputs[k]->data();
    even = even && inputs[k]->storage().size() == size;
  }
  const loop_nest<N> nest = even ? loop_nest<N>(size) : loop_nest<N>(shape, shapes);
  const std::size_t inner = nest.inner();
  const unsigned fixed = detail::fixed_bits(nest.steps[nest.rank - 1], N);
  const auto run = [&](T* to, std::size_t count, const std::array<const T*, N>& from) {
    detail::with_readers<T, N>(from, fixed, [&](const auto&... readers) {
      if (accumulate)
        detail::run_row<T>(
            count, f,
            [to](std::size_t i, std::size_t n, const lane<T>& value) {
              if (n == lane_size<T>)
                store(to + i, load(to + i) + value);
              else
                store_partial(to + i, load_partial(to + i, n) + value, n);
            },
            readers...);
      else
        detail::run_row<T>(
            count, f,
            [to](std::size_t i, std::size_t n, const lane<T>& value) {
              if (n == lane_size<T>)
                store(to + i, value);
              else
                store_partial(to + i, value, n);
            },
            readers...);
    });
  };
  if (nest.rank == 1) {
    parallel_for(inner, size, 64, [&](std::size_t begin, std::size_t end) {
      std::array<std::size_t, N> offsets;
      for (std::size_t k = 0; k < N; ++k) offsets[k] = begin * nest.steps[0][k];
      run(out + begin, end - begin, detail::advance(arrays, offsets));
    });
  } else {
    parallel_for(nest.rows(), size, 1, [&](std::size_t begin, std::size_t end) {
      nest.for_rows(begin, end, [&](const std::array<std::size_t, N>& offsets, std::size_t row) {
        run(out + row * inner, inner, detail::advance(arrays, offsets));
      });
    });
  }
}

namespace detail {

/// Sum of f(readers...) over a row: four registers at once, blocks added up in double, so that the
/// error does not grow with the row's length as a single running float sum's would.
template <class T, class F, class... Readers>
double row_sum(std::size_t begin, std::size_t end, const F& f, const Readers&... readers) {
  constexpr std::size_t w = lane_size<T>;
  constexpr std::size_t block = 256 * w;
  double total = 0;
  for (std::size_t i = begin; i < end;) {
    const std::size_t stop = end - i < block ? end : i + block;
    lane<T> a(T(0)), b(T(0)), c(T(0)), d(T(0));
    for (; i + 4 * w <= stop; i += 4 * w) {
      a = a + f(readers.whole(i)...);
      b = b + f(readers.whole(i + w)...);
      c = c + f(readers.whole(i + 2 * w)...);
      d = d + f(readers.whole(i + 3 * w)...);
    }
    for (; i + w <= stop; i += w) a = a + f(readers.whole(i)...);
    total += static_cast<double>(horizontal_sum<T>((a + b) + (c + d)));
    if (i < stop) {  // what the function makes of the padding must not count
      alignas(64) T last[w];
      f(readers.part(i, stop - i)...).store_aligned(last);
      for (std::size_t k = 0; k < stop - i; ++k) total += static_cast<double>(last[k]);
      i = stop;
    }
  }
  return total;
}

}  // namespace detail

/// out += the sum of f(inputs...) over the axes along which `out_shape` is broadcast to `shape`: how a
/// gradient comes back through broadcasting.
template <class T, std::size_t N, class F>
void map_sum(const shape_type& shape, T* out, const shape_type& out_shape,
             const std::array<const array<T>*, N>& inputs, const F& f) {
  const std::size_t size = size_of(shape);
  if (size == 0) return;
  std::array<const shape_type*, N + 1> all;  // the output last
  std::array<const T*, N> arrays;
  for (std::size_t k = 0; k < N; ++k) {
    all[k] = &inputs[k]->shape();
    arrays[k] = inputs[k]->data();
  }
  all[N] = &out_shape;
  const loop_nest<N + 1> nest(shape, all);
  const std::size_t inner = nest.inner();
  const auto& inner_steps = nest.steps[nest.rank - 1];
  const unsigned fixed = detail::fixed_bits(inner_steps, N);
  const auto start = [&](const std::array<std::size_t, N + 1>& offsets, std::size_t column) {
    std::array<const T*, N> from;
    for (std::size_t k = 0; k < N; ++k) from[k] = arrays[k] + offsets[k] + column * inner_steps[k];
    return from;
  };

  if (inner_steps[N] == 0) {  // each row ends in one number
    if (nest.rank == 1) {     // and there is one row
      const auto part = [&](std::size_t begin, std::size_t end) {
        double sum = 0;
        detail::with_readers<T, N>(arrays, fixed, [&](const auto&... readers) {
          sum = detail::row_sum<T>(begin, end, f, readers...);
        });
        return sum;
      };
      double total = 0;
      if (size < parallel_threshold) {
        total = part(0, inner);
      } else {
        // As many parts as the work is worth, whatever the number of threads.
        constexpr std::size_t width = parallel_threshold / 2;
        std::vector<double, pool_allocator<double>> parts((inner + width - 1) / width);
        parallel_for(parts.size(), size, 1, [&](std::size_t begin, std::size_t end) {
          for (std::size_t p = begin; p < end; ++p)
            parts[p] = part(p * width, std::min(inner, (p + 1) * width));
        });
        for (const double each : parts) total += each;
      }
      *out += static_cast<T>(total);
      return;
    }
    const auto rows = [&](std::size_t begin, std::size_t end) {
      nest.for_rows(begin, end, [&](const std::array<std::size_t, N + 1>& offsets, std::size_t) {
        detail::with_readers<T, N>(start(offsets, 0), fixed, [&](const auto&... readers) {
          out[offsets[N]] += static_cast<T>(detail::row_sum<T>(0, inner, f, readers...));
        });
      });
    };
    if (nest.steps[0][N] != 0)  // rows that share an output stay on one thread
      parallel_for(nest.sizes[0], size, 1, [&](std::size_t begin, std::size_t end) {
        const std::size_t each = nest.rows() / nest.sizes[0];
        rows(begin * each, end * each);
      });
    else
      rows(0, nest.rows());
    return;
  }

  // Rows are added to each other; threads take columns, so that no two touch the same output.
  parallel_for(inner, size, 64, [&](std::size_t begin, std::size_t end) {
    nest.for_rows(0, nest.rows(), [&](const std::array<std::size_t, N + 1>& offsets, std::size_t) {
      T* const to = out + offsets[N] + begin;
      detail::with_readers<T, N>(start(offsets, begin), fixed, [&](const auto&... readers) {
        detail::run_row<T>(
            end - begin, f,
            [to](std::size_t i, std::size_t n, const lane<T>& value) {
              if (n == lane_size<T>)
                store(to + i, load(to + i) + value);
              else
                store_partial(to + i, load_partial(to + i, n) + value, n);
            },
            readers...);
      });
    });
  });
}

}  // namespace xtape::kernel
