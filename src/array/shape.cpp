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

shape_type broadcast_shape(const std::string& operation,
                           std::initializer_list<const shape_type*> shapes, location where) {
  shape_type result;
  for (const shape_type* const shape : shapes) {
    while (result.size() < shape->size()) result.insert(result.begin(), 1);
    for (std::size_t i = 1; i <= shape->size(); ++i) {
      std::size_t& size = result[result.size() - i];
      const std::size_t other = (*shape)[shape->size() - i];
      if (size == other || other == 1) continue;
      if (size != 1) {
        std::string text = operation + ":";
        for (const shape_type* const s : shapes)
          text += (s == *shapes.begin() ? " " : " and ") + to_string(*s);
        throw shape_error(text + ": sizes " + std::to_string(size) + " and " +
                              std::to_string(other) + " do not broadcast",
                          where);
      }
      size = other;
    }
  }
  return result;
}

}  // namespace xtape
