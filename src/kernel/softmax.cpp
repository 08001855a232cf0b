#include "kernel/softmax.hpp"

#include "kernel/exponential.hpp"
#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace xtape::kernel {

namespace {

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

/// A register full of elements.
template <class T>
struct whole {
  static std::size_t size() noexcept { return lane_size<T>; }
  lane<T> load(const T* from, T = T(0)) const noexcept { return kernel::load(from); }
  void store(T* to, const lane<T>& value) const noexcept { kernel::store(to, value); }
};

/// A register of which only the first `count` elements belong to the slice.
template <class T>
struct partial {
  std::size_t count;
  std::size_t size() const noexcept { return count; }
  lane<T> load(const T* from, T fill = T(0)) const noexcept {
    return load_partial(from, count, fill);
  }
  void store(T* to, const lane<T>& value) const noexcept { store_partial(to, value, count); }
};

/// As many running sums or maxima a slice: one waits for its own last addition, four rarely do.
constexpr std::size_t slots = 4;

template <class T>
struct running {
  lane<T> at[slots];
  explicit running(T start) noexcept { std::fill_n(at, slots, lane<T>(start)); }
  lane<T> sum() const noexcept { return (at[0] + at[1]) + (at[2] + at[3]); }
  lane<T> max() const noexcept {
    return xsimd::max(xsimd::max(at[0], at[1]), xsimd::max(at[2], at[3]));
  }
};

/// Walks over one slice of neighbouring elements, a register of them at a time.
template <class T>
struct along {
  std::size_t n;

  /// Calls f(offset, part, slot) for every register; part loads and stores what belongs to it.
  template <class F>
  void each(const F& f) const {
    constexpr std::size_t size = lane_size<T>;
    std::size_t j = 0;
    for (; j + slots * size <= n; j += slots * size)
      unrolled<slots>([&](auto slot) { f(j + slot() * size, whole<T>{}, slot()); });
    unrolled<slots>([&](auto slot) {
      if (j + size <= n) {
        f(j, whole<T>{}, slot());
        j += size;
      } else if (j < n) {
        f(j, partial<T>{n - j}, slot());
        j = n;
      }
    });
  }
  lane<T> sum(const running<T>& values) const noexcept {
    return lane<T>(horizontal_sum(values.sum()));
  }
  lane<T> max(const running<T>& values) const noexcept {
    return lane<T>(horizontal_max(values.max()));
  }
  /// How many slices are walked over at once, and where element j of the i-th of them is.
  static std::size_t slices() noexcept { return 1; }
  static std::size_t offset(std::size_t j, std::size_t) noexcept { return j; }
  /// Keeps a value for the next walk where the result goes. What is left of a register stays in
  /// `rest`: the masked store would be read back late.
  void keep(whole<T>, T* to, const lane<T>& value, lane<T>&) const noexcept { store(to, value); }
  void keep(partial<T>, T*, const lane<T>& value, lane<T>& rest) const noexcept { rest = value; }
  lane<T> kept(whole<T>, const T* at, const lane<T>&) const noexcept { return load(at); }
  lane<T> kept(partial<T>, const T*, const lane<T>& rest) const noexcept { return rest; }
  /// Stores a value a slice.
  void store_result(T* to, const lane<T>& value) const noexcept { store_partial(to, value, 1); }
};

/// Walks over as many slices at once as `Part` has elements, each of n elements `stride` apart.
template <class T, class Part>
struct across {
  std::size_t n;
  std::size_t stride;
  Part part;

