#include <xtape/optim/clip.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "optim/update.hpp"

namespace xtape::optim {
namespace {

void check_limit(const char* name, double limit, location where) {
  if (!std::isfinite(limit) || limit <= 0)
    throw domain_error(
        std::string(name) + ": limit = " + number_text(limit) + ": must be finite and positive",
        where);
}

/// The numbers of a parameter's gradient, to be changed; none where no backward reached it.
template <real T>
std::span<T> gradient(const variable<T>& p) {
  if (!p.has_grad()) return {};
  auto& node = xtape::detail::as<T>(*p.node().grad());
  return {node.data(), size_of(node.shape())};
}

/// The sum of term(g), in double and in a fixed order: eight sums, for the compiler to keep in one register.
template <real T, class F>
double sum(std::span<const T> numbers, const F& term) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + 8 <= numbers.size(); i += 8)
    for (std::size_t k = 0; k < 8; ++k) sums[k] += term(static_cast<double>(numbers[i + k]));
  for (std::size_t k = 0; i < numbers.size(); ++i, ++k)
    sums[k] += term(static_cast<double>(numbers[i]));
  double all = 0;
  for (const double each : sums) all += each;
  return all;
}

/// sqrt(sum of (g / unit)^2)
template <real T>
double norm(const std::vector<variable<T>>& parameters, double unit) {
  double squares = 0;
  for (const variable<T>& p : parameters)
    squares += sum<T>(gradient(p), [unit](double g) { return (g / unit) * (g / unit); });
  return std::sqrt(squares);
}

template <real T>
void check_finite(const char* name, const std::vector<variable<T>>& parameters, location where) {
  for (std::size_t i = 0; i < parameters.size(); ++i)
    for (const T g : gradient(parameters[i]))
      if (!std::isfinite(g)) {
        const std::string called(parameters[i].name());
        throw domain_error(std::string(name) + ": the gradient of parameter " + std::to_string(i) +
                               (called.empty() ? "" : " ('" + called + "')") + " holds " +
                               number_text(static_cast<double>(g)),
                           where);
      }
}

/// g = f(g), for registers of all gradients.
template <real T, class F>
void change(const std::vector<variable<T>>& parameters, const F& f) {
  for (const variable<T>& p : parameters) {
    const std::span<T> all = gradient(p);
    detail::update<0>(detail::elements<T>{all.size(), all.data(), all.data(), {}},
                      [f](const auto& g, auto& changed) { changed = f(g); });
  }
}

std::string calls_text(std::uint64_t clips, std::uint64_t calls) {
  return std::to_string(clips) + " of " + std::to_string(calls) +
         (calls == 1 ? " call" : " calls") + " clipped";
}

}  // namespace

clip_by_norm::clip_by_norm(double limit, location where) : limit_(limit) {
  check_limit("clip_by_norm", limit, where);
}

template <real T>
double clip_by_norm::clip(const std::vector<variable<T>>& parameters, location where) {
  double size = norm(parameters, 1);
  if (!std::isfinite(size)) {  // the squares may be too large where the norm is not
    check_finite("clip_by_norm", parameters, where);
    double greatest = 0;
    for (const variable<T>& p : parameters)
      for (const T g : gradient(p))
        greatest = std::max(greatest, static_cast<double>(std::fabs(g)));
    size = greatest * norm(parameters, greatest);
  }
  ++calls_;
  last_ = size;
  if (size > limit_) {
    ++clips_;
    const auto factor = detail::lanes<T>(limit_ / size);
    change(parameters, [factor](const auto& g) { return g * factor; });
  }
  return size;
}

double clip_by_norm::operator()(const std::vector<variable<float>>& parameters, location where) {
  return clip(parameters, where);
}
double clip_by_norm::operator()(const std::vector<variable<double>>& parameters, location where) {
  return clip(parameters, where);
}

std::string clip_by_norm::explain() const {
  return "clip_by_norm: |g| <= " + number_text(limit_) + ", " + calls_text(clips_, calls_) +
         (calls_ == 0 ? "" : ", the last |g| = " + number_text(last_));
}

clip_by_value::clip_by_value(double limit, location where) : limit_(limit) {
  check_limit("clip_by_value", limit, where);
}

template <real T>
std::uint64_t clip_by_value::clip(const std::vector<variable<T>>& parameters, location where) {
  check_finite("clip_by_value", parameters, where);
  std::uint64_t beyond = 0;
  for (const variable<T>& p : parameters)
    for (const T g : gradient(p)) beyond += static_cast<double>(std::fabs(g)) > limit_ ? 1 : 0;
  ++calls_;
  last_ = beyond;
  if (beyond > 0) {
    ++clips_;
    const auto limit = detail::lanes<T>(limit_);
    change(parameters, [limit](const auto& g) { return max(min(g, limit), -limit); });
  }
  return beyond;
}

std::uint64_t clip_by_value::operator()(const std::vector<variable<float>>& parameters,
                                        location where) {
  return clip(parameters, where);
}
std::uint64_t clip_by_value::operator()(const std::vector<variable<double>>& parameters,
                                        location where) {
  return clip(parameters, where);
}

std::string clip_by_value::explain() const {
  return "clip_by_value: -" + number_text(limit_) + " <= g <= " + number_text(limit_) + ", " +
         calls_text(clips_, calls_) +
         (calls_ == 0 ? "" : ", " + std::to_string(last_) + " numbers the last time");
}

}  // namespace xtape::optim
