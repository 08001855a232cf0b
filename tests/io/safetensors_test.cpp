#include <xtape/io/safetensors.hpp>

#include "catch.hpp"
#include "files.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using xtape::array;
using xtape::domain_error;
using xtape::io_error;
using xtape::shape_type;
namespace io = xtape::io;
namespace fs = std::filesystem;

namespace {

constexpr xtape::location nowhere;
const fs::path golden = fs::path(XTAPE_SOURCE_ROOT) / "tests" / "fuzz" / "corpus" / "safetensors";

/// A file of that header and as many bytes of data, 0, 1, 2, ...
bytes file_of(const std::string& header, std::size_t data) {
  bytes file;
  for (int i = 0; i < 8; ++i)
    file.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> (8 * i)));
  file.insert(file.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < data; ++i) file.push_back(static_cast<std::uint8_t>(i));
  return file;
}

std::string failure(const fs::path& path) {
  return failure_of<io_error>(path, [&] { io::read_safetensors<float>(path, {}, nowhere); });
}

}  // namespace

TEST_CASE("safetensors files are read, of every type", "[io][safetensors]") {
  const auto arrays = io::read_safetensors<double>(golden / "kinds.safetensors");
  CHECK(arrays.size() == 12);
  for (const auto& [name, values] : arrays) {
    INFO(name);
    REQUIRE(values.shape() == shape_type{2, 3});
    for (int i = 0; i < 6; ++i)
      CHECK(values.data()[i] == (name == "bool"   ? i % 2
                                 : name[0] == 'u' ? i
                                 : name[0] == 'f' ? 0.5 * (i - 2)
                                                  : i - 2));
  }
  CHECK(io::read_safetensors<float>(golden / "kinds.safetensors").at("i8")(1, 2) == 3);
  CHECK((io::read_safetensors<float>(golden / "bf16.safetensors").at("a") ==
         array<float>{1, -2, HUGE_VALF}));
  CHECK(io::read_safetensors<float>(golden / "nothing.safetensors").empty());
  const auto weights = io::read_safetensors<float>(golden / "weights.safetensors");
  CHECK((weights.at("0.weight") == array<float>{{-1, -0.5f}, {0, 0.5f}, {1, 1.5f}}));
  CHECK(weights.at("none").shape() == shape_type{0, 2});
  CHECK(weights.at("one").shape() == shape_type{});
  CHECK(io::read_safetensors_metadata(golden / "weights.safetensors") ==
        io::text_map{{"format", "pt"}, {"author", "M\xC3\xBCller \"x\""}});
}

TEST_CASE("safetensors files come back bit for bit", "[io][safetensors]") {
  const temporary_folder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const io::named_arrays<float> arrays{
      {"b", array<float>{{1, 2}, {3, 4}}},
      {"a \"quoted\"\n", array<float>(std::bit_cast<float>(0x7FC0BEEF))},
      {"../\xC3\xA4", xtape::empty<float>({3, 0})}};
  const io::text_map metadata{{"format", "pt"}, {"", "\x01"}};
  io::write_safetensors(path, arrays, metadata);
  const auto back = io::read_safetensors<float>(path);
  CHECK(back.size() == 3);
  CHECK((back.at("b") == arrays.at("b")));
  CHECK(std::bit_cast<std::uint32_t>(back.at("a \"quoted\"\n")()) == 0x7FC0BEEF);
  CHECK(back.at("../\xC3\xA4").shape() == shape_type{3, 0});
  CHECK(io::read_safetensors_metadata(path) == metadata);
  const bytes file = read_all(path);
  CHECK(file[0] % 8 == 0);

  io::write_safetensors(path, io::named_arrays<double>{{"x", array<double>{0.1}}});
  CHECK(io::read_safetensors<double>(path).at("x")(0) == 0.1);
  CHECK(io::read_safetensors_metadata(path).empty());
  CHECK(failure(path) ==
        "read_safetensors: FILE: tensor 'x': byte 64: 0.1 (number 0) is not exactly a float: "
        "allow rounding with {.round = true}");
  CHECK(io::read_safetensors<float>(path, {.round = true}).at("x")(0) == 0.1f);

  const auto writing = [&](const std::string& name, const io::text_map& says = {}) {
    return failure_of<domain_error>(path, [&] {
      io::write_safetensors(path, io::named_arrays<float>{{name, array<float>{1}}}, says, nowhere);
    });
  };
  CHECK(writing("__metadata__") == "write_safetensors: an array must not be called '__metadata__'");
  CHECK(writing("\xFF") == "write_safetensors: a name or a text is not UTF-8");
  CHECK(writing("a", {{"b", "\xC3"}}) == "write_safetensors: a name or a text is not UTF-8");
}