  template <class F>
  void each(const F& f) const {
    std::size_t j = 0;
    for (; j + slots <= n; j += slots)
      for (std::size_t slot = 0; slot < slots; ++slot) f((j + slot) * stride, part, slot);
    for (std::size_t slot = 0; j < n; ++j, ++slot) f(j * stride, part, slot);
  }
  std::size_t slices() const noexcept { return part.size(); }
  std::size_t offset(std::size_t j, std::size_t i) const noexcept { return j * stride + i; }
  void keep(Part, T* to, const lane<T>& value, lane<T>&) const noexcept { part.store(to, value); }
  lane<T> kept(Part, const T* at, const lane<T>&) const noexcept { return part.load(at); }
  lane<T> sum(const running<T>& values) const noexcept { return values.sum(); }
  lane<T> max(const running<T>& values) const noexcept { return values.max(); }
  void store_result(T* to, const lane<T>& value) const noexcept { part.store(to, value); }
};

/// Calls body(walk) with a walk across `width` <= lane_size slices side by side.
template <class T, class F>
void with_walk_across(std::size_t n, std::size_t stride, std::size_t width, const F& body) {
  if (width == lane_size<T>)
    body(across<T, whole<T>>{n, stride, {}});
  else
    body(across<T, partial<T>>{n, stride, {width}});
}

// Note [Narrow rows]: a row of a few elements leaves most of a register empty and spends its time in
// sums across it. As many narrow rows as a register has elements are therefore turned into columns
// on the stack, where one register holds an element of each: square by square, in registers.

/// Rows up to this long count as narrow.
constexpr std::size_t narrow = 32;

/// Whole squares, since `narrow` is a multiple of every size.
template <class T>
using columns = std::array<T, narrow * lane_size<T>>;

template <class T>
using square = std::array<lane<T>, lane_size<T>>;

/// The elements from `First` on of two registers in turn: a0 b0 a1 b1 ...
template <std::size_t First, class Register, std::size_t... J>
Register interleave(Register a, Register b, std::index_sequence<J...>) noexcept {
  return __builtin_shufflevector(a, b, (First + J / 2 + J % 2 * sizeof...(J))...);
}

/// Element j of register i becomes element i of register j, in as many rounds as the size has bits: each
/// interleaves the registers of the first half with those of the second.
template <class T, std::size_t Size = lane_size<T>, std::size_t... I>
[[gnu::always_inline]] inline square<T> transposed(const square<T>& s,
                                                   std::index_sequence<I...> all) {
  constexpr std::size_t half = sizeof...(I) / 2;
  if constexpr (Size == 1)
    return s;
  else
    return transposed<T, Size / 2>(
        square<T>{lane<T>(interleave<I % 2 * half>(s[I / 2].data, s[I / 2 + half].data, all))...},
        all);
}

/// Where there are fewer rows than a register has elements, the last one is repeated.
template <class T, class Part, std::size_t... I>
void square_to_columns(Part part, std::size_t rows, std::size_t n, const T* x, T* to,
                       std::index_sequence<I...> all) noexcept {
  const square<T> s = transposed<T>({part.load(x + std::min(I, rows - 1) * n)...}, all);
  (store(to + I * sizeof...(I), s[I]), ...);
}

template <class T, class Part, std::size_t... I>
void square_to_rows(Part part, std::size_t rows, std::size_t n, const T* x, T* to,
                    std::index_sequence<I...> all) noexcept {
  const square<T> s = transposed<T>({load(x + I * sizeof...(I))...}, all);
  ((I < rows ? part.store(to + I * n, s[I]) : void()), ...);
}

/// Calls f(first column, part, indices) for the squares that rows of n are cut into, and returns the first column
/// left over. A part of a square pays where it is at least half and masks load and store it.
template <class T, class F>
std::size_t by_squares(std::size_t n, const F& f) {
  constexpr std::size_t size = lane_size<T>;
  constexpr std::make_index_sequence<size> all;
  std::size_t j = 0;
  for (; j + size <= n; j += size) f(j, whole<T>{}, all);
  if (!masked<T> || n - j < size / 2) return j;
  f(j, partial<T>{n - j}, all);
  return n;
}

template <class T>
void rows_to_columns(std::size_t rows, std::size_t n, const T* x, columns<T>& to) noexcept {
  constexpr std::size_t size = lane_size<T>;
  std::size_t j = by_squares<T>(n, [&](std::size_t first, auto part, auto all) {
    square_to_columns(part, rows, n, x + first, to.data() + first * size, all);
  });
  for (; j < n; ++j)
    for (std::size_t i = 0; i < rows; ++i) to[j * size + i] = x[i * n + j];
}

template <class T>
void columns_to_rows(std::size_t rows, std::size_t n, const columns<T>& x, T* to) noexcept {
  constexpr std::size_t size = lane_size<T>;
  std::size_t j = by_squares<T>(n, [&](std::size_t first, auto part, auto all) {
    square_to_rows(part, rows, n, x.data() + first * size, to + first, all);
  });
  for (; j < n; ++j)
    for (std::size_t i = 0; i < rows; ++i) to[i * n + j] = x[j * size + i];
}

/// Whether narrow rows are worth turning: with exponentials they are, for a few products not.
enum class narrow_rows { turned, as_they_are };

/// Calls body(walk, inputs, output, index) for all slices of arrays (outer, n, inner): the pointers
/// are those of the slices' first elements, index is that of the slice in (outer, inner).
template <class T, std::size_t N, narrow_rows Narrow = narrow_rows::turned, class F>
void over_slices(std::size_t outer, std::size_t n, std::size_t inner,
                 const std::array<const T*, N>& inputs, T* out, const F& body) {
  constexpr std::size_t size = lane_size<T>;
  const auto at = [&](std::size_t offset) {
    std::array<const T*, N> from = inputs;
    for (const T*& pointer : from) pointer += offset;
    return from;
  };
  const auto to = [&](std::size_t offset) { return out == nullptr ? nullptr : out + offset; };
  if (Narrow == narrow_rows::turned && inner == 1 && n <= narrow && outer >= 4) {
    const std::size_t groups = (outer + size - 1) / size;
    parallel_for(groups, outer * n, 1, [&](std::size_t begin, std::size_t end) {
      columns<T> turned[N + 1];
      std::array<const T*, N> from;
      for (std::size_t k = 0; k < N; ++k) from[k] = turned[k].data();
      for (std::size_t i = begin * size; i < std::min(outer, end * size); i += size) {
        const std::size_t rows = std::min(size, outer - i);
        for (std::size_t k = 0; k < N; ++k) rows_to_columns(rows, n, inputs[k] + i * n, turned[k]);
        T* turned_out = out == nullptr ? nullptr : turned[N].data();
        with_walk_across<T>(n, size, rows,
                            [&](const auto& walk) { body(walk, from, turned_out, i); });
        if (out != nullptr) columns_to_rows(rows, n, turned[N], to(i * n));
      }
    });
  } else if (inner == 1) {
    parallel_for(outer, outer * n, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) body(along<T>{n}, at(i * n), to(i * n), i);
    });
  } else {
    const std::size_t strips = (inner + size - 1) / size;
    parallel_for(outer * strips, outer * n * inner, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t column = i % strips * size;
        const std::size_t offset = i / strips * n * inner + column;
        with_walk_across<T>(n, inner, std::min(size, inner - column), [&](const auto& walk) {
          body(walk, at(offset), to(offset), i / strips * inner + column);
        });
      }
    });
  }
}

