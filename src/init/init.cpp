#include <xtape/init/init.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "init/draw.hpp"

namespace xtape::init {
namespace {

void check_finite(const char* name, const char* what, double value, location where) {
  if (!std::isfinite(value))
    throw domain_error(
        std::string(name) + ": " + what + " = " + number_text(value) + ": must be finite", where);
}

template <real T>
T rounded(double value) {
  return static_cast<T>(value);
}

template <class T>
constexpr double largest = static_cast<double>(std::numeric_limits<T>::max());

constexpr double sqrt_3 = std::numbers::sqrt3;  // U(-a, a) has the standard deviation a / sqrt 3

}  // namespace

fans fans_of(const shape_type& shape) noexcept {
  if (shape.empty()) return {1, 1};
  if (shape.size() == 1) return {shape[0], shape[0]};
  std::size_t receptive_field = 1;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) receptive_field *= shape[axis];
  if (shape.size() == 2) return {shape[0], shape[1]};
  return {shape[1] * receptive_field, shape[0] * receptive_field};
}

initializer::initializer(distribution law, scaling scale, double gain, location where)
    : law_(law), scale_(scale), first_(gain) {
  const std::string call = name() + ": gain = " + number_text(gain) + ": ";
  if (!std::isfinite(gain)) throw domain_error(call + "must be finite", where);
  if (gain <= 0) throw domain_error(call + "must be positive", where);
}

initializer zeros() { return {initializer::distribution::zeros, 0, 0}; }

initializer constant(double value, location where) {
  check_finite("constant", "value", value, where);
  return {initializer::distribution::constant, value, 0};
}

initializer normal(double mean, double std, location where) {
  check_finite("normal", "mean", mean, where);
  check_finite("normal", "std", std, where);
  if (std < 0)
    throw domain_error("normal: std = " + number_text(std) + ": must not be negative", where);
  return {initializer::distribution::normal, mean, std};
}

initializer uniform(double a, double b, location where) {
  check_finite("uniform", "a", a, where);
  check_finite("uniform", "b", b, where);
  check_finite("uniform", "b - a", b - a, where);
  if (a > b)
    throw domain_error("uniform: a = " + number_text(a) + ", b = " + number_text(b) +
                           ": a must not be greater than b",
                       where);
  return {initializer::distribution::uniform, a, b};
}

initializer lecun_normal(double gain, location where) {
  return {initializer::distribution::normal, initializer::scaling::lecun, gain, where};
}
initializer lecun_uniform(double gain, location where) {
  return {initializer::distribution::uniform, initializer::scaling::lecun, gain, where};
}
initializer glorot_normal(double gain, location where) {
  return {initializer::distribution::normal, initializer::scaling::glorot, gain, where};
}
initializer glorot_uniform(double gain, location where) {
  return {initializer::distribution::uniform, initializer::scaling::glorot, gain, where};
}
initializer he_normal(double gain, location where) {
  return {initializer::distribution::normal, initializer::scaling::he, gain, where};
}
initializer he_uniform(double gain, location where) {
  return {initializer::distribution::uniform, initializer::scaling::he, gain, where};
}

initializer truncated_normal(double mean, double std, double cut, location where) {
  constexpr const char* name = "truncated_normal";
  check_finite(name, "mean", mean, where);
  check_finite(name, "std", std, where);
  check_finite(name, "cut", cut, where);
  if (std < 0)
    throw domain_error("truncated_normal: std = " + number_text(std) + ": must not be negative",
                       where);
  if (cut <= 0)
    throw domain_error("truncated_normal: cut = " + number_text(cut) + ": must be positive", where);
  initializer made{initializer::distribution::truncated_normal, mean, std};
  made.cut_ = cut;
  return made;
}
initializer orthogonal(double gain, location where) {
  return {initializer::distribution::orthogonal, initializer::scaling::none, gain, where};
}
initializer identity(double gain, location where) {
  return {initializer::distribution::identity, initializer::scaling::none, gain, where};
}
initializer identical(const initializer& one) {
  initializer made = one;
  made.identical_ = true;
  return made;
}

