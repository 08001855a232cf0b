#include <xtape/data/idx.hpp>

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

#include "array/addressable.hpp"

namespace xtape::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what, location where) {
  throw io_error("read_idx: " + path.string() + ": " + what, where);
}

[[noreturn]] void fail_at(const fs::path& path, std::size_t offset, const std::string& what,
                          location where) {
  fail(path, "byte " + std::to_string(offset) + ": " + what, where);
}

std::string hexadecimal(unsigned value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*x", digits, value);
  return text;
}

/// A file read from its beginning, decompressed on the way where it is a gzip file.
class input {
 public:
  input(const fs::path& path, location where) : path_(path), where_(where) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) fail(path, "is a folder", where);
    errno = 0;
    file_.reset(gzopen(path.c_str(), "rb"));
    if (file_ == nullptr) fail(path, std::strerror(errno != 0 ? errno : ENOMEM), where);
    gzbuffer(file_.get(), 1 << 17);
  }

  std::size_t offset() const { return offset_; }

  /// Reads as many bytes as there are, up to the size of `bytes`.
  std::size_t read(std::span<std::uint8_t> bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto wanted =
          static_cast<unsigned>(std::min(bytes.size() - done, std::size_t{1} << 30));
      const int got = gzread(file_.get(), bytes.data() + done, wanted);
      if (got < 0) corrupt(done);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    offset_ += done;
    return done;
  }

  /// After the last byte was asked for: throws where the compressed stream is cut short.
  void check_end() {
    int code = Z_OK;
    gzerror(file_.get(), &code);
    if (code != Z_OK) corrupt(0);
  }

 private:
  [[noreturn]] void corrupt(std::size_t done) {
    int code = Z_OK;
    const std::string text = gzerror(file_.get(), &code);
    if (code == Z_ERRNO) fail_at(path_, offset_ + done, std::strerror(errno), where_);
    if (code == Z_BUF_ERROR)
      fail_at(path_, offset_ + done, "truncated: the compressed data ends too early", where_);
    // zlib holds back what it decoded before the fault: only the place in the file itself is known.
    fail(path_,
         "the compressed data is corrupt at byte " + std::to_string(gzoffset(file_.get())) +
             " of the .gz file",
         where_);
  }

  struct closer {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  const fs::path& path_;
  location where_;
  std::unique_ptr<gzFile_s, closer> file_;
  std::size_t offset_ = 0;
};

const char* element_type(unsigned code) {
  switch (code) {
    case 0x08:
      return "unsigned byte";
    case 0x09:
      return "signed byte";
    case 0x0B:
      return "16-bit integer";
    case 0x0C:
      return "32-bit integer";
    case 0x0D:
      return "float";
    case 0x0E:
      return "double";
    default:
      return "unknown";
  }
}

shape_type read_header(input& file, const fs::path& path, location where) {
  std::uint8_t magic[4];
  const auto read = [&](std::span<std::uint8_t> bytes) {
    if (file.read(bytes) == bytes.size()) return;
    file.check_end();
    fail_at(path, file.offset(), "truncated: the header ends here", where);
  };
  read(magic);
  if (magic[0] != 0 || magic[1] != 0)
    fail_at(path, 0,
            "bad magic number " +
                hexadecimal(
                    magic[0] * 0x1000000u + magic[1] * 0x10000u + magic[2] * 0x100u + magic[3], 8) +
                ": an IDX file begins with two zero bytes",
            where);
  if (magic[2] != 0x08)
    fail_at(path, 2,
            "element type " + hexadecimal(magic[2], 2) + " (" + element_type(magic[2]) +
                "): only 0x08 (unsigned byte) is read",
            where);
  if (magic[3] == 0 || magic[3] > max_rank)
    fail_at(path, 3,
            std::to_string(magic[3]) + " axes: 1 to " + std::to_string(max_rank) + " are read",
            where);
  shape_type shape(magic[3]);
  for (std::size_t& size : shape) {
    std::uint8_t big_endian[4];
    read(big_endian);
    size = 0;
    for (const std::uint8_t byte : big_endian) size = size * 256 + byte;
  }
  return shape;
}

std::size_t checked_size(const shape_type& shape, const fs::path& path, location where) {
  if (const auto size = xtape::detail::addressable_size(shape)) return *size;
  fail_at(path, 4, "declares " + to_string(shape) + " elements: more than memory can hold", where);
}

}  // namespace

