#pragma once
// How large an array may be that a file declares.

#include <xtape/array/shape.hpp>

#include <cstddef>
#include <limits>
#include <optional>

namespace xtape::detail {

/// The number of elements, of 8 bytes at most; nothing where memory cannot address them, or the
/// strides of an array that has none.
inline std::optional<std::size_t> addressable_size(const shape_type& shape) noexcept {
  constexpr auto limit =
      static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(double);
  std::size_t size = 1;
  bool none = false;
  for (const std::size_t n : shape) {
    none = none || n == 0;
    if (n == 0) continue;
    if (n > limit / size) return std::nullopt;
    size *= n;
  }
  return none ? 0 : size;
}

}  // namespace xtape::detail
