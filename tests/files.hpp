#pragma once
// Files for tests of what reads and writes them.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using bytes = std::vector<std::uint8_t>;

/// A folder that is there until the test ends.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "xtape_test_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  std::filesystem::path write(const std::string& name, const bytes& contents) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(contents.data()),
               static_cast<std::streamsize>(contents.size()));
    return path_ / name;
  }
  std::filesystem::path write(const std::string& name, const std::string& contents) const {
    return write(name, bytes(contents.begin(), contents.end()));
  }

 private:
  std::filesystem::path path_;
};

inline bytes read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The most memory the test has held so far, in kilobytes.
inline long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// The text of the Error that call() throws, the file's name replaced by FILE.
template <class Error, class Call>
std::string failure_of(const std::filesystem::path& path, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    std::string text = error.what();
    const std::string name = path.string();
    if (const auto at = text.find(name); at != std::string::npos)
      text.replace(at, name.size(), "FILE");
    return text;
  }
  return "no error";
}
