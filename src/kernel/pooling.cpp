#include "kernel/pooling.hpp"

#include "kernel/frame.hpp"
#include "kernel/parallel.hpp"

#include <limits>

namespace xtape::kernel {

// Pixels lie in frames (Note [Frames]), so that lanes are windows. Windows that do not exist have the cotangent 0.

namespace {

template <class T>
constexpr T least = -std::numeric_limits<T>::infinity();

/// Planes and what they need, for a thread.
template <class T>
struct workspace {
  const image_frame& f;
  buffer<T> frame, other, windows;

  /// `between` is what lies between pixels.
  workspace(const image_frame& shape, T between)
      : f(shape),
        frame(shape.size<T>(), between),
        other(shape.size<T>()),
        windows(shape.windows() + shape.pitch + lane_size<T>) {}

  /// Windows one after the other are spread out as in the frame, and back.
  void spread(const T* from) {
    for (std::size_t o = 0; o < f.rows.out(); ++o, from += f.columns.out())
      copy_row(from, f.columns.out(), windows.data() + o * f.pitch);
  }
  void collect(T* to) const {
    for (std::size_t o = 0; o < f.rows.out(); ++o, to += f.columns.out())
      copy_row(windows.data() + o * f.pitch, f.columns.out(), to);
  }
  /// The pixels of `other`, to (+)=, which is then 0 again.
  void drain(bool accumulate, T* to) {
    f.for_each_run([&](std::size_t pixel, std::size_t place, std::size_t count) {
      scatter_row(other.data() + place, count, accumulate, f.columns.stride, to + pixel);
    });
    std::fill(other.begin(), other.end(), T(0));
  }
};

/// Calls use(workspace, plane) for all planes, shared out among the threads.
template <class T, class Use>
void for_each_plane(const pooling& p, T between, const Use& use) {
  const image_frame f(1, p.rows, p.columns);
  const std::size_t work = p.planes * (p.rows.in * p.columns.in + f.windows() * f.taps.size());
  parallel_for(p.planes, work, 1, [&](std::size_t begin, std::size_t end) {
    workspace<T> w(f, between);
    for (std::size_t plane = begin; plane < end; ++plane) use(w, plane);
  });
}

template <class T>
lane<T> greatest(const image_frame& f, const T* frame) {
  lane<T> found(least<T>);
  for (const std::size_t tap : f.taps) {
    const lane<T> v = load(frame + tap);
    found = xsimd::select(v > found || xsimd::isnan(v), v, found);
  }
  return found;
}

template <class T>
auto is_tie(const lane<T>& v, const lane<T>& wanted) {
  return v == wanted || (xsimd::isnan(v) && xsimd::isnan(wanted));
}

/// 1 where pixels are, 0 between: padding is -inf, which pixels may be too.
template <class T>
buffer<T> places_of_pixels(const pooling& p) {
  const image_frame f(1, p.rows, p.columns);
  const buffer<T> ones(p.rows.in * p.columns.in, T(1));
  buffer<T> frame(f.size<T>());
  f.fill(ones.data(), frame.data());
  return frame;
}

/// How many pixels of each window are its greatest.
template <class T>
lane<T> ties(const image_frame& f, const T* frame, const T* pixels, const lane<T>& wanted) {
  lane<T> count(T(0));
  for (const std::size_t tap : f.taps)
    count += xsimd::select(is_tie(load(frame + tap), wanted), load(pixels + tap), lane<T>(T(0)));
  return count;
}

}  // namespace

template <class T>
void pool_max(const pooling& p, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, out = p.rows.out() * p.columns.out();
  for_each_plane(p, least<T>, [&](workspace<T>& w, std::size_t plane) {
    w.f.fill(x + plane * in, w.frame.data());
    for (std::size_t q = 0; q < w.f.windows(); q += lane_size<T>)
      store(w.windows.data() + q, greatest(w.f, w.frame.data() + q));
    w.collect(y + plane * out);
  });
}

template <class T>
void pool_max_spread(const pooling& p, const T* g, const T* x, bool accumulate, T* to) {
  const std::size_t in = p.rows.in * p.columns.in, out = p.rows.out() * p.columns.out();
  const buffer<T> pixels = places_of_pixels<T>(p);
  if (!accumulate && image_frame(1, p.rows, p.columns).leaves_out())
    std::fill_n(to, p.planes * in, T(0));
  for_each_plane(p, least<T>, [&](workspace<T>& w, std::size_t plane) {
    w.f.fill(x + plane * in, w.frame.data());
    w.spread(g + plane * out);
    for (std::size_t q = 0; q < w.f.windows(); q += lane_size<T>) {
      const T* const frame = w.frame.data() + q;
      const lane<T> wanted = greatest(w.f, frame);
      const lane<T> part = load(w.windows.data() + q) / ties(w.f, frame, pixels.data() + q, wanted);
      for (const std::size_t tap : w.f.taps) {
        T* const at = w.other.data() + q + tap;
        store(at, load(at) + xsimd::select(is_tie(load(frame + tap), wanted), part, lane<T>(T(0))));
      }
    }
    w.drain(accumulate, to + plane * in);
  });
}

template <class T>
void pool_max_collect(const pooling& p, const T* h, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, out = p.rows.out() * p.columns.out();
  const buffer<T> pixels = places_of_pixels<T>(p);
  for_each_plane(p, least<T>, [&](workspace<T>& w, std::size_t plane) {
    w.f.fill(x + plane * in, w.frame.data());
    w.f.fill(h + plane * in, w.other.data());
    for (std::size_t q = 0; q < w.f.windows(); q += lane_size<T>) {
      const T* const frame = w.frame.data() + q;
      const lane<T> wanted = greatest(w.f, frame);
      lane<T> sum(T(0));
      for (const std::size_t tap : w.f.taps)
        sum += xsimd::select(is_tie(load(frame + tap), wanted), load(w.other.data() + q + tap),
                             lane<T>(T(0)));
      store(w.windows.data() + q, sum / ties(w.f, frame, pixels.data() + q, wanted));
    }
    w.collect(y + plane * out);
  });
}

template <class T>
void pool_sum(const pooling& p, T scale, const T* x, T* y) {
  const std::size_t in = p.rows.in * p.columns.in, out = p.rows.out() * p.columns.out();
  for_each_plane(p, T(0), [&](workspace<T>& w, std::size_t plane) {
    w.f.fill(x + plane * in, w.frame.data());
    for (std::size_t q = 0; q < w.f.windows(); q += lane_size<T>) {
      lane<T> sum(T(0));
      for (const std::size_t tap : w.f.taps) sum += load(w.frame.data() + q + tap);
      store(w.windows.data() + q, sum * lane<T>(scale));
    }
    w.collect(y + plane * out);
  });
}

template <class T>
void pool_sum_spread(const pooling& p, T scale, const T* g, bool accumulate, T* to) {
  const std::size_t in = p.rows.in * p.columns.in, out = p.rows.out() * p.columns.out();
  if (!accumulate && image_frame(1, p.rows, p.columns).leaves_out())
    std::fill_n(to, p.planes * in, T(0));
  for_each_plane(p, T(0), [&](workspace<T>& w, std::size_t plane) {
    w.spread(g + plane * out);
    for (std::size_t q = 0; q < w.f.windows(); q += lane_size<T>) {
      const lane<T> part = load(w.windows.data() + q) * lane<T>(scale);
      for (const std::size_t tap : w.f.taps) {
        T* const at = w.other.data() + q + tap;
        store(at, load(at) + part);
      }
    }
    w.drain(accumulate, to + plane * in);
  });
}

template void pool_max(const pooling&, const float*, float*);
template void pool_max(const pooling&, const double*, double*);
template void pool_max_spread(const pooling&, const float*, const float*, bool, float*);
template void pool_max_spread(const pooling&, const double*, const double*, bool, double*);
template void pool_max_collect(const pooling&, const float*, const float*, float*);
template void pool_max_collect(const pooling&, const double*, const double*, double*);
template void pool_sum(const pooling&, float, const float*, float*);
template void pool_sum(const pooling&, double, const double*, double*);
template void pool_sum_spread(const pooling&, float, const float*, bool, float*);
template void pool_sum_spread(const pooling&, double, const double*, bool, double*);

}  // namespace xtape::kernel
