#include <xtape/array/error.hpp>
#include <xtape/array/shape.hpp>

namespace xtape {

void throw_rank_error(std::size_t rank) {
  throw shape_error("array: " + std::to_string(rank) + " axes: at most " +
                    std::to_string(max_rank) + " are supported");
}

std::string to_string(const shape_type& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + ")";
}

std::size_t size_of(const shape_type& shape) noexcept {
  std::size_t size = 1;
  for (const std::size_t n : shape) size *= n;
  return size;
}

}  // namespace xtape
