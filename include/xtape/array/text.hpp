#pragma once

#include <string>

#include <xtape/array/config.hpp>

namespace xtape {

/// A number as error texts and reports show it, six significant digits at most: "0.05", "1e-10",
/// "nan".
XTAPE_API std::string number_text(double value);

}  // namespace xtape
