#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/error.hpp>

#include <map>
#include <string>

/// Files in and out: arrays for NumPy (npy, npz) and for other libraries (safetensors), the weights
/// of any module, and checkpoints, from which training goes on bit for bit.
///
/// Every reader checks what a file declares against the file's length before it allocates, and
/// refuses what it does not understand with an io_error that names the file, what is wrong and the
/// byte at fault. Nothing of the program has changed then. Every writer puts the file in place
/// whole or not at all: it is written beside its place as NAME.part, flushed to the disk and
/// renamed.
namespace xtape::io {

/// Arrays by name.
template <real T>
using named_arrays = std::map<std::string, array<T>>;

/// How numbers of a file become float or double.
struct read_options {
  /// Take the nearest number where there is no equal one, as for doubles that are read as float.
  /// Otherwise that is an io_error. One that is too great for any stays one.
  bool round = false;
};

/// Reads an array from a NumPy file (versions 1 to 3 of the format). Its numbers may be bool,
/// integers of 8 to 64 bits or floats of 16, 32 or 64 bits, of either byte order; each must be
/// equal to a T (see read_options). Arrays in Fortran order are turned. The array has the file's
/// shape, of up to 8 axes.
/// Throws io_error for a file that is missing, truncated or longer than it declares, for Python
/// objects, structures, text and complex numbers, and for a number that is no T.
/// Source: NumPy Enhancement Proposal 1, and numpy.lib.format.
template <real T>
array<T> read_npy(const std::string& path, const read_options& options = {},
                  location where = location::current());

/// Writes an array as NumPy's save does, byte for byte: version 1 of the format, '<f4' or '<f8',
/// row-major.
/// Throws io_error where the file cannot be written; one that was there before is then as it was.
XTAPE_API void write_npy(const std::string& path, const array<float>& values,
                         location where = location::current());
XTAPE_API void write_npy(const std::string& path, const array<double>& values,
                         location where = location::current());

/// Reads the arrays of a NumPy archive, written by savez or savez_compressed: a zip file whose
/// members NAME.npy are stored or deflated, with or without zip64. Numbers become T as in read_npy.
/// A member is inflated once through a small buffer to check its size and its CRC before memory for
/// it is taken, which is at most 1032 times its compressed size (what deflate can reach).
/// Throws io_error as read_npy does; for members that overlap, have the same name, are encrypted or
/// compressed otherwise; for names that are no NAME.npy, or that lead out of a folder ("/a.npy",
/// "../a.npy").
/// Source: PKWARE, APPNOTE.TXT 6.3.
template <real T>
named_arrays<T> read_npz(const std::string& path, const read_options& options = {},
                         location where = location::current());

struct npz_options {
  bool compress = false;  ///< deflate the members, as savez_compressed does
};

/// Writes a NumPy archive. The same arrays make the same bytes: members carry no time.
/// Throws domain_error for a name that is empty or would lead out of a folder; io_error as
/// write_npy does, and for more than 4 GiB, which take zip64: write_safetensors has no such limit.
XTAPE_API void write_npz(const std::string& path, const named_arrays<float>& arrays,
                         const npz_options& options = {}, location where = location::current());
XTAPE_API void write_npz(const std::string& path, const named_arrays<double>& arrays,
                         const npz_options& options = {}, location where = location::current());

}  // namespace xtape::io
