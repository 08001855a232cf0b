#include <xtape/ops/shape.hpp>

#include <xtape/ops/elementary.hpp>

#include <limits>
#include <numeric>

#include "kernel/gather.hpp"
#include "ops/axes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// The shapes of x and y, and where in x the elements of y lie.
struct placement {
  shape_type x, y;
  kernel::places places;
};

template <real T>
void scatter(const placement& p, const array_view<T>& y, target<T> to) {
  if (!to.accumulate) std::fill_n(to.data, size_of(p.x), T(0));
  kernel::scatter_add(p.places, y.data(), to.data);
}

struct scatter_add_rule : structural {
  static constexpr std::string_view name = "scatter_add";
  static constexpr saves saved = saves::nothing;
  placement p;

  template <real T>
  variable<T> forward(const array_view<T>& y) const {
    const variable<T> x = blank<T>(p.x);
    scatter<T>(p, y, {x.node().data(), false});
    return x;
  }
  template <real T>
  variable<T> vjp(arg<0>, const variable<T>& g) const;
};

// y[i, j, ...] = x[a_i + b_j + ...], or `fill`. The operations differ by name, and by how the places come
// about.
struct gather_rule : structural {
  static constexpr saves saved = saves::nothing;
  static constexpr bool fused = true;
  placement p;
  double fill = 0;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>(p.y);
    kernel::gather(p.places, x.data(), static_cast<T>(fill), y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g) const {
    return apply(scatter_add_rule{{}, p}, argument<T>(g));
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g) const {
    scatter(p, g, to);
  }
};

struct slice_rule : gather_rule {
  static constexpr std::string_view name = "slice";
};
struct take_rule : gather_rule {
  static constexpr std::string_view name = "take";
};
struct flip_rule : gather_rule {
  static constexpr std::string_view name = "flip";
};
struct roll_rule : gather_rule {
  static constexpr std::string_view name = "roll";
};
struct pad_rule : gather_rule {
  static constexpr std::string_view name = "pad";
};
struct tile_rule : gather_rule {
  static constexpr std::string_view name = "tile";
};
struct repeat_rule : gather_rule {
  static constexpr std::string_view name = "repeat";
};
struct diagonal_rule : gather_rule {
  static constexpr std::string_view name = "diagonal";
};

template <real T>
variable<T> scatter_add_rule::vjp(arg<0>, const variable<T>& g) const {
  return apply(take_rule{{{}, p}}, argument<T>(g));
}

using kernel::axis_runs;
using kernel::places;

// How far apart in memory neighbours along an axis are.
std::ptrdiff_t stride(const shape_type& shape, std::size_t axis) {
  std::size_t elements = 1;
  for (std::size_t inside = axis + 1; inside < shape.size(); ++inside) elements *= shape[inside];
  return static_cast<std::ptrdiff_t>(elements);
}

axis_runs whole(const shape_type& shape, std::size_t axis) {
  return {shape[axis], 0, stride(shape, axis)};
}

// The places of y in x, where runs(axis) says what lies along each axis of y.
template <class F>
places along_axes(const shape_type& y, const F& runs, std::ptrdiff_t origin = 0) {
  places result(origin);
  if (size_of(y) == 0)
    result.add_axis({});  // however long the other axes would be
  else
    for (std::size_t axis = y.size(); axis-- > 0;) result.add_axis(runs(axis));
  return result;
}

// The same where only one axis of x is touched.
template <class F>
places along_axis(const shape_type& x, const shape_type& y, std::size_t axis, const F& runs) {
  return along_axes(y, [&](std::size_t i) { return i == axis ? runs() : whole(x, i); });
}

template <class Rule, real T>
variable<T> moved(const operand<T>& x, const shape_type& y, places from) {
  return apply(Rule{{{}, {x.shape(), y, std::move(from)}}}, x);
}

