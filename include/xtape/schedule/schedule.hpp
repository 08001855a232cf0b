#pragma once

#include <xtape/array/error.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// Learning rates (or any other number) as pure functions of the time t: an epoch, a step, or a
/// fraction of one. A schedule is a small value; `rate(t)` takes any arithmetic t >= 0 and gives
/// the same answer each time it is asked. Only reduce_on_plateau, which is asked with a loss, has
/// a memory.
namespace xtape::schedule {

namespace detail {

/// Throws domain_error "name: text: reason" unless it holds.
XTAPE_API void check(bool holds, const char* name, const std::string& text, const char* reason,
                     location where);
/// "factor = 0.5"
XTAPE_API std::string equals(const char* what, double value);
XTAPE_API void check_finite(const char* name, const char* what, double value, location where);
XTAPE_API void check_positive(const char* name, const char* what, double value, location where);
XTAPE_API void check_span(const char* name, double start, double end, std::int64_t steps,
                          bool positive, location where);

/// What every schedule is: callable with a time. Schedule has a `name` and a `double at(double t)`.
template <class Schedule>
class function_of_time {
 public:
  /// Throws domain_error for a negative t or a NaN.
  template <class Time>
  requires std::is_arithmetic_v<Time>
  double operator()(Time t, location where = location::current()) const {
    const auto time = static_cast<double>(t);
    check(time >= 0, Schedule::name, equals("t", time), "must not be negative", where);
    const at_line here(where);  // errors of a schedule's parts are laid at this line, too
    return static_cast<const Schedule&>(*this).at(time);
  }
};

}  // namespace detail

/// The same rate at all times: a_t = rate.
class constant : public detail::function_of_time<constant> {
 public:
  static constexpr const char* name = "constant";

  /// rate: any finite number, else domain_error.
  explicit constant(double rate, location where = location::current()) : rate_(rate) {
    detail::check_finite(name, "rate", rate, where);
  }

 private:
  friend function_of_time;
  double at(double) const { return rate_; }

  double rate_;
};

/// A straight line from start to end: a_t = start - (start - end) t / N for t <= N, and exactly
/// `end` from t = N on.
class linear_decay : public detail::function_of_time<linear_decay> {
 public:
  static constexpr const char* name = "linear_decay";

  /// start, end: finite; either may be the greater. steps: N >= 1. Otherwise domain_error.
  linear_decay(double start, double end, std::int64_t steps, location where = location::current())
      : start_(start), end_(end), steps_(static_cast<double>(steps)) {
    detail::check_span(name, start, end, steps, false, where);
  }

 private:
  friend function_of_time;
  double at(double t) const { return t < steps_ ? start_ - (start_ - end_) * t / steps_ : end_; }

  double start_, end_, steps_;
};

/// The same factor every step: a_t = start ((end / start)^(1/N))^t for t <= N, and exactly `end`
/// from t = N on.
class exponential_decay : public detail::function_of_time<exponential_decay> {
 public:
  static constexpr const char* name = "exponential_decay";

  /// start, end: finite and positive; either may be the greater. steps: N >= 1. Otherwise
  /// domain_error.
  exponential_decay(double start, double end, std::int64_t steps,
                    location where = location::current())
      : start_(start), end_(end), steps_(static_cast<double>(steps)) {
    detail::check_span(name, start, end, steps, true, where);
  }

 private:
  friend function_of_time;
  double at(double t) const {
    return t < steps_ ? start_ * std::pow(end_ / start_, t / steps_) : end_;
  }

  double start_, end_, steps_;
};

/// Half a wave of the cosine: a_t = end + (start - end) (1 + cos(pi t / N)) / 2 for t <= N, and
/// exactly `end` from t = N on. Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with
/// warm restarts", ICLR 2017, equation 5, without restarts.
class cosine_decay : public detail::function_of_time<cosine_decay> {
 public:
  static constexpr const char* name = "cosine_decay";

  /// start, end: finite; either may be the greater. steps: N >= 1. Otherwise domain_error.
  cosine_decay(double start, double end, std::int64_t steps, location where = location::current())
      : start_(start), end_(end), steps_(static_cast<double>(steps)) {
    detail::check_span(name, start, end, steps, false, where);
  }

