// Compiled with -ffp-contract=off, as rng.cpp is: the points are the same on every compiler.
#include <xtape/data/generators.hpp>

#include <xtape/array/rng.hpp>
#include <xtape/array/text.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

namespace xtape::data {
namespace {

enum stream : std::uint64_t { place_stream, noise_stream, order_stream };

void check(bool holds, const char* call, const std::string& text, const char* domain,
           location where) {
  if (!holds) throw domain_error(std::string(call) + ": " + text + ": " + domain, where);
}

/// Throws unless the option is finite and at least 0.
void check_size(const char* call, const char* option, double value, location where) {
  check(std::isfinite(value) && value >= 0, call, std::string(option) + " = " + number_text(value),
        "must be finite and not negative", where);
}

void check_samples(const char* call, std::size_t n, location where) {
  check(n > 0, call, "n_samples = 0", "at least one is needed", where);
}

void check_classes(const char* call, int classes, location where) {
  check(classes > 0, call, "classes = " + std::to_string(classes), "at least one is needed", where);
}

struct point {
  double x, y;
};

/// The point of the unit circle after so many turns: (cos 2 pi t, sin 2 pi t), exact at quarters,
/// elsewhere within two units in the last place of 1. For |a| <= pi/4 the series to a^17 are exact
/// to the last bit or two.
point on_circle(double turns) {
  turns -= std::floor(turns);
  const double quarter = std::floor(4 * turns + 0.5);
  const double a = 2 * std::numbers::pi * (turns - quarter / 4), square = a * a;
  double sine = 1, cosine = 1;
  for (int k = 16; k > 0; k -= 2) {
    sine = 1 - square / (k * (k + 1)) * sine;
    cosine = 1 - square / (k * (k - 1)) * cosine;
  }
  sine *= a;
  switch (static_cast<int>(quarter) % 4) {
    case 0:
      return {cosine, sine};
    case 1:
      return {-sine, cosine};
    case 2:
      return {-cosine, -sine};
    default:
      return {sine, -cosine};
  }
}

/// Row i of `rows` with its label and normal noise, in a random order, as T.
template <class T>
dataset<T> finished(array<double> rows, const std::vector<int>& labels, int classes, double noise,
                    const rng& root) {
  const std::size_t n = rows.shape()[0], d = rows.shape()[1];
  if (noise > 0) {
    rng random = root.split(noise_stream);
    for (double& x : rows) x += noise * random.normal();
  }
  std::vector<std::size_t> place(n);
  std::iota(place.begin(), place.end(), std::size_t{0});
  root.split(order_stream).shuffle(place);
  dataset<T> result{empty<T>({n, d}), std::vector<int>(n), classes};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j)
      result.x.data()[place[i] * d + j] = static_cast<T>(rows.data()[i * d + j]);
    result.labels[place[i]] = labels[i];
  }
  return result;
}

/// Two classes in the plane: point(label, i, m) is point i of m of that class.
template <class T, class F>
dataset<T> two_curves(std::size_t n, double noise, std::uint64_t seed, const F& point_of) {
  array<double> rows = empty<double>({n, 2});
  std::vector<int> labels(n);
  for (std::size_t i = 0; i < n; ++i) {
    labels[i] = i < n / 2 ? 0 : 1;
    const std::size_t first = labels[i] == 0 ? 0 : n / 2;
    const auto m = static_cast<double>(labels[i] == 0 ? n / 2 : n - n / 2);
    const point p = point_of(labels[i], static_cast<double>(i - first), m);
    rows(i, 0) = p.x;
    rows(i, 1) = p.y;
  }
  return finished<T>(std::move(rows), labels, 2, noise, rng(seed));
}

}  // namespace

template <real T>
dataset<T> make_moons(const moons_options& o, location where) {
  check_samples("make_moons", o.n_samples, where);
  check_size("make_moons", "noise", o.noise, where);
  return two_curves<T>(o.n_samples, o.noise, o.seed, [](int label, double i, double m) {
    const point p = on_circle(m > 1 ? i / (m - 1) / 2 : 0);
    return label == 0 ? p : point{1 - p.x, 0.5 - p.y};
  });
}

template <real T>
dataset<T> make_circles(const circles_options& o, location where) {
  check_samples("make_circles", o.n_samples, where);
  check(o.factor >= 0 && o.factor < 1, "make_circles", "factor = " + number_text(o.factor),
        "must be at least 0 and less than 1", where);
  check_size("make_circles", "noise", o.noise, where);
  return two_curves<T>(o.n_samples, o.noise, o.seed, [&o](int label, double i, double m) {
    const point p = on_circle(i / m);
    return label == 0 ? p : point{o.factor * p.x, o.factor * p.y};
  });
}