std::string initializer::name() const { return identical_ ? "identical" : law_name(); }

std::string initializer::law_name() const {
  constexpr std::array laws{"zeros",      "constant", "normal", "uniform", "truncated_normal",
                            "orthogonal", "identity"};
  constexpr std::array scales{"", "lecun_", "glorot_", "he_"};
  return std::string(scales[static_cast<std::size_t>(scale_)]) +
         laws[static_cast<std::size_t>(law_)];
}

// The formulas. The gain stands outside the square root.
double initializer::scaled_deviation(fans of, location where) const {
  const bool both = scale_ == scaling::glorot;
  const auto in = static_cast<double>(of.in), out = static_cast<double>(of.out);
  if (in == 0 || (both && out == 0))
    throw domain_error(law_name() + ": fan_in = " + std::to_string(of.in) +
                           ", fan_out = " + std::to_string(of.out) +
                           (both ? ": both must be positive" : ": fan_in must be positive"),
                       where);
  const double terms = both ? (in + out) / 2 : in;
  return first_ * std::sqrt((scale_ == scaling::he ? 2 : 1) / terms);
}

double initializer::standard_deviation(std::size_t fan_in, std::size_t fan_out,
                                       location where) const {
  if (scale_ != scaling::none) return scaled_deviation({fan_in, fan_out}, where);
  switch (law_) {
    case distribution::zeros:
    case distribution::constant:
      return 0;
    case distribution::normal:
      return second_;
    case distribution::uniform:
      return (second_ - first_) / (2 * sqrt_3);
    case distribution::truncated_normal: {
      const double density = std::exp(-cut_ * cut_ / 2) / std::sqrt(2 * std::numbers::pi);
      const double inside = std::erf(cut_ / std::numbers::sqrt2);
      // Cut so narrowly that nothing but a flat top is left, the difference below would lose its digits.
      if (cut_ < 0.01) return second_ * cut_ / sqrt_3;
      return second_ * std::sqrt(1 - 2 * cut_ * density / inside);
    }
    case distribution::orthogonal:
    case distribution::identity:
      if (fan_in == 0 || fan_out == 0) return 0;
      return first_ / std::sqrt(static_cast<double>(std::max(fan_in, fan_out)));
  }
  return 0;
}

std::string initializer::explain(std::size_t fan_in, std::size_t fan_out, location where) const {
  const std::string text = law_text(fan_in, fan_out, where);
  return identical_ ? "identical: every unit as the first of " + text : text;
}

std::string initializer::law_text(std::size_t fan_in, std::size_t fan_out, location where) const {
  const double std = standard_deviation(fan_in, fan_out, where);
  const std::string first = number_text(first_), second = number_text(second_);
  std::string text = law_name() + ": ";
  if (scale_ == scaling::none) {
    switch (law_) {
      case distribution::zeros:
      case distribution::constant:
        return text + "every element " + first;
      case distribution::normal:
        return text + "N(" + first + ", std^2), std = " + second;
      case distribution::uniform:
        return text + "U(" + first + ", " + second +
               "), std = (b - a) / sqrt(12) = " + number_text(std);
      case distribution::truncated_normal:
        return text + "N(" + first + ", " + second + "^2) within " + number_text(cut_) + " * " +
               second + " of its mean, std = " + number_text(std);
      case distribution::orthogonal:
        return text + (fan_in < fan_out ? "W W^T" : "W^T W") + " = gain^2 I, gain = " + first +
               ", std = gain / sqrt(max(fan_in, fan_out)) = " + number_text(std);
      case distribution::identity:
        return text + first + " on the diagonal, 0 elsewhere";
    }
  }
  const bool even = law_ == distribution::uniform;
  const int numerator = (scale_ == scaling::lecun ? 1 : 2) * (even ? 3 : 1);
  const std::string root = " sqrt(" + std::to_string(numerator) + " / ";
  const std::string in = std::to_string(fan_in), out = std::to_string(fan_out);
  const bool both = scale_ == scaling::glorot;
  text += even ? "U(-a, a), a" : "N(0, std^2), std";
  text += " = gain" + root + (both ? "(fan_in + fan_out))" : "fan_in)");
  text += " = " + first + " *" + root + (both ? "(" + in + " + " + out + "))" : in + ")");
  text += " = " + number_text(even ? sqrt_3 * std : std);
  return even ? text + ", std = " + number_text(std) : text;
}

