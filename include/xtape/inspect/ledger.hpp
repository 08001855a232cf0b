#pragma once
// Why a gradient grows or shrinks from layer to layer: an account of its norm.

#include <xtape/tape/tape.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace xtape::inspect {

/// One step back, from the gradient of h = phi(z), z = x W + ..., to that of x:
///   ||dL/dx|| / ||dL/dh|| = activation * weight * alignment
/// where, the rows being samples,
///   activation = RMS of phi'(z),
///   weight     = ||W||_F / sqrt(n_out): the RMS gain of W^T on a random direction,
///   alignment  = all else: 1 if the gradient were independent of both. It is > 1 where the gradient prefers units
///                that are not saturated, or directions that W^T stretches.
struct ledger_row {
  std::string from, to;  ///< names of h and x
  double gradient;       ///< ||dL/dh||, Frobenius norm
  double ratio;          ///< ||dL/dx|| / ||dL/dh||, 0 where both are 0
  double activation, weight, alignment;
};

/// From the loss to the input: rows[0] is the last layer.
class XTAPE_API ledger {
 public:
  explicit ledger(std::vector<ledger_row> rows) : rows_(std::move(rows)) {}
  const std::vector<ledger_row>& rows() const { return rows_; }
  /// The product of all ratios: how much of the last layer's gradient is left at the first value.
  double total() const;
  std::string text() const;
  std::string csv() const;
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const ledger& l);

 private:
  std::vector<ledger_row> rows_;
};

/// The ledger along values h_0 (an input), h_1, ..., h_n that follow from one another on a tape, and lead to `loss`.
/// Between two of them stands one product with a matrix parameter or value (affine, or matmul with it on the right,
/// to which others may be added) and, perhaps, elementwise operations of one argument after it. The gradient that
/// is followed is the one that flows *along this path*: what h_i gets through other uses is no part of the ratio's
/// numerator. Throws tape_error where two neighbours are not connected in this way, and as variable::backward does.
template <real T>
XTAPE_API ledger gradient_ledger(const variable<T>& loss, const std::vector<variable<T>>& path,
                                 location where = location::current());

}  // namespace xtape::inspect
