#pragma once

#include <vector>

#include <xtape/tape/tape.hpp>

namespace xtape {

struct grad_options {
  bool create_graph = false;  ///< record the sweep, so that its results can be differentiated again
};

/// Gradients of `output` with respect to `inputs`, returned instead of accumulated; nothing else changes.
/// `inputs` are parameters or values on the output's tape; one that the output does not depend on gives
/// zeros. `output` must have one element. With create_graph the gradients are recorded on the tape and can
/// themselves be differentiated. Throws tape_error and shape_error as variable::backward does.
template <real T>
XTAPE_API std::vector<variable<T>> grad(const variable<T>& output,
                                        const std::vector<variable<T>>& inputs,
                                        grad_options options = {},
                                        location where = location::current());

/// The vector-Jacobian product: the same for an output of any shape, given its cotangent.
template <real T>
XTAPE_API std::vector<variable<T>> vjp(const variable<T>& output, const variable<T>& cotangent,
                                       const std::vector<variable<T>>& inputs,
                                       grad_options options = {},
                                       location where = location::current());

}  // namespace xtape