std::ptrdiff_t as_signed(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

// An index as users write it, counted from 0.
std::ptrdiff_t normalize_index(std::string_view operation, const shape_type& shape,
                               std::size_t axis, std::ptrdiff_t index, location where) {
  const std::ptrdiff_t size = as_signed(shape[axis]);
  if (index < -size || index >= size)
    throw domain_error(std::string(operation) + ": " + to_string(shape) + " has no index " +
                           std::to_string(index) + " along axis " + std::to_string(axis),
                       where);
  return index < 0 ? index + size : index;
}

// The indices first, first + step, ... that a range takes of `size`.
struct progression {
  std::ptrdiff_t first, step;
  std::size_t count = 0;

  progression(const range& r, std::size_t size) : step(r.step) {
    // Forwards an end may be 0 ... n, backwards -1 ... n - 1.
    const std::ptrdiff_t n = as_signed(size), low = step > 0 ? 0 : -1, high = n + low;
    const auto end = [&](const std::optional<std::ptrdiff_t>& given, std::ptrdiff_t otherwise) {
      return given ? std::clamp(*given < 0 ? *given + n : *given, low, high) : otherwise;
    };
    first = end(r.start, step > 0 ? low : high);
    const std::ptrdiff_t stop = end(r.stop, step > 0 ? high : low);
    const std::ptrdiff_t span = step > 0 ? stop - first : first - stop;
    // Unsigned: there is no positive number for the least step.
    const std::size_t width = step > 0 ? std::size_t(step) : std::size_t{0} - std::size_t(step);
    if (span > 0) count = 1 + (static_cast<std::size_t>(span) - 1) / width;
    if (count <= 1) step = 1;
  }
};

template <real T>
variable<T> apply_slice(const operand<T>& x, const std::vector<range>& ranges) {
  const shape_type& shape = x.shape();
  const auto count_text = [](std::size_t count, const char* what, const char* plural) {
    return std::to_string(count) + ' ' + (count == 1 ? what : plural);
  };
  if (ranges.size() > shape.size())
    throw shape_error("slice: " + to_string(shape) + ": " +
                          count_text(ranges.size(), "range", "ranges") + " for " +
                          count_text(shape.size(), "axis", "axes"),
                      x.where());
  shape_type to;
  std::vector<axis_runs, pool_allocator<axis_runs>> runs;
  std::ptrdiff_t origin = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const range r = axis < ranges.size() ? ranges[axis] : all;
    const std::ptrdiff_t apart = stride(shape, axis);
    if (r.single) {
      origin += apart * normalize_index("slice", shape, axis, r.start.value_or(0), x.where());
      continue;
    }
    if (r.step == 0)
      throw domain_error(
          "slice: " + to_string(shape) + ": the step along axis " + std::to_string(axis) + " is 0",
          x.where());
    const progression taken(r, shape[axis]);
    to.push_back(taken.count);
    runs.emplace_back(taken.count, taken.first * apart, taken.step * apart);
  }
  return moved<slice_rule>(
      x, to,
      along_axes(
          to, [&](std::size_t axis) { return std::move(runs[axis]); }, origin));
}

// The runs of listed indices along an axis.
template <real T>
axis_runs listed(std::string_view operation, const operand<T>& x, const shape_type& shape,
                 std::size_t axis, const std::vector<int>& indices) {
  axis_runs result;
  const std::ptrdiff_t apart = stride(shape, axis);
  for (const int index : indices)
    result.add({1, apart * normalize_index(operation, shape, axis, index, x.where()), apart});
  return result;
}

template <real T>
variable<T> apply_take(const operand<T>& x, const std::vector<int>& indices, std::ptrdiff_t axis) {
  const std::size_t along = normalize_axis("take", x.shape(), axis, x.where());
  axis_runs runs = listed("take", x, x.shape(), along, indices);
  shape_type to = x.shape();
  to[along] = indices.size();
  return moved<take_rule>(x, to, along_axis(x.shape(), to, along, [&] { return std::move(runs); }));
}

template <real T>
variable<T> apply_scatter_add(const operand<T>& x, const std::vector<int>& indices,
                              std::size_t size, std::ptrdiff_t axis) {
  const std::size_t along = normalize_axis("scatter_add", x.shape(), axis, x.where());
  if (indices.size() != x.shape()[along])
    throw shape_error("scatter_add: " + to_string(x.shape()) + " along axis " +
                          std::to_string(along) + " and " + std::to_string(indices.size()) +
                          " indices",
                      x.where());
  shape_type to = x.shape();
  to[along] = size;
  check_size("scatter_add", x.shape(), to, x.where());
  axis_runs runs = listed("scatter_add", x, to, along, indices);
  return apply(
      scatter_add_rule{
          {}, {to, x.shape(), along_axis(to, x.shape(), along, [&] { return std::move(runs); })}},
      x);
}