/// What exponents are shifted by: the maximum, or 0 where all is -inf, whose difference is NaN.
template <class T, class Walk>
lane<T> shift_of(const Walk& walk, const T* x) {
  running<T> running_max(-infinity<T>);
  walk.each([&](std::size_t j, auto part, std::size_t slot) {
    running_max.at[slot] = xsimd::max(running_max.at[slot], part.load(x + j, -infinity<T>));
  });
  const lane<T> max = walk.max(running_max);
  return xsimd::select(max == lane<T>(-infinity<T>), lane<T>(T(0)), max);
}

/// sum_j exp(x_j - shift); what lies behind a slice's end is read as -inf and adds 0. Where y is not
/// null the exponentials are kept there and in `rest`.
template <class T, class Walk>
lane<T> exp_sum(const Walk& walk, const T* x, const lane<T>& shift, T* y, lane<T>& rest) {
  running<T> sum(T(0));
  walk.each([&](std::size_t j, auto part, std::size_t slot) {
    const lane<T> e = exp(part.load(x + j, -infinity<T>) - shift);
    if (y != nullptr) walk.keep(part, y + j, e, rest);
    sum.at[slot] += e;
  });
  return walk.sum(sum);
}

template <class T, class Walk>
lane<T> exp_sum(const Walk& walk, const T* x, const lane<T>& shift) {
  lane<T> rest(T(0));
  return exp_sum<T>(walk, x, shift, nullptr, rest);
}

}  // namespace

template <class T>
void softmax(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* y) {
  over_slices<T, 1>(outer, n, inner, {x}, y,
                    [](const auto& walk, const auto& in, T* to, std::size_t) {
                      const lane<T> shift = shift_of(walk, in[0]);
                      lane<T> rest(T(0));
                      const lane<T> factor = lane<T>(T(1)) / exp_sum(walk, in[0], shift, to, rest);
                      walk.each([&](std::size_t j, auto part, std::size_t) {
                        part.store(to + j, walk.kept(part, to + j, rest) * factor);
                      });
                    });
}

template <class T>
void log_softmax(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* y) {
  over_slices<T, 1>(outer, n, inner, {x}, y,
                    [](const auto& walk, const auto& in, T* to, std::size_t) {
                      const lane<T> shift = shift_of(walk, in[0]);
                      const lane<T> log_sum = xsimd::log(exp_sum(walk, in[0], shift));
                      walk.each([&](std::size_t j, auto part, std::size_t) {
                        part.store(to + j, (part.load(in[0] + j) - shift) - log_sum);
                      });
                    });
}