template <real T>
array<T> initializer::operator()(const shape_type& shape, rng& random, location where) const {
  array<T> weights = drawn<T>(shape, random, where);
  if (!identical_ || weights.size() == 0) return weights;
  const std::size_t units = shape.size() == 2 ? shape[1] : shape.empty() ? 1 : shape[0];
  const std::size_t outer = shape.size() == 2 ? shape[0] : 1;
  const std::size_t inner = weights.size() / (units * outer);
  for (std::size_t i = 0; i < outer; ++i) {
    T* const first = weights.data() + i * units * inner;
    for (std::size_t unit = 1; unit < units; ++unit)
      std::copy_n(first, inner, first + unit * inner);
  }
  return weights;
}

template <real T>
array<T> initializer::drawn(const shape_type& shape, rng& random, location where) const {
  const fans of = fans_of(shape);
  double first = first_, second = second_;
  if (scale_ != scaling::none) {
    const double std = scaled_deviation(of, where);
    first = law_ == distribution::normal ? 0 : -sqrt_3 * std;
    second = law_ == distribution::normal ? std : sqrt_3 * std;
  }
  const bool matrix = law_ == distribution::orthogonal || law_ == distribution::identity;
  if ((matrix || law_ == distribution::constant) && std::fabs(first) > largest<T>)
    throw domain_error(law_name() + (matrix ? ": gain = " : ": value = ") + number_text(first) +
                           ": too large for a float",
                       where);
  switch (law_) {
    case distribution::normal:
      return random.normal<T>(shape, first, second, where);
    case distribution::uniform:
      return random.uniform<T>(shape, first, second, where);
    case distribution::truncated_normal: {
      if (std::fabs(first) + cut_ * second > largest<T>)
        throw domain_error("truncated_normal: mean = " + number_text(first) +
                               ", std = " + number_text(second) + ", cut = " + number_text(cut_) +
                               ": the numbers would not fit the element type",
                           where);
      const std::vector<double> made =
          truncated_normals(size_of(shape), first, second, cut_, random);
      array<T> result = empty<T>(shape);
      std::transform(made.begin(), made.end(), result.data(), rounded<T>);
      return result;
    }
    case distribution::orthogonal: {
      if (shape.size() < 2)
        throw shape_error(
            "orthogonal: shape " + to_string(shape) + ": at least two axes are needed", where);
      array<T> result = empty<T>(shape);
      if (result.size() == 0) return result;
      const std::vector<double> made =
          orthogonal_matrix(shape[0], result.size() / shape[0], first, random);
      std::transform(made.begin(), made.end(), result.data(), rounded<T>);
      return result;
    }
    case distribution::identity: {
      if (shape.size() != 2)
        throw shape_error("identity: shape " + to_string(shape) + ": two axes are needed", where);
      array<T> result = zeros<T>(shape);
      for (std::size_t i = 0; i < std::min(shape[0], shape[1]); ++i)
        result(i, i) = static_cast<T>(first);
      return result;
    }
    case distribution::zeros:
    case distribution::constant:
      break;
  }
  return full<T>(shape, static_cast<T>(first));
}

template XTAPE_API array<float> initializer::operator()<float>(const shape_type&, rng&,
                                                               location) const;
template XTAPE_API array<double> initializer::operator()<double>(const shape_type&, rng&,
                                                                 location) const;

}  // namespace xtape::init
