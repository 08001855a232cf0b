#include <xtape/data/idx.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinAbs;
using xtape::io_error;
using xtape::shape_type;
namespace data = xtape::data;
namespace fs = std::filesystem;

namespace {

fs::path write_gz(const temporary_folder& folder, const std::string& name, const bytes& contents) {
  const gzFile file = gzopen((folder.path() / name).c_str(), "wb");
  if (!contents.empty()) gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
  gzclose(file);
  return folder.path() / name;
}

/// An IDX header of bytes with those sizes, and the elements after it.
bytes idx(const std::vector<std::uint32_t>& shape, const bytes& elements) {
  bytes file{0, 0, 8, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t size : shape)
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<std::uint8_t>(size >> shift));
  file.insert(file.end(), elements.begin(), elements.end());
  return file;
}

bytes counting(std::size_t size) {
  bytes elements(size);
  std::iota(elements.begin(), elements.end(), std::uint8_t{0});
  return elements;
}

constexpr xtape::location nowhere;

/// The text read_idx fails with, the file's name replaced by FILE.
std::string failure(const fs::path& path) {
  return failure_of<io_error>(path, [&] { data::read_idx(path, nowhere); });
}

}  // namespace

TEST_CASE("an IDX file is read, plain or compressed, whatever its name", "[data][idx]") {
  const temporary_folder folder;
  const bytes contents = idx({2, 3, 2}, counting(12));
  for (const fs::path& path :
       {folder.write("plain", contents), write_gz(folder, "packed.gz", contents),
        folder.write("plain.gz", contents), write_gz(folder, "packed", contents)}) {
    const data::idx_file file = data::read_idx(path);
    CHECK(file.shape == shape_type{2, 3, 2});
    CHECK(file.bytes == counting(12));
  }
  const data::idx_file empty = data::read_idx(folder.write("empty", idx({0, 28, 28}, {})));
  CHECK(empty.shape == shape_type{0, 28, 28});
  CHECK(empty.bytes.empty());
}

TEST_CASE("an IDX file larger than one buffer is read whole", "[data][idx]") {
  const temporary_folder folder;
  bytes elements(5'000'011);
  std::uint32_t state = 1;
  for (auto& byte : elements)
    byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const bytes contents = idx({5'000'011}, elements);
  CHECK(data::read_idx(folder.write("plain", contents)).bytes == elements);
  CHECK(data::read_idx(write_gz(folder, "packed", contents)).bytes == elements);
}

TEST_CASE("images become rows in [0, 1]", "[data][idx]") {
  const temporary_folder folder;
  const fs::path path = folder.write("images", idx({2, 2, 2}, {0, 255, 51, 102, 1, 2, 3, 4}));
  const auto images = data::read_idx_images<double>(path);
  CHECK(images.shape() == shape_type{2, 4});
  CHECK(images(0, 0) == 0);
  CHECK(images(0, 1) == 1);
  CHECK(images(0, 2) == 0.2);
  CHECK(images(1, 3) == 4.0 / 255);
  CHECK(data::read_idx_images<float>(path)(1, 0) == 1.0f / 255);
  CHECK(data::read_idx_labels(folder.write("labels", idx({3}, {0, 2, 1})), 3) ==
        std::vector<int>{0, 2, 1});
}

