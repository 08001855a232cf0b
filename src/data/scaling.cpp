#include <xtape/data/scaling.hpp>

#include <xtape/array/text.hpp>
#include <xtape/data/dataset.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace xtape::data {
namespace {

template <class T>
void check_samples(const char* name, const array<T>& x, location where) {
  const std::string call = std::string(name) + ": " + to_string(x.shape()) + ": ";
  if (x.dimension() != 2) throw shape_error(call + "samples are rows, features columns", where);
  if (x.shape()[0] == 0) throw domain_error(call + "no samples to learn from", where);
  const std::size_t features = x.shape()[1];
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!std::isfinite(x.data()[i]))
      throw domain_error(std::string(name) + ": sample " + std::to_string(i / features) +
                             ", feature " + std::to_string(i % features) + ": " +
                             number_text(static_cast<double>(x.data()[i])) + " is not finite",
                         where);
}

/// a and b: what was learned of each feature, of sizes that whoever restored them may have mistaken.
template <class T>
void check_features(const char* name, const array<T>& x, const array<T>& a, const array<T>& b,
                    location where) {
  if (a.dimension() != 1 || a.shape() != b.shape())
    throw shape_error(std::string(name) + ": its state has the shapes " + to_string(a.shape()) +
                          " and " + to_string(b.shape()) + ": one number a feature is needed",
                      where);
  if (x.dimension() != 2 || x.shape()[1] != a.size())
    throw shape_error(std::string(name) + ": " + to_string(x.shape()) + ": made for " +
                          std::to_string(a.size()) + " features",
                      where);
}

template <class T>
array<T> of_each_feature(const char* name, std::int64_t features, T value, location where) {
  if (features < 1)
    throw domain_error(
        std::string(name) + ": " + std::to_string(features) + " features: at least one is needed",
        where);
  return full<T>({static_cast<std::size_t>(features)}, value);
}

void check_interval(double low, double high, location where) {
  if (!std::isfinite(low) || !std::isfinite(high) || low >= high)
    throw domain_error("min_max_scaler: low = " + number_text(low) +
                           ", high = " + number_text(high) + ": must be finite, low the lesser",
                       where);
}

/// The array whose element in row i, column j is f(x(i, j), j).
template <class T, class F>
array<T> by_feature(const array<T>& x, const F& f) {
  array<T> result = empty<T>(x.shape());
  const std::size_t features = x.shape()[1];
  for (std::size_t i = 0; i < x.shape()[0]; ++i)
    for (std::size_t j = 0; j < features; ++j)
      result.data()[i * features + j] =
          static_cast<T>(f(static_cast<double>(x.data()[i * features + j]), j));
  return result;
}

/// Where the value is constant, or the value if it is a NaN.
double constant_unless_nan(double constant, double value) {
  return std::isnan(value) ? value : constant;
}

}  // namespace

template <real T>
min_max_scaler<T>::min_max_scaler(const array<T>& x, double low, double high, location where)
    : low_(low), high_(high), minimum_(array<T>()), maximum_(array<T>()) {
  check_interval(low, high, where);
  check_samples("min_max_scaler", x, where);
  const std::size_t features = x.shape()[1];
  array<T> least = empty<T>({features});
  std::copy_n(x.data(), features, least.data());
  array<T> greatest = least;
  for (std::size_t i = 1; i < x.shape()[0]; ++i)
    for (std::size_t j = 0; j < features; ++j) {
      least.data()[j] = std::min(least.data()[j], x.data()[i * features + j]);
      greatest.data()[j] = std::max(greatest.data()[j], x.data()[i * features + j]);
    }
  minimum_.mutable_value() = std::move(least);
  maximum_.mutable_value() = std::move(greatest);
}

template <real T>
min_max_scaler<T>::min_max_scaler(std::int64_t n_features, double low, double high, location where)
    : low_(low),
      high_(high),
      minimum_(of_each_feature("min_max_scaler", n_features, T(0), where)),
      maximum_(minimum_) {
  check_interval(low, high, where);
}

