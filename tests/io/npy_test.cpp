#include <xtape/io/npy.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <bit>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

using xtape::array;
using xtape::io_error;
using xtape::shape_type;
namespace io = xtape::io;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
const fs::path golden = fs::path(XTAPE_SOURCE_ROOT) / "tests" / "fuzz" / "corpus" / "npy";

/// What tests/fuzz/corpus/make counts with.
array<double> counting(const shape_type& shape, double first, double step) {
  array<double> values = xtape::empty<double>(shape);
  for (std::size_t i = 0; i < values.size(); ++i)
    values.data()[i] = (first + static_cast<double>(i)) * step;
  return values;
}

/// A NumPy file of version 1 with that header and those numbers.
template <class N>
bytes npy(const std::string& header, const std::vector<N>& numbers) {
  bytes file{0x93,
             'N',
             'U',
             'M',
             'P',
             'Y',
             1,
             0,
             static_cast<std::uint8_t>(header.size()),
             static_cast<std::uint8_t>(header.size() >> 8)};
  file.insert(file.end(), header.begin(), header.end());
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(numbers.data());
  file.insert(file.end(), begin, begin + numbers.size() * sizeof(N));
  return file;
}

std::string header_of(const std::string& descr, const std::string& shape,
                      const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + "}\n";
}

template <xtape::real T = double>
std::string failure(const fs::path& path, const io::read_options& options = {}) {
  return failure_of<io_error>(path, [&] { io::read_npy<T>(path, options, nowhere); });
}

}  // namespace

