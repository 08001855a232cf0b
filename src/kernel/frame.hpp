#pragma once
// Images laid out so that what all windows see at one of their places is contiguous.

#include <algorithm>
#include <cstddef>
#include <vector>

#include <xtape/array/pool.hpp>

#include "kernel/lane.hpp"
#include "kernel/window.hpp"

namespace xtape::kernel {

// Note [Frames]
// A convolution is a product of matrices: weights by columns, which hold every pixel once for each window that
// it is in. The columns are never made. An image is copied into a frame: rows with their padding, `pitch`
// apart, and where windows are s apart, s * s phases, each of the pixels of one remainder of row and column by
// s. Then the next window's pixel is the next number of the frame, and what all windows see at one of their
// places, a row of the columns, is the frame from some offset on: the place's tap. The inner loops are those of
// a product of matrices whose rows are found by taps. Between the last window of a row and the first of the
// next there are pitch - out windows that do not exist; they are computed and dropped, or meet cotangents of 0.
// The padding on the right is that of the next row's left. The derivative by x is the same with the cotangents
// in the frame, for each phase of x with the taps of that phase turned round. The derivative by the weights
// adds up products of cotangents, `pitch` apart, with the image's frame.

template <class T>
using buffer = std::vector<T, pool_allocator<T>>;
using sizes = buffer<std::size_t>;

/// An axis in places: pixel i is at place (i + padding) / stride of phase (i + padding) % stride, and window o
/// sees there, at element k, place o + tap(k) of phase(k).
struct axis : window {
  std::size_t tap(std::size_t k) const { return k * dilation / stride; }
  std::size_t phase(std::size_t k) const { return k * dilation % stride; }
  std::size_t last_tap() const { return tap(kernel - 1); }
  /// The pixels' places in a phase are [begin, end), and in all phases together [begin(), end()).
  std::size_t begin(std::size_t phase) const {
    return phase >= padding ? 0 : (padding - phase + stride - 1) / stride;
  }
  std::size_t end(std::size_t phase) const {
    const std::size_t behind = in + padding;
    return phase >= behind ? begin(phase)
                           : std::max(begin(phase), (behind - phase + stride - 1) / stride);
  }
  std::size_t begin() const { return padding / stride; }
  std::size_t end() const { return end(0); }
  std::size_t pixel(std::size_t phase, std::size_t place) const {
    return place * stride + phase - padding;
  }
};

/// The elements of the kernel that see one phase of an axis.
struct phase_elements {
  std::size_t phase;
  sizes elements;
};

inline std::vector<phase_elements> phases_of(const axis& a) {
  std::vector<phase_elements> found;
  for (std::size_t k = 0; k < a.kernel; ++k) {
    const auto place = std::find_if(found.begin(), found.end(), [&](const phase_elements& each) {
      return each.phase == a.phase(k);
    });
    if (place == found.end())
      found.push_back({a.phase(k), {k}});
    else
      place->elements.push_back(k);
  }
  return found;
}

/// The numbers of a plane of a frame: whole cache lines, and an odd number of them, for planes 2^n apart would
/// fight for the same lines of the cache.
constexpr std::size_t plane_size(std::size_t numbers) { return ((numbers + 15) / 16 | 1) * 16; }

template <class T>
void copy_row(const T* from, std::size_t size, T* to) {
  std::size_t i = 0;
  for (; i + lane_size<T> <= size; i += lane_size<T>) store(to + i, load(from + i));
  if (i < size) store_partial(to + i, load_partial(from + i, size - i), size - i);
}

/// The first `count` <= lane_size<T> of every second element: from[0], from[2], ... (in the rest of the
/// register, anything).
template <class T>
lane<T> load_every_second(const T* from, std::size_t count) noexcept {
#if defined(__AVX512F__)
  if constexpr (lane_size<T> * sizeof(T) == 64) {
    const std::size_t size = 2 * count - 1, lower = std::min(size, lane_size<T>);
    const lane<T> a = load_partial(from, lower);
    const lane<T> b =
        size > lower ? load_partial(from + lane_size<T>, size - lower) : lane<T>(T(0));
    if constexpr (std::is_same_v<T, float>)
      return lane<T>(_mm512_permutex2var_ps(
          a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b));
    if constexpr (std::is_same_v<T, double>)
      return lane<T>(_mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b));
  }
#endif
  alignas(64) T buffer[lane_size<T>] = {};
  for (std::size_t i = 0; i < count; ++i) buffer[i] = from[2 * i];
  return lane<T>::load_aligned(buffer);
}