template <real T>
variable<T> apply_flip(const operand<T>& x, const shape_type& axes) {
  const shape_type& shape = x.shape();
  return moved<flip_rule>(x, shape, along_axes(shape, [&](std::size_t axis) -> axis_runs {
                            if (std::find(axes.begin(), axes.end(), axis) == axes.end())
                              return whole(shape, axis);
                            const std::ptrdiff_t apart = stride(shape, axis);
                            return {shape[axis], (as_signed(shape[axis]) - 1) * apart, -apart};
                          }));
}

template <real T>
variable<T> apply_flip(const operand<T>& x) {
  shape_type axes(x.shape().size());
  std::iota(axes.begin(), axes.end(), 0);
  return apply_flip(x, axes);
}

template <real T>
variable<T> apply_roll(const operand<T>& x, std::ptrdiff_t shift, std::ptrdiff_t axis) {
  const shape_type& shape = x.shape();
  const std::size_t along = normalize_axis("roll", shape, axis, x.where());
  return moved<roll_rule>(
      x, shape, along_axis(shape, shape, along, [&] {
        const std::ptrdiff_t n = as_signed(shape[along]), apart = stride(shape, along);
        const std::ptrdiff_t entering = (shift % n + n) % n;
        axis_runs result(static_cast<std::size_t>(entering), (n - entering) * apart, apart);
        result.add({static_cast<std::size_t>(n - entering), 0, apart});
        return result;
      }));
}

template <real T>
variable<T> apply_pad(const operand<T>& x, const std::vector<pad_width>& widths, double value) {
  const shape_type& shape = x.shape();
  if (widths.size() != shape.size() && widths.size() != 1)
    throw shape_error("pad: " + to_string(shape) + " by " + std::to_string(widths.size()) +
                          " widths: there must be one for each axis, or one for all",
                      x.where());
  const auto width = [&](std::size_t axis) { return widths[widths.size() == 1 ? 0 : axis]; };
  shape_type to = shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const auto [before, after] = width(axis);
    if (before < 0 || after < 0)
      throw domain_error("pad: " + to_string(shape) + " by {" + std::to_string(before) + ", " +
                             std::to_string(after) + "} along axis " + std::to_string(axis) +
                             ": a width is negative",
                         x.where());
    for (const std::ptrdiff_t added : {before, after}) {
      check_size("pad", shape, {static_cast<std::size_t>(added)}, x.where());
      to[axis] += static_cast<std::size_t>(added);
    }
  }
  check_size("pad", shape, to, x.where());
  return apply(
      pad_rule{{{},
                {shape, to,
                 along_axes(to,
                            [&](std::size_t axis) {
                              const auto [before, after] = width(axis);
                              axis_runs result;
                              result.add({static_cast<std::size_t>(before), kernel::nowhere, 0});
                              result.add({shape[axis], 0, stride(shape, axis)});
                              result.add({static_cast<std::size_t>(after), kernel::nowhere, 0});
                              return result;
                            })},
                value}},
      x);
}

// A count as a size. Throws for a negative one.
template <real T>
std::size_t copies(std::string_view operation, const operand<T>& x, std::ptrdiff_t count) {
  if (count < 0)
    throw domain_error(std::string(operation) + ": " + to_string(x.shape()) + " by " +
                           std::to_string(count) + ": the count is negative",
                       x.where());
  return static_cast<std::size_t>(count);
}

template <real T>
variable<T> apply_tile(const operand<T>& x, const axis_list& counts) {
  shape_type one = x.shape(), times;
  for (const std::ptrdiff_t count : counts) times.push_back(copies("tile", x, count));
  while (one.size() < times.size()) one.insert(one.begin(), 1);
  while (times.size() < one.size()) times.insert(times.begin(), 1);
  shape_type to = one;
  for (std::size_t axis = 0; axis < to.size(); ++axis) {
    check_size("tile", x.shape(), {one[axis], times[axis]}, x.where());
    to[axis] *= times[axis];
  }
  check_size("tile", x.shape(), to, x.where());
  return moved<tile_rule>(x, to, along_axes(to, [&](std::size_t axis) {
                            axis_runs result;
                            for (std::size_t i = 0; i < times[axis]; ++i)
                              result.add({one[axis], 0, stride(one, axis)});
                            return result;
                          }));
}