template <real T>
array<T> min_max_scaler<T>::operator()(const array<T>& x, location where) const {
  check_features("min_max_scaler", x, minimum(), maximum(), where);
  return by_feature(
      x, [&, least = minimum().data(), greatest = maximum().data()](double value, std::size_t j) {
        // Halves, so that the width of the widest feature does not overflow.
        const double half = static_cast<double>(least[j]) / 2;
        const double width = static_cast<double>(greatest[j]) / 2 - half;
        if (width == 0) return constant_unless_nan(low_ / 2 + high_ / 2, value);
        const double t = (value / 2 - half) / width;
        return low_ * (1 - t) + high_ * t;
      });
}

template <real T>
standardizer<T>::standardizer(const array<T>& x, location where)
    : mean_(array<T>()), deviation_(array<T>()) {
  check_samples("standardizer", x, where);
  const std::size_t samples = x.shape()[0], features = x.shape()[1];
  const auto n = static_cast<double>(samples);
  std::vector<double> mean(features, 0.0), deviation(features, 0.0);
  // Around the first sample: a constant feature has a deviation of exactly 0, and a mean far from 0
  // costs no digits.
  const auto difference = [&](std::size_t i, std::size_t j) {
    return static_cast<double>(x.data()[i * features + j]) - static_cast<double>(x.data()[j]);
  };
  for (std::size_t i = 0; i < samples; ++i)
    for (std::size_t j = 0; j < features; ++j) mean[j] += difference(i, j) / n;
  for (std::size_t i = 0; i < samples; ++i)
    for (std::size_t j = 0; j < features; ++j) {
      const double d = difference(i, j) - mean[j];
      deviation[j] += d * d / n;
    }
  array<T> means = empty<T>({features}), deviations = means;
  for (std::size_t j = 0; j < features; ++j) {
    means.data()[j] = static_cast<T>(mean[j] + static_cast<double>(x.data()[j]));
    deviations.data()[j] = static_cast<T>(std::sqrt(deviation[j]));
    if (!std::isfinite(deviations.data()[j]))
      throw domain_error("standardizer: feature " + std::to_string(j) +
                             ": too large for its variance to be finite",
                         where);
  }
  mean_.mutable_value() = std::move(means);
  deviation_.mutable_value() = std::move(deviations);
}

template <real T>
standardizer<T>::standardizer(std::int64_t n_features, location where)
    : mean_(of_each_feature("standardizer", n_features, T(0), where)),
      deviation_(of_each_feature("standardizer", n_features, T(1), where)) {}

template <real T>
array<T> standardizer<T>::operator()(const array<T>& x, location where) const {
  check_features("standardizer", x, mean(), standard_deviation(), where);
  return by_feature(x, [of = mean().data(), deviation = standard_deviation().data()](
                           double value, std::size_t j) {
    const auto scale = static_cast<double>(deviation[j]);
    if (scale == 0) return constant_unless_nan(0, value);
    return (value - static_cast<double>(of[j])) / scale;
  });
}

template <real T>
array<T> one_hot(const std::vector<int>& labels, int classes, location where) {
  if (classes < 1)
    throw domain_error("one_hot: classes = " + std::to_string(classes) + ": at least one is needed",
                       where);
  const auto columns = static_cast<std::size_t>(classes);
  array<T> result = zeros<T>({labels.size(), columns});
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw domain_error("one_hot: label " + std::to_string(labels[i]) + " at index " +
                             std::to_string(i) + ": classes are 0 to " +
                             std::to_string(classes - 1),
                         where);
    result.data()[i * columns + static_cast<std::size_t>(labels[i])] = 1;
  }
  return result;
}

template class XTAPE_API min_max_scaler<float>;
template class XTAPE_API min_max_scaler<double>;
template class XTAPE_API standardizer<float>;
template class XTAPE_API standardizer<double>;
template XTAPE_API array<float> one_hot<float>(const std::vector<int>&, int, location);
template XTAPE_API array<double> one_hot<double>(const std::vector<int>&, int, location);

}  // namespace xtape::data