template <class T>
void logsumexp(std::size_t outer, std::size_t n, std::size_t inner, const T* x, T* out) {
  over_slices<T, 1>(outer, n, inner, {x}, nullptr,
                    [out](const auto& walk, const auto& in, T*, std::size_t index) {
                      const lane<T> shift = shift_of(walk, in[0]);
                      walk.store_result(out + index,
                                        xsimd::log(exp_sum(walk, in[0], shift)) + shift);
                    });
}

namespace {

/// gx_j (+)= value(g_j, y_j, s), where s is what add(s, g_j, y_j) makes of 0 along the slice.
template <class T, class Add, class Value>
void vjp(std::size_t outer, std::size_t n, std::size_t inner, const T* g, const T* y,
         bool accumulate, T* gx, const Add& add, const Value& value) {
  over_slices<T, 2, narrow_rows::as_they_are>(
      outer, n, inner, {g, y}, gx, [&](const auto& walk, const auto& in, T* to, std::size_t) {
        running<T> running_sum(T(0));
        walk.each([&](std::size_t j, auto part, std::size_t slot) {
          running_sum.at[slot] =
              add(running_sum.at[slot], part.load(in[0] + j), part.load(in[1] + j));
        });
        const lane<T> sum = walk.sum(running_sum);
        walk.each([&](std::size_t j, auto part, std::size_t) {
          const lane<T> each = value(part.load(in[0] + j), part.load(in[1] + j), sum);
          part.store(to + j, accumulate ? part.load(to + j) + each : each);
        });
      });
}

}  // namespace

template <class T>
void softmax_vjp(std::size_t outer, std::size_t n, std::size_t inner, const T* g, const T* y,
                 bool accumulate, T* gx) {
  using l = const lane<T>&;
  vjp(
      outer, n, inner, g, y, accumulate, gx,
      [](l sum, l g_j, l y_j) { return xsimd::fma(g_j, y_j, sum); },
      [](l g_j, l y_j, l sum) { return y_j * (g_j - sum); });
}

template <class T>
void log_softmax_vjp(std::size_t outer, std::size_t n, std::size_t inner, const T* g, const T* y,
                     bool accumulate, T* gx) {
  using l = const lane<T>&;
  vjp(
      outer, n, inner, g, y, accumulate, gx, [](l sum, l g_j, l) { return sum + g_j; },
      [](l g_j, l y_j, l sum) { return g_j - exp(y_j) * sum; });
}

namespace {

/// What each row adds to a loss: weight log(sum) - product, where sum = sum_j exp(x_j - shift),
/// weight = sum_j t_j and product = sum_j t_j (x_j - shift). The logs are taken at the end, a register
/// at a time: one log for one row costs as much as the row's exponentials.
template <class T>
class row_losses {
 public:
  explicit row_losses(std::size_t rows)
      : rows_(rows), many_(rows > few ? 3 * rows : 0), data_(many_.empty() ? few_ : many_.data()) {}
  row_losses(const row_losses&) = delete;
  row_losses& operator=(const row_losses&) = delete;

  T* sums() noexcept { return data_; }
  T* weights() noexcept { return data_ + rows_; }
  T* products() noexcept { return data_ + 2 * rows_; }

  void take_logs() noexcept {
    along<T>{rows_}.each([&](std::size_t i, auto part, std::size_t) {
      const lane<T> logs = xsimd::log(part.load(sums() + i, T(1)));
      part.store(sums() + i, logs);
    });
  }
  /// Row i's loss, after take_logs.
  double operator[](std::size_t i) noexcept {
    return static_cast<double>(weights()[i]) * static_cast<double>(sums()[i]) -
           static_cast<double>(products()[i]);
  }

  /// The mean, added up in double and in an order that depends on nothing but the number of rows.
  T mean() noexcept {
    take_logs();
    double total[8] = {};
    const auto add = [&](std::size_t i, std::size_t k) { total[k] += (*this)[i]; };
    std::size_t i = 0;
    for (; i + 8 <= rows_; i += 8)
      for (std::size_t k = 0; k < 8; ++k) add(i + k, k);
    for (; i < rows_; ++i) add(i, 0);
    for (std::size_t width = 4; width > 0; width /= 2)
      for (std::size_t k = 0; k < width; ++k) total[k] += total[k + width];
    return static_cast<T>(total[0] / static_cast<double>(rows_));
  }

