#pragma once

#include <stdexcept>
#include <string>

#include <xtape/array/location.hpp>

namespace xtape {

/// Base of everything xtape throws. what() is "operation: values: reason  [file:line]"; within an at_line
/// the line is its line.
class XTAPE_API error : public std::runtime_error {
 public:
  explicit error(const std::string& message, location where = {});
  /// The line of the user's program that asked for it; line 0 where no line is known.
  location where() const noexcept { return where_; }

 private:
  location where_;
};

/// Shapes that do not fit together, or an axis that is not there.
class XTAPE_API shape_error : public error {
 public:
  using error::error;
};

/// A value outside an operation's domain: a label out of range, an empty batch, a bad option.
class XTAPE_API domain_error : public error {
 public:
  using error::error;
};

/// A misuse of the tape: backward without one, a tape that is gone, a value changed behind its back.
class XTAPE_API tape_error : public error {
 public:
  using error::error;
};

/// A file that is missing, truncated or not what it says it is.
class XTAPE_API io_error : public error {
 public:
  using error::error;
};

}  // namespace xtape
