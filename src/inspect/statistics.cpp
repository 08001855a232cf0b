#include <xtape/inspect/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

namespace xtape::inspect {

double statistics::max_magnitude() const { return std::max(std::abs(least), std::abs(greatest)); }

double statistics::cancellation() const {
  return mean_magnitude == 0 ? 0 : std::abs(mean) / mean_magnitude;
}

template <real T>
statistics statistics_of(const array<T>& x) {
  statistics s;
  s.count = x.size();
  double greatest = 0;
  bool first = true;
  for (const T each : x) {
    const auto v = static_cast<double>(each);
    if (!std::isfinite(v)) {
      ++s.not_finite;
      continue;
    }
    s.zeros += each == 0;
    s.subnormals += each != 0 && std::abs(each) < std::numeric_limits<T>::min();
    s.least = first ? v : std::min(s.least, v);
    s.greatest = first ? v : std::max(s.greatest, v);
    greatest = std::max(greatest, std::abs(v));
    first = false;
  }
  if (greatest == 0) return s;
  // In units of a power of two near the greatest: squares of these neither over- nor underflow.
  const double unit = std::ldexp(1.0, std::ilogb(greatest));
  const auto n = static_cast<double>(s.count - s.not_finite);
  double sum = 0, magnitudes = 0, squares = 0, deviations = 0;
  for (const T each : x) {
    if (!std::isfinite(each)) continue;
    const double v = static_cast<double>(each) / unit;
    sum += v;
    magnitudes += std::abs(v);
    squares += v * v;
  }
  for (const T each : x) {
    if (!std::isfinite(each)) continue;
    const double v = static_cast<double>(each) / unit - sum / n;
    deviations += v * v;
  }
  s.mean = sum / n * unit;
  s.mean_magnitude = magnitudes / n * unit;
  s.rms = std::sqrt(squares / n) * unit;
  s.standard_deviation = std::sqrt(deviations / n) * unit;
  return s;
}

template XTAPE_API statistics statistics_of(const array<float>&);
template XTAPE_API statistics statistics_of(const array<double>&);

template <real T>
histogram histogram_of(const array<T>& x, double low, double high, std::size_t bins,
                       location where) {
  if (!(low < high) || !std::isfinite(low) || !std::isfinite(high) || bins == 0)
    throw domain_error("histogram_of: " + std::to_string(bins) + " bins from " + number_text(low) +
                           " to " + number_text(high) +
                           ": there must be a bin, and the ends must be finite and in order",
                       where);
  histogram h{low, high, std::vector<std::size_t>(bins), 0, 0};
  for (const T each : x) {
    const auto v = static_cast<double>(each);
    if (v < low)
      ++h.below;
    else if (v > high)
      ++h.above;
    else if (v >= low) {  // no NaN
      const double place = (v / 2 - low / 2) / (high / 2 - low / 2) * static_cast<double>(bins);
      ++h.counts[std::min(bins - 1, static_cast<std::size_t>(place))];
    }
  }
  return h;
}

template XTAPE_API histogram histogram_of(const array<float>&, double, double, std::size_t,
                                          location);
template XTAPE_API histogram histogram_of(const array<double>&, double, double, std::size_t,
                                          location);

}  // namespace xtape::inspect
