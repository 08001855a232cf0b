#pragma once
// An operation of the user's own.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <xtape/tape/tape.hpp>

namespace xtape {

/// A value and its derivative, as the user writes them. Both functions may use xtape's operations and plain
/// xtensor; both may be called again and again, and must give the same.
template <real T>
struct custom_rule {
  /// What print-outs and errors call it.
  std::string name;
  /// The value y for the arguments x. Nothing in it is recorded.
  std::function<variable<T>(const std::vector<variable<T>>& x)> forward;
  /// The vector-Jacobian product for argument k, of x[k]'s shape: sum_i g_i d(y_i)/d(x[k]), g being y's
  /// cotangent. Written in xtape's operations it can itself be differentiated, to any order; computed on
  /// arrays, it is a constant to the second derivative.
  std::function<variable<T>(std::size_t k, const variable<T>& g, const std::vector<variable<T>>& x,
                            const variable<T>& y)>
      vjp;
};

/// The rule's value for the arguments x, recorded as one entry where one of them is tracked. A vjp that
/// differentiates on its way (a fixed point, a checkpoint that computes forward again) does so on a tape of its
/// own, with copies of the values: parameter(x[k].value()). Throws tape_error for a rule without forward or
/// vjp, and shape_error, in the sweep, for a vjp of another shape than its argument; what the rule's functions
/// throw passes through, and nothing is recorded.
template <real T>
XTAPE_API variable<T> custom_op(const custom_rule<T>& rule, const std::vector<variable<T>>& x,
                                location where = location::current());

}  // namespace xtape
