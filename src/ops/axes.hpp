#pragma once
// Axes as users write them, turned into what kernels loop over.

#include <string_view>

#include <xtape/ops/reduce.hpp>

namespace xtape::detail {

/// `axis` counted from 0. Throws shape_error for one that `shape` does not have.
std::size_t normalize_axis(std::string_view operation, const shape_type& shape, std::ptrdiff_t axis,
                           location where);
/// The same for each, ascending. Throws shape_error also where one is named twice.
shape_type normalize_axes(std::string_view operation, const shape_type& shape,
                          const axis_list& axes, location where);

/// Throws shape_error unless an array of the shape `to` can be had: sizes that users multiply may go beyond all numbers.
void check_size(std::string_view operation, const shape_type& from, const shape_type& to,
                location where);

/// An array seen as (outer, n, inner), n being the sizes of axes first..last together.
struct slices {
  std::size_t outer = 1, n = 1, inner = 1;
  slices() = default;
  slices(const shape_type& shape, std::size_t first, std::size_t last);
};

}  // namespace xtape::detail
