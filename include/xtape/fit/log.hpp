#pragma once

#include <xtape/array/error.hpp>
#include <xtape/fit/history.hpp>

#include <memory>
#include <string>

namespace xtape::fit {

/// A file with a line an epoch, in one of two forms, told by the name's end:
///
///     .csv     epoch,learning_rate,loss,validation_loss,seconds,samples_per_second
///              1,0.1,0.52,0.48,1.25,48000
///     .jsonl   {"epoch":1,"learning_rate":0.1,"loss":0.52,"validation_loss":0.48,...}
///
/// Numbers are written so that reading gives them back bitwise. What is not finite is nan, inf or
/// -inf in the one form, null in the other. A line is in the file when write() returns: a program
/// that is killed leaves whole lines.
class XTAPE_API epoch_log {
 public:
  /// Begins the file anew. Throws io_error where it cannot be written, domain_error for another end
  /// of its name.
  explicit epoch_log(const std::string& path, location where = location::current());
  ~epoch_log();
  epoch_log(epoch_log&&) noexcept;
  epoch_log& operator=(epoch_log&&) noexcept;

  /// Appends a line. Throws domain_error where the names measured are not those of the first epoch;
  /// io_error where the line cannot be written.
  void write(const epoch& done, location where = location::current());

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace xtape::fit
