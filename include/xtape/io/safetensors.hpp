#pragma once

#include <xtape/io/npy.hpp>

#include <map>
#include <string>

namespace xtape::io {

/// What a safetensors file says beside its arrays: texts by name.
using text_map = std::map<std::string, std::string>;

/// Reads the arrays of a safetensors file: 8 bytes, little-endian, the length n of the header; n
/// bytes of JSON, {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ...,
/// "__metadata__": {TEXT: TEXT}}; then the arrays' numbers, little-endian and row-major, one behind
/// the other without a hole. Element types BOOL, I8 to I64, U8 to U64, F16, BF16, F32 and F64 are
/// read; each number must be equal to a T (see read_options).
/// Throws io_error for a file that is missing, truncated or longer than it declares; a header that
/// is not of this form; names that come twice; arrays that overlap, leave a hole or have another
/// size than their shape; other element types; more than 8 axes; a number that is no T.
/// Source: https://github.com/huggingface/safetensors, "Format".
template <real T>
named_arrays<T> read_safetensors(const std::string& path, const read_options& options = {},
                                 location where = location::current());

/// What "__metadata__" says; empty where there is none. Throws io_error as read_safetensors does.
XTAPE_API text_map read_safetensors_metadata(const std::string& path,
                                             location where = location::current());

/// Writes a safetensors file, as F32 or F64, the arrays in the order of their names. The header is
/// padded with spaces, so that numbers begin at a multiple of 8 bytes.
/// Throws domain_error for an array called "__metadata__" and for a name or text that is not UTF-8;
/// io_error where the file cannot be written; one that was there before is then as it was.
XTAPE_API void write_safetensors(const std::string& path, const named_arrays<float>& arrays,
                                 const text_map& metadata = {},
                                 location where = location::current());
XTAPE_API void write_safetensors(const std::string& path, const named_arrays<double>& arrays,
                                 const text_map& metadata = {},
                                 location where = location::current());

}  // namespace xtape::io
