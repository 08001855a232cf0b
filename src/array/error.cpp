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

namespace {
constinit thread_local const location* line_in_force = nullptr;
}

at_line::at_line(location where) noexcept : where_(where), outermost_(line_in_force == nullptr) {
  if (outermost_) line_in_force = &where_;
}

at_line::~at_line() {
  if (outermost_) line_in_force = nullptr;
}

location at_line::or_else(location where) noexcept {
  return line_in_force == nullptr ? where : *line_in_force;
}

static std::string with_location(const std::string& message, location where) {
  where = at_line::or_else(where);
  return where.line == 0 ? message : message + "  [" + where.text() + "]";
}

error::error(const std::string& message, location where)
    : std::runtime_error(with_location(message, where)), where_(at_line::or_else(where)) {}

}  // namespace xtape
