#pragma once
// The tape as a drawing.

#include <xtape/tape/tape.hpp>

#include <string>

namespace xtape::inspect {

struct graph_options {
  /// The numbers of values with up to so many elements are written into their boxes; 0: of none.
  std::size_t values = 0;
  /// The RMS of the gradient of every value: of the sum of the output's elements with respect to it.
  bool gradients = false;
  /// Operations of one scope become one box. A scope is what a name has before its last dot or slash ("encoder"
  /// of "encoder.hidden"). An operation belongs to the scope of its result's name; without one, to that of a parameter it
  /// uses; else to that of its first argument.
  bool collapse = false;
};

/// What `output` was computed from, in Graphviz's dot language (`dot -Tsvg`): an ellipse an operation, with its
/// result's name and shape and its file:line; a box a parameter or constant; an arrow from each argument to the
/// operation. Throws as variable::backward(cotangent) does.
template <real T>
XTAPE_API std::string dot(const variable<T>& output, const graph_options& options = {},
                          location where = location::current());

}  // namespace xtape::inspect
