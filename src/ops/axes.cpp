#include "ops/axes.hpp"

#include <algorithm>
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

slices::slices(const shape_type& shape, std::size_t first, std::size_t last) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    (axis < first ? outer : axis <= last ? n : inner) *= shape[axis];
}

}  // namespace xtape::detail