 private:
  friend function_of_time;
  double at(double t) const {
    return t < steps_ ? end_ + (start_ - end_) * (1 + std::cos(std::numbers::pi * (t / steps_))) / 2
                      : end_;
  }

  double start_, end_, steps_;
};

/// Down a stair: a_t = start factor^floor(t / N).
class step_decay : public detail::function_of_time<step_decay> {
 public:
  static constexpr const char* name = "step_decay";

  /// start: finite. factor: finite and positive. steps: N >= 1, of one stair. Otherwise
  /// domain_error.
  step_decay(double start, double factor, std::int64_t steps, location where = location::current())
      : start_(start), factor_(factor), steps_(static_cast<double>(steps)) {
    detail::check_finite(name, "start", start, where);
    detail::check_positive(name, "factor", factor, where);
    detail::check(steps >= 1, name, "steps = " + std::to_string(steps),
                  "at least one step is needed", where);
  }

 private:
  friend function_of_time;
  double at(double t) const { return start_ * std::pow(factor_, std::floor(t / steps_)); }

  double start_, factor_, steps_;
};

/// As 1 / t: a_t = start / (1 + decay t). What Robbins and Monro's theorem asks for: the sum over all t
/// diverges, that of the squares converges. Source: Robbins, Monro, "A stochastic approximation
/// method", Annals of Mathematical Statistics 22 (1951), equation 6.
class inverse_time_decay : public detail::function_of_time<inverse_time_decay> {
 public:
  static constexpr const char* name = "inverse_time_decay";

  /// start: finite. decay: finite and positive: after 1 / decay steps half of the start is left.
  /// Otherwise domain_error.
  inverse_time_decay(double start, double decay, location where = location::current())
      : start_(start), decay_(decay) {
    detail::check_finite(name, "start", start, where);
    detail::check_positive(name, "decay", decay, where);
  }

 private:
  friend function_of_time;
  double at(double t) const { return start_ / (1 + decay_ * t); }

  double start_, decay_;
};

/// Schedules one after another, each from its own time 0 on:
///
///     const xp::schedule::joined rate{{xp::schedule::linear_decay(0.01, 0.1, 5), 5},
///                                     {xp::schedule::cosine_decay(0.1, 0.001, 40), 40},
///                                     {xp::schedule::constant(0.001)}};
///
/// a_t = first(t) for t < N_1, second(t - N_1) for t < N_1 + N_2, and so on. The last goes on for ever, however
/// many steps it is given.
class joined : public detail::function_of_time<joined> {
 public:
  static constexpr const char* name = "joined";

  /// A schedule, or any function of a double, and for how many steps.
  struct piece {
    template <class Schedule>
    requires std::is_invocable_r_v<double, const Schedule&, double> piece(
        Schedule schedule, double n = std::numeric_limits<double>::infinity())
        : rate([schedule = std::move(schedule)](double t) { return schedule(t); }), steps(n) {}

    std::function<double(double)> rate;
    double steps;
  };

  /// Throws domain_error for no pieces, and for one of no, or of a negative number of, steps.
  joined(std::initializer_list<piece> pieces, location where = location::current())
      : joined(std::vector<piece>(pieces), where) {}
  explicit joined(std::vector<piece> pieces, location where = location::current())
      : pieces_(std::move(pieces)) {
    detail::check(!pieces_.empty(), name, "0 schedules", "at least one is needed", where);
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      detail::check(
          pieces_[i].steps > 0, name,
          "schedule " + std::to_string(i) + ": " + detail::equals("steps", pieces_[i].steps),
          "must be positive", where);
  }

 private:
  friend function_of_time;
  double at(double t) const {
    std::size_t i = 0;
    for (; i + 1 < pieces_.size() && t >= pieces_[i].steps; ++i) t -= pieces_[i].steps;
    return pieces_[i].rate(t);
  }

