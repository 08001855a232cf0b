#include <xtape/io/safetensors.hpp>

#include "fuzz/target.hpp"

static const fuzz::target safetensors("safetensors", [](const std::string& path) {
  xtape::io::read_safetensors_metadata(path);
  const auto rounded = xtape::io::read_safetensors<float>(path, {.round = true});
  const auto exact = xtape::io::read_safetensors<double>(path);
  if (rounded.size() != exact.size()) fuzz::broken("a number of arrays depends on the type");
});
