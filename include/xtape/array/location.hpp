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

}  // namespace xtape
