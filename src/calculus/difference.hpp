#pragma once
// Derivatives from differences, with an estimate of their error.

#include <span>

namespace xtape::detail {

/// A function of one number, seen from x by one step to either side. The slopes are NaN where the
/// function is not finite.
struct secant {
  double step;
  double right;  // (f(x + step) - f(x)) / step
  double left;   // (f(x) - f(x - step)) / step
  double noise;  // what each of the three values may be wrong by
  double steep;  // the greatest slope that a part of the function shows
};

/// A limit for step -> 0, and what it may be wrong by: infinite where there is none.
struct limit {
  double value;
  double error;
  double steepest;  // of the secants it was extrapolated from
};

struct derivative {
  limit both, right, left;

  /// Whether they contradict each other: there is a kink at x, or nearer than the steps can tell.
  bool kink() const;
  /// All slopes seen then, and the greatest error of them.
  struct range {
    double low, high, error;
  };
  range slopes() const;
};

/// From secants with steps in descending order, each a fixed fraction of the one before.
derivative differentiate(std::span<const secant> secants);

/// The noise of a smooth function's values at points so close that it is a straight line between them:
/// three standard deviations from that line. The points are not equidistant, because rounding is periodic.
double noise(std::span<const double> points, std::span<const double> values);

}  // namespace xtape::detail
