#pragma once

#include <xtape/xtape.hpp>

#include <cmath>

template <class T>
double mean(const xtape::array<T>& values) {
  double total = 0;
  for (const T value : values.storage()) total += static_cast<double>(value);
  return total / static_cast<double>(values.size());
}

template <class T>
double mean_magnitude(const xtape::array<T>& values) {
  double total = 0;
  for (const T value : values.storage()) total += std::abs(static_cast<double>(value));
  return total / static_cast<double>(values.size());
}

/// The square is taken in double: that of a vanishing float gradient would itself vanish.
template <class T>
double root_mean_square(const xtape::array<T>& values) {
  double total = 0;
  for (const T value : values.storage())
    total += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(total / static_cast<double>(values.size()));
}
