#pragma once

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

/// Learning rates (or any other number) as pure functions of the time t: an epoch, a step, or a
/// fraction of one. A schedule is a small value; `rate(t)` takes any arithmetic t >= 0 and gives
/// the same answer each time it is asked.
namespace xtape::schedule {

namespace detail {

inline void check_time(const char* name, double t, location where) {
  if (!(t >= 0))
    throw domain_error(std::string(name) + ": t = " + number_text(t) + ": must not be negative",
                       where);
}

inline void check_decay(const char* name, double start, double end, std::int64_t steps,
                        bool positive, location where) {
  const std::string call = std::string(name) + ": start = " + number_text(start) +
                           ", end = " + number_text(end) + ", steps = " + std::to_string(steps) +
                           ": ";
  if (!std::isfinite(start) || !std::isfinite(end))
    throw domain_error(call + "start and end must be finite", where);
  if (positive && (start <= 0 || end <= 0))
    throw domain_error(call + "start and end must be positive", where);
  if (steps < 1) throw domain_error(call + "at least one step is needed", where);
}

}  // namespace detail

/// The same rate at all times: a_t = rate.
class constant {
 public:
  /// rate: any finite number, else domain_error.
  explicit constant(double rate, location where = location::current()) : rate_(rate) {
    if (!std::isfinite(rate))
      throw domain_error("constant: rate = " + number_text(rate) + ": must be finite", where);
  }

  /// Throws domain_error for a negative t or a NaN.
  template <class Time>
  requires std::is_arithmetic_v<Time>
  double operator()(Time t, location where = location::current()) const {
    detail::check_time("constant", static_cast<double>(t), where);
    return rate_;
  }

 private:
  double rate_;
};

/// A straight line from start to end: a_t = start - (start - end) t / N for t <= N, and exactly
/// `end` from t = N on.
class linear_decay {
 public:
  /// start, end: finite; either may be the greater. steps: N >= 1. Otherwise domain_error.
  linear_decay(double start, double end, std::int64_t steps, location where = location::current())
      : start_(start), end_(end), steps_(static_cast<double>(steps)) {
    detail::check_decay("linear_decay", start, end, steps, false, where);
  }

  /// Throws domain_error for a negative t or a NaN.
  template <class Time>
  requires std::is_arithmetic_v<Time>
  double operator()(Time t, location where = location::current()) const {
    const auto time = static_cast<double>(t);
    detail::check_time("linear_decay", time, where);
    return time < steps_ ? start_ - (start_ - end_) * time / steps_ : end_;
  }

 private:
  double start_, end_, steps_;
};

/// The same factor every step: a_t = start ((end / start)^(1/N))^t for t <= N, and exactly `end`
/// from t = N on.
class exponential_decay {
 public:
  /// start, end: finite and positive; either may be the greater. steps: N >= 1. Otherwise
  /// domain_error.
  exponential_decay(double start, double end, std::int64_t steps,
                    location where = location::current())
      : start_(start), end_(end), steps_(static_cast<double>(steps)) {
    detail::check_decay("exponential_decay", start, end, steps, true, where);
  }

  /// Throws domain_error for a negative t or a NaN.
  template <class Time>
  requires std::is_arithmetic_v<Time>
  double operator()(Time t, location where = location::current()) const {
    const auto time = static_cast<double>(t);
    detail::check_time("exponential_decay", time, where);
    return time < steps_ ? start_ * std::pow(end_ / start_, time / steps_) : end_;
  }

 private:
  double start_, end_, steps_;
};

}  // namespace xtape::schedule