template <real T>
variable<T> apply_repeat(const operand<T>& x, std::ptrdiff_t count, std::ptrdiff_t axis) {
  const shape_type& shape = x.shape();
  const std::size_t along = normalize_axis("repeat", shape, axis, x.where());
  const std::size_t times = copies("repeat", x, count);
  shape_type to = shape;
  check_size("repeat", shape, {shape[along], times}, x.where());
  to[along] *= times;
  check_size("repeat", shape, to, x.where());
  return moved<repeat_rule>(x, to, along_axis(shape, to, along, [&] {
                              axis_runs result;
                              for (std::size_t i = 0; i < shape[along]; ++i)
                                result.add({times, as_signed(i) * stride(shape, along), 0});
                              return result;
                            }));
}

template <real T>
variable<T> apply_diagonal(const operand<T>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                           std::ptrdiff_t axis2) {
  const shape_type& shape = x.shape();
  normalize_axes("diagonal", shape, {axis1, axis2}, x.where());
  const std::size_t rows = normalize_axis("diagonal", shape, axis1, x.where());
  const std::size_t columns = normalize_axis("diagonal", shape, axis2, x.where());
  // Begins at (0, offset), or at (-offset, 0).
  range down, right;
  // There is no positive number for the least offset.
  (offset < 0 ? down.start : right.start) =
      offset < 0 ? -std::max(offset, -std::numeric_limits<std::ptrdiff_t>::max()) : offset;
  const progression i(down, shape[rows]), j(right, shape[columns]);
  shape_type to;
  std::vector<axis_runs, pool_allocator<axis_runs>> runs;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis == rows || axis == columns) continue;
    to.push_back(shape[axis]);
    runs.push_back(whole(shape, axis));
  }
  to.push_back(std::min(i.count, j.count));
  runs.emplace_back(to.back(), i.first * stride(shape, rows) + j.first * stride(shape, columns),
                    stride(shape, rows) + stride(shape, columns));
  return moved<diagonal_rule>(
      x, to, along_axes(to, [&](std::size_t axis) { return std::move(runs[axis]); }));
}

// Keeps x_ij where keep(j - i).
template <real T, class F>
variable<T> triangle(const char* operation, const operand<T>& x, const F& keep) {
  const shape_type& shape = x.shape();
  if (shape.size() < 2)
    throw shape_error(
        std::string(operation) + ": " + to_string(shape) + ": there must be at least two axes",
        x.where());
  const at_line line(x.where());
  array<T> mask = empty<T>({shape[shape.size() - 2], shape.back()});
  for (std::size_t i = 0, place = 0; i < mask.shape()[0]; ++i)
    for (std::size_t j = 0; j < mask.shape()[1]; ++j)
      mask.data()[place++] = keep(as_signed(j) - as_signed(i)) ? T(1) : T(0);
  return where(variable<T>(std::move(mask)), x, 0);
}
template <real T>
variable<T> apply_tril(const operand<T>& x, std::ptrdiff_t k) {
  return triangle("tril", x, [k](std::ptrdiff_t above) { return above <= k; });
}
template <real T>
variable<T> apply_triu(const operand<T>& x, std::ptrdiff_t k) {
  return triangle("triu", x, [k](std::ptrdiff_t above) { return above >= k; });
}

// x cut before each of the indices along an axis.
template <real T>
std::vector<variable<T>> cut(const operand<T>& x, const std::vector<std::ptrdiff_t>& indices,
                             std::size_t axis) {
  const at_line line(x.where());
  std::vector<variable<T>> parts;
  std::vector<range> ranges(axis + 1);
  range& part = ranges.back();
  for (std::size_t i = 0; i <= indices.size(); ++i) {
    part.start = i == 0 ? 0 : indices[i - 1];
    part.stop = i < indices.size() ? std::optional(indices[i]) : std::nullopt;
    parts.push_back(apply_slice(x, ranges));
  }
  return parts;
}

template <real T>
std::vector<variable<T>> apply_split(const operand<T>& x,
                                     const std::vector<std::ptrdiff_t>& indices,
                                     std::ptrdiff_t axis) {
  return cut(x, indices, normalize_axis("split", x.shape(), axis, x.where()));
}

template <real T>
std::vector<variable<T>> apply_split(const operand<T>& x, int sections, std::ptrdiff_t axis) {
  const std::size_t along = normalize_axis("split", x.shape(), axis, x.where());
  const auto call = [&] {
    return "split: " + to_string(x.shape()) + " in " + std::to_string(sections) + " along axis " +
           std::to_string(along) + ": ";
  };
  if (sections < 1) throw domain_error(call() + "there must be at least one section", x.where());
  const std::ptrdiff_t size = as_signed(x.shape()[along]);
  if (size % sections != 0) throw shape_error(call() + "the sections are not equal", x.where());
  std::vector<std::ptrdiff_t> indices;
  for (int i = 1; i < sections; ++i) indices.push_back(size / sections * i);
  return cut(x, indices, along);
}

}  // namespace

