#pragma once
// How activations go forward and gradients go back, value by value.

#include <xtape/inspect/statistics.hpp>
#include <xtape/tape/tape.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace xtape::inspect {

/// A value on the tape, or a parameter, and its gradient.
struct flow_row {
  std::string name;       ///< as given by named(); without one "%3", its place on the tape
  std::string operation;  ///< "parameter" for one
  location where;
  shape_type shape;
  statistics value, gradient;
  /// Of the result of an activation: the share of its elements at which the local derivative is at most 0.02 in
  /// magnitude. There, nearly nothing comes back.
  std::optional<double> saturated;
  /// Of the result of an activation, of shape (batch, units): the units whose local derivative is 0 for every
  /// row. They send nothing back and, while the batches are like this one, never will.
  std::optional<std::vector<std::size_t>> dead;
};

struct flow_options {
  /// Every value on the way, not only those that have a name. The tape must keep them: tape::keep_intermediates.
  bool unnamed = false;
};

/// The rows in the tape's order; each parameter stands before its first use.
class XTAPE_API flow {
 public:
  explicit flow(std::vector<flow_row> rows) : rows_(std::move(rows)) {}
  const std::vector<flow_row>& rows() const { return rows_; }
  /// Throws domain_error where no row has that name.
  const flow_row& operator[](const std::string& name) const;
  /// A table for people, one row a line; and all figures, as CSV with a header line (RFC 4180), and as JSON: an
  /// array of objects.
  std::string text() const;
  std::string csv() const;
  std::string json() const;
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const flow& f);

 private:
  std::vector<flow_row> rows_;
};

/// The flow of every value that has a name, and of every parameter, that `loss` depends on. It is read from
/// the tape that recorded them; gradients are left as they are, and nothing in the model need know of it. Costs a
/// backward sweep. Throws as variable::backward does, and tape_error where the numbers of a value are gone.
template <real T>
XTAPE_API flow gradient_flow(const variable<T>& loss, flow_options options = {},
                             location where = location::current());

/// How far an optimizer's step moves each parameter: made before the step, asked after it.
template <real T>
class XTAPE_API update_ratios {
 public:
  explicit update_ratios(std::vector<variable<T>> parameters);
  struct row {
    std::string name;
    double update, value;  ///< RMS of the change since, and of the value before it
    double ratio;          ///< update / value; about 1e-3 is healthy, 0 / 0 is 0
  };
  std::vector<row> measure() const;

 private:
  std::vector<variable<T>> parameters_;
  std::vector<array<T>> before_;
};

extern template class update_ratios<float>;
extern template class update_ratios<double>;

}  // namespace xtape::inspect
