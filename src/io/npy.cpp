#include <xtape/io/npy.hpp>

#include "io/npy_header.hpp"
#include "io/zip.hpp"

namespace xtape::io {
namespace {

template <real T>
void write_one(const std::string& path, const array<T>& values, location where) {
  const detail::piece piece = detail::piece_of({}, values);
  detail::output_file file("write_npy", path, where);
  file.write(detail::npy_header(piece));
  file.write(piece.numbers, piece.bytes());
  file.commit();
}

template <real T>
void write_many(const std::string& path, const named_arrays<T>& arrays, const npz_options& options,
                location where) {
  std::vector<detail::piece> pieces;
  for (const auto& [name, values] : arrays) {
    detail::check_member_name("write_npz", name, where);
    pieces.push_back(detail::piece_of(name, values));
  }
  detail::write_npz_archive("write_npz", path, pieces, options.compress, where);
}

}  // namespace

template <real T>
array<T> read_npy(const std::string& path, const read_options& options, location where) {
  const detail::input_file file("read_npy", path, where);
  detail::file_part bytes(file, 0, file.size(), {}, 0);
  const detail::tensor declared = detail::read_npy_header(bytes);
  array<T> values = empty<T>(declared.shape);
  detail::read_numbers(bytes, declared, options, values.data());
  return values;
}

void write_npy(const std::string& path, const array<float>& values, location where) {
  write_one(path, values, where);
}

void write_npy(const std::string& path, const array<double>& values, location where) {
  write_one(path, values, where);
}

template <real T>
named_arrays<T> read_npz(const std::string& path, const read_options& options, location where) {
  return detail::read_all<T>(detail::npz_archive("read_npz", path, where), options);
}

void write_npz(const std::string& path, const named_arrays<float>& arrays,
               const npz_options& options, location where) {
  write_many(path, arrays, options, where);
}

void write_npz(const std::string& path, const named_arrays<double>& arrays,
               const npz_options& options, location where) {
  write_many(path, arrays, options, where);
}

template XTAPE_API array<float> read_npy<float>(const std::string&, const read_options&, location);
template XTAPE_API array<double> read_npy<double>(const std::string&, const read_options&,
                                                  location);
template XTAPE_API named_arrays<float> read_npz<float>(const std::string&, const read_options&,
                                                       location);
template XTAPE_API named_arrays<double> read_npz<double>(const std::string&, const read_options&,
                                                         location);

}  // namespace xtape::io
