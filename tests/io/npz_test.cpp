#include <xtape/io/npy.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using xtape::array;
using xtape::domain_error;
using xtape::io_error;
using xtape::shape_type;
namespace io = xtape::io;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
const fs::path golden = fs::path(XTAPE_SOURCE_ROOT) / "tests" / "fuzz" / "corpus" / "npz";

void append(bytes& to, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i, value >>= 8) to.push_back(static_cast<std::uint8_t>(value));
}
void append(bytes& to, const bytes& more) { to.insert(to.end(), more.begin(), more.end()); }
void append(bytes& to, const std::string& more) { to.insert(to.end(), more.begin(), more.end()); }

/// A NumPy file of `count` zeros of a byte.
bytes zeros(std::size_t count) {
  bytes file{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  const std::string header =
      "{'descr':'|u1','fortran_order': False,'shape': (" + std::to_string(count) + ",)}";
  append(file, header.size(), 2);
  append(file, header);
  file.resize(file.size() + count);
  return file;
}

bytes deflated(const bytes& from) {
  z_stream state{};
  deflateInit2(&state, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  bytes to(deflateBound(&state, from.size()));
  state.next_in = const_cast<Bytef*>(from.data());
  state.avail_in = static_cast<uInt>(from.size());
  state.next_out = to.data();
  state.avail_out = static_cast<uInt>(to.size());
  deflate(&state, Z_FINISH);
  to.resize(state.total_out);
  deflateEnd(&state);
  return to;
}

/// A member as an archive may lie about it.
struct member {
  std::string name;
  bytes contents;          // as they stand in the file
  std::uint64_t size = 0;  // declared
  std::uint32_t crc = 0;   // declared
  std::uint16_t method = 0, flags = 0;
  std::uint64_t packed = 0;  // declared
  std::int64_t shift = 0;    // of the place that the directory declares
  std::string local_name = name;
};

member stored(const std::string& name, const bytes& contents) {
  return {name,
          contents,
          contents.size(),
          static_cast<std::uint32_t>(crc32(0, contents.data(), static_cast<uInt>(contents.size()))),
          0,
          0,
          contents.size()};
}
member packed(const std::string& name, const bytes& contents) {
  member result = stored(name, contents);
  result.contents = deflated(contents);
  result.packed = result.contents.size();
  result.method = 8;
  return result;
}

bytes zip(const std::vector<member>& members, bool zip64 = false) {
  bytes file, directory;
  for (const member& each : members) {
    const auto begin =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(file.size()) + each.shift);
    append(file, 0x04034B50, 4);
    append(file, 20, 2);
    append(file, each.flags, 2);
    append(file, each.method, 2);
    append(file, 0, 16);
    append(file, each.local_name.size(), 2);
    append(file, 0, 2);
    append(file, each.local_name);
    append(file, each.contents);
    append(directory, 0x02014B50, 4);
    append(directory, 20, 2);
    append(directory, 20, 2);
    append(directory, each.flags, 2);
    append(directory, each.method, 2);
    append(directory, 0, 4);
    append(directory, each.crc, 4);
    append(directory, zip64 ? 0xFFFFFFFF : each.packed, 4);
    append(directory, zip64 ? 0xFFFFFFFF : each.size, 4);
    append(directory, each.name.size(), 2);
    append(directory, zip64 ? 34 : 0, 2);
    append(directory, 0, 10);
    append(directory, zip64 ? 0xFFFFFFFF : begin, 4);
    append(directory, each.name);
    if (zip64) {
      append(directory, 0x7875, 2);  // a field of another kind
      append(directory, 2, 2);
      append(directory, 0, 2);
      append(directory, 1, 2);
      append(directory, 24, 2);
      append(directory, each.size, 8);
      append(directory, each.packed, 8);
      append(directory, begin, 8);
    }
  }
  const std::uint64_t begin = file.size();
  append(file, directory);
  if (zip64) {
    const std::uint64_t end = file.size();
    append(file, 0x06064B50, 4);
    append(file, 44, 8);
    append(file, 45, 2);
    append(file, 45, 2);
    append(file, 0, 8);
    append(file, members.size(), 8);
    append(file, members.size(), 8);
    append(file, directory.size(), 8);
    append(file, begin, 8);
    append(file, 0x07064B50, 4);
    append(file, 0, 4);
    append(file, end, 8);
    append(file, 1, 4);
  }
  append(file, 0x06054B50, 4);
  append(file, 0, 4);
  append(file, zip64 ? 0xFFFF : members.size(), 2);
  append(file, zip64 ? 0xFFFF : members.size(), 2);
  append(file, zip64 ? 0xFFFFFFFF : directory.size(), 4);
  append(file, zip64 ? 0xFFFFFFFF : begin, 4);
  append(file, 0, 2);
  return file;
}

std::string failure(const fs::path& path) {
  return failure_of<io_error>(path, [&] { io::read_npz<float>(path, {}, nowhere); });
}

}  // namespace

