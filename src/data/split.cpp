#include <xtape/data/split.hpp>

#include <xtape/array/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "data/samples.hpp"

namespace xtape::data {
namespace {

using counts = std::vector<std::size_t>;

/// How many of n samples a share is.
std::size_t part_of(std::size_t n, const char* name, double share, location where) {
  const std::string call = "split: " + std::string(name) + " = " + number_text(share);
  if (!(share >= 0 && share < 1))
    throw domain_error(call + ": must be at least 0 and less than 1", where);
  const auto size = static_cast<std::size_t>(std::floor(static_cast<double>(n) * share + 0.5));
  if (share > 0 && size == 0)
    throw domain_error(call + " of " + std::to_string(n) + " samples: none", where);
  return size;
}

/// `size` shared out among the classes as their sizes are: rounded down, and one more where the
/// fraction that is left over is among the greatest. None gets more than it has, if all together
/// have as many.
counts shares(std::size_t size, const counts& class_sizes) {
  const std::size_t n = std::accumulate(class_sizes.begin(), class_sizes.end(), std::size_t{0});
  if (n == 0) return counts(class_sizes.size(), 0);
  counts result, by_rest(class_sizes.size());
  std::size_t left = size;
  for (const std::size_t of_class : class_sizes) {
    result.push_back(size * of_class / n);
    left -= result.back();
  }
  std::iota(by_rest.begin(), by_rest.end(), std::size_t{0});
  std::stable_sort(by_rest.begin(), by_rest.end(), [&](std::size_t a, std::size_t b) {
    return size * class_sizes[a] % n > size * class_sizes[b] % n;
  });
  for (std::size_t i = 0; i < left; ++i) ++result[by_rest[i]];
  return result;
}

}  // namespace

template <real T>
array<T> select(const array<T>& rows, const std::vector<std::size_t>& indices, location where) {
  shape_type shape = rows.shape();
  if (shape.empty()) throw shape_error("select: an array of shape () has no rows", where);
  for (const std::size_t i : indices)
    if (i >= shape[0])
      throw domain_error("select: index " + std::to_string(i) + ": there are " +
                             std::to_string(shape[0]) + " rows",
                         where);
  const std::size_t row = row_size(rows);
  shape[0] = indices.size();
  array<T> result = empty<T>(shape);
  T* target = result.data();
  for (const std::size_t i : indices) target = std::copy_n(rows.data() + i * row, row, target);
  return result;
}

template <real T, class Target>
dataset<T, Target> select(const dataset<T, Target>& samples,
                          const std::vector<std::size_t>& indices, location where) {
  check_rows("select", samples, where);
  array<T> x = select(samples.x, indices, where);
  if constexpr (std::is_same_v<Target, int>) {
    std::vector<int> labels;
    labels.reserve(indices.size());
    for (const std::size_t i : indices) labels.push_back(samples.labels[i]);
    return {std::move(x), std::move(labels), samples.classes};
  } else {
    return {std::move(x), select(samples.y, indices, where)};
  }
}

template <real T, class Target>
dataset<T, Target> select(const dataset<T, Target>& samples, std::size_t begin, std::size_t end,
                          location where) {
  if (begin > end || end > samples.size())
    throw domain_error("select: from " + std::to_string(begin) + " to " + std::to_string(end) +
                           ": there are " + std::to_string(samples.size()) + " samples",
                       where);
  std::vector<std::size_t> indices(end - begin);
  std::iota(indices.begin(), indices.end(), begin);
  return select(samples, indices, where);
}

template <real T, class Target>
train_validation_test<T, Target> split(const dataset<T, Target>& samples, rng& random,
                                       const split_options& options, location where) {
  check_rows("split", samples, where);
  const std::size_t n = samples.size();
  if (n == 0) throw domain_error("split: the dataset is empty", where);
  const std::size_t test = part_of(n, "test", options.test, where);
  const std::size_t validation = part_of(n, "validation", options.validation, where);
  if (test + validation >= n)
    throw domain_error("split: " + std::to_string(validation) + " for the validation and " +
                           std::to_string(test) + " for the test, of " + std::to_string(n) +
                           " samples: none are left to learn from",
                       where);

  // Not stratified, all are of one class.
  std::size_t classes = 1;
  std::vector<std::size_t> class_of(n, 0);
  if (options.stratified) {
    if constexpr (!std::is_same_v<Target, int>) {
      throw domain_error("split: stratified: the samples have no labels", where);
    } else {
      classes = static_cast<std::size_t>(std::max(samples.classes, 0));
      for (std::size_t i = 0; i < n; ++i)
        class_of[i] =
            static_cast<std::size_t>(samples.labels[i]);  // a negative label is a huge number
    }
  }
  counts left(classes, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (class_of[i] >= classes)
      throw domain_error("split: label " +
                             std::to_string(static_cast<std::ptrdiff_t>(class_of[i])) +
                             " at index " + std::to_string(i) + ": classes are 0 to " +
                             std::to_string(static_cast<std::ptrdiff_t>(classes) - 1),
                         where);
    ++left[class_of[i]];
  }
  counts for_test = shares(test, left);
  for (std::size_t c = 0; c < classes; ++c) left[c] -= for_test[c];
  counts for_validation = shares(validation, left);

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(order);
  std::array<std::vector<std::size_t>, 3> parts;  // train, validation, test
  for (const std::size_t i : order) {
    std::size_t &of_test = for_test[class_of[i]], &of_validation = for_validation[class_of[i]];
    const std::size_t part = of_test > 0 ? 2 : of_validation > 0 ? 1 : 0;
    if (part == 2) --of_test;
    if (part == 1) --of_validation;
    parts[part].push_back(i);
  }
  return {select(samples, parts[0], where), select(samples, parts[1], where),
          select(samples, parts[2], where)};
}

template XTAPE_API array<float> select(const array<float>&, const std::vector<std::size_t>&,
                                       location);
template XTAPE_API dataset<float> select(const dataset<float>&, const std::vector<std::size_t>&,
                                         location);
template XTAPE_API dataset<float> select(const dataset<float>&, std::size_t, std::size_t, location);
template XTAPE_API train_validation_test<float> split(const dataset<float>&, rng&,
                                                      const split_options&, location);
template XTAPE_API dataset<float, float> select(const dataset<float, float>&,
                                                const std::vector<std::size_t>&, location);
template XTAPE_API dataset<float, float> select(const dataset<float, float>&, std::size_t,
                                                std::size_t, location);
template XTAPE_API train_validation_test<float, float> split(const dataset<float, float>&, rng&,
                                                             const split_options&, location);
template XTAPE_API array<double> select(const array<double>&, const std::vector<std::size_t>&,
                                        location);
template XTAPE_API dataset<double> select(const dataset<double>&, const std::vector<std::size_t>&,
                                          location);
template XTAPE_API dataset<double> select(const dataset<double>&, std::size_t, std::size_t,
                                          location);
template XTAPE_API train_validation_test<double> split(const dataset<double>&, rng&,
                                                       const split_options&, location);
template XTAPE_API dataset<double, double> select(const dataset<double, double>&,
                                                  const std::vector<std::size_t>&, location);
template XTAPE_API dataset<double, double> select(const dataset<double, double>&, std::size_t,
                                                  std::size_t, location);
template XTAPE_API train_validation_test<double, double> split(const dataset<double, double>&, rng&,
                                                               const split_options&, location);

}  // namespace xtape::data
