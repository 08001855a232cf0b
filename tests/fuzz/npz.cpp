#include <xtape/io/npy.hpp>

#include "fuzz/target.hpp"

static const fuzz::target npz("npz", [](const std::string& path) {
  const auto rounded = xtape::io::read_npz<float>(path, {.round = true});
  const auto exact = xtape::io::read_npz<double>(path);
  if (rounded.size() != exact.size()) fuzz::broken("a number of arrays depends on the type");
});
