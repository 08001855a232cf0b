#pragma once

#include <xtape/fit/history.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace xtape::fit {

/// How far a training is.
struct standing {
  std::int64_t epoch = 1, epochs = 1;  ///< the epoch under way, from 1, and how many there will be
  std::size_t batch = 0, batches = 0;  ///< those done in it, and how many it has; 0: nobody knows
  double loss = 0;                     ///< the mean so far, in this epoch
  double samples_per_second = 0;
  double seconds_left = -1;  ///< until the last epoch ends; negative: nobody knows
};

/// A line that shows it, without an end:
///
///     epoch  3/20 [=====>              ] 124/469  loss 0.4321  81234 samples/s  1:05 left
XTAPE_API std::string text(const standing& now);
/// A line that an epoch leaves behind:
///
///     epoch  3/20  loss 0.4321  validation_loss 0.4017  81234 samples/s  0.7 s
XTAPE_API std::string text(const epoch& done, std::int64_t epochs);

/// Shows the standing of a training in one line of a terminal that it writes anew, ten times a
/// second at most, and a line for every epoch that is done. Where the file is not a terminal
/// nothing is written at all.
class XTAPE_API progress_bar {
 public:
  /// batches: in an epoch, 0: nobody knows. descriptor: of the terminal; by default standard error.
  progress_bar(std::int64_t epochs, std::size_t batches, bool wanted = true, int descriptor = 2);
  /// Ends a line that was begun.
  ~progress_bar();
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;

  /// Another batch is done. samples: of the epoch, up to now; loss: their mean.
  void batch_done(std::size_t samples, double loss);
  /// The epoch is done.
  void epoch_done(const epoch& done);

 private:
  using clock = std::chrono::steady_clock;
  void write(const std::string& line) const;

  bool shown_, begun_ = false;
  int descriptor_;
  standing now_;
  clock::time_point start_, epoch_start_, last_drawn_;
};

}  // namespace xtape::fit
