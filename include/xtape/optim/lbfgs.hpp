#pragma once

#include <xtape/optim/optimizer.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace xtape::optim {

struct XTAPE_API lbfgs_options {
  std::uint64_t max_iterations = 20;  ///< of one step: at least 1
  std::uint64_t history = 10;         ///< how many pairs (s, y) are remembered: 1 to 1000
  double gradient_tolerance =
      1e-7;  ///< enough where max |g_i| is at most this: finite, 0 or greater
  /// Enough where an iteration lowers the loss by at most this part of max(|before|, |after|, 1).
  double change_tolerance = 1e-9;
  double c1 = 1e-4;                    ///< sufficient decrease: 0 < c1 < c2
  double c2 = 0.9;                     ///< curvature: c1 < c2 < 1
  std::uint64_t max_evaluations = 25;  ///< of one line search: at least 1
};

/// How a step of lbfgs ended.
struct XTAPE_API lbfgs_result {
  enum class end {
    gradient,    ///< max |g_i| <= gradient_tolerance
    change,      ///< the loss hardly fell: change_tolerance
    iterations,  ///< max_iterations are done
    line  ///< no smaller loss was found along the direction, nor straight downhill: rounding, mostly
  };

  double loss = 0;      ///< at the parameters as they are now
  double gradient = 0;  ///< max |g_i| there
  std::uint64_t iterations = 0, evaluations = 0;
  end reason = end::iterations;

  /// Whether more steps would hardly change anything.
  bool converged() const noexcept { return reason != end::iterations; }
};

/// Limited-memory BFGS, for small fits: it looks at all numbers together, guesses their curvature from how the
/// gradient changed in the last iterations, and asks for the loss several times a step. With x all parameters in one
/// row, s = x - x' and y = g - g' the last changes of x and its gradient g:
///
///     d = -H g               H: BFGS updates of (s.y / y.y) I by the pairs (s, y) that are remembered
///     x = x + a d            a: by a line search for the strong Wolfe conditions,
///                            f(x + a d) <= f(x) + c1 a g.d  and  |g(x + a d).d| <= c2 |g.d|
///
/// The loss must be the same function each time: no dropout, no other batch.
/// Source: Nocedal, Wright, "Numerical optimization", 2nd edition (2006), algorithms 3.5, 3.6, 7.4 and 7.5.
///
///     xp::optim::lbfgs<double> optimizer({a, b});
///     const auto result = optimizer.step([&] {
///       const xp::tape tape;
///       const auto loss = xp::mse(a * x + b, y);
///       loss.backward();
///       return loss.item();
///     });
template <real T>
class XTAPE_API lbfgs : public optimizer<T> {
 public:
  /// Throws domain_error for an option outside its domain, for no parameters, and for a parameter that is listed
  /// twice; tape_error for a variable that is no parameter.
  explicit lbfgs(std::vector<variable<T>> parameters, const lbfgs_options& options = {},
                 location where = location::current());

  /// Iterates until a tolerance or max_iterations is reached. `loss` returns the loss of the parameters as they are,
  /// and leaves its gradients in them, which are forgotten before each call. Where it is not finite ahead, the line
  /// search turns back. The parameters end at the smallest loss that was found; their gradients are those of the
  /// last call. Throws domain_error where the loss or a gradient is not finite at the start; tape_error where it
  /// left no gradient at all; shape_error where a parameter has another shape than at first; and whatever `loss`
  /// throws: the parameters are then as after the last whole iteration.
  lbfgs_result step(const std::function<double()>& loss, location where = location::current());

  const lbfgs_options& options() const noexcept { return options_; }

  /// The pairs (s, y), as two arrays of shape (history, all numbers), and three counts.
  std::vector<state_slot<T>> state() override;
  std::string explain() const override;

 private:
  class run;

  lbfgs_options options_;
  array<T> moves_, changes_;  // s and y, a row a pair; pair k stands in row k modulo history
  std::uint64_t pairs_ = 0;   // stored since the start, or since the history was last forgotten
  std::uint64_t iterations_ = 0, evaluations_ = 0;
};

extern template class lbfgs<float>;
extern template class lbfgs<double>;

}  // namespace xtape::optim
