#include <xtape/data/idx.hpp>

#include "fuzz/target.hpp"

static const fuzz::target idx("idx", [](const std::string& path) {
  const auto file = xtape::data::read_idx(path);
  if (file.shape.size() == 1)
    xtape::data::read_idx_labels(path, 10);
  else
    xtape::data::read_idx_images<float>(path);
});