TEST_CASE("files that NumPy wrote are read, of every type and byte order", "[io][npy]") {
  for (const std::string order : {"", "big_"})
    for (const std::string type :
         {"bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}) {
      if (!order.empty() && (type == "bool" || type[1] == '1')) continue;
      const fs::path path = golden / (order + type + ".npy");
      INFO(path.string());
      array<double> expected = counting({2, 3}, type[0] == 'u' ? 0 : -2, type[0] == 'f' ? 0.5 : 1);
      if (type == "bool") expected = array<double>{{0, 1, 0}, {1, 0, 1}};
      CHECK((io::read_npy<double>(path) == expected));
      CHECK((io::read_npy<float>(path) == array<float>(expected)));
    }
}

TEST_CASE("files that NumPy wrote are read, of every shape, order and version", "[io][npy]") {
  CHECK((io::read_npy<double>(golden / "fortran.npy") == counting({2, 3, 4}, -2, 0.5)));
  CHECK((io::read_npy<double>(golden / "fortran_big.npy") == counting({3, 2}, -2, 0.5)));
  CHECK((io::read_npy<float>(golden / "scalar.npy") == array<float>(-1.0f)));
  CHECK(io::read_npy<float>(golden / "scalar.npy").shape() == shape_type{});
  CHECK((io::read_npy<double>(golden / "vector.npy") == counting({5}, -2, 0.5)));
  CHECK(io::read_npy<float>(golden / "empty.npy").shape() == shape_type{0, 3});
  for (const char* name : {"version_2.npy", "version_3.npy"})
    CHECK((io::read_npy<double>(golden / name) == counting({2, 3}, -2, 0.5)));
}

TEST_CASE("written files are NumPy's, byte for byte", "[io][npy]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npy";
  const auto same = [&](const char* name) { return read_all(path) == read_all(golden / name); };
  io::write_npy(path, counting({2, 3}, -2, 0.5));
  CHECK(same("f8.npy"));
  io::write_npy(path, array<float>(counting({2, 3}, -2, 0.5)));
  CHECK(same("f4.npy"));
  io::write_npy(path, array<float>(counting({5}, -2, 0.5)));
  CHECK(same("vector.npy"));
  io::write_npy(path, counting({}, -2, 0.5));
  CHECK(same("scalar.npy"));
  io::write_npy(path, xtape::empty<double>({0, 3}));
  CHECK(same("empty.npy"));
  CHECK(!fs::exists(path.string() + ".part"));
}

TEST_CASE("numbers come back bit for bit", "[io][npy]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npy";
  const double nan = std::bit_cast<double>(std::uint64_t{0x7FF8'0000'0000'BEEF});
  const array<double> values{0.0,      -0.0,      5e-324,
                             1.0 / 3,  nan,       -nan,
                             HUGE_VAL, -HUGE_VAL, std::numeric_limits<double>::max()};
  io::write_npy(path, values);
  const auto back = io::read_npy<double>(path);
  REQUIRE(back.shape() == values.shape());
  for (std::size_t i = 0; i < values.size(); ++i)
    CHECK(std::bit_cast<std::uint64_t>(back(i)) == std::bit_cast<std::uint64_t>(values(i)));

  array<float> large = xtape::empty<float>({3, 70'001});  // more than a buffer
  for (std::size_t i = 0; i < large.size(); ++i) large.data()[i] = static_cast<float>(i) / 7;
  io::write_npy(path, large);
  CHECK((io::read_npy<float>(path) == large));
  CHECK((io::read_npy<double>(path) == array<double>(large)));
}

TEST_CASE("halves are read", "[io][npy]") {
  const temporary_folder folder;
  const fs::path path = folder.write(
      "a", npy<std::uint16_t>(header_of("<f2", "(10,)"), {0x0000, 0x8000, 0x0001, 0x03FF, 0x0400,
                                                          0x3C01, 0x7BFF, 0xFC00, 0x7E00, 0x8001}));
  const auto values = io::read_npy<float>(path);
  const std::vector<float> expected{0,        -0.0f,        0x1p-24f, 0x1.FF8p-15f,
                                    0x1p-14f, 1 + 0x1p-10f, 65504,    -HUGE_VALF};
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::bit_cast<std::uint32_t>(values(i)) == std::bit_cast<std::uint32_t>(expected[i]));
  CHECK(std::isnan(values(8)));
  CHECK(values(9) == -0x1p-24f);
}

TEST_CASE("a number that is no T is refused, or rounded where that is asked for",
          "[io][npy][errors]") {
  const temporary_folder folder;
  const auto written = [&](const std::string& descr, const auto& numbers) {
    return folder.write(
        "a", npy(header_of(descr, "(" + std::to_string(numbers.size()) + ",)"), numbers));
  };
  fs::path path = written("<f8", std::vector<double>{0.5, 0.1, 1e300});
  CHECK(failure<double>(path) == "no error");
  CHECK(failure<float>(path) ==
        "read_npy: FILE: byte 74: 0.1 (number 1) is not exactly a float: allow rounding with "
        "{.round = true}");
  CHECK(failure<float>(path, {.round = true}) ==
        "read_npy: FILE: byte 82: 1e+300 (number 2) is too great for a float");
  path = written("<f8", std::vector<double>{0.1, -HUGE_VAL, NAN});
  const auto rounded = io::read_npy<float>(path, {.round = true});
  CHECK(rounded(0) == 0.1f);
  CHECK(rounded(1) == -HUGE_VALF);
  CHECK(std::isnan(rounded(2)));

  path = written("<i8", std::vector<std::int64_t>{-(1ll << 53), (1ll << 53) + 1});
  CHECK(failure<double>(path) ==
        "read_npy: FILE: byte 74: 9007199254740993 (number 1) is not exactly a double: "
        "allow rounding with {.round = true}");
  CHECK(io::read_npy<double>(path, {.round = true})(1) == 9007199254740992.0);
  // What rounds to 2^63 or 2^64 does not fit back into the integer.
  CHECK(failure<float>(
            written("<i8", std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::max()})) ==
        "read_npy: FILE: byte 66: 9223372036854775807 (number 0) is not exactly a float: "
        "allow rounding with {.round = true}");
  CHECK(failure<double>(written("<u8", std::vector<std::uint64_t>{~std::uint64_t{0}})) ==
        "read_npy: FILE: byte 66: 18446744073709551615 (number 0) is not exactly a double: "
        "allow rounding with {.round = true}");
  CHECK(failure<float>(
            written("<i8", std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(),
                                                     1ll << 62})) == "no error");
  CHECK(failure<float>(written("<u4", std::vector<std::uint32_t>{(1u << 24) + 1})) ==
        "read_npy: FILE: byte 66: 16777217 (number 0) is not exactly a float: "
        "allow rounding with {.round = true}");
  CHECK(failure<float>(written("|b1", std::vector<std::uint8_t>{1, 2})) ==
        "read_npy: FILE: byte 67: 2 is no bool: 0 or 1");
}

TEST_CASE("broken NumPy files are told apart, with file and byte", "[io][npy][errors]") {
  const temporary_folder folder;
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const auto text = [&](const std::string& header) {
    return failure(folder.write("a", npy(header, numbers)));
  };
  const bytes good = npy(header_of("<f4", "(2, 3)"), numbers);
  const auto cut = [&](std::size_t size) {
    return failure(
        folder.write("cut", bytes(good.begin(), good.begin() + static_cast<long>(size))));
  };
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    bytes file = good;
    file[at] = value;
    return failure(folder.write("changed", file));
  };
  CHECK(failure(folder.path() / "missing") == "read_npy: FILE: No such file or directory");
  CHECK(failure(folder.path()) == "read_npy: FILE: is a folder");
  CHECK(failure("/dev/null") == "read_npy: FILE: is no regular file");
  const fs::path pipe = folder.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(failure(pipe) == "read_npy: FILE: is no regular file");

  CHECK(cut(0) == "read_npy: FILE: byte 0: truncated: 8 more bytes are needed here");
  CHECK(cut(9) == "read_npy: FILE: byte 9: truncated: 1 more bytes are needed here");
  CHECK(cut(20) == "read_npy: FILE: byte 8: truncated: the header has 58 bytes, 10 are there");
  CHECK(cut(70) == "read_npy: FILE: byte 70: truncated: (2, 3) declares 24 bytes, 2 are there");
  CHECK(cut(91) == "read_npy: FILE: byte 91: truncated: (2, 3) declares 24 bytes, 23 are there");
  bytes longer = good;
  longer.push_back(0);
  CHECK(failure(folder.write("longer", longer)) ==
        "read_npy: FILE: byte 92: 1 more bytes follow the 24 that (2, 3) declares");
  CHECK(changed(1, 'n') ==
        "read_npy: FILE: byte 0: is no NumPy file: it does not begin with \\x93NUMPY");
  CHECK(changed(6, 4) ==
        "read_npy: FILE: byte 6: version 4.0 of the format: 1.0, 2.0 and 3.0 are read");
  CHECK(changed(7, 1) ==
        "read_npy: FILE: byte 6: version 1.1 of the format: 1.0, 2.0 and 3.0 are read");

  CHECK(text("['descr']") == "read_npy: FILE: byte 10: '{' is missing in the header");
  CHECK(text("{'descr' '<f4'}") == "read_npy: FILE: byte 19: ':' is missing in the header");
  CHECK(text("{descr: '<f4'}") == "read_npy: FILE: byte 11: a string is missing in the header");
  CHECK(text("{'descr: 1") == "read_npy: FILE: byte 11: a string has no end in the header");
  CHECK(text("{'shape': (1,) 'descr'") ==
        "read_npy: FILE: byte 25: ',' or '}' is missing in the header");
  CHECK(text("{'shape': (6,)") == "read_npy: FILE: byte 24: ',' or '}' is missing in the header");
  CHECK(text("{'shape': (6,), 'shape': (6,)}") ==
        "read_npy: FILE: byte 26: the header has 'shape' twice");
  CHECK(text("{'order': 1}") ==
        "read_npy: FILE: byte 11: unknown key 'order': descr, fortran_order and shape are read");
  CHECK(text("{'fortran_order': 0}") ==
        "read_npy: FILE: byte 28: fortran_order is neither True nor False");
  CHECK(text("{'fortran_order': False, 'shape': (6,)}") ==
        "read_npy: FILE: byte 10: the header has no 'descr'");
  CHECK(text("{'descr': '<f4', 'shape': (6,)}") ==
        "read_npy: FILE: byte 10: the header has no 'fortran_order'");
  CHECK(text("{'descr': '<f4', 'fortran_order': False}") ==
        "read_npy: FILE: byte 10: the header has no 'shape'");
  CHECK(text(header_of("<f4", "(6,)") + "x") ==
        "read_npy: FILE: byte 66: more text follows the header's dict");
  CHECK(text(header_of("<f4", "6")) == "read_npy: FILE: byte 60: '(' is missing in the header");
  CHECK(text(header_of("<f4", "(6)")) ==
        "read_npy: FILE: byte 62: the shape is no tuple: ',' is missing");
  CHECK(text(header_of("<f4", "(2 3)")) ==
        "read_npy: FILE: byte 63: ',' or ')' is missing in the shape");
  CHECK(text(header_of("<f4", "(-6,)")) ==
        "read_npy: FILE: byte 61: a size of the shape is missing");
  CHECK(text(header_of("<f4", "(18446744073709551616,)")) ==
        "read_npy: FILE: byte 61: a size in the shape is out of range");
  CHECK(text(header_of("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 6)")) ==
        "read_npy: FILE: byte 85: the array has more than 8 axes");
  CHECK(text(header_of("<f4", "(4294967295, 4294967295, 4294967295)")) ==
        "read_npy: FILE: byte 10: (4294967295, 4294967295, 4294967295) declares more than memory "
        "can hold");
  CHECK(text(header_of("<f4", "(0, 9223372036854775807, 3)")) ==
        "read_npy: FILE: byte 10: (0, 9223372036854775807, 3) declares more than memory can hold");
  const long kilobytes_before = peak_memory();
  CHECK(
      text(header_of("<f4", "(4294967295,)")) ==
      "read_npy: FILE: byte 99: truncated: (4294967295) declares 17179869180 bytes, 24 are there");
  CHECK(peak_memory() - kilobytes_before < 50'000);

  CHECK(text(header_of("f4", "(6,)")) ==
        "read_npy: FILE: byte 20: elements of type 'f4': bool, integers and floats of 16, 32 and "
        "64 bits are read");
  CHECK(
      text(header_of("=f4", "(6,)")) ==
      "read_npy: FILE: byte 20: elements of type '=f4': the byte order is not told by '<' or '>'");
  CHECK(text(header_of("<\x1b[1mf", "(6,)")) ==
        "read_npy: FILE: byte 20: elements of type '<\\x1b[1mf': bool, integers and floats of 16, "
        "32 and 64 bits "
        "are read");
  CHECK(
      failure(golden / "objects.npy") ==
      "read_npy: FILE: byte 20: elements of type '|O' are Python objects, which only Python reads: "
      "save an array of numbers");
  CHECK(failure(golden / "complex.npy") ==
        "read_npy: FILE: byte 20: elements of type '<c16': bool, integers and floats of 16, 32 and "
        "64 bits are read");
  CHECK(failure(golden / "text.npy") ==
        "read_npy: FILE: byte 20: elements of type '<U2': bool, integers and floats of 16, 32 and "
        "64 bits are read");
  CHECK(failure(golden / "structure.npy") ==
        "read_npy: FILE: byte 20: the elements are structures: only plain numbers are read");

  const auto call = [&] { io::read_npy<float>("missing"); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK(failure_of<io_error>("missing", call) ==
        "read_npy: FILE: No such file or directory  [npy_test.cpp:" + line + "]");
}

TEST_CASE("a file is replaced whole or not at all", "[io][files]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npy";
  const array<float> old{1, 2, 3};
  const array<float> large = xtape::zeros<float>({1'000'000});
  const auto failure = [&](const fs::path& to) {
    return failure_of<io_error>(to, [&] { io::write_npy(to, large, nowhere); });
  };
  io::write_npy(path, old);

  SECTION("a disk that is full") {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{500'000, limit.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string text = failure(path);
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, handler);
    CHECK(text == "write_npy: FILE.part: cannot be written: File too large");
    CHECK((io::read_npy<float>(path) == old));
    CHECK(!fs::exists(path.string() + ".part"));
  }
  SECTION("what a killed program left is overwritten") {
    folder.write("a.npy.part", bytes(5'000'000));
    io::write_npy(path, array<float>{4});
    CHECK((io::read_npy<float>(path) == array<float>{4}));
    CHECK(!fs::exists(path.string() + ".part"));
  }
  SECTION("the mode stays, and a link is followed") {
    const fs::path link = folder.path() / "link.npy";
    fs::create_symlink("a.npy", link);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    io::write_npy(link, array<float>{5});
    CHECK(fs::is_symlink(link));
    CHECK((io::read_npy<float>(path) == array<float>{5}));
    CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  }
  SECTION("places where no file can be") {
    CHECK(failure(folder.path()) == "write_npy: FILE: is a folder");
    CHECK(failure("/dev/full") == "write_npy: FILE: is no regular file");
    const fs::path nowhere_to_be = folder.path() / "no" / "a.npy";
    CHECK(failure(nowhere_to_be) ==
          "write_npy: FILE.part: cannot be created: No such file or directory");
    CHECK(failure("") == "FILEwrite_npy: : is not the name of a file");
  }
}

TEST_CASE("threads that write the same file wait for each other", "[io][files]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npy";
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&, k] {
      for (int i = 0; i < 20; ++i)
        io::write_npy(path, xtape::full<float>({100'000}, static_cast<float>(k)));
    });
  for (std::thread& each : threads) each.join();
  const auto last = io::read_npy<float>(path);
  REQUIRE(last.size() == 100'000);
  CHECK((last == xtape::full<float>({100'000}, last(0))));
  CHECK(!fs::exists(path.string() + ".part"));
}
