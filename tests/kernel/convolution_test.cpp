// Convolution and its two derivatives against plain loops: options in all combinations, channels that fill
// tiles and such that do not, more images than are taken in one go.

#include "kernel/convolution.hpp"

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <vector>

#include "catch.hpp"
#include "kernel/pooling.hpp"

using namespace xtape::kernel;

namespace {

template <class T>
std::vector<T> numbers(std::size_t count, unsigned seed) {
  std::vector<T> made(count);
  for (T& x : made) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<T>(seed >> 8) / T(1 << 23) - 1;
  }
  return made;
}

// Where a window's place k lies along an axis; w.in where it is outside.
std::size_t pixel(const window& w, std::size_t o, std::size_t k) {
  const std::size_t padded = o * w.stride + k * w.dilation;
  return padded < w.padding || padded - w.padding >= w.in ? w.in : padded - w.padding;
}

// Calls use(place in x, place in the weight, place in y) for every product.
template <class Use>
void for_each_product(const convolution& c, const Use& use) {
  const std::size_t height = c.rows.out(), width = c.columns.out();
  for (std::size_t n = 0; n < c.images; ++n)
    for (std::size_t m = 0; m < c.groups * c.out_channels; ++m)
      for (std::size_t o = 0; o < height; ++o)
        for (std::size_t p = 0; p < width; ++p)
          for (std::size_t k = 0; k < c.in_channels; ++k)
            for (std::size_t i = 0; i < c.rows.kernel; ++i)
              for (std::size_t j = 0; j < c.columns.kernel; ++j) {
                const std::size_t row = pixel(c.rows, o, i), column = pixel(c.columns, p, j);
                const std::size_t channel = (n * c.groups + m / c.out_channels) * c.in_channels + k;
                if (row < c.rows.in && column < c.columns.in)
                  use((channel * c.rows.in + row) * c.columns.in + column,
                      ((m * c.in_channels + k) * c.rows.kernel + i) * c.columns.kernel + j,
                      ((n * c.groups * c.out_channels + m) * height + o) * width + p);
              }
}

template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    greatest = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(greatest, d);
  }
  return greatest;
}

template <class T>
void check(const convolution& c) {
  std::ostringstream text;
  text << c.images << " images, " << c.groups << " groups, " << c.in_channels << " to "
       << c.out_channels << " channels";
  for (const window& w : {c.rows, c.columns})
    text << "; " << w.in << " by " << w.kernel << ", stride " << w.stride << ", padding "
         << w.padding << ", dilation " << w.dilation;
  INFO(text.str());
  const std::size_t in = c.images * c.groups * c.in_channels * c.rows.in * c.columns.in,
                    weights = c.groups * c.out_channels * c.in_channels * c.rows.kernel *
                              c.columns.kernel,
                    channels = c.groups * c.out_channels, area = c.rows.out() * c.columns.out(),
                    out = c.images * channels * area;
  const std::vector<T> x = numbers<T>(in, 1), weight = numbers<T>(weights, 2),
                       g = numbers<T>(out, 3), bias = numbers<T>(channels, 4);
  std::vector<T> y(out), to_x = numbers<T>(in, 5), to_weight = numbers<T>(weights, 6);
  const std::vector<T> x_before = to_x, weight_before = to_weight;
  for (std::size_t i = 0; i < out; ++i) y[i] = bias[i / area % channels];
  for_each_product(c, [&](std::size_t at_x, std::size_t at_weight, std::size_t at_y) {
    y[at_y] += x[at_x] * weight[at_weight];
    to_x[at_x] += g[at_y] * weight[at_weight];
    to_weight[at_weight] += x[at_x] * g[at_y];
  });

  const double tolerance = (sizeof(T) == 8 ? 1e-12 : 1e-4) *
                           std::sqrt(static_cast<double>(1 + weights + out / channels));
  std::vector<T> found(out, T(9)), found_x = x_before, found_weight = weight_before;
  convolve(c, x.data(), weight.data(), bias.data(), found.data());
  CHECK(distance(found, y) < tolerance);
  convolve_to_x(c, g.data(), weight.data(), true, found_x.data());
  CHECK(distance(found_x, to_x) < tolerance);
  convolve_to_weight(c, x.data(), g.data(), true, found_weight.data());
  CHECK(distance(found_weight, to_weight) < tolerance);

  for (std::size_t i = 0; i < out; ++i) y[i] -= bias[i / area % channels];
  for (std::size_t i = 0; i < in; ++i) to_x[i] -= x_before[i];
  for (std::size_t i = 0; i < weights; ++i) to_weight[i] -= weight_before[i];
  const T nan = std::numeric_limits<T>::quiet_NaN();  // what must be written, not added to
  found.assign(out, nan), found_x.assign(in, nan), found_weight.assign(weights, nan);
  convolve<T>(c, x.data(), weight.data(), nullptr, found.data());
  CHECK(distance(found, y) < tolerance);
  convolve_to_x(c, g.data(), weight.data(), false, found_x.data());
  CHECK(distance(found_x, to_x) < tolerance);
  convolve_to_weight(c, x.data(), g.data(), false, found_weight.data());
  CHECK(distance(found_weight, to_weight) < tolerance);
}

}  // namespace

