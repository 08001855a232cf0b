#pragma once

#include <string>

#include <xtape/array/config.hpp>

namespace xtape {

/// A line of the user's program. Taken as a defaulted argument it is the line of the call.
struct location {
  const char* file = "";
  int line = 0;

  static constexpr location current(const char* file = __builtin_FILE(),
                                    int line = __builtin_LINE()) {
    return {file, line};
  }

  /// "train.cpp:42": the file's name without its folders; empty where no line is known.
  XTAPE_API std::string text() const;
};

/// While it lives, everything recorded on this thread is laid at one line of the user's program: how a
/// function made of several operations keeps its own lines out of tapes and errors. The outermost wins.
class XTAPE_API at_line : detail::pinned {
 public:
  explicit at_line(location where) noexcept;
  ~at_line();

  /// The line in force, or `where` outside every scope.
  static location or_else(location where) noexcept;

 private:
  location where_;
  bool outermost_;
};

}  // namespace xtape
