#pragma once
// Sizes as users give them, checked.

#include <xtape/array/error.hpp>
#include <xtape/array/shape.hpp>

#include <cstdint>
#include <string>

namespace xtape::detail {

/// (rows, columns). Throws domain_error, "call: reason", for sizes below 1 or too large to be had.
inline shape_type matrix_shape(const std::string& call, std::int64_t rows, std::int64_t columns,
                               const char* too_small, location where) {
  std::int64_t bytes = 0;
  if (rows < 1 || columns < 1) throw domain_error(call + ": " + too_small, where);
  if (__builtin_mul_overflow(rows, columns, &bytes) || __builtin_mul_overflow(bytes, 8, &bytes))
    throw domain_error(call + ": too many weights", where);
  return {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)};
}

}  // namespace xtape::detail
