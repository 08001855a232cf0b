#include <xtape/array/error.hpp>

#include <string_view>

namespace xtape {

std::string location::text() const {
  if (line == 0) return {};
  std::string_view name(file);
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  return std::string(name) + ":" + std::to_string(line);
}

static std::string with_location(const std::string& message, location where) {
  return where.line == 0 ? message : message + "  [" + where.text() + "]";
}

error::error(const std::string& message, location where)
    : std::runtime_error(with_location(message, where)), where_(where) {}

}  // namespace xtape
