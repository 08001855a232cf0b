#pragma once
// Random programs: functions of a few small arrays, composed of the library's operations at random. Values are
// shared, broadcast, reduced, moved and multiplied; whoever differentiates all of them rightly has no special cases.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <xtape/array/array.hpp>
#include <xtape/tape/tape.hpp>

namespace programs {

using xtape::array;
using xtape::shape_type;
using xtape::variable;

/// One operation on values computed before it.
struct step {
  std::string text;               // "matmul(a, b)"
  std::vector<std::size_t> from;  // which values; the inputs come first
  std::function<variable<double>(const std::vector<variable<double>>&)> in_double;
  std::function<variable<float>(const std::vector<variable<float>>&)> in_float;
};

class program {
 public:
  /// The same for the same seed, on every machine.
  explicit program(unsigned seed);

  const std::vector<array<double>>& inputs() const { return inputs_; }
  /// The result: the last value, plus the means of all that no step used.
  variable<double> operator()(const std::vector<variable<double>>& inputs) const;
  variable<float> in_float(const std::vector<variable<float>>& inputs) const;
  /// A line for each input and each step.
  std::string text() const;

 private:
  template <class T, class Run>
  variable<T> run(const std::vector<variable<T>>& inputs, const Run& run_step) const;

  std::vector<array<double>> inputs_;
  std::vector<step> steps_;
};

}  // namespace programs