template <real T>
dataset<T> make_spirals(const spirals_options& o, location where) {
  check_samples("make_spirals", o.n_samples, where);
  check_classes("make_spirals", o.classes, where);
  check_size("make_spirals", "turns", o.turns, where);
  check_size("make_spirals", "noise", o.noise, where);
  const auto arms = static_cast<std::size_t>(o.classes);
  array<double> rows = empty<double>({o.n_samples, 2});
  std::vector<int> labels(o.n_samples);
  for (std::size_t i = 0; i < o.n_samples; ++i) {
    const std::size_t k = i % arms, m = (o.n_samples - k + arms - 1) / arms;  // points of arm k
    const double r = static_cast<double>(i / arms + 1) / static_cast<double>(m);
    const point p =
        on_circle(o.turns * r + static_cast<double>(k) / static_cast<double>(o.classes));
    rows(i, 0) = r * p.x;
    rows(i, 1) = r * p.y;
    labels[i] = static_cast<int>(k);
  }
  return finished<T>(std::move(rows), labels, o.classes, o.noise, rng(o.seed));
}

template <real T>
dataset<T> make_blobs(const blobs_options& o, location where) {
  check_samples("make_blobs", o.n_samples, where);
  check(o.n_features > 0, "make_blobs", "n_features = 0", "at least one is needed", where);
  check_classes("make_blobs", o.classes, where);
  check_size("make_blobs", "deviation", o.deviation, where);
  check_size("make_blobs", "box", o.box, where);
  const rng root(o.seed);
  const auto classes = static_cast<std::size_t>(o.classes);
  const array<double> centres =
      root.split(place_stream).template uniform<double>({classes, o.n_features}, -o.box, o.box);
  array<double> rows = empty<double>({o.n_samples, o.n_features});
  std::vector<int> labels(o.n_samples);
  for (std::size_t i = 0; i < o.n_samples; ++i) {
    labels[i] = static_cast<int>(i % classes);
    for (std::size_t j = 0; j < o.n_features; ++j) rows(i, j) = centres(i % classes, j);
  }
  return finished<T>(std::move(rows), labels, o.classes, o.deviation, root);
}

template <real T>
regression_set<T> make_regression(const regression_options& o, location where) {
  const char* const call = "make_regression";
  check_samples(call, o.n_samples, where);
  check(o.n_features > 0, call, "n_features = 0", "at least one is needed", where);
  check(o.n_informative <= o.n_features, call,
        "n_informative = " + std::to_string(o.n_informative) +
            ", n_features = " + std::to_string(o.n_features),
        "n_informative must not be the greater", where);
  check(std::isfinite(o.bias), call, "bias = " + number_text(o.bias), "must be finite", where);
  check_size(call, "noise", o.noise, where);
  const rng root(o.seed);
  const std::size_t n = o.n_samples, d = o.n_features;
  const array<double> x = root.split(place_stream).template normal<double>({n, d});
  std::vector<double> w(d, 0.0);
  rng draw = root.split(order_stream);
  for (std::size_t j = 0; j < o.n_informative; ++j) w[j] = draw.uniform(0, 100);
  draw.shuffle(w);

  regression_set<T> result{empty<T>({n, d}), empty<T>({n}), empty<T>({d}), static_cast<T>(o.bias)};
  rng noise = root.split(noise_stream);
  for (std::size_t i = 0; i < n; ++i) {
    double y = o.bias;
    for (std::size_t j = 0; j < d; ++j) {
      y += x(i, j) * w[j];
      result.x(i, j) = static_cast<T>(x(i, j));
    }
    result.y(i) = static_cast<T>(o.noise > 0 ? y + o.noise * noise.normal() : y);
  }
  for (std::size_t j = 0; j < d; ++j) result.coefficients(j) = static_cast<T>(w[j]);
  return result;
}

template XTAPE_API dataset<float> make_moons<float>(const moons_options&, location);
template XTAPE_API dataset<double> make_moons<double>(const moons_options&, location);
template XTAPE_API dataset<float> make_circles<float>(const circles_options&, location);
template XTAPE_API dataset<double> make_circles<double>(const circles_options&, location);
template XTAPE_API dataset<float> make_spirals<float>(const spirals_options&, location);
template XTAPE_API dataset<double> make_spirals<double>(const spirals_options&, location);
template XTAPE_API dataset<float> make_blobs<float>(const blobs_options&, location);
template XTAPE_API dataset<double> make_blobs<double>(const blobs_options&, location);
template XTAPE_API regression_set<float> make_regression<float>(const regression_options&,
                                                                location);
template XTAPE_API regression_set<double> make_regression<double>(const regression_options&,
                                                                  location);

}  // namespace xtape::data
