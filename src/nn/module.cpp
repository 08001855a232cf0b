#include <xtape/nn/module.hpp>

namespace xtape::nn {

std::string joined_path(const std::string& path, std::string_view name) {
  std::string joined = path;
  if (!joined.empty()) joined += '.';
  return joined += name;
}

}  // namespace xtape::nn
