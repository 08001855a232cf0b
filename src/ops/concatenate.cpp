#include <xtape/ops/custom.hpp>
#include <xtape/ops/shape.hpp>

#include "ops/axes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// Throws where there are no parts; otherwise returns the shape of the first one.
template <real T>
const shape_type& first_shape(const char* operation, const std::vector<variable<T>>& parts,
                              location where) {
  if (parts.empty()) throw domain_error(std::string(operation) + ": there are no parts", where);
  return parts[0].shape();
}

[[noreturn]] void refuse(const char* operation, const shape_type& a, const shape_type& b,
                         const std::string& reason, location where) {
  throw shape_error(
      std::string(operation) + ": " + to_string(a) + " and " + to_string(b) + ": " + reason, where);
}

// y = the parts one behind the other, seen as (outer, n, inner) with inner the size of what is inside the axis.
template <real T>
variable<T> join(const std::vector<variable<T>>& parts, const shape_type& to, std::size_t axis) {
  const slices s(to, axis, axis);
  const variable<T> y = blank<T>(to);
  T* next = y.node().data();
  for (std::size_t o = 0; o < s.outer; ++o)
    for (const variable<T>& part : parts) {
      const std::size_t block = part.size() / s.outer;
      next = std::copy_n(part.node().data() + o * block, block, next);
    }
  return y;
}

template <real T>
variable<T> apply_concatenate(const std::vector<variable<T>>& parts, std::ptrdiff_t axis,
                              location where) {
  const shape_type& first = first_shape("concatenate", parts, where);
  const std::size_t along = normalize_axis("concatenate", first, axis, where);
  shape_type to = first;
  to[along] = 0;
  std::vector<std::size_t> ends;  // of the parts
  for (const variable<T>& part : parts) {
    const shape_type& shape = part.shape();
    if (shape.size() != first.size())
      refuse("concatenate", first, shape, "the parts must have as many axes", where);
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (i != along && shape[i] != first[i])
        refuse("concatenate", first, shape,
               "sizes " + std::to_string(first[i]) + " and " + std::to_string(shape[i]) +
                   " of axis " + std::to_string(i) + " differ",
               where);
    to[along] += shape[along];
    ends.push_back(to[along]);
  }
  const auto part_of = [along, ends](std::size_t k, const variable<T>& g,
                                     const std::vector<variable<T>>&, const variable<T>&) {
    std::vector<range> ranges(along + 1);
    ranges[along].start = static_cast<std::ptrdiff_t>(k == 0 ? 0 : ends[k - 1]);
    ranges[along].stop = static_cast<std::ptrdiff_t>(ends[k]);
    return slice(g, ranges);
  };
  const auto forward = [to, along](const std::vector<variable<T>>& x) {
    return join(x, to, along);
  };
  return custom_op<T>({"concatenate", forward, part_of}, parts, where);
}

template <real T>
variable<T> apply_stack(const std::vector<variable<T>>& parts, std::ptrdiff_t axis,
                        location where) {
  const shape_type& first = first_shape("stack", parts, where);
  for (const variable<T>& part : parts)
    if (part.shape() != first)
      refuse("stack", first, part.shape(), "the parts must have one shape", where);
  shape_type to = first;
  to.push_back(parts.size());
  const auto rank = static_cast<std::ptrdiff_t>(to.size());
  if (axis < -rank || axis >= rank)
    throw shape_error("stack: " + std::to_string(parts.size()) + " of " + to_string(first) +
                          ": the result has no axis " + std::to_string(axis),
                      where);
  const auto along = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  std::rotate(to.begin() + along, to.end() - 1, to.end());
  const auto part_of = [along](std::size_t k, const variable<T>& g, const std::vector<variable<T>>&,
                               const variable<T>&) {
    std::vector<range> ranges(along + 1);
    ranges[along] = at(static_cast<std::ptrdiff_t>(k));
    return slice(g, ranges);
  };
  const auto forward = [to, along](const std::vector<variable<T>>& x) {
    return join(x, to, along);
  };
  return custom_op<T>({"stack", forward, part_of}, parts, where);
}

}  // namespace

variable<float> concatenate(const std::vector<variable<float>>& parts, std::ptrdiff_t axis,
                            location where) {
  return apply_concatenate(parts, axis, where);
}
variable<double> concatenate(const std::vector<variable<double>>& parts, std::ptrdiff_t axis,
                             location where) {
  return apply_concatenate(parts, axis, where);
}

variable<float> stack(const std::vector<variable<float>>& parts, std::ptrdiff_t axis,
                      location where) {
  return apply_stack(parts, axis, where);
}
variable<double> stack(const std::vector<variable<double>>& parts, std::ptrdiff_t axis,
                       location where) {
  return apply_stack(parts, axis, where);
}

}  // namespace xtape
