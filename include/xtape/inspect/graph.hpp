#pragma once
// The tape as a drawing.

#include <xtape/tape/tape.hpp>

#include <string>

namespace xtape::inspect {

struct graph_options {
  /// The numbers of values with up to so many elements are written into their boxes; 0: of none. Values without a name
  /// must then have been recorded with tape::keep_intermediates: tape_error otherwise.
  std::size_t values = 0;
  /// The RMS of the gradient of every value: of the sum of the output's elements with respect to it.
  bool gradients = false;
  /// Operations of one scope become one box, which shows their number and the last one's result. A scope is what a name
  /// has before its last dot or slash ("encoder" of "encoder.hidden"). An operation whose result has a name belongs to
  /// the scope of that, if any; else to that of a parameter it uses; else to that of its first argument.
  bool collapse = false;
};

/// What `output` was computed from, in Graphviz's dot language (`dot -Tsvg`): a rounded box an operation, with its
/// result's name and shape and its file:line; a box a parameter, a dashed one a constant; an arrow from each argument to the
/// operation. Throws as variable::backward(cotangent) does.
template <real T>
XTAPE_API std::string dot(const variable<T>& output, const graph_options& options = {},
                          location where = location::current());

}  // namespace xtape::inspect
