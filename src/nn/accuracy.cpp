#include <xtape/nn/accuracy.hpp>

#include <xtape/array/error.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace xtape::nn {
namespace {

template <real T>
double measure(array_view<T> scores, const std::vector<int>& labels, location where) {
  const shape_type& shape = scores.shape();
  const std::string call =
      "accuracy: " + to_string(shape) + " against " + std::to_string(labels.size()) + " labels: ";
  if (shape.size() != 2)
    throw shape_error(call + "scores are a matrix, a row a sample and a column a class", where);
  if (shape[0] != labels.size()) throw shape_error(call + "there must be one label a row", where);
  if (labels.empty()) throw domain_error(call + "there are no samples", where);
  const auto classes = static_cast<std::ptrdiff_t>(shape[1]);
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw domain_error(call + "label " + std::to_string(labels[i]) + " of sample " +
                             std::to_string(i) + " is not in 0.." + std::to_string(classes - 1),
                         where);
    const T* const row = scores.data() + static_cast<std::ptrdiff_t>(i) * classes;
    if (std::any_of(row, row + classes, [](T score) { return std::isnan(score); })) continue;
    if (std::max_element(row, row + classes) - row == labels[i]) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

}  // namespace

double accuracy(const operand<float>& scores, const std::vector<int>& labels) {
  return measure(scores.value(), labels, scores.where());
}
double accuracy(const operand<double>& scores, const std::vector<int>& labels) {
  return measure(scores.value(), labels, scores.where());
}

}  // namespace xtape::nn