TEST_CASE("archives that NumPy wrote are read, stored and deflated", "[io][npz]") {
  for (const std::string name : {"stored.npz", "deflated.npz"}) {
    const auto arrays = io::read_npz<double>(golden / name);
    CHECK(arrays.size() == (name == "stored.npz" ? 3u : 4u));
    CHECK((arrays.at("weight") == array<double>{{-1, -0.5}, {0, 0.5}, {1, 1.5}}));
    CHECK((arrays.at("bias") == array<double>{-1, -0.5}));
    CHECK((arrays.at("count") == array<double>(-2.0)));
    if (arrays.size() == 4) CHECK((arrays.at("zeros") == xtape::zeros<double>({40, 40})));
  }
  CHECK(io::read_npz<float>(golden / "none.npz").empty());
  CHECK((io::read_npz<float>(golden / "comment.npz").at("layers/0") ==
         array<float>{{-1, -0.5f, 0}, {0.5f, 1, 1.5f}}));
}

TEST_CASE("archives come back bit for bit, stored and deflated", "[io][npz]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.npz";
  io::named_arrays<float> arrays{{"a", xtape::empty<float>({70'001, 3})},
                                 {"empty", xtape::empty<float>({0, 2})},
                                 {"scalar", array<float>(0.25f)},
                                 {"\xC3\xA4/b", array<float>{1, 2}}};
  for (std::size_t i = 0; i < arrays.at("a").size(); ++i)
    arrays.at("a").data()[i] = static_cast<float>(i % 1000);
  for (const bool compress : {false, true}) {
    io::write_npz(path, arrays, {.compress = compress});
    CHECK((io::read_npz<float>(path) == arrays));
    CHECK((fs::file_size(path) < 500'000) == compress);
    const bytes once = read_all(path);
    io::write_npz(path, arrays, {.compress = compress});
    CHECK(read_all(path) == once);
    io::write_npz(path, io::named_arrays<float>{});
    CHECK(io::read_npz<float>(path).empty());
  }
  io::write_npz(path, io::named_arrays<double>{{"x", array<double>{0.1}}});
  CHECK(io::read_npz<double>(path).at("x")(0) == 0.1);
}

TEST_CASE("the numbers of zip64 are read", "[io][npz]") {
  const temporary_folder folder;
  const fs::path path =
      folder.write("a.npz", zip({stored("a.npy", zeros(3)), packed("b.npy", zeros(5))}, true));
  const auto arrays = io::read_npz<float>(path);
  CHECK(arrays.at("a").shape() == shape_type{3});
  CHECK(arrays.at("b").shape() == shape_type{5});
}

TEST_CASE("names that would lead out of a folder are refused", "[io][npz][errors]") {
  const temporary_folder folder;
  const auto reading = [&](const std::string& name) {
    return failure(folder.write("a.npz", zip({stored(name, zeros(1))})));
  };
  CHECK(reading("../a.npy") ==
        "read_npz: FILE: byte 147: member '../a.npy' leads out of the archive");
  CHECK(reading("/a.npy") == "read_npz: FILE: byte 145: member '/a.npy' leads out of the archive");
  CHECK(reading("a/../../b.npy") ==
        "read_npz: FILE: byte 152: member 'a/../../b.npy' leads out of the archive");
  CHECK(reading("..\\a.npy") ==
        "read_npz: FILE: byte 147: member '..\\a.npy' leads out of the archive");
  CHECK(reading("C:a.npy") ==
        "read_npz: FILE: byte 146: member 'C:a.npy' leads out of the archive");
  CHECK(reading(std::string("a\0.npy", 6)) ==
        "read_npz: FILE: byte 145: member 'a\\x00.npy' has a zero byte in its name");
  CHECK(reading("") == "read_npz: FILE: byte 139: member '' has no name");
  CHECK(reading("a.txt") ==
        "read_npz: FILE: byte 144: member 'a.txt' is no array: its name does not end in .npy");
  CHECK(reading(".npy") ==
        "read_npz: FILE: byte 143: member '.npy' is no array: its name does not end in .npy");
  CHECK(reading("a..b/..c.npy") == "no error");

  const fs::path path = folder.path() / "b.npz";
  const auto writing = [&](const std::string& name) {
    return failure_of<domain_error>(path, [&] {
      io::write_npz(path, io::named_arrays<float>{{name, array<float>{1}}}, {}, nowhere);
    });
  };
  CHECK(writing("../a") == "write_npz: array '../a' leads out of the archive");
  CHECK(writing("") == "write_npz: array '' has no name");
  CHECK(writing(std::string(70'000, 'a')) ==
        "write_npz: array '" + std::string(100, 'a') +
            "...': the name is longer than a zip archive can hold");
  CHECK(!fs::exists(path));
}

TEST_CASE("broken archives are told apart, with file and byte", "[io][npz][errors]") {
  const temporary_folder folder;
  const bytes contents = zeros(10);  // 66 bytes; with its header 101
  const auto text = [&](const std::vector<member>& members, bool zip64 = false) {
    return failure(folder.write("a.npz", zip(members, zip64)));
  };
  const auto lying = [&](auto change, bool deflate = false) {
    member each = deflate ? packed("a.npy", contents) : stored("a.npy", contents);
    change(each);
    return text({each});
  };
  REQUIRE(contents.size() == 73);
  const bytes good = zip({stored("a.npy", contents)});
  const auto cut = [&](std::size_t size) {
    return failure(
        folder.write("cut.npz", bytes(good.begin(), good.begin() + static_cast<long>(size))));
  };
  const auto changed = [&](std::size_t at, std::uint8_t value, bool zip64 = false) {
    bytes file = zip64 ? zip({stored("a.npy", contents)}, true) : good;
    file[at] = value;
    return failure(folder.write("changed.npz", file));
  };
  REQUIRE(good.size() == 35 + 73 + 51 + 22);
  CHECK(cut(0) == "read_npz: FILE: byte 0: truncated: is no zip archive");
  CHECK(cut(100) == "read_npz: FILE: byte 100: truncated, or no zip archive: it has no end record");
  CHECK(cut(good.size() - 1) ==
        "read_npz: FILE: byte 180: truncated, or no zip archive: it has no end record");
  for (std::size_t size = 0; size < good.size(); ++size) REQUIRE(cut(size) != "no error");
  CHECK(changed(163, 1) == "read_npz: FILE: byte 163: the archive is in several parts");
  CHECK(changed(171, 50) ==
        "read_npz: FILE: byte 171: the directory, 50 bytes from byte 108 on, does not end where "
        "the end record begins");
  CHECK(changed(177, 0xFF) ==
        "read_npz: FILE: byte 171: the directory, 51 bytes from byte 16711788 on, does not end "
        "where the end record "
        "begins");
  CHECK(changed(167, 9) == "read_npz: FILE: byte 163: the archive is in several parts");
  {
    bytes file = good;
    file[167] = file[169] = 2;
    CHECK(failure(folder.write("two.npz", file)) ==
          "read_npz: FILE: byte 169: 2 members are declared: 51 bytes of directory have no room "
          "for them");
    file[167] = file[169] = 0;
    CHECK(failure(folder.write("none.npz", file)) ==
          "read_npz: FILE: byte 108: the directory has more than the 0 members declared");
  }
  CHECK(changed(108, 0) == "read_npz: FILE: byte 108: an entry of the directory is missing");
  CHECK(changed(136, 9) == "read_npz: FILE: byte 108: the directory ends within this entry");
  CHECK(changed(0, 0) == "read_npz: FILE: byte 0: member 'a.npy' is not there");
  CHECK(changed(31, 'x') == "read_npz: FILE: byte 30: member 'a.npy' has another name here");
  CHECK(changed(8, 8) == "read_npz: FILE: byte 6: member 'a.npy' is of another kind here");
  CHECK(changed(107, 1) ==
        "read_npz: FILE: byte 35: member 'a.npy' is corrupt: its CRC is not the one declared");
  CHECK(lying([](member& m) { m.flags = 1; }) ==
        "read_npz: FILE: byte 116: member 'a.npy' is encrypted");
  CHECK(lying([](member& m) { m.method = 12; }) ==
        "read_npz: FILE: byte 118: member 'a.npy' is compressed by method 12: 0 (stored) and 8 "
        "(deflated) are read");
  CHECK(lying([](member& m) { m.size = 99; }) ==
        "read_npz: FILE: byte 128: member 'a.npy' is stored, 99 bytes in 73");
  CHECK(lying([](member& m) { m.size = m.packed = 99; }) ==
        "read_npz: FILE: byte 0: member 'a.npy', 99 bytes, reaches into the directory");
  CHECK(lying([](member& m) { m.shift = 100; }) ==
        "read_npz: FILE: byte 100: member 'a.npy' begins within the directory or behind it");
  CHECK(lying([](member& m) { m.shift = 1; }) ==
        "read_npz: FILE: byte 1: member 'a.npy' is not there");
  CHECK(text({stored("a.npy", contents), stored("a.npy", contents)}) ==
        "read_npz: FILE: byte 108: there are two members 'a.npy'");
  // Two members of the same bytes: how small archives become endless ones.
  member twin = stored("a.npy", contents);
  twin.shift = -108;
  CHECK(text({stored("a.npy", contents), twin}) ==
        "read_npz: FILE: byte 0: member 'a.npy' begins within member 'a.npy'");

  // What a deflated member says of its size is held against what deflate can do, and then against
  // what it does.
  const std::size_t size = deflated(contents).size();
  const std::string entry = std::to_string(35 + size + 24);
  CHECK(lying([](member& m) { m.size = 0xFFFFFFF0; }, true) ==
        "read_npz: FILE: byte " + entry + ": member 'a.npy': " + std::to_string(size) +
            " deflated bytes cannot become 4294967280");
  CHECK(lying([](member& m) { ++m.size; }, true) ==
        "read_npz: FILE: a.npy: byte 73: it inflates to fewer than the 74 bytes that the directory "
        "declares");
  CHECK(lying([](member& m) { --m.size; }, true) ==
        "read_npz: FILE: a.npy: byte 72: it inflates to more than the 72 bytes that the directory "
        "declares");
  CHECK(lying([](member& m) { m.contents.push_back(0), ++m.packed; }, true) ==
        "read_npz: FILE: byte " + std::to_string(35 + size) +
            ": more bytes follow the deflated data");
  CHECK(lying([](member& m) { m.contents.pop_back(), --m.packed; }, true) ==
        "read_npz: FILE: byte " + std::to_string(34 + size) +
            ": truncated: the deflated data ends too early");
  CHECK(lying([](member& m) { m.contents[0] = 0xFF; }, true) ==
        "read_npz: FILE: byte 36: the deflated data is corrupt");
  CHECK(lying([](member& m) { m.crc ^= 1; }, true) ==
        "read_npz: FILE: byte 35: member 'a.npy' is corrupt: its CRC is not the one declared");
  CHECK(text({packed("a.npy", bytes(5))}) ==
        "read_npz: FILE: a.npy: byte 5: truncated: 3 more bytes are needed here");

  CHECK(changed(35 + 73 + 85 + 4, 45, true) ==
        "read_npz: FILE: byte 197: the zip64 end record is of another kind");
  CHECK(changed(35 + 73 + 85, 0, true) == "read_npz: FILE: byte 193: there is no zip64 end record");
  CHECK(changed(35 + 73 + 85 + 56 + 8, 0, true) ==
        "read_npz: FILE: byte 257: the zip64 end record is not ahead of its locator");
  CHECK(changed(35 + 73 + 51 + 8, 16, true) ==
        "read_npz: FILE: byte 108: the zip64 field is too short");
}

#ifndef ADDRESS_SANITIZER  // which keeps an address space of its own
TEST_CASE("a deflated member takes no memory before it is known to be sound", "[io][npz][errors]") {
  const temporary_folder folder;
  member bomb = packed("a.npy", zeros(50'000'000));
  REQUIRE(bomb.contents.size() < 60'000);
  bomb.crc ^= 1;
  const fs::path path = folder.write("a.npz", zip({bomb}));
  // In a process that may take 10 MB more than it has.
  const pid_t child = fork();
  if (child == 0) {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + 10'000'000;
    const rlimit limit{most, most};
    setrlimit(RLIMIT_AS, &limit);
    std::string text;
    try {
      text = failure(path);
    } catch (const std::bad_alloc&) {
      _exit(2);
    }
    _exit(text.ends_with("is corrupt: its CRC is not the one declared") ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
