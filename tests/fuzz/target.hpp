#pragma once
// What reads files, given files that are broken in every way: by libFuzzer (scripts/fuzz), a target
// a program, and by tests/io/mutations_test.cpp, all of them. A target is one source file, named
// after its folder of corpus/:
//
//     static const fuzz::target csv("csv", [](const std::string& path) { ... });

#include <xtape/array/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {

/// A reader of files. It must return, or throw an io_error that names the file; a reader that may
/// not change the program's objects calls broken() where it did.
struct target {
  using reader = void (*)(const std::string& path);

  target(const char* its_name, reader its_read) : name(its_name), read(its_read) {
    all().push_back(*this);
  }
  static std::vector<target>& all() {
    static std::vector<target> list;
    return list;
  }

  const char* name;
  reader read;
};

[[noreturn]] inline void broken(const char* what) {
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

/// Calls read(path) with a file of these bytes; whether it was read.
inline bool is_read(const target& by, const std::uint8_t* bytes, std::size_t size) {
  static const int file = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != static_cast<ssize_t>(size))
    broken("no file in memory");
  try {
    by.read(path);
    return true;
  } catch (const xtape::io_error& error) {
    if (std::string(error.what()).find(path) == std::string::npos)
      broken("an error without the file's name");
    return false;
  }
}

}  // namespace fuzz