TEMPLATE_TEST_CASE("convolution with all options", "[kernel]", float, double) {
  std::size_t checked = 0;
  for (const std::size_t in : {1u, 3u, 8u})
    for (const std::size_t kernel : {1u, 2u, 3u})
      for (const std::size_t stride : {1u, 2u, 3u, 5u})
        for (const std::size_t padding : {0u, 1u, 2u, 5u})
          for (const std::size_t dilation : {1u, 2u, 4u}) {
            const window rows{in, kernel, stride, padding, dilation};
            const window columns{in + 2, 3 - kernel / 2, 1 + stride / 2, (padding + 1) % 4,
                                 1 + dilation / 2};
            if (rows.extent() > rows.in + 2 * padding ||
                columns.extent() > columns.in + 2 * columns.padding)
              continue;
            check<TestType>({2, 1, 2, 3, rows, columns});
            check<TestType>({1, 2, 1, 2, columns, rows});
            ++checked;
          }
  CHECK(checked > 300);
}

TEMPLATE_TEST_CASE("convolution of many channels and images", "[kernel]", float, double) {
  const window same{14, 3, 1, 1, 1}, half{14, 3, 2, 1, 1}, small{4, 3, 1, 1, 1},
      wide{70, 5, 1, 2, 1}, one{7, 1, 1, 0, 1};
  check<TestType>({3, 1, 5, 8, same, same});
  check<TestType>(
      {20, 1, 3, 15, small, small});  // more images than there are runs, or frames at once
  check<TestType>({2, 1, 9, 17, half, same});
  check<TestType>({1, 1, 4, 41, same, half});  // channels are what threads share
  check<TestType>({2, 1, 2, 3, wide, wide});   // more rows than are computed at once
  check<TestType>({2, 1, 16, 24, one, one});
  check<TestType>({2, 7, 1, 1, same, same});
  check<TestType>({40, 2, 3, 4, small, one});
}

TEMPLATE_TEST_CASE("pooling against plain loops", "[kernel]", float, double) {
  using T = TestType;
  for (const std::size_t in : {3u, 8u, 21u})
    for (const std::size_t kernel : {1u, 2u, 3u})
      for (const std::size_t stride : {1u, 2u, 4u})
        for (std::size_t padding = 0; padding <= kernel / 2; ++padding) {
          const pooling p{3, {in, kernel, stride, padding, 1}, {in + 1, 4 - kernel, stride, 0, 1}};
          if (p.columns.extent() > p.columns.in) continue;
          CAPTURE(in, kernel, stride, padding);
          const std::size_t area = p.rows.in * p.columns.in, height = p.rows.out(),
                            width = p.columns.out(), out = p.planes * height * width;
          std::vector<T> x = numbers<T>(p.planes * area, 1);
          for (T& v : x) v = std::round(3 * v);  // ties
          const std::vector<T> g = numbers<T>(out, 2), h = numbers<T>(x.size(), 3);
          std::vector<T> greatest(out), sums(out), spread(x.size(), T(1)), collected(out),
              spread_sums(x.size(), T(1));
          for (std::size_t y = 0; y < out; ++y) {
            std::vector<std::size_t> places;
            for (std::size_t i = 0; i < kernel; ++i)
              for (std::size_t j = 0; j < p.columns.kernel; ++j) {
                const std::size_t row = pixel(p.rows, y / width % height, i),
                                  column = pixel(p.columns, y % width, j);
                if (row < p.rows.in && column < p.columns.in)
                  places.push_back(y / (height * width) * area + row * p.columns.in + column);
              }
            greatest[y] = x[places[0]];
            for (const std::size_t at : places) greatest[y] = std::max(greatest[y], x[at]);
            T ties = 0;
            for (const std::size_t at : places) ties += x[at] == greatest[y] ? T(1) : T(0);
            for (const std::size_t at : places) {
              sums[y] += T(0.5) * x[at];
              spread_sums[at] += T(0.5) * g[y];
              if (x[at] != greatest[y]) continue;
              spread[at] += g[y] / ties;
              collected[y] += h[at] / ties;
            }
          }
          const double tolerance = sizeof(T) == 8 ? 1e-13 : 1e-5;
          std::vector<T> found(out, T(7)), found_x(x.size(), T(1));
          pool_max(p, x.data(), found.data());
          CHECK(found == greatest);
          pool_max_collect(p, h.data(), x.data(), found.data());
          CHECK(distance(found, collected) < tolerance);
          pool_sum(p, T(0.5), x.data(), found.data());
          CHECK(distance(found, sums) < tolerance);
          pool_max_spread(p, g.data(), x.data(), true, found_x.data());
          CHECK(distance(found_x, spread) < tolerance);
          pool_max_spread(p, g.data(), x.data(), false, found_x.data());
          for (T& v : spread) v -= 1;
          CHECK(distance(found_x, spread) < tolerance);
          found_x.assign(x.size(), T(1));
          pool_sum_spread(p, T(0.5), g.data(), true, found_x.data());
          CHECK(distance(found_x, spread_sums) < tolerance);
        }
}
