#pragma once
// Operations that move elements and change none, with NumPy's names and rules. All are linear: the vjp moves
// the cotangent's elements back, and adds up what became of one element.

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <vector>

#include <xtape/ops/reduce.hpp>

namespace xtape {

/// Which indices along an axis a slice takes: NumPy's start:stop:step. Negative starts and stops count from
/// the end, those beyond an end mean the end, and what is left out is the whole axis:
/// {1, 3}, {.start = 2}, {.stop = -1}, {.step = 2} for every second, {.step = -1} for reversed.
struct range {
  std::optional<std::ptrdiff_t> start = {};
  std::optional<std::ptrdiff_t> stop = {};  ///< the first index that is not taken
  std::ptrdiff_t step = 1;
  bool single = false;  ///< only start, and the axis goes: at(start)
};
/// The whole axis.
inline constexpr range all{};
/// One index, negative from the end; its axis is not in the result.
constexpr range at(std::ptrdiff_t index) {
  return {.start = index, .stop = {}, .step = 1, .single = true};
}

/// How many elements are put before and behind an axis.
struct pad_width {
  std::ptrdiff_t before = 0, after = 0;
};

/// The same elements, in row-major order, as an array of another shape; one size may be -1 and is
/// worked out. Throws shape_error where the number of elements differs.
XTAPE_API variable<float> reshape(const operand<float>& x, const axis_list& sizes);
XTAPE_API variable<double> reshape(const operand<double>& x, const axis_list& sizes);

/// y_ij = x_ji; for any rank the axes in reverse order, or in the order given: axis i of the result is
/// axis axes[i] of x. Throws shape_error where `axes` is not a permutation of x's axes.
XTAPE_API variable<float> transpose(const operand<float>& x);
XTAPE_API variable<double> transpose(const operand<double>& x);
XTAPE_API variable<float> transpose(const operand<float>& x, const axis_list& axes);
XTAPE_API variable<double> transpose(const operand<double>& x, const axis_list& axes);

/// x repeated along the axes that it lacks or has once, as NumPy broadcasts; its vjp sums over them.
/// Throws shape_error where x does not broadcast to `shape`.
XTAPE_API variable<float> broadcast_to(const operand<float>& x, const shape_type& shape);
XTAPE_API variable<double> broadcast_to(const operand<double>& x, const shape_type& shape);

/// x summed over the axes along which `shape` broadcasts to x's shape: the vjp of broadcast_to.
/// Throws shape_error where `shape` does not broadcast to x's.
XTAPE_API variable<float> sum_to(const operand<float>& x, const shape_type& shape);
XTAPE_API variable<double> sum_to(const operand<double>& x, const shape_type& shape);

/// The axes first to last as one, as in PyTorch: by default all of them, a scalar's none too. A reshape.
/// Throws shape_error for an axis that x does not have, or where last comes before first.
XTAPE_API variable<float> flatten(const operand<float>& x, std::ptrdiff_t first = 0,
                                  std::ptrdiff_t last = -1);
XTAPE_API variable<double> flatten(const operand<double>& x, std::ptrdiff_t first = 0,
                                   std::ptrdiff_t last = -1);

/// Two axes change places: a transpose. Throws shape_error for an axis that x does not have.
XTAPE_API variable<float> swap_axes(const operand<float>& x, std::ptrdiff_t a, std::ptrdiff_t b);
XTAPE_API variable<double> swap_axes(const operand<double>& x, std::ptrdiff_t a, std::ptrdiff_t b);

/// Without its axes of size 1, or without those of them that are named: a reshape. Throws shape_error for an
/// axis that x does not have, that is named twice, or whose size is not 1.
XTAPE_API variable<float> squeeze(const operand<float>& x);
XTAPE_API variable<double> squeeze(const operand<double>& x);
XTAPE_API variable<float> squeeze(const operand<float>& x, const axis_list& axes);
XTAPE_API variable<double> squeeze(const operand<double>& x, const axis_list& axes);

/// With axes of size 1 where `axes` names places in the result's shape: a reshape. Throws shape_error for an
/// axis that the result does not have, or that is named twice.
XTAPE_API variable<float> expand_dims(const operand<float>& x, const axis_list& axes);
XTAPE_API variable<double> expand_dims(const operand<double>& x, const axis_list& axes);

/// Part of x: one range an axis, all of the axes that no range is left for. x[1:3, :, -1] is
/// slice(x, {{1, 3}, all, at(-1)}). vjp: 0 elsewhere. Throws shape_error for more ranges than axes,
/// domain_error for a step of 0 and for an index at(i) that the axis does not have.
XTAPE_API variable<float> slice(const operand<float>& x, const std::vector<range>& ranges);
XTAPE_API variable<double> slice(const operand<double>& x, const std::vector<range>& ranges);

/// x at a list of indices along an axis: y_i = x_{indices[i]}. Negative indices count from the end; one may
/// come several times. vjp: scatter_add. Throws shape_error for an axis that x does not have, domain_error
/// for an index that the axis does not have.
XTAPE_API variable<float> take(const operand<float>& x, const std::vector<int>& indices,
                               std::ptrdiff_t axis = 0);
XTAPE_API variable<double> take(const operand<double>& x, const std::vector<int>& indices,
                                std::ptrdiff_t axis = 0);

/// take's vjp: an array of zeros, with `size` elements along the axis, to which x_i is added at indices[i].
/// The vjps of all operations below and of slice are such sums, and their entries on a recorded gradient's
/// tape have this name; its own vjp is the corresponding take. Throws as take does, and shape_error unless
/// there is one index for each element along the axis.
XTAPE_API variable<float> scatter_add(const operand<float>& x, const std::vector<int>& indices,
                                      std::size_t size, std::ptrdiff_t axis = 0);
XTAPE_API variable<double> scatter_add(const operand<double>& x, const std::vector<int>& indices,
                                       std::size_t size, std::ptrdiff_t axis = 0);

/// In reverse order along all axes, or along those named. Throws shape_error for an axis that x does not have
/// or that is named twice.
XTAPE_API variable<float> flip(const operand<float>& x);
XTAPE_API variable<double> flip(const operand<double>& x);
XTAPE_API variable<float> flip(const operand<float>& x, const axis_list& axes);
XTAPE_API variable<double> flip(const operand<double>& x, const axis_list& axes);

/// Shifted along an axis by so many places, what leaves at its end coming in at its beginning:
/// y_i = x_{(i - shift) mod n}. Throws shape_error for an axis that x does not have.
XTAPE_API variable<float> roll(const operand<float>& x, std::ptrdiff_t shift, std::ptrdiff_t axis);
XTAPE_API variable<double> roll(const operand<double>& x, std::ptrdiff_t shift,
                                std::ptrdiff_t axis);

/// Surrounded by copies of a value, one pad_width an axis, or one for all of them:
/// pad(x, {{1, 1}, {0, 2}}). Throws shape_error for another number of widths, domain_error for a negative
/// width.
XTAPE_API variable<float> pad(const operand<float>& x, const std::vector<pad_width>& widths,
                              double value = 0);
XTAPE_API variable<double> pad(const operand<double>& x, const std::vector<pad_width>& widths,
                               double value = 0);

/// Side by side counts[i] times along axis i. The shorter one of the counts and x's shape is filled up with
/// ones in front. Throws domain_error for a negative count.
XTAPE_API variable<float> tile(const operand<float>& x, const axis_list& counts);
XTAPE_API variable<double> tile(const operand<double>& x, const axis_list& counts);

/// Each element `count` times in a row along an axis: y_i = x_{i / count}. Throws shape_error for an axis that
/// x does not have, domain_error for a negative count.
XTAPE_API variable<float> repeat(const operand<float>& x, std::ptrdiff_t count,
                                 std::ptrdiff_t axis);
XTAPE_API variable<double> repeat(const operand<double>& x, std::ptrdiff_t count,
                                  std::ptrdiff_t axis);

/// y_i = x_{i, i + offset}: the diagonal of axes axis1 and axis2, and the last axis of the result. A negative
/// offset means below the main one; the result is empty where the offset leaves the matrix. Throws
/// shape_error for an axis that x does not have, or the same twice.
XTAPE_API variable<float> diagonal(const operand<float>& x, std::ptrdiff_t offset = 0,
                                   std::ptrdiff_t axis1 = 0, std::ptrdiff_t axis2 = 1);
XTAPE_API variable<double> diagonal(const operand<double>& x, std::ptrdiff_t offset = 0,
                                    std::ptrdiff_t axis1 = 0, std::ptrdiff_t axis2 = 1);

/// x_ij where j <= i + k (tril) or j >= i + k (triu) in its last two axes, else 0, whatever x is there. An
/// entry `where`. Throws shape_error for fewer than two axes.
XTAPE_API variable<float> tril(const operand<float>& x, std::ptrdiff_t k = 0);
XTAPE_API variable<double> tril(const operand<double>& x, std::ptrdiff_t k = 0);
XTAPE_API variable<float> triu(const operand<float>& x, std::ptrdiff_t k = 0);
XTAPE_API variable<double> triu(const operand<double>& x, std::ptrdiff_t k = 0);

/// The parts one behind the other along an axis; their other sizes are equal. vjp: each part's slice of the
/// cotangent. Throws shape_error for an axis that the parts do not have, or shapes that do not fit, domain_error
/// where there are no parts.
XTAPE_API variable<float> concatenate(const std::vector<variable<float>>& parts,
                                      std::ptrdiff_t axis = 0,
                                      location where = location::current());
XTAPE_API variable<double> concatenate(const std::vector<variable<double>>& parts,
                                       std::ptrdiff_t axis = 0,
                                       location where = location::current());

/// Parts of one shape, one behind the other along a new axis of the result. vjp: each part's slice of the
/// cotangent. Throws as concatenate does.
XTAPE_API variable<float> stack(const std::vector<variable<float>>& parts, std::ptrdiff_t axis = 0,
                                location where = location::current());
XTAPE_API variable<double> stack(const std::vector<variable<double>>& parts,
                                 std::ptrdiff_t axis = 0, location where = location::current());

/// x in `sections` equal parts along an axis, or cut before each of the indices, as NumPy's split:
/// {2, 5} gives x[:2], x[2:5] and x[5:]. Every part is a slice. Throws shape_error for an axis that x does not
/// have, or where its size cannot be divided so, domain_error unless there is at least one section.
XTAPE_API std::vector<variable<float>> split(const operand<float>& x, int sections,
                                             std::ptrdiff_t axis = 0);
XTAPE_API std::vector<variable<double>> split(const operand<double>& x, int sections,
                                              std::ptrdiff_t axis = 0);
XTAPE_API std::vector<variable<float>> split(const operand<float>& x,
                                             const std::vector<std::ptrdiff_t>& indices,
                                             std::ptrdiff_t axis = 0);
XTAPE_API std::vector<variable<double>> split(const operand<double>& x,
                                              const std::vector<std::ptrdiff_t>& indices,
                                              std::ptrdiff_t axis = 0);
// `{3}` means an index, not a number of sections.
inline std::vector<variable<float>> split(const operand<float>& x,
                                          std::initializer_list<std::ptrdiff_t> indices,
                                          std::ptrdiff_t axis = 0) {
  return split(x, std::vector<std::ptrdiff_t>(indices), axis);
}
inline std::vector<variable<double>> split(const operand<double>& x,
                                           std::initializer_list<std::ptrdiff_t> indices,
                                           std::ptrdiff_t axis = 0) {
  return split(x, std::vector<std::ptrdiff_t>(indices), axis);
}

}  // namespace xtape
