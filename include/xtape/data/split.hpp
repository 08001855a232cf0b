#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/data/dataset.hpp>

#include <cstddef>
#include <vector>

namespace xtape::data {

/// Samples to learn from, samples to choose by (when to stop, which model), and samples to be
/// judged by, once.
template <real T, class Target = int>
struct train_validation_test {
  dataset<T, Target> train;
  dataset<T, Target> validation;
  dataset<T, Target> test;
};

/// Which part of the samples is set aside.
struct split_options {
  double validation = 0.2;  ///< share in [0, 1); 0: none
  double test = 0.2;        ///< share in [0, 1); 0: none
  bool stratified = false;  ///< whether every part has its share of every class
};

/// The samples in three parts, each in a random order:
///
///     auto [train, validation, test] = xp::data::split(samples, random, {.stratified = true});
///
/// Of n samples round(n test) are for the test and round(n validation) for the validation (halves
/// are rounded up), all others are to learn from. They are put into a random order, by one shuffle
/// of the generator; the first are for the test, the next for the validation.
///
/// Stratified, the sizes are the same and each class has its share of them: of a class with n_c
/// samples n_test n_c / n are for the test, rounded down, or up where the fraction is among the
/// greatest (of equal ones, for the first classes); for the validation likewise from what is then
/// left. Every class is filled in the order of the shuffle.
///
/// Throws domain_error for no samples, for a share outside its domain, for one that asks for
/// samples and gets none, where no samples are left to learn from, and, stratified, for a label
/// that is not in 0, ..., classes - 1, or samples without labels; shape_error where x and labels or y differ in number.
template <real T, class Target>
train_validation_test<T, Target> split(const dataset<T, Target>& samples, rng& random,
                                       const split_options& options = {},
                                       location where = location::current());

/// The rows at these indices, in this order; one may come several times. Throws shape_error for an array without axes,
/// domain_error for an index that is not there.
template <real T>
array<T> select(const array<T>& rows, const std::vector<std::size_t>& indices,
                location where = location::current());

/// The samples at these indices, in this order; one may come several times. Throws domain_error for
/// an index that is not there, shape_error where x and labels or y differ in number.
template <real T, class Target>
dataset<T, Target> select(const dataset<T, Target>& samples,
                          const std::vector<std::size_t>& indices,
                          location where = location::current());

/// The samples begin, ..., end - 1. Throws domain_error unless 0 <= begin <= end <= samples.size(), shape_error where
/// x and labels or y differ in number.
template <real T, class Target>
dataset<T, Target> select(const dataset<T, Target>& samples, std::size_t begin, std::size_t end,
                          location where = location::current());

}  // namespace xtape::data
