#pragma once
// Looking at a tape: as a table, and backwards one entry at a time.

#include <cstddef>
#include <iosfwd>
#include <vector>

#include <xtape/tape/tape.hpp>

namespace xtape {

/// The tape as a table: entry, operation, shape, inputs, name, file:line.
XTAPE_API std::ostream& operator<<(std::ostream& out, const tape& t);

/// One step of a backward walk: an entry, the cotangent that reached its result, and what it sends on.
template <real T>
struct backward_step {
  /// What the entry sends to its argument `input`: cotangent times local derivative.
  struct contribution {
    std::size_t input;
    array<T> value;
  };
  const entry* operation;  ///< stays valid while the tape lives
  array<T> cotangent;      ///< d(output)/d(this entry's result), complete
  std::vector<contribution> contributions;
};

/// Backward from `output`, one entry at a time, last first; entries that the output does not depend on
/// are passed over. Gradients are left as they are. Throws as variable::backward does.
template <real T>
XTAPE_API std::vector<backward_step<T>> walk(const variable<T>& output,
                                             location where = location::current());

}  // namespace xtape
