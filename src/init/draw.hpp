#pragma once
// Draws that are more than one number of the generator scaled. Like its numbers they are the same on every
// compiler: src/meson.build compiles draw.cpp with -ffp-contract=off.

#include <xtape/array/rng.hpp>

#include <cstddef>
#include <vector>

namespace xtape::init {

/// mean + std z for z standard normal under the condition |z| <= cut. One draw each.
std::vector<double> truncated_normals(std::size_t count, double mean, double std, double cut,
                                      rng& random);

/// gain Q for a random Q of (n, m) with orthonormal columns, or rows where there are fewer of them. n m draws; n and m
/// at least 1.
std::vector<double> orthogonal_matrix(std::size_t n, std::size_t m, double gain, rng& random);

}  // namespace xtape::init
