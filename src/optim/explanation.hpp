#pragma once
// What an optimizer says of itself.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xtape::optim::detail {

/// Equations, line by line, and what the letters in them stand for now.
struct explanation {
  std::vector<std::string> equations;
  std::vector<std::pair<const char*, double>> figures;
};

/// The lines of one group of parameters. head: "sgd, group 1: 2 parameters, 101632 numbers"; the steps: of the parameter
/// with the fewest, and of that with the most.
std::string text(const std::string& head, std::uint64_t least, std::uint64_t most, double rate,
                 const explanation& now);

}  // namespace xtape::optim::detail