TEST_CASE("broken IDX files are told apart, with file and byte", "[data][idx][errors]") {
  const temporary_folder folder;
  const bytes good = idx({2, 3}, counting(6));
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    bytes contents = good;
    contents[at] = value;
    return folder.write("changed", contents);
  };
  const auto cut = [&](std::size_t size) {
    return folder.write("cut", bytes(good.begin(), good.begin() + static_cast<long>(size)));
  };

  CHECK(failure(folder.path() / "missing") == "read_idx: FILE: No such file or directory");
  CHECK(failure(folder.path()) == "read_idx: FILE: is a folder");
  CHECK(failure(changed(0, 0x12)) ==
        "read_idx: FILE: byte 0: bad magic number 0x12000802: an IDX file begins with two zero "
        "bytes");
  CHECK(failure(changed(2, 0x0D)) ==
        "read_idx: FILE: byte 2: element type 0x0d (float): only 0x08 (unsigned byte) is read");
  CHECK(failure(changed(2, 0x07)) ==
        "read_idx: FILE: byte 2: element type 0x07 (unknown): only 0x08 (unsigned byte) is read");
  CHECK(failure(changed(3, 0)) == "read_idx: FILE: byte 3: 0 axes: 1 to 8 are read");
  CHECK(failure(changed(3, 9)) == "read_idx: FILE: byte 3: 9 axes: 1 to 8 are read");
  CHECK(failure(cut(0)) == "read_idx: FILE: byte 0: truncated: the header ends here");
  CHECK(failure(cut(3)) == "read_idx: FILE: byte 3: truncated: the header ends here");
  CHECK(failure(cut(11)) == "read_idx: FILE: byte 11: truncated: the header ends here");
  CHECK(failure(cut(12)) ==
        "read_idx: FILE: byte 12: truncated: (2, 3) declares 6 elements, 0 are there");
  CHECK(failure(cut(17)) ==
        "read_idx: FILE: byte 17: truncated: (2, 3) declares 6 elements, 5 are there");
  CHECK(failure(folder.write("long", idx({2, 3}, counting(7)))) ==
        "read_idx: FILE: byte 18: more bytes follow the 6 elements that (2, 3) declares");
  CHECK(failure(folder.write("none", idx({0}, counting(1)))) ==
        "read_idx: FILE: byte 8: more bytes follow the 0 elements that (0) declares");
  // Four gigabytes are declared, and not asked for; then more than there are addresses.
  constexpr std::uint32_t most = 0xFFFFFFFF;
  const long kilobytes_before = peak_memory();
  CHECK(failure(write_gz(folder, "huge", idx({most}, counting(5)))) ==
        "read_idx: FILE: byte 13: truncated: (4294967295) declares 4294967295 elements, 5 are "
        "there");
  CHECK(peak_memory() - kilobytes_before < 100'000);
  CHECK(failure(folder.write("absurd", idx({0, most, most, most}, {}))) ==
        "read_idx: FILE: byte 4: declares (0, 4294967295, 4294967295, 4294967295) elements: more "
        "than memory can hold");
  CHECK(failure(folder.write("absurd", idx({most, most, most}, counting(5)))) ==
        "read_idx: FILE: byte 4: declares (4294967295, 4294967295, 4294967295) elements: more than "
        "memory can hold");
}

