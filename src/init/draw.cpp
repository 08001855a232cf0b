#include "init/draw.hpp"

#include <algorithm>
#include <cmath>

#include "kernel/lane.hpp"

namespace xtape::init {
namespace {

/// P(Z < -cut), found by halving an interval: erfc differs from one C library to the next, the quantile does not.
double tail_of(double cut) {
  double less = 0, more = 0.5;
  for (int i = 0; i < 200; ++i) {
    const double middle = less + (more - less) / 2;
    if (middle == less || middle == more) break;
    (standard_normal_quantile(middle) < -cut ? less : more) = middle;
  }
  return more;
}

/// y = y + s x. No sum changes its order, whatever the width of a lane.
void add_scaled(std::size_t count, double s, const double* x, double* y) {
  using kernel::lane;
  const lane<double> factor(s);
  std::size_t i = 0;
  for (; i + kernel::lane_size<double> <= count; i += kernel::lane_size<double>)
    kernel::store(y + i, kernel::load(y + i) + factor * kernel::load(x + i));
  if (const std::size_t rest = count - i; rest > 0)
    kernel::store_partial(
        y + i, kernel::load_partial(y + i, rest) + factor * kernel::load_partial(x + i, rest),
        rest);
}

/// Of a of (n, m): takes from the columns [begin, end) their parts along each column [first, last), which are
/// orthonormal.
void project(std::size_t n, std::size_t m, double* a, std::size_t first, std::size_t last,
             std::size_t begin, std::size_t end, std::vector<double>& products) {
  const std::size_t width = end - begin;
  products.assign((last - first) * width, 0);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = first; i < last; ++i)
      add_scaled(width, a[k * m + i], a + k * m + begin, &products[(i - first) * width]);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = first; i < last; ++i)
      add_scaled(width, -a[k * m + i], &products[(i - first) * width], a + k * m + begin);
}

/// Makes the columns of a of (n, m), m <= n, orthonormal, each pointing the way it did: Gram-Schmidt, by blocks of columns
/// whose products with a tile of the others stay in the first cache.
void orthonormalize(std::size_t n, std::size_t m, double* a) {
  constexpr std::size_t block = 32, tile = 128;
  std::vector<double> products;
  for (std::size_t first = 0; first < m; first += block) {
    const std::size_t last = std::min(first + block, m);
    for (std::size_t i = first; i < last; ++i) {
      double square = 0;
      for (std::size_t k = 0; k < n; ++k) square += a[k * m + i] * a[k * m + i];
      const double norm = std::sqrt(square);
      for (std::size_t k = 0; k < n; ++k) a[k * m + i] /= norm;
      if (i + 1 < last) project(n, m, a, i, i + 1, i + 1, last, products);
    }
    for (std::size_t begin = last; begin < m; begin += tile)
      project(n, m, a, first, last, begin, std::min(begin + tile, m), products);
  }
}

}  // namespace

std::vector<double> truncated_normals(std::size_t count, double mean, double std, double cut,
                                      rng& random) {
  const double tail = tail_of(cut);
  std::vector<double> values(count);
  for (double& value : values) {
    const double u = random.uniform() + 0x1p-54;  // in (0, 1)
    // The nearer tail, so that no digit is lost.
    const double z = u < 0.5 ? standard_normal_quantile(tail + (1 - 2 * tail) * u)
                             : -standard_normal_quantile(tail + (1 - 2 * tail) * (1 - u));
    value = mean + std * std::clamp(z, -cut, cut);
  }
  return values;
}

std::vector<double> orthogonal_matrix(std::size_t n, std::size_t m, double gain, rng& random) {
  const std::size_t rows = std::max(n, m), columns = std::min(n, m);
  std::vector<double> a(rows * columns);
  random.fill_normal(a, 0, 1);
  orthonormalize(rows, columns, a.data());
  orthonormalize(rows, columns, a.data());  // what rounding left of the first time
  for (double& each : a) each *= gain;
  if (n >= m) return a;
  std::vector<double> turned(a.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) turned[i * m + j] = a[j * columns + i];
  return turned;
}

}  // namespace xtape::init
