// Compiled with -ffp-contract=off, as rng.cpp is: the points are the same on every compiler.
#include <xtape/data/classification.hpp>

#include <xtape/array/rng.hpp>
#include <xtape/array/text.hpp>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace xtape::data {
namespace {

enum stream : std::uint64_t {
  centre_stream,
  mixing_stream,
  sample_stream,
  noise_stream,
  feature_stream,
  order_stream
};

void check(const classification_options& o, location where) {
  const std::string call = "make_classification: ";
  if (o.n_samples == 0) throw domain_error(call + "n_samples = 0: at least one is needed", where);
  if (o.n_informative == 0 || o.n_informative > o.n_features)
    throw domain_error(call + "n_informative = " + std::to_string(o.n_informative) +
                           ", n_features = " + std::to_string(o.n_features) +
                           ": n_informative must lie between 1 and n_features",
                       where);
  if (!std::isfinite(o.class_sep) || o.class_sep < 0)
    throw domain_error(
        call + "class_sep = " + number_text(o.class_sep) + ": must be finite and not negative",
        where);
}

std::vector<std::size_t> random_order(std::size_t size, rng random) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(order);
  return order;
}

}  // namespace

template <real T>
dataset<T> make_classification(const classification_options& options, location where) {
  check(options, where);
  const std::size_t n = options.n_samples, d = options.n_features, k = options.n_informative;
  const rng root(options.seed);

  std::vector<double> centre(k);
  rng signs = root.split(centre_stream);
  for (double& c : centre) c = signs() >> 63 ? options.class_sep : -options.class_sep;
  const double spread = 1 / std::sqrt(static_cast<double>(k));
  const array<double> mixing = root.split(mixing_stream).template normal<double>({k, k}, 0, spread);
  const std::vector<std::size_t> column_of = random_order(d, root.split(feature_stream));
  const std::vector<std::size_t> row_of = random_order(n, root.split(order_stream));

  rng sample_random = root.split(sample_stream), noise_random = root.split(noise_stream);
  dataset<T> result{empty<T>({n, d}), std::vector<int>(n), 2};
  std::vector<double> point(k), features(d);
  for (std::size_t i = 0; i < n; ++i) {
    const int label = static_cast<int>(i % 2);
    sample_random.fill_normal(point, 0, 1);
    for (std::size_t j = 0; j < k; ++j) point[j] += label == 0 ? centre[j] : -centre[j];
    std::fill(features.begin(), features.begin() + static_cast<std::ptrdiff_t>(k), 0.0);
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t f = 0; f < k; ++f) features[f] += point[j] * mixing.data()[j * k + f];
    noise_random.fill_normal(std::span(features).subspan(k), 0, 1);

    T* const row = result.x.data() + row_of[i] * d;
    for (std::size_t f = 0; f < d; ++f) row[column_of[f]] = static_cast<T>(features[f]);
    result.labels[row_of[i]] = label;
  }
  return result;
}

template XTAPE_API dataset<float> make_classification<float>(const classification_options&,
                                                             location);
template XTAPE_API dataset<double> make_classification<double>(const classification_options&,
                                                               location);

}  // namespace xtape::data