idx_file read_idx(const std::string& name, location where) {
  const fs::path path(name);
  input file(path, where);
  idx_file result{read_header(file, path, where), {}};
  const std::size_t size = checked_size(result.shape, path, where);
  const std::size_t begin = file.offset();

  // Grows by what is there, never by what is declared: at most four times what has been read.
  std::size_t done = 0;
  while (done < size) {
    result.bytes.resize(std::min(size, std::max(std::size_t{1} << 20, 4 * done)));
    const std::size_t wanted = result.bytes.size() - done;
    const std::size_t got = file.read(std::span(result.bytes).subspan(done));
    done += got;
    if (got < wanted) {
      file.check_end();
      fail_at(path, begin + done,
              "truncated: " + to_string(result.shape) + " declares " + std::to_string(size) +
                  " elements, " + std::to_string(done) + " are there",
              where);
    }
  }
  std::uint8_t extra = 0;
  if (file.read(std::span(&extra, 1)) != 0)
    fail_at(path, begin + size,
            "more bytes follow the " + std::to_string(size) + " elements that " +
                to_string(result.shape) + " declares",
            where);
  file.check_end();
  return result;
}

template <real T>
array<T> read_idx_images(const std::string& path, location where) {
  const idx_file file = read_idx(path, where);
  if (file.shape.size() < 2) fail_at(path, 3, "1 axis: images have at least 2", where);
  const std::size_t count = file.shape[0];
  const std::size_t pixels = size_of(shape_type(file.shape.begin() + 1, file.shape.end()));
  array<T> result = empty<T>({count, pixels});
  T* const values = result.data();
  for (std::size_t i = 0; i < file.bytes.size(); ++i)
    values[i] = static_cast<T>(file.bytes[i]) / T(255);
  return result;
}

std::vector<int> read_idx_labels(const std::string& path, int classes, location where) {
  const idx_file file = read_idx(path, where);
  if (file.shape.size() != 1)
    fail_at(path, 3, std::to_string(file.shape.size()) + " axes: labels have 1", where);
  for (std::size_t i = 0; i < file.bytes.size(); ++i)
    if (file.bytes[i] >= classes)
      fail_at(path, 8 + i,
              "label " + std::to_string(file.bytes[i]) + ": classes are 0 to " +
                  std::to_string(classes - 1),
              where);
  return {file.bytes.begin(), file.bytes.end()};
}

template <real T>
dataset<T> read_idx_dataset(const std::string& images, const std::string& labels, int classes,
                            location where) {
  dataset<T> result{read_idx_images<T>(images, where), read_idx_labels(labels, classes, where),
                    classes};
  if (result.x.shape()[0] != result.labels.size())
    fail_at(labels, 4,
            std::to_string(result.labels.size()) + " labels: " + images + " has " +
                std::to_string(result.x.shape()[0]) + " images",
            where);
  return result;
}

namespace {

/// The file of that name, with .gz or without.
fs::path find(const char* loader, const fs::path& folder, const std::string& name,
              const std::string& advice, location where) {
  fs::path compressed = folder / (name + ".gz");
  std::error_code ignored;
  if (fs::exists(compressed, ignored)) return compressed;
  fs::path plain = folder / name;
  if (fs::exists(plain, ignored)) return plain;
  throw io_error(std::string(loader) + ": " + compressed.string() +
                     ": no such file, with .gz or without" + advice,
                 where);
}

template <real T>
train_test<T> four_files(const char* loader, const fs::path& folder, const std::string& advice,
                         location where) {
  const auto path = [&](const char* name) { return find(loader, folder, name, advice, where); };
  const fs::path train_images = path("train-images-idx3-ubyte");
  const fs::path train_labels = path("train-labels-idx1-ubyte");
  const fs::path test_images = path("t10k-images-idx3-ubyte");
  const fs::path test_labels = path("t10k-labels-idx1-ubyte");
  return {read_idx_dataset<T>(train_images, train_labels, 10, where),
          read_idx_dataset<T>(test_images, test_labels, 10, where)};
}

}  // namespace

template <real T>
train_test<T> fashion_mnist(const std::string& folder, location where) {
  fs::path place = folder;
  if (const char* const variable = std::getenv("XTAPE_FASHION_MNIST");
      place.empty() && variable != nullptr)
    place = variable;
  if (place.empty()) place = "/usr/share/datasets/fashion-mnist";
  return four_files<T>("fashion_mnist", place,
                       ": the Debian package dataset-fashion-mnist brings it: "
                       "apt-get install dataset-fashion-mnist",
                       where);
}

template <real T>
train_test<T> mnist(const std::string& folder, location where) {
  return four_files<T>("mnist", folder, "", where);
}

template XTAPE_API array<float> read_idx_images<float>(const std::string&, location);
template XTAPE_API array<double> read_idx_images<double>(const std::string&, location);
template XTAPE_API dataset<float> read_idx_dataset<float>(const std::string&, const std::string&,
                                                          int, location);
template XTAPE_API dataset<double> read_idx_dataset<double>(const std::string&, const std::string&,
                                                            int, location);
template XTAPE_API train_test<float> fashion_mnist<float>(const std::string&, location);
template XTAPE_API train_test<double> fashion_mnist<double>(const std::string&, location);
template XTAPE_API train_test<float> mnist<float>(const std::string&, location);
template XTAPE_API train_test<double> mnist<double>(const std::string&, location);

}  // namespace xtape::data
