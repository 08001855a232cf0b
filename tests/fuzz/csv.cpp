#include <xtape/data/csv.hpp>

#include "fuzz/target.hpp"

#include <fstream>

// The file's first byte chooses between two forms: a digit, or what stands in front of one, has no header.
static const fuzz::target csv("csv", [](const std::string& path) {
  if (std::ifstream(path).peek() < 'A')
    xtape::data::read_csv<double>(path, {.header = false, .separator = ';', .fill = 0.0});
  else
    xtape::data::read_csv<float>(path);
});