TEST_CASE("broken compressed files are told apart", "[data][idx][errors]") {
  const temporary_folder folder;
  bytes elements(100'000);
  std::uint32_t state = 1;
  for (auto& byte : elements)
    byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const bytes packed = read_all(write_gz(folder, "good", idx({100'000}, elements)));
  const auto cut = [&](std::size_t size) {
    return folder.write("cut", bytes(packed.begin(), packed.begin() + static_cast<long>(size)));
  };
  CHECK_THAT(failure(cut(packed.size() / 2)),
             Catch::Matchers::StartsWith("read_idx: FILE: byte ") &&
                 Catch::Matchers::EndsWith("truncated: the compressed data ends too early"));
  CHECK(failure(cut(packed.size() - 4)) ==
        "read_idx: FILE: byte 100008: truncated: the compressed data ends too early");

  bytes broken = packed;
  broken[broken.size() - 6] ^= 1;  // in the check sum, which takes the last bytes but four
  CHECK(failure(folder.write("broken", broken)) ==
        "read_idx: FILE: the compressed data is corrupt at byte " +
            std::to_string(packed.size() - 4) + " of the .gz file");
  broken = packed;
  broken[10] = 0xFF;  // the first byte of the compressed stream: no such kind of block
  CHECK(failure(folder.write("broken", broken)) ==
        "read_idx: FILE: the compressed data is corrupt at byte 11 of the .gz file");
}

TEST_CASE("images and labels that do not fit are refused", "[data][idx][errors]") {
  const temporary_folder folder;
  const fs::path images = folder.write("images", idx({2, 1, 2}, counting(4)));
  const fs::path labels = folder.write("labels", idx({3}, {0, 9, 1}));
  CHECK_THROWS_MATCHES(
      data::read_idx_images<float>(labels, nowhere), io_error,
      Message("read_idx: " + labels.string() + ": byte 3: 1 axis: images have at least 2"));
  CHECK_THROWS_MATCHES(data::read_idx_labels(images, 10, nowhere), io_error,
                       Message("read_idx: " + images.string() + ": byte 3: 3 axes: labels have 1"));
  CHECK_THROWS_MATCHES(
      data::read_idx_labels(labels, 9, nowhere), io_error,
      Message("read_idx: " + labels.string() + ": byte 9: label 9: classes are 0 to 8"));
  CHECK_THROWS_MATCHES(data::read_idx_dataset<float>(images, labels, 10, nowhere), io_error,
                       Message("read_idx: " + labels.string() +
                               ": byte 4: 3 labels: " + images.string() + " has 2 images"));

  const auto call = [&] { data::read_idx(folder.path()); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(call(), io_error,
                       Message("read_idx: " + folder.path().string() +
                               ": is a folder  [idx_test.cpp:" + line + "]"));
}

TEST_CASE("mnist reads four files of a folder, with .gz or without", "[data][idx]") {
  const temporary_folder folder;
  folder.write("train-images-idx3-ubyte", idx({3, 2, 2}, counting(12)));
  write_gz(folder, "train-labels-idx1-ubyte.gz", idx({3}, {7, 0, 9}));
  write_gz(folder, "t10k-images-idx3-ubyte.gz", idx({1, 2, 2}, {0, 0, 0, 255}));
  CHECK_THROWS_MATCHES(data::mnist<double>(folder.path(), nowhere), io_error,
                       Message("mnist: " + (folder.path() / "t10k-labels-idx1-ubyte.gz").string() +
                               ": no such file, with .gz or without"));
  folder.write("t10k-labels-idx1-ubyte", idx({1}, {4}));

  const auto check = [](const data::train_test<double>& both) {
    CHECK(both.train.x.shape() == shape_type{3, 4});
    CHECK(both.train.labels == std::vector<int>{7, 0, 9});
    CHECK(both.train.classes == 10);
    CHECK(both.test.x.shape() == shape_type{1, 4});
    CHECK(both.test.x(0, 3) == 1);
    CHECK(both.test.labels == std::vector<int>{4});
    CHECK(both.test.size() == 1);
  };
  check(data::mnist<double>(folder.path()));
  check(data::fashion_mnist<double>(folder.path()));
  setenv("XTAPE_FASHION_MNIST", folder.path().c_str(), 1);
  check(data::fashion_mnist<double>());
  unsetenv("XTAPE_FASHION_MNIST");
}

TEST_CASE("a missing Fashion-MNIST names its package", "[data][idx][errors]") {
  const temporary_folder folder;
  CHECK_THROWS_MATCHES(
      data::fashion_mnist<float>(folder.path(), nowhere), io_error,
      Message(
          "fashion_mnist: " + (folder.path() / "train-images-idx3-ubyte.gz").string() +
          ": no such file, with .gz or without: the Debian package dataset-fashion-mnist brings "
          "it: apt-get install dataset-fashion-mnist"));
}

TEST_CASE("Fashion-MNIST is all there", "[data][idx][fashion]") {
  const auto [train, test] = data::fashion_mnist<float>();
  CHECK(train.x.shape() == shape_type{60000, 784});
  CHECK(test.x.shape() == shape_type{10000, 784});
  CHECK(train.classes == 10);
  CHECK(test.classes == 10);
  std::array<int, 10> train_counts{}, test_counts{};
  for (const int label : train.labels) ++train_counts[static_cast<std::size_t>(label)];
  for (const int label : test.labels) ++test_counts[static_cast<std::size_t>(label)];
  for (const int count : train_counts) CHECK(count == 6000);
  for (const int count : test_counts) CHECK(count == 1000);
  // The first ten labels, and the mean and deviation of the pixels that are known for this data.
  CHECK(std::vector<int>(train.labels.begin(), train.labels.begin() + 10) ==
        std::vector<int>{9, 0, 0, 3, 0, 2, 7, 2, 5, 5});
  double sum = 0, squares = 0;
  for (const double x : train.x) {
    sum += x;
    squares += x * x;
  }
  const double n = static_cast<double>(train.x.size()), mean = sum / n;
  CHECK_THAT(mean, WithinAbs(0.2860, 5e-5));
  CHECK_THAT(std::sqrt(squares / n - mean * mean), WithinAbs(0.3530, 5e-5));
  CHECK(*std::min_element(train.x.begin(), train.x.end()) == 0);
  CHECK(*std::max_element(train.x.begin(), train.x.end()) == 1);
}