 private:
  static constexpr std::size_t few = 256;  // rows that need no allocation
  std::size_t rows_;
  std::vector<T> many_;
  T few_[3 * few];
  T* data_;
};

}  // namespace

template <class T>
T softmax_cross_entropy(std::size_t b, std::size_t c, const T* x, const int* labels, T* gradient) {
  const T scale = T(1) / static_cast<T>(b);
  row_losses<T> losses(b);
  T* sums = losses.sums();
  T* weights = losses.weights();
  T* products = losses.products();
  const auto label = [labels](std::size_t i) { return static_cast<std::size_t>(labels[i]); };
  over_slices<T, 1>(b, c, 1, {x}, gradient,
                    [=](const auto& walk, const auto& in, T* to, std::size_t index) {
                      const lane<T> shift = shift_of(walk, in[0]);
                      lane<T> rest(T(0));
                      const lane<T> sum = exp_sum(walk, in[0], shift, to, rest);
                      walk.store_result(sums + index, sum);
                      walk.store_result(weights + index, lane<T>(T(1)));
                      walk.store_result(products + index, shift);
                      // From x: the columns have just been stored, and what else reads them by element waits for that.
                      for (std::size_t i = index; i < index + walk.slices(); ++i)
                        products[i] = x[i * c + label(i)] - products[i];
                      if (to == nullptr) return;
                      const lane<T> factor = lane<T>(scale) / sum;
                      walk.each([&](std::size_t j, auto part, std::size_t) {
                        part.store(to + j, walk.kept(part, to + j, rest) * factor);
                      });
                      for (std::size_t i = 0; i < walk.slices(); ++i)
                        to[walk.offset(label(index + i), i)] -= scale;
                    });
  return losses.mean();
}

template <class T>
void softmax_cross_entropy(std::size_t b, std::size_t c, const T* x, const T* targets, T* out) {
  row_losses<T> losses(b);
  T* sums = losses.sums();
  T* weights = losses.weights();
  T* products = losses.products();
  over_slices<T, 2>(b, c, 1, {x, targets}, nullptr,
                    [=](const auto& walk, const auto& in, T*, std::size_t index) {
                      const lane<T> shift = shift_of(walk, in[0]);
                      running<T> sum_of(T(0));
                      running<T> weight_of(T(0));
                      running<T> product_of(T(0));  // sum_j t_j (x_j - shift)
                      walk.each([&](std::size_t j, auto part, std::size_t slot) {
                        const lane<T> zero(T(0));
                        const lane<T> z = part.load(in[0] + j, -infinity<T>) - shift;
                        const lane<T> t = part.load(in[1] + j);
                        sum_of.at[slot] += exp(z);
                        weight_of.at[slot] += t;
                        product_of.at[slot] += xsimd::select(t == zero, zero, t * z);
                      });
                      walk.store_result(sums + index, walk.sum(sum_of));
                      walk.store_result(weights + index, walk.sum(weight_of));
                      walk.store_result(products + index, walk.sum(product_of));
                    });
  losses.take_logs();
  for (std::size_t i = 0; i < b; ++i) out[i] = static_cast<T>(losses[i]);
}

template void softmax(std::size_t, std::size_t, std::size_t, const float*, float*);
template void log_softmax(std::size_t, std::size_t, std::size_t, const float*, float*);
template void logsumexp(std::size_t, std::size_t, std::size_t, const float*, float*);
template void softmax_vjp(std::size_t, std::size_t, std::size_t, const float*, const float*, bool,
                          float*);
template void log_softmax_vjp(std::size_t, std::size_t, std::size_t, const float*, const float*,
                              bool, float*);
template float softmax_cross_entropy(std::size_t, std::size_t, const float*, const int*, float*);
template void softmax_cross_entropy(std::size_t, std::size_t, const float*, const float*, float*);
template void softmax(std::size_t, std::size_t, std::size_t, const double*, double*);
template void log_softmax(std::size_t, std::size_t, std::size_t, const double*, double*);
template void logsumexp(std::size_t, std::size_t, std::size_t, const double*, double*);
template void softmax_vjp(std::size_t, std::size_t, std::size_t, const double*, const double*, bool,
                          double*);
template void log_softmax_vjp(std::size_t, std::size_t, std::size_t, const double*, const double*,
                              bool, double*);
template double softmax_cross_entropy(std::size_t, std::size_t, const double*, const int*, double*);
template void softmax_cross_entropy(std::size_t, std::size_t, const double*, const double*,
                                    double*);

}  // namespace xtape::kernel