variable<float> slice(const operand<float>& x, const std::vector<range>& ranges) {
  return apply_slice(x, ranges);
}
variable<double> slice(const operand<double>& x, const std::vector<range>& ranges) {
  return apply_slice(x, ranges);
}

variable<float> take(const operand<float>& x, const std::vector<int>& indices,
                     std::ptrdiff_t axis) {
  return apply_take(x, indices, axis);
}
variable<double> take(const operand<double>& x, const std::vector<int>& indices,
                      std::ptrdiff_t axis) {
  return apply_take(x, indices, axis);
}

variable<float> scatter_add(const operand<float>& x, const std::vector<int>& indices,
                            std::size_t size, std::ptrdiff_t axis) {
  return apply_scatter_add(x, indices, size, axis);
}
variable<double> scatter_add(const operand<double>& x, const std::vector<int>& indices,
                             std::size_t size, std::ptrdiff_t axis) {
  return apply_scatter_add(x, indices, size, axis);
}

variable<float> flip(const operand<float>& x) { return apply_flip(x); }
variable<double> flip(const operand<double>& x) { return apply_flip(x); }

variable<float> flip(const operand<float>& x, const axis_list& axes) {
  return apply_flip(x, normalize_axes("flip", x.shape(), axes, x.where()));
}
variable<double> flip(const operand<double>& x, const axis_list& axes) {
  return apply_flip(x, normalize_axes("flip", x.shape(), axes, x.where()));
}

variable<float> roll(const operand<float>& x, std::ptrdiff_t shift, std::ptrdiff_t axis) {
  return apply_roll(x, shift, axis);
}
variable<double> roll(const operand<double>& x, std::ptrdiff_t shift, std::ptrdiff_t axis) {
  return apply_roll(x, shift, axis);
}

variable<float> pad(const operand<float>& x, const std::vector<pad_width>& widths, double value) {
  return apply_pad(x, widths, value);
}
variable<double> pad(const operand<double>& x, const std::vector<pad_width>& widths, double value) {
  return apply_pad(x, widths, value);
}

variable<float> tile(const operand<float>& x, const axis_list& counts) {
  return apply_tile(x, counts);
}
variable<double> tile(const operand<double>& x, const axis_list& counts) {
  return apply_tile(x, counts);
}

variable<float> repeat(const operand<float>& x, std::ptrdiff_t count, std::ptrdiff_t axis) {
  return apply_repeat(x, count, axis);
}
variable<double> repeat(const operand<double>& x, std::ptrdiff_t count, std::ptrdiff_t axis) {
  return apply_repeat(x, count, axis);
}

variable<float> diagonal(const operand<float>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                         std::ptrdiff_t axis2) {
  return apply_diagonal(x, offset, axis1, axis2);
}
variable<double> diagonal(const operand<double>& x, std::ptrdiff_t offset, std::ptrdiff_t axis1,
                          std::ptrdiff_t axis2) {
  return apply_diagonal(x, offset, axis1, axis2);
}

variable<float> tril(const operand<float>& x, std::ptrdiff_t k) { return apply_tril(x, k); }
variable<double> tril(const operand<double>& x, std::ptrdiff_t k) { return apply_tril(x, k); }

variable<float> triu(const operand<float>& x, std::ptrdiff_t k) { return apply_triu(x, k); }
variable<double> triu(const operand<double>& x, std::ptrdiff_t k) { return apply_triu(x, k); }

std::vector<variable<float>> split(const operand<float>& x, int sections, std::ptrdiff_t axis) {
  return apply_split(x, sections, axis);
}
std::vector<variable<double>> split(const operand<double>& x, int sections, std::ptrdiff_t axis) {
  return apply_split(x, sections, axis);
}

std::vector<variable<float>> split(const operand<float>& x,
                                   const std::vector<std::ptrdiff_t>& indices,
                                   std::ptrdiff_t axis) {
  return apply_split(x, indices, axis);
}
std::vector<variable<double>> split(const operand<double>& x,
                                    const std::vector<std::ptrdiff_t>& indices,
                                    std::ptrdiff_t axis) {
  return apply_split(x, indices, axis);
}

}  // namespace xtape
