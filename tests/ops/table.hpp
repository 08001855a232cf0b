#pragma once
// The table of operations: one row an overload, or a way to call it. Every test that holds for all
// operations runs over it, and one test fails when a declared operation has no row.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <xtape/array/array.hpp>
#include <xtape/tape/tape.hpp>

namespace table {

using xtape::array;
using xtape::shape_type;
using xtape::variable;

template <class T>
using arrays = std::vector<array<T>>;
template <class T>
using variables = std::vector<variable<T>>;

/// Where an argument's values are drawn from: low..high, and at least `gap` away from 0, where the
/// operation has a kink or a pole.
struct domain {
  double low = -2;
  double high = 2;
  double gap = 0;
};

struct operation {
  std::string declaration;      // as in the header: "softmax(x, axis)"
  std::string variant;          // how it is called, where the declaration leaves that open
  std::vector<domain> domains;  // one an argument
  std::vector<std::vector<shape_type>> shapes;  // the arguments' shapes, a list a call
  std::function<variable<double>(const variables<double>&)> in_double;
  std::function<variable<float>(const variables<float>&)> in_float;
  std::function<array<double>(const arrays<double>&)> expected;  // plain loops over scalars

  std::string name() const { return variant.empty() ? declaration : declaration + ", " + variant; }
};

const std::vector<operation>& operations();

/// Values for a call, the same for the same seed on every machine.
array<double> draw(const shape_type& shape, const domain& from, unsigned seed);
arrays<double> draw(const operation& op, const std::vector<shape_type>& shapes, unsigned seed);

/// Calls use(operation, shapes of its arguments) for every row and every call, named in failure
/// messages.
void for_each_call(
    const std::function<void(const operation&, const std::vector<shape_type>&)>& use);

array<float> to_float(const array<double>& x);
array<double> to_double(const array<float>& x);

/// Greatest |a - b| / max(1, |b|); infinite where a shape differs, or where one is NaN and the
/// other is not.
double distance(const array<double>& a, const array<double>& b);

}  // namespace table
