#include "kernel/convolution.hpp"

#include "kernel/frame.hpp"
#include "kernel/gemm.hpp"
#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

namespace xtape::kernel {

// See Note [Frames] in kernel/frame.hpp.

namespace {

/// How many terms cost as much as one element of a loop over memory: what parallel_for wants to know.
constexpr std::size_t terms_an_element = 8;
/// At least so many parts are there for threads to share, where there are fewer images.
constexpr std::size_t enough_parts = 8;

/// to = from + value.
template <class T>
void add_to_row(const T* from, std::size_t size, T value, T* to) {
  const lane<T> each(value);
  std::size_t i = 0;
  for (; i + lane_size<T> <= size; i += lane_size<T>) store(to + i, load(from + i) + each);
  if (i < size) store_partial(to + i, load_partial(from + i, size - i) + each, size - i);
}

// ---- Products with a frame ---------------------------------------------------------------------

/// Sums that are kept in registers: eight rows of three lanes where there are 32 registers, else four of two.
template <class T>
constexpr bool many_registers = lane_size<T> * sizeof(T) == 64;
template <class T>
constexpr std::size_t most_rows = many_registers<T> ? 8 : 4;

/// Where the right factor's rows are: for each channel of a frame, for each tap.
template <class T>
struct source {
  const T* frame;
  std::size_t channels, channel_step;
  const sizes& taps;
};

/// y[r, q] = sum over channels and taps of w x, for Rows rows and Lanes lanes of q. w: (channels, taps, Rows).
template <std::size_t Rows, std::size_t Lanes, class T>
void tile(const source<T>& x, std::size_t q, const T* w, T* y, std::size_t y_row) {
  lane<T> sum[Rows][Lanes];
  unrolled<Rows * Lanes>([&](auto i) { sum[i() / Lanes][i() % Lanes] = lane<T>(T(0)); });
  const T* channel = x.frame + q;
  const std::size_t *const first = x.taps.data(), *const last = first + x.taps.size();
  for (std::size_t c = 0; c < x.channels; ++c, channel += x.channel_step)
    for (const std::size_t* tap = first; tap != last; ++tap, w += Rows) {
      lane<T> pixels[Lanes];
      unrolled<Lanes>([&](auto l) { pixels[l()] = load(channel + *tap + l() * lane_size<T>); });
      unrolled<Rows>([&](auto r) {
        const lane<T> factor(w[r()]);
        unrolled<Lanes>(
            [&](auto l) { sum[r()][l()] = xsimd::fma(factor, pixels[l()], sum[r()][l()]); });
      });
    }
  unrolled<Rows * Lanes>([&](auto i) {
    store(y + i() / Lanes * y_row + i() % Lanes * lane_size<T>, sum[i() / Lanes][i() % Lanes]);
  });
}

/// The same for `size` numbers from q on, and up to a lane more.
template <std::size_t Rows, class T>
void tiles(const source<T>& x, std::size_t q, std::size_t size, const T* w, T* y,
           std::size_t y_row) {
  constexpr std::size_t width = lane_size<T>;
  std::size_t i = 0;
  if constexpr (many_registers<T>)
    for (; i + 2 * width < size; i += 3 * width) tile<Rows, 3>(x, q + i, w, y + i, y_row);
  for (; i + width < size; i += 2 * width) tile<Rows, 2>(x, q + i, w, y + i, y_row);
  if (i < size) tile<Rows, 1>(x, q + i, w, y + i, y_row);
}

/// Calls use(count, first) for the rows [begin, end), `count` at a time, an integral constant of at most most_rows.
template <class T, class Use>
void for_each_block(std::size_t begin, std::size_t end, const Use& use) {
  const auto blocks = [&](auto count) {
    for (; begin + count() <= end; begin += count()) use(count, begin);
  };
  if constexpr (most_rows<T> == 8) blocks(std::integral_constant<std::size_t, 8>{});
  blocks(std::integral_constant<std::size_t, 4>{});
  blocks(std::integral_constant<std::size_t, 2>{});
  blocks(std::integral_constant<std::size_t, 1>{});
}

/// The left factor, weight(row, term), in the order in which tiles read it.
template <class T, class Weight>
buffer<T> packed(std::size_t rows, std::size_t terms, const Weight& weight) {
  buffer<T> result(rows * terms);
  T* to = result.data();
  for_each_block<T>(0, rows, [&](auto count, std::size_t first) {
    for (std::size_t term = 0; term < terms; ++term)
      for (std::size_t r = 0; r < count(); ++r) *to++ = weight(first + r, term);
  });
  return result;
}

/// Rows of windows that are computed in one go, so that what they give is still in the cache when it is copied.
std::size_t rows_at_once(std::size_t pitch) { return std::max<std::size_t>(1, 768 / pitch); }

template <class T>
std::size_t whole_lanes(std::size_t size) {
  return (size + lane_size<T> - 1) / lane_size<T> * lane_size<T>;
}

/// What multiply needs for itself.
template <class T>
buffer<T> scratch(std::size_t pitch) {
  return buffer<T>(most_rows<T> * whole_lanes<T>(rows_at_once(pitch) * pitch));
}

/// The product's rows [begin, end), of `height` rows of `width` windows each, pitch apart in the frame: calls
/// use(row, row of windows, its numbers).
template <class T, class Use>
void multiply(const buffer<T>& weights, const source<T>& x, std::size_t begin, std::size_t end,
              std::size_t height, std::size_t width, std::size_t pitch, T* made, const Use& use) {
  const std::size_t terms = x.channels * x.taps.size(), most = rows_at_once(pitch);
  for (std::size_t first = 0; first < height; first += most) {
    const std::size_t rows = std::min(most, height - first), size = (rows - 1) * pitch + width,
                      step = whole_lanes<T>(size);
    for_each_block<T>(begin, end, [&](auto count, std::size_t row) {
      tiles<count()>(x, first * pitch, size, weights.data() + row * terms, made, step);
      for (std::size_t r = 0; r < count(); ++r)
        for (std::size_t i = 0; i < rows; ++i) use(row + r, first + i, made + r * step + i * pitch);
    });
  }
}

/// Shares out `units` units of `rows` rows among the threads: calls use(state, unit, begin, end) for all units
/// and their rows [begin, end), begin being a multiple of 8. make() gives each thread its state.
template <class Make, class Use>
void for_each_part(std::size_t units, std::size_t rows, std::size_t terms, const Make& make,
                   const Use& use) {
  const std::size_t blocks = (rows + 7) / 8;
  const std::size_t pieces =
      units >= enough_parts ? 1 : std::min(blocks, (enough_parts + units - 1) / units);
  parallel_for(units * pieces, units * rows * terms / terms_an_element, 1,
               [&](std::size_t first, std::size_t last) {
                 auto state = make();
                 for (std::size_t i = first; i < last; ++i)
                   use(state, i / pieces, blocks * (i % pieces) / pieces * 8,
                       std::min(rows, blocks * (i % pieces + 1) / pieces * 8));
               });
}

/// The frame of cotangents, seen from pixels: window o is at place o + lead, and the pixel at place j of its
/// phase, counted from begin(), sees by element k what lies at j + turned(k).
struct cotangent_axis : axis {
  std::size_t reach() const { return std::max(begin(), last_tap()); }
  std::size_t lead() const { return reach() - begin(); }
  std::size_t turned(std::size_t k) const { return reach() - tap(k); }
  std::size_t places() const { return end() - begin(); }
};

}  // namespace

template <class T>
void convolve(const convolution& c, const T* x, const T* weight, const T* bias, T* y) {
  const image_frame frame(c.in_channels, c.rows, c.columns);
  const std::size_t height = c.rows.out(), width = c.columns.out(), out = height * width,
                    in = c.in_channels * c.rows.in * c.columns.in,
                    terms = c.in_channels * frame.taps.size();
  std::vector<buffer<T>> weights;
  for (std::size_t group = 0; group < c.groups; ++group)
    weights.push_back(packed<T>(c.out_channels, terms, [&](std::size_t m, std::size_t term) {
      return weight[(group * c.out_channels + m) * terms + term];
    }));
  struct state {
    buffer<T> frame, made;
  };
  for_each_part(
      c.images * c.groups, c.out_channels, out * terms,
      [&] {
        return state{buffer<T>(frame.size<T>()), scratch<T>(frame.pitch)};
      },
      [&](state& s, std::size_t unit, std::size_t begin, std::size_t end) {
        frame.fill(x + unit * in, s.frame.data());
        T* const to = y + unit * c.out_channels * out;
        const T* const add = bias != nullptr ? bias + unit % c.groups * c.out_channels : nullptr;
        multiply<T>(
            weights[unit % c.groups],
            {s.frame.data(), c.in_channels, frame.channel_step, frame.taps}, begin, end, height,
            width, frame.pitch, s.made.data(), [&](std::size_t m, std::size_t row, const T* from) {
              T* const at = to + m * out + row * width;
              add != nullptr ? add_to_row(from, width, add[m], at) : copy_row(from, width, at);
            });
      });
}

template <class T>
void convolve_to_x(const convolution& c, const T* g, const T* weight, bool accumulate, T* x) {
  const cotangent_axis rows{{c.rows}}, columns{{c.columns}};
  const std::vector<phase_elements> row_phases = phases_of(rows),
                                    column_phases = phases_of(columns);
  const std::size_t height = rows.out(), width = columns.out(), in = rows.in * columns.in,
                    elements = rows.kernel * columns.kernel;
  const std::size_t pitch = std::max(columns.lead() + width, columns.end());
  const std::size_t plane = plane_size(
      std::max(rows.lead() + height, rows.places() + rows.reach()) * pitch + columns.lead());
  // Pixels that no window sees are in phases that none sees.
  if (!accumulate && row_phases.size() * column_phases.size() < rows.stride * columns.stride)
    std::fill_n(x, c.images * c.groups * c.in_channels * in, T(0));

  // For each phase its taps, and for each group its weights.
  struct part {
    const phase_elements &row, &column;
    sizes taps;
    std::vector<buffer<T>> weights;
  };
  std::vector<part> parts;
  for (const phase_elements& r : row_phases)
    for (const phase_elements& s : column_phases) {
      part made{r, s, {}, {}};
      sizes places;
      for (const std::size_t i : r.elements)
        for (const std::size_t j : s.elements) {
          made.taps.push_back(rows.turned(i) * pitch + columns.turned(j));
          places.push_back(i * columns.kernel + j);
        }
      const std::size_t count = places.size();
      for (std::size_t group = 0; group < c.groups; ++group)
        made.weights.push_back(packed<T>(
            c.in_channels, c.out_channels * count, [&](std::size_t channel, std::size_t term) {
              const std::size_t m = group * c.out_channels + term / count;
              return weight[(m * c.in_channels + channel) * elements + places[term % count]];
            }));
      parts.push_back(std::move(made));
    }
  struct state {
    buffer<T> frame, made;
  };
  for_each_part(
      c.images * c.groups, c.in_channels, height * width * c.out_channels * elements,
      [&] {
        return state{buffer<T>(c.out_channels * plane + lane_size<T>), scratch<T>(pitch)};
      },
      [&](state& s, std::size_t unit, std::size_t begin, std::size_t end) {
        const T* from = g + unit * c.out_channels * height * width;
        for (std::size_t m = 0; m < c.out_channels; ++m)
          for (std::size_t o = 0; o < height; ++o, from += width)
            copy_row(from, width,
                     s.frame.data() + m * plane + (o + rows.lead()) * pitch + columns.lead());
        for (const part& p : parts) {
          const std::size_t first = columns.begin(p.column.phase),
                            count = columns.end(p.column.phase) - first;
          multiply<T>(
              p.weights[unit % c.groups], {s.frame.data(), c.out_channels, plane, p.taps}, begin,
              end, rows.places(), columns.places(), pitch, s.made.data(),
              [&](std::size_t channel, std::size_t row, const T* made) {
                const std::size_t place = row + rows.begin();
                if (count == 0 || place < rows.begin(p.row.phase) || place >= rows.end(p.row.phase))
                  return;
                made += first - columns.begin();
                T* const to = x + (unit * c.in_channels + channel) * in +
                              rows.pixel(p.row.phase, place) * columns.in +
                              columns.pixel(p.column.phase, first);
                scatter_row(made, count, accumulate, columns.stride, to);
              });
        }
      });
}

namespace {

/// to[r * to_row + t] += sum over images and q < size of g[r, q] x[taps[t] + q], in whole lanes.
template <std::size_t Rows, std::size_t Terms, class T>
void dot_tile(std::size_t images, std::size_t size, const T* g, std::size_t g_row,
              std::size_t g_image, const T* x, std::size_t x_image, const std::size_t* taps,
              std::size_t terms, T* to, std::size_t to_row) {
  lane<T> sum[Rows][Terms];
  const T* at[Terms];
  unrolled<Rows * Terms>([&](auto i) { sum[i() / Terms][i() % Terms] = lane<T>(T(0)); });
  unrolled<Terms>([&](auto t) { at[t()] = x + taps[std::min(t(), terms - 1)]; });
  for (std::size_t image = 0; image < images; ++image, g += g_image) {
    for (std::size_t q = 0; q < size; q += lane_size<T>) {
      lane<T> each[Rows];
      unrolled<Rows>([&](auto r) { each[r()] = load(g + r() * g_row + q); });
      unrolled<Terms>([&](auto t) {
        const lane<T> pixels = load(at[t()] + q);
        unrolled<Rows>(
            [&](auto r) { sum[r()][t()] = xsimd::fma(each[r()], pixels, sum[r()][t()]); });
      });
    }
    unrolled<Terms>([&](auto t) { at[t()] += x_image; });
  }
  unrolled<Rows * Terms>([&](auto i) {
    constexpr std::size_t r = decltype(i)::value / Terms, t = decltype(i)::value % Terms;
    if (t < terms) to[r * to_row + t] += horizontal_sum<T>(sum[r][t]);
  });
}

/// The same for any number of terms.
template <std::size_t Rows, class T>
void dot_tiles(std::size_t images, std::size_t size, const T* g, std::size_t g_row,
               std::size_t g_image, const T* x, std::size_t x_image, const sizes& taps, T* to) {
  constexpr std::size_t most = many_registers<T> ? 6 : 2;
  const std::size_t terms = taps.size();
  for (std::size_t t = 0; t < terms; t += most) {
    const std::size_t count = std::min(most, terms - t);
    if (count > most / 2)
      dot_tile<Rows, most>(images, size, g, g_row, g_image, x, x_image, taps.data() + t, count,
                           to + t, terms);
    else
      dot_tile<Rows, most / 2>(images, size, g, g_row, g_image, x, x_image, taps.data() + t, count,
                               to + t, terms);
  }
}

}  // namespace

template <class T>
void convolve_to_weight(const convolution& c, const T* x, const T* g, bool accumulate, T* weight) {
  const image_frame frame(c.in_channels, c.rows, c.columns);
  const std::size_t height = c.rows.out(), width = c.columns.out(), out = height * width,
                    in = c.in_channels * c.rows.in * c.columns.in,
                    terms = c.in_channels * frame.taps.size();
  sizes taps;  // of all channels
  for (std::size_t channel = 0; channel < c.in_channels; ++channel)
    for (const std::size_t tap : frame.taps) taps.push_back(channel * frame.channel_step + tap);

  // Runs of images whose sums are made apart, and images that are in their frames at once. Neither depends on
  // threads.
  const std::size_t weights = c.groups * c.out_channels * terms;
  const std::size_t numbers = c.images * c.groups * (in + c.out_channels * out);
  const std::size_t runs = std::min({c.images, std::size_t{16}, numbers / weights + 1});
  const std::size_t size = (height - 1) * frame.pitch + width,
                    plane = plane_size(whole_lanes<T>(size)), x_image = frame.size<T>(),
                    g_image = c.out_channels * plane;
  const std::size_t at_once = std::clamp<std::size_t>(
      std::min(2048 / size, (std::size_t{1} << 18) / (x_image + g_image)), 1, c.images);
  buffer<T> partial(runs * weights);
  struct state {
    buffer<T> x, g;
  };
  for_each_part(
      runs * c.groups, c.out_channels, c.images / runs * out * terms,
      [&] {
        return state{buffer<T>(at_once * x_image), buffer<T>(at_once * g_image)};
      },
      [&](state& s, std::size_t unit, std::size_t begin, std::size_t end) {
        const std::size_t run = unit / c.groups, group = unit % c.groups;
        const std::size_t last = c.images * (run + 1) / runs;
        for (std::size_t image = c.images * run / runs; image < last; image += at_once) {
          const std::size_t count = std::min(at_once, last - image);
          for (std::size_t i = 0; i < count; ++i) {
            const std::size_t number = (image + i) * c.groups + group;
            frame.fill(x + number * in, s.x.data() + i * x_image);
            const T* from = g + (number * c.out_channels + begin) * out;
            for (std::size_t m = begin; m < end; ++m)
              for (std::size_t o = 0; o < height; ++o, from += width)
                copy_row(from, width, s.g.data() + i * g_image + m * plane + o * frame.pitch);
          }
          T* const to = partial.data() + (run * c.groups + group) * c.out_channels * terms;
          std::size_t m = begin;
          for (; m + 4 <= end; m += 4)
            dot_tiles<4>(count, size, s.g.data() + m * plane, plane, g_image, s.x.data(), x_image,
                         taps, to + m * terms);
          for (; m < end; ++m)
            dot_tiles<1>(count, size, s.g.data() + m * plane, plane, g_image, s.x.data(), x_image,
                         taps, to + m * terms);
        }
      });
  column_sums(runs, weights, partial.data(), accumulate, weight);
}

template void convolve(const convolution&, const float*, const float*, const float*, float*);
template void convolve(const convolution&, const double*, const double*, const double*, double*);
template void convolve_to_x(const convolution&, const float*, const float*, bool, float*);
template void convolve_to_x(const convolution&, const double*, const double*, bool, double*);
template void convolve_to_weight(const convolution&, const float*, const float*, bool, float*);
template void convolve_to_weight(const convolution&, const double*, const double*, bool, double*);

}  // namespace xtape::kernel
