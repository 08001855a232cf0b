#include "optim/explanation.hpp"

#include <xtape/array/text.hpp>

namespace xtape::optim {

std::string detail::text(const std::string& head, std::uint64_t least, std::uint64_t most,
                         double rate, const explanation& now) {
  std::string all = head + ", " + std::to_string(least);
  if (least != most) all += " to " + std::to_string(most);
  all += most == 1 ? " step" : " steps";
  for (const std::string& line : now.equations) all += "\n  " + line;
  all += "\n  rate = " + number_text(rate);
  for (const auto& [letter, value] : now.figures)
    all += ", " + std::string(letter) + " = " + number_text(value);
  return all;
}

}  // namespace xtape::optim