TEST_CASE("broken safetensors files are told apart, with file and byte",
          "[io][safetensors][errors]") {
  const temporary_folder folder;
  const auto text = [&](const std::string& header, std::size_t data = 8) {
    const std::string result = failure(folder.write("a.safetensors", file_of(header, data)));
    const std::string begin = "read_safetensors: FILE: ";
    return result.starts_with(begin) ? result.substr(begin.size()) : result;
  };
  /// A tensor 'a' with those fields.
  const auto fields = [&](const std::string& inside, std::size_t data = 8) {
    return text("{\"a\":{" + inside + "}}", data);
  };
  const auto offsets = [&](const std::string& numbers, std::size_t data = 8) {
    return fields(R"("dtype":"F32","shape":[2],"data_offsets":[)" + numbers + "]", data);
  };
  const auto shape = [&](const std::string& numbers) {
    return fields(R"("data_offsets":[0,8],"dtype":"F32","shape":[)" + numbers + "]");
  };
  REQUIRE(offsets("0,8") == "no error");
  const bytes good = file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE(failure(folder.write(
                "cut", bytes(good.begin(), good.begin() + static_cast<long>(size)))) != "no error");

  CHECK(failure(folder.path() / "missing") == "read_safetensors: FILE: No such file or directory");
  CHECK(failure(folder.write("short", bytes(7))) ==
        "read_safetensors: FILE: byte 7: truncated: is no safetensors file");
  CHECK(failure(folder.write("long", bytes(20, 0xFF))) ==
        "read_safetensors: FILE: byte 0: truncated, or no safetensors file: the header has "
        "18446744073709551615 "
        "bytes, 12 are there");
  CHECK(text("") == "byte 8: the header is no valid JSON here");
  CHECK(text("{\"a\":") == "byte 12: the header is no valid JSON here");
  CHECK(text("{} x") == "byte 11: the header is no valid JSON here");
  CHECK(text("{\"\xFF\":1}") == "byte 10: the header is no valid JSON here");
  CHECK(text("[]") == "byte 8: the header is an array: it must be an object");
  CHECK(text("3") == "byte 8: the header is a number: it must be an object");
  CHECK(text("null") == "byte 11: the header is null: it must be an object");
  CHECK(text("{\"a\":true}") == "byte 16: 'a' is a bool: it must be an object");
  CHECK(text("{\"a\":\"x\"}") == "byte 15: 'a' is a text: it must be an object");
  CHECK(text("{\"__metadata__\":{\"a\":1}}") ==
        "byte 30: the metadata 'a' is a number: it must be a text");
  CHECK(text("{\"__metadata__\":{\"a\":{}}}") ==
        "byte 29: the metadata 'a' is an object: it must be a text");
  CHECK(text("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}") ==
        "byte 34: the metadata has 'a' twice");
  CHECK(text("{\"__metadata__\":{},\"__metadata__\":{}}") ==
        "byte 40: there are two arrays '__metadata__'");
  // Nothing nests deeper than the format does, so the parser's memory stays small.
  CHECK(text(std::string(1'000'000, '[')) ==
        "byte 8: the header is an array: it must be an object");
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "{\"a\":";
  CHECK(text(nested) == "byte 16: tensor 'a': unknown key 'a'");
  CHECK(shape(std::string(1'000'000, '[')) ==
        "byte 58: tensor 'a': shape has an array where it must not");

  CHECK(fields("") == "byte 14: tensor 'a': it has no dtype");
  CHECK(fields(R"("dtype":"F32","shape":[])") == "byte 38: tensor 'a': it has no data_offsets");
  CHECK(fields(R"("dtype":"F32","data_offsets":[0,4])") == "byte 48: tensor 'a': it has no shape");
  CHECK(fields(R"("dtype":"F32","dtype":"F32")") == "byte 34: tensor 'a': dtype is there twice");
  CHECK(fields(R"("kind":"F32")") == "byte 19: tensor 'a': unknown key 'kind'");
  CHECK(fields(R"("dtype":"F8_E4M3")") ==
        "byte 30: tensor 'a': dtype 'F8_E4M3': BOOL, I8 to I64, U8 to U64, F16, BF16, F32 and F64 "
        "are read");
  CHECK(fields(R"("dtype":3)") == "byte 23: tensor 'a': dtype has a number where it must not");
  CHECK(fields(R"("dtype":[])") == "byte 22: tensor 'a': dtype has an array where it must not");
  CHECK(fields(R"("shape":2)") == "byte 23: tensor 'a': shape has a number where it must not");
  CHECK(shape("-2") == "byte 60: tensor 'a': shape has a negative number where it must not");
  CHECK(shape("2.0") ==
        "byte 61: tensor 'a': shape has a number that is no integer of 64 bits where it must not");
  CHECK(shape("18446744073709551616") ==
        "byte 78: tensor 'a': shape has a number that is no integer of 64 bits where it must not");
  CHECK(shape("1e999") == "byte 63: the header is no valid JSON here");
  CHECK(shape("2,null") == "byte 63: tensor 'a': shape has null where it must not");
  CHECK(shape("1,1,1,1,1,1,1,1,2") == "byte 75: tensor 'a': it has more than 8 axes");
  CHECK(shape("4294967296,4294967296") ==
        "byte 82: tensor 'a', bytes 0 to 8 of the data: as F32 (4294967296, 4294967296) it is more "
        "than memory can hold");
  CHECK(shape("3") == "byte 62: tensor 'a', bytes 0 to 8 of the data: as F32 (3) it has 12 bytes");
  CHECK(offsets("0") == "byte 57: tensor 'a': data_offsets has not two numbers");
  CHECK(offsets("0,8,8") == "byte 61: tensor 'a': data_offsets has more than two numbers");
  CHECK(offsets("8,0") ==
        "byte 62: tensor 'a', bytes 8 to 0 of the data: it ends before it begins");
  CHECK(offsets("0,16") ==
        "byte 71: truncated: tensor 'a', bytes 0 to 16 of the data: there are 8");
  CHECK(offsets("0,18446744073709551615")
            .ends_with("bytes 0 to 18446744073709551615 of the data: there are 8"));
  CHECK(offsets("4,12", 12) ==
        "byte 63: tensor 'a', bytes 4 to 12 of the data: there is a hole ahead of it, from byte 0 "
        "on");
  CHECK(offsets("0,8", 10) == "byte 70: 2 more bytes follow the last tensor");

  const auto two = [&](const std::string& second, const std::string& place) {
    return text(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},")" + second +
                    R"(":{"dtype":"U8","shape":[4],"data_offsets":[)" + place + "]}}",
                12);
  };
  CHECK(two("b", "8,12") == "no error");
  CHECK(two("a", "8,12") == "byte 64: there are two arrays 'a'");
  CHECK(two("b", "4,8") ==
        "byte 122: tensor 'b', bytes 4 to 8 of the data: it overlaps tensor 'a'");
  CHECK(two("b", "0,4") ==
        "byte 118: tensor 'a', bytes 0 to 8 of the data: it overlaps tensor 'b'");
  CHECK(two("b", "9,12") ==
        "byte 123: tensor 'b', bytes 9 to 12 of the data: there is a hole ahead of it, from byte 8 "
        "on");
  CHECK(two("\\u0000\\u001b[1m", "9,12").find("tensor '\\x00\\x1b[1m'") != std::string::npos);
}
