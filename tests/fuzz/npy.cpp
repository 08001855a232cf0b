#include <xtape/io/npy.hpp>

#include "fuzz/target.hpp"

static const fuzz::target npy("npy", [](const std::string& path) {
  const auto rounded = xtape::io::read_npy<float>(path, {.round = true});
  const auto exact = xtape::io::read_npy<double>(path);
  if (rounded.shape() != exact.shape()) fuzz::broken("a shape depends on the type");
});
