#include <xtape/init/init.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace xtape::init {
namespace {

void check_finite(const char* name, const char* what, double value, location where) {
  if (!std::isfinite(value))
    throw domain_error(
        std::string(name) + ": " + what + " = " + number_text(value) + ": must be finite", where);
}

constexpr double sqrt_3 = std::numbers::sqrt3;  // U(-a, a) has the standard deviation a / sqrt 3

}  // namespace

fans fans_of(const shape_type& shape) noexcept {
  if (shape.empty()) return {1, 1};
  if (shape.size() == 1) return {shape[0], shape[0]};
  std::size_t receptive_field = 1;
  for (std::size_t axis = 2; axis < shape.size(); ++axis) receptive_field *= shape[axis];
  return {shape[0] * receptive_field, shape[1] * receptive_field};
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

std::string initializer::name() const {
  constexpr std::array laws{"zeros", "constant", "normal", "uniform"};
  constexpr std::array scales{"", "lecun_", "glorot_", "he_"};
  return std::string(scales[static_cast<std::size_t>(scale_)]) +
         laws[static_cast<std::size_t>(law_)];
}

// The formulas. The gain stands outside the square root.
double initializer::scaled_deviation(fans of, location where) const {
  const bool both = scale_ == scaling::glorot;
  const auto in = static_cast<double>(of.in), out = static_cast<double>(of.out);
  if (in == 0 || (both && out == 0))
    throw domain_error(name() + ": fan_in = " + std::to_string(of.in) +
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
  }
  return 0;
}

std::string initializer::explain(std::size_t fan_in, std::size_t fan_out, location where) const {
  const double std = standard_deviation(fan_in, fan_out, where);
  const std::string first = number_text(first_), second = number_text(second_);
  std::string text = name() + ": ";
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
  const fans of = fans_of(shape);
  double first = first_, second = second_;
  if (scale_ != scaling::none) {
    const double std = scaled_deviation(of, where);
    first = law_ == distribution::normal ? 0 : -sqrt_3 * std;
    second = law_ == distribution::normal ? std : sqrt_3 * std;
  }
  switch (law_) {
    case distribution::normal:
      return random.normal<T>(shape, first, second, where);
    case distribution::uniform:
      return random.uniform<T>(shape, first, second, where);
    case distribution::zeros:
    case distribution::constant:
      break;
  }
  if (std::fabs(first) > static_cast<double>(std::numeric_limits<T>::max()))
    throw domain_error("constant: value = " + number_text(first) + ": too large for a float",
                       where);
  return full<T>(shape, static_cast<T>(first));
}

template XTAPE_API array<float> initializer::operator()<float>(const shape_type&, rng&,
                                                               location) const;
template XTAPE_API array<double> initializer::operator()<double>(const shape_type&, rng&,
                                                                 location) const;

}  // namespace xtape::init
