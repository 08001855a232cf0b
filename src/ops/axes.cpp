#include "ops/axes.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace xtape::detail {

std::size_t normalize_axis(std::string_view operation, const shape_type& shape, std::ptrdiff_t axis,
                           location where) {
  const auto rank = static_cast<std::ptrdiff_t>(shape.size());
  if (axis < -rank || axis >= rank)
    throw shape_error(
        std::string(operation) + ": " + to_string(shape) + " has no axis " + std::to_string(axis),
        where);
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

shape_type normalize_axes(std::string_view operation, const shape_type& shape,
                          const axis_list& axes, location where) {
  shape_type result;
  for (const std::ptrdiff_t axis : axes) {
    const std::size_t found = normalize_axis(operation, shape, axis, where);
    if (std::find(result.begin(), result.end(), found) != result.end())
      throw shape_error(std::string(operation) + ": axis " + std::to_string(axis) + " of " +
                            to_string(shape) + " is named twice",
                        where);
    result.insert(std::lower_bound(result.begin(), result.end(), found), found);
  }
  return result;
}

void check_size(std::string_view operation, const shape_type& from, const shape_type& to,
                location where) {
  constexpr std::size_t most = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(double);
  std::size_t size = 1;
  for (const std::size_t n : to) {
    if (n != 0 && size > most / n)
      throw shape_error(std::string(operation) + ": " + to_string(from) + " to " + to_string(to) +
                            ": there are no arrays of that size",
                        where);
    size *= n;
  }
}

slices::slices(const shape_type& shape, std::size_t first, std::size_t last) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    (axis < first ? outer : axis <= last ? n : inner) *= shape[axis];
}

}  // namespace xtape::detail
