#include "walkthrough.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

walkthrough::walkthrough(int argc, char** argv)
    : program_(std::filesystem::path(argv[0]).filename().string()) {
  std::set_terminate([] {
    std::fflush(stdout);
    try {
      if (std::current_exception() != nullptr) throw;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    } catch (...) {
    }
    std::_Exit(1);
  });
  const auto refuse = [&](const std::string& why) {
    std::fprintf(stderr, "%s: %s\nusage: %s [--quick] [--tables FOLDER]\n", program_.c_str(),
                 why.c_str(), program_.c_str());
    std::exit(2);
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick")
      quick_ = true;
    else if (argument != "--tables")
      refuse("unknown argument " + std::string(argument));
    else if (++i == argc)
      refuse("--tables needs a folder");
    else if (folder_ = argv[i]; !std::filesystem::is_directory(folder_))
      refuse("no such folder: " + folder_.string());
  }
}

void walkthrough::section(const std::string& title, kind what) {
  std::printf("-- %s%s\n", title.c_str(), quick_ && what == kind::takes_long ? " (reduced)" : "");
}

void walkthrough::print(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
}

double walkthrough::figure(const std::string& name, double value, double low, double high,
                           const char* format) {
  std::printf("%s = ", name.c_str());
  std::printf(format, value);
  std::printf("\n");
  if (!(value >= low && value <= high)) {
    failed_ = true;
    std::fprintf(stderr, "%s: %s = %.9g is not in %.9g .. %.9g\n", program_.c_str(), name.c_str(),
                 value, low, high);
  }
  return value;
}

std::ofstream walkthrough::open(const std::filesystem::path& path) const {
  std::ofstream file(path);
  if (!file) {
    std::fprintf(stderr, "%s: %s: cannot be written: %s\n", program_.c_str(), path.c_str(),
                 std::strerror(errno));
    std::exit(1);
  }
  return file;
}

walkthrough::table walkthrough::open_table(const std::string& name,
                                           const std::vector<std::string>& columns) {
  table made;
  made.columns_ = columns.size();
  if (folder_.empty()) return made;
  made.file_ = open(folder_ / (name + ".csv"));
  made.file_.precision(9);
  for (std::size_t c = 0; c < columns.size(); ++c)
    made.file_ << (c == 0 ? "" : ",") << '"' << columns[c] << '"';
  made.file_ << '\n';
  return made;
}

void walkthrough::graph(const std::string& name, const std::string& dot) {
  if (!folder_.empty()) open(folder_ / (name + ".dot")) << dot;
}

void walkthrough::table::row(const std::vector<double>& values) {
  if (!file_.is_open()) return;
  for (std::size_t c = 0; c < columns_; ++c) {
    if (c > 0) file_ << ',';
    if (c < values.size()) file_ << values[c];  // one that is missing leaves its place empty
  }
  file_ << '\n';
}

int walkthrough::finish() { return failed_ ? 1 : 0; }
