#include <xtape/array/text.hpp>

#include <array>
#include <cstdio>

namespace xtape {

std::string number_text(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

}  // namespace xtape
