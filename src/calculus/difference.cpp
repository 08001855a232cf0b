#include "calculus/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace xtape::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Note [Windows]
// Three neighbouring steps are extrapolated (Neville) with a polynomial in step^power: the slope to one
// side has all powers, the slope to both sides the even ones. From the smallest steps upwards, a
// window is believed as long as its interval meets those of all before it: where a kink or a pole lies
// within the larger steps, they agree with each other no more (Lepski's principle). Of the believed the
// one of least error is taken; its error is no less than what the next windows differ by, since noise
// may be greater at the larger steps than it is at x.
template <class Slope>
limit extrapolate(std::span<const secant> s, int power, double noises, const Slope& slope) {
  limit best{0, infinity, 0};
  double low = -infinity, high = infinity;
  std::array<double, 2> before{};  // the values of the windows of smaller steps, nearest first
  for (std::size_t k = s.size(); k-- > 2;) {
    const secant &a = s[k - 2], &b = s[k - 1], &c = s[k];
    const double u = std::pow(a.step, power), v = std::pow(b.step, power),
                 w = std::pow(c.step, power);
    const double first = slope(b) + (slope(b) - slope(a)) * v / (u - v);
    const double last = slope(c) + (slope(c) - slope(b)) * w / (v - w);
    const double value = last + (last - first) * w / (u - w);
    // Independent errors, each times its weight in the value.
    const double noise = std::hypot(v * w / ((u - v) * (u - w)) * a.noise / a.step,
                                    u * w / ((u - v) * (v - w)) * b.noise / b.step,
                                    u * v / ((u - w) * (v - w)) * c.noise / c.step);
    // What the last extrapolation changed may be small by chance: no smaller than if every order's part were
    // 1/16 of the one before at the largest step.
    const double truncation =
        std::max(std::abs(value - last), std::abs(last - slope(c)) * v / u / 256);
    const double error = truncation + noises * noise;
    if (!std::isfinite(error) || value - 3 * error > high || value + 3 * error < low) break;
    low = std::max(low, value - 3 * error);
    high = std::min(high, value + 3 * error);
    const std::size_t below = s.size() - 1 - k;
    const double scatter = std::max(below > 0 ? std::abs(value - before[0]) : 0,
                                    below > 1 ? std::abs(value - before[1]) * c.step / b.step : 0);
    before = {value, before[0]};
    if (std::max(error, scatter) < best.error)
      best = {value, std::max(error, scatter), std::max({a.steep, b.steep, c.steep})};
  }
  return best;
}

}  // namespace

bool derivative::kink() const {
  const auto differ = [](const limit& a, const limit& b) {
    return std::isfinite(a.error) && std::isfinite(b.error) &&
           std::abs(a.value - b.value) > 4 * (a.error + b.error);
  };
  return differ(right, left) || differ(right, both) || differ(left, both);
}

derivative::range derivative::slopes() const {
  double low = infinity, high = -infinity, error = 0;
  for (const limit& each : {both, right, left}) {
    if (!std::isfinite(each.error)) continue;
    low = std::min(low, each.value);
    high = std::max(high, each.value);
    error = std::max(error, each.error);
  }
  return {low, high, error};
}

derivative differentiate(std::span<const secant> secants) {
  return {extrapolate(secants, 2, std::sqrt(0.5),
                      [](const secant& s) { return 0.5 * (s.right + s.left); }),
          extrapolate(secants, 1, std::sqrt(2.0), [](const secant& s) { return s.right; }),
          extrapolate(secants, 1, std::sqrt(2.0), [](const secant& s) { return s.left; })};
}

double noise(std::span<const double> points, std::span<const double> values) {
  const auto n = static_cast<double>(points.size());
  double x = 0, y = 0, xx = 0, xy = 0, squares = 0, greatest = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    x += points[i] / n;
    y += values[i] / n;
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    xx += (points[i] - x) * (points[i] - x);
    xy += (points[i] - x) * (values[i] - y);
  }
  const auto residual = [&](std::size_t i) {
    return std::abs(values[i] - y - (points[i] - x) * xy / xx);
  };
  for (std::size_t i = 0; i < points.size(); ++i) greatest = std::max(greatest, residual(i));
  if (greatest == 0) return 0;
  for (std::size_t i = 0; i < points.size(); ++i) squares += std::pow(residual(i) / greatest, 2);
  return 3 * greatest * std::sqrt(squares / (n - 2));
}

}  // namespace xtape::detail
