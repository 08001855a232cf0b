#pragma once
// Arrays in files: their element types, and their numbers as float or double.

#include <xtape/array/array.hpp>
#include <xtape/io/element.hpp>
#include <xtape/io/npy.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/file.hpp"

namespace xtape::io::detail {

/// Bytes of one number.
std::size_t size_of(element type) noexcept;

/// The bytes of an array of that shape. Nothing where they are more than memory can address, or the
/// strides of an array without elements would be.
std::optional<std::size_t> bytes_of(const shape_type& shape, element type) noexcept;

/// An array as a file declares it, after the declaration was held against the file's length.
struct tensor {
  std::string name;
  element type;
  bool big_endian = false;
  bool column_major = false;  // NumPy's Fortran order: the first axis runs fastest
  shape_type shape;
};

/// The numbers of an array, in row-major order, from a stream that has come to the first of them.
/// Fails for a number that is no T, unless it may be rounded, and leaves `to` in any state then.
template <real T>
void read_numbers(stream& from, const tensor& what, const read_options& options, T* to);

/// The bytes of an array as this machine has them, of its own type.
void read_bytes(stream& from, const tensor& what, void* to);

/// An array to be written: the type of its numbers, its shape, and where they are.
struct piece {
  std::string name;
  element type;
  shape_type shape;
  const void* numbers;

  std::size_t bytes() const noexcept { return *bytes_of(shape, type); }
};

template <real T>
piece piece_of(std::string name, const array<T>& values) {
  return {std::move(name), element_of<T>, values.shape(), values.data()};
}

/// A file of several arrays, opened, its declarations checked, no array read yet.
class archive {
 public:
  archive(const char* operation, const std::string& path, location where)
      : file_(operation, path, where) {}
  archive(const archive&) = delete;
  archive& operator=(const archive&) = delete;
  virtual ~archive() = default;

  const input_file& file() const noexcept { return file_; }
  const std::vector<tensor>& tensors() const noexcept { return tensors_; }
  /// The numbers of tensor i.
  virtual std::unique_ptr<stream> open(std::size_t i) const = 0;

 protected:
  input_file file_;
  std::vector<tensor> tensors_;
};

/// Every array in it.
template <real T>
named_arrays<T> read_all(const archive& from, const read_options& options);

}  // namespace xtape::io::detail