/// Writes the first `count` <= lane_size<T> elements to to[0], to[2], ... and touches nothing between and
/// behind them.
template <class T>
void store_every_second(T* to, const lane<T>& value, std::size_t count) noexcept {
#if defined(__AVX512F__)
  if constexpr (lane_size<T> * sizeof(T) == 64) {
    const unsigned places = 0x55555555u & static_cast<unsigned>((1ull << (2 * count)) - 1ull);
    if constexpr (std::is_same_v<T, float>) {
      const __m512i spread = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
      const __m512i upper = _mm512_add_epi32(spread, _mm512_set1_epi32(8));
      _mm512_mask_storeu_ps(to, static_cast<__mmask16>(places),
                            _mm512_permutexvar_ps(spread, value));
      if (count > 8)
        _mm512_mask_storeu_ps(to + 16, static_cast<__mmask16>(places >> 16),
                              _mm512_permutexvar_ps(upper, value));
      return;
    }
    if constexpr (std::is_same_v<T, double>) {
      const __m512i spread = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
      const __m512i upper = _mm512_add_epi64(spread, _mm512_set1_epi64(4));
      _mm512_mask_storeu_pd(to, static_cast<__mmask8>(places),
                            _mm512_permutexvar_pd(spread, value));
      if (count > 4)
        _mm512_mask_storeu_pd(to + 8, static_cast<__mmask8>(places >> 8),
                              _mm512_permutexvar_pd(upper, value));
      return;
    }
  }
#endif
  alignas(64) T buffer[lane_size<T>];
  value.store_aligned(buffer);
  for (std::size_t i = 0; i < count; ++i) to[2 * i] = buffer[i];
}

/// to[i] = from[i step].
template <class T>
void gather_row(const T* from, std::size_t step, std::size_t size, T* to) {
  if (step == 1) return copy_row(from, size, to);
  if (step == 2) {
    for (std::size_t i = 0; i < size; i += lane_size<T>) {
      const std::size_t count = std::min(lane_size<T>, size - i);
      store_partial(to + i, load_every_second(from + 2 * i, count), count);
    }
    return;
  }
  for (std::size_t i = 0; i < size; ++i) to[i] = from[i * step];
}

/// to[i step] (+)= from[i].
template <class T>
void scatter_row(const T* from, std::size_t size, bool accumulate, std::size_t step, T* to) {
  if (step > 2) {
    for (std::size_t i = 0; i < size; ++i)
      to[i * step] = accumulate ? to[i * step] + from[i] : from[i];
    return;
  }
  for (std::size_t i = 0; i < size; i += lane_size<T>) {
    const std::size_t count = std::min(lane_size<T>, size - i);
    lane<T> value = load_partial(from + i, count);
    if (step == 1) {
      if (accumulate) value += load_partial(to + i, count);
      store_partial(to + i, value, count);
    } else {
      if (accumulate) value += load_every_second(to + 2 * i, count);
      store_every_second(to + 2 * i, value, count);
    }
  }
}

/// The frame of some channels of an image.
struct image_frame {
  axis rows, columns;
  std::vector<phase_elements> row_phases, column_phases;
  std::size_t channels, pitch, plane, channel_step;
  sizes taps;  // one for each element of the kernel, row by row

  image_frame(std::size_t number, const window& along_rows, const window& along_columns)
      : rows{along_rows},
        columns{along_columns},
        row_phases(phases_of(rows)),
        column_phases(phases_of(columns)),
        channels(number),
        taps(rows.kernel * columns.kernel) {
    const std::size_t seen = columns.out() + columns.last_tap();
    const std::size_t unshared = seen > columns.begin() ? seen - columns.begin() : 0;
    pitch = std::max({columns.end(), columns.out(), unshared});
    plane =
        plane_size(std::max(rows.end(), rows.out() + rows.last_tap()) * pitch + columns.begin());
    channel_step = plane * row_phases.size() * column_phases.size();
    std::size_t begin = 0;  // of a phase
    for (const phase_elements& r : row_phases)
      for (const phase_elements& s : column_phases) {
        for (const std::size_t i : r.elements)
          for (const std::size_t j : s.elements)
            taps[i * columns.kernel + j] = begin + rows.tap(i) * pitch + columns.tap(j);
        begin += plane;
      }
  }
  /// With what a lane reads beyond the last window.
  template <class T>
  std::size_t size() const {
    return channels * channel_step + lane_size<T>;
  }
  /// The windows and, between rows, those that do not exist: from the first window to the last.
  std::size_t windows() const { return (rows.out() - 1) * pitch + columns.out(); }
  /// Whether there are pixels that no window sees.
  bool leaves_out() const {
    return row_phases.size() * column_phases.size() < rows.stride * columns.stride;
  }

  /// Calls use(pixel, place in the frame, count) for all runs of pixels, `columns.stride` apart, that are
  /// neighbours in the frame.
  template <class Use>
  void for_each_run(const Use& use) const {
    std::size_t first_pixel = 0, begin = 0;
    for (std::size_t c = 0; c < channels; ++c, first_pixel += rows.in * columns.in)
      for (const phase_elements& r : row_phases)
        for (const phase_elements& s : column_phases) {
          const std::size_t first = columns.begin(s.phase), count = columns.end(s.phase) - first;
          if (count > 0)
            for (std::size_t i = rows.begin(r.phase); i < rows.end(r.phase); ++i)
              use(first_pixel + rows.pixel(r.phase, i) * columns.in + columns.pixel(s.phase, first),
                  begin + i * pitch + first, count);
          begin += plane;
        }
  }
  /// Copies pixels into a frame; what lies between them stays.
  template <class T>
  void fill(const T* x, T* frame) const {
    for_each_run([&](std::size_t pixel, std::size_t place, std::size_t count) {
      gather_row(x + pixel, columns.stride, count, frame + place);
    });
  }
};

}  // namespace xtape::kernel