  std::vector<piece> pieces_;
};

/// Rises to where a schedule begins, and follows it then: a_t = start + (then(0) - start) t / N for
/// t < N, and then(t - N) from t = N on. With start = 0 the first step, t = 0, does nothing. Source: Goyal and others,
/// "Accurate, large minibatch SGD", 2017, section 2.2, gradual warm-up.
///
///     const xp::schedule::warm_up rate(0.01, 5, xp::schedule::cosine_decay(0.1, 0.001, 40));
template <class Schedule>
class warm_up : public detail::function_of_time<warm_up<Schedule>> {
 public:
  static constexpr const char* name = "warm_up";

  /// start: finite. steps: N >= 1. Otherwise domain_error.
  warm_up(double start, std::int64_t steps, Schedule then, location where = location::current())
      : rise_(start, checked(start, steps, then(0.0), where), steps),
        steps_(static_cast<double>(steps)),
        then_(std::move(then)) {}

 private:
  friend detail::function_of_time<warm_up>;
  static double checked(double start, std::int64_t steps, double end, location where) {
    detail::check_span(name, start, end, steps, false, where);
    return end;
  }
  double at(double t) const { return t < steps_ ? rise_(t) : then_(t - steps_); }

  linear_decay rise_;
  double steps_;
  Schedule then_;
};

struct reduce_on_plateau_options {
  double factor = 0.1;  ///< in (0, 1): what the rate is multiplied with
  std::uint64_t patience =
      10;  ///< how many losses in a row may be no better before the next one reduces the rate
  double threshold =
      1e-4;  ///< in [0, 1): the part of the best loss by which a better one is smaller
  std::uint64_t cooldown = 0;  ///< how many losses after a reduction are not held against the rate
  double minimum = 0;          ///< the rate never falls below: finite, 0 or greater
  bool maximize = false;       ///< the greater the better: an accuracy in place of a loss
};

/// The rate falls when the loss no longer does. It is asked once an epoch:
///
///     xp::schedule::reduce_on_plateau rate(0.1, {.factor = 0.5, .patience = 3});
///     optimizer.set_learning_rate(rate(validation_loss));
///
/// A loss is better if loss < best (1 - threshold), to maximize if loss > best (1 + threshold); a NaN never is. After
/// `patience` losses in a row that are not, the next such one multiplies the rate by `factor`, and the count
/// begins anew. As torch.optim.lr_scheduler.ReduceLROnPlateau with its relative threshold and eps = 0.
class reduce_on_plateau {
 public:
  static constexpr const char* name = "reduce_on_plateau";

  /// All that it remembers: to be saved with the model, and set when training goes on.
  struct memory {
    double rate;
    double best;                ///< the best so far; before the first, the worst there is
    std::uint64_t waited = 0;   ///< losses in a row that were no better
    std::uint64_t cooling = 0;  ///< losses to come that will not count
  };

  /// rate: the first, finite and positive. Otherwise, and for an option outside its domain, domain_error.
  explicit reduce_on_plateau(double rate, const reduce_on_plateau_options& options = {},
                             location where = location::current())
      : state{rate, options.maximize ? -infinity : infinity}, options_(options) {
    detail::check_positive(name, "rate", rate, where);
    detail::check(options.factor > 0 && options.factor < 1, name,
                  detail::equals("factor", options.factor),
                  "must be greater than 0 and less than 1", where);
    detail::check(options.threshold >= 0 && options.threshold < 1, name,
                  detail::equals("threshold", options.threshold),
                  "must be at least 0 and less than 1", where);
    detail::check(std::isfinite(options.minimum) && options.minimum >= 0, name,
                  detail::equals("minimum", options.minimum), "must be finite and not negative",
                  where);
  }

  /// Takes the next loss into account, and returns the rate from now on.
  double operator()(double loss) {
    const double share = options_.threshold;
    if (options_.maximize ? loss > state.best * (1 + share) : loss < state.best * (1 - share)) {
      state.best = loss;
      state.waited = 0;
    } else {
      ++state.waited;
    }
    if (state.cooling > 0) {
      --state.cooling;
      state.waited = 0;
    }
    if (state.waited > options_.patience) {
      state.rate = std::max(state.rate * options_.factor, std::min(state.rate, options_.minimum));
      state.cooling = options_.cooldown;
      state.waited = 0;
    }
    return state.rate;
  }

  memory state;

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  reduce_on_plateau_options options_;
};

}  // namespace xtape::schedule
