#pragma once
// What the files of this room share about datasets.

#include <xtape/array/text.hpp>
#include <xtape/data/dataset.hpp>

#include <string>

namespace xtape::data {

/// Throws shape_error, naming the call, where x and what belongs to it differ in number.
template <real T, class Target>
void check_rows(const char* call, const dataset<T, Target>& samples, location where) {
  const shape_type& shape = samples.x.shape();
  if constexpr (std::is_same_v<Target, int>) {
    if (shape.empty() || shape[0] != samples.labels.size())
      throw shape_error(std::string(call) + ": x " + to_string(shape) + ", " +
                            std::to_string(samples.labels.size()) +
                            " labels: every row of x needs one label",
                        where);
  } else {
    const shape_type& y = samples.y.shape();
    if (shape.empty() || y.empty() || shape[0] != y[0])
      throw shape_error(std::string(call) + ": x " + to_string(shape) + ", y " + to_string(y) +
                            ": every row of x needs one of y",
                        where);
  }
}

/// The numbers in a row of an array that has rows.
template <real T>
std::size_t row_size(const array<T>& of) {
  return of.shape()[0] == 0 ? 0 : of.size() / of.shape()[0];
}

}  // namespace xtape::data
