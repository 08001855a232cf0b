#pragma once

#include <xtape/init/init.hpp>
#include <xtape/nn/module.hpp>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace xtape::nn {

/// A table with one row a token, looked up by index: y_i = weight_{x_i}. The gradient of a row is the sum of the
/// cotangents where it was looked up (take and scatter_add).
template <real T>
struct XTAPE_API embedding {
  parameter<T> weight;  ///< (n, d)

  /// A table of n rows of d numbers, drawn from the generator. Throws domain_error for sizes below 1, and as the
  /// initializer does.
  embedding(std::int64_t n, std::int64_t d, const init::initializer& weights, rng& random,
            location where = location::current());

  /// The rows with these numbers: (k, d) for k of them. Throws domain_error for one that is not in 0..n-1.
  variable<T> operator()(const std::vector<int>& indices,
                         location where = location::current()) const;
  variable<T> operator()(std::initializer_list<int> indices,
                         location where = location::current()) const {
    return (*this)(std::vector<int>(indices), where);
  }

  /// The same for an array of whole numbers, as a batch of sequences comes: (...) -> (..., d). Nothing flows back to it.
  /// Throws domain_error for a number that is not whole, or not in 0..n-1. (A float is exact up to 2^24.)
  variable<T> operator()(const operand<T>& indices) const;

  void members(const auto& visit) const { visit("weight", weight); }
};

extern template struct embedding<float>;
extern template struct embedding<double>;

}  // namespace xtape::nn
