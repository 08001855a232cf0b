#pragma once
// Along a direction, to a point where the strong Wolfe conditions hold.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace xtape::optim::detail {

/// The loss at x + at d: its value, its gradient, and its slope along d, gradient . d.
struct trial {
  double at = 0, loss = 0, slope = 0;
  std::vector<double> gradient;

  bool finite() const { return std::isfinite(loss) && std::isfinite(slope); }
};

/// Where the cubic through the values and slopes of both has its minimum; NaN where it has none. Source: Nocedal,
/// Wright, equation 3.59.
inline double cubic_minimum(const trial& a, const trial& b) {
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at);
  const double d2 = std::copysign(std::sqrt(d1 * d1 - a.slope * b.slope), b.at - a.at);
  return b.at - (b.at - a.at) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
}

/// The value moved into [least, most]; NaN becomes `otherwise`.
inline double within(double least, double most, double value, double otherwise) {
  return std::isnan(value) ? otherwise : std::clamp(value, least, most);
}

/// A trial with loss(at) <= loss(0) + c1 at slope(0) and |slope(at)| <= -c2 slope(0), by at most so many calls of
/// evaluate(at); else the best of them; none where no loss was smaller. The slope at the start is negative. Losses that
/// differ by no more than `noise`, their rounding, are alike: near a minimum only slopes tell where it goes down.
/// Source: Nocedal, Wright, algorithms 3.5 and 3.6, with the bounds of More, Thuente, "Line search algorithms with
/// guaranteed sufficient decrease", ACM TOMS 20 (1994), on each guess.
template <class Evaluate>
std::optional<trial> line_search(const Evaluate& evaluate, const trial& start, double first,
                                 double c1, double c2, double noise,
                                 std::uint64_t max_evaluations) {
  const auto too_high = [&](const trial& now, const trial& low) {
    return !now.finite() || now.loss > start.loss + c1 * now.at * start.slope + noise ||
           (low.at > 0 && now.loss > low.loss + noise);
  };
  const auto flat = [&](const trial& now) { return std::fabs(now.slope) <= -c2 * start.slope; };

  // Outwards, until a minimum lies between low and high. low has the smallest loss so far.
  trial low = start, high;
  bool between = false;
  std::uint64_t evaluations = 0;
  for (double at = first; !between && evaluations < max_evaluations; ++evaluations) {
    trial now = evaluate(at);
    if (too_high(now, low)) {
      high = std::move(now);
      between = true;
    } else if (flat(now)) {
      return now;
    } else if (now.slope >= 0) {
      high = std::exchange(low, std::move(now));
      between = true;
    } else {
      const double moved = now.at - low.at;
      at = within(now.at + 1.1 * moved, now.at + 4 * moved, cubic_minimum(low, now),
                  now.at + 4 * moved);
      low = std::move(now);
    }
  }
  // Inwards.
  double wide[2] = {std::numeric_limits<double>::infinity(),
                    std::numeric_limits<double>::infinity()};
  for (; between && evaluations < max_evaluations; ++evaluations) {
    const auto [from, to] = std::minmax(low.at, high.at);
    const double width = to - from, middle = from + width / 2;
    double at = middle;
    if (high.finite() && width < 0.66 * wide[evaluations % 2])  // else it shrinks too slowly
      at = within(from + 0.1 * width, to - 0.1 * width, cubic_minimum(low, high), middle);
    wide[evaluations % 2] = width;
    trial now = evaluate(at);
    if (too_high(now, low) || now.loss > low.loss + noise) {
      high = std::move(now);
      continue;
    }
    if (flat(now)) return now;
    if (now.slope * (high.at - low.at) >= 0) high = std::move(low);
    low = std::move(now);
  }
  if (low.at > 0) return low;
  return std::nullopt;
}

}  // namespace xtape::optim::detail
