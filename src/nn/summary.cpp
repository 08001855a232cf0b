#include <xtape/nn/summary.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <ostream>

#include <cxxabi.h>

namespace xtape {

std::string detail::kind_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? demangled.get() : type.name();
  if (name.find("{lambda") != std::string::npos || name.find("$_") != std::string::npos) return "";
  // What stands before the template's arguments, without its namespaces.
  constexpr std::string_view unnamed = "(anonymous namespace)::";
  while (name.find(unnamed) != std::string::npos) name.erase(name.find(unnamed), unnamed.size());
  name.erase(std::min(name.find_first_of("<("), name.size()));
  const std::size_t last = name.rfind("::");
  return last == std::string::npos ? name : name.substr(last + 2);
}

namespace nn {

std::size_t model_summary::parameters() const {
  std::size_t total = 0;
  for (const summary_row& row : rows_) total += row.parameters;
  return total;
}

std::string model_summary::text() const {
  std::vector<std::array<std::string, 4>> lines{{"layer", "kind", "output", "parameters"}};
  for (const summary_row& row : rows_)
    lines.push_back({row.path, row.kind, row.output ? to_string(*row.output) : "",
                     std::to_string(row.parameters)});
  lines.push_back({"total", "", "", std::to_string(parameters())});
  std::array<std::size_t, 4> width{};
  for (const auto& line : lines)
    for (std::size_t c = 0; c < width.size(); ++c) width[c] = std::max(width[c], line[c].size());
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < 3; ++c)
      text += line[c] + std::string(width[c] - line[c].size() + 2, ' ');
    text += std::string(width[3] - line[3].size(), ' ') + line[3] + '\n';
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const model_summary& s) { return out << s.text(); }

}  // namespace nn
}  // namespace xtape
