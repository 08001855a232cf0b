#pragma once
// What stands ahead of the numbers in a NumPy file.

#include <string>

#include "io/tensor.hpp"

namespace xtape::io::detail {

/// Reads the header, and checks that as many bytes follow it as it declares.
tensor read_npy_header(stream& from);

/// The header of a row-major array of this machine's byte order, as NumPy writes it.
std::string npy_header(const piece& array);

}  // namespace xtape::io::detail
