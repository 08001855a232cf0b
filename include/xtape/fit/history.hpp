#pragma once

#include <xtape/array/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xtape::fit {

/// A number and what it is: {"validation_loss", 0.31}.
struct measurement {
  std::string name;
  double value;
};
using measurements = std::vector<measurement>;

/// What an epoch came to.
struct epoch {
  std::int64_t number = 0;        ///< from 1
  double learning_rate = 0;       ///< of the optimizer's first group
  double loss = 0;                ///< mean over the samples, each batch's as it was before its step
  measurements measured = {};     ///< what options.measure returned after it
  double seconds = 0;             ///< its training took, measuring not counted
  double samples_per_second = 0;  ///< of training
};

/// Why training ended.
enum class reason {
  epochs,    ///< all are done
  patience,  ///< what is watched got no better any more
  callback   ///< a callback said so
};

/// All epochs of a training.
struct history {
  std::vector<epoch> epochs = {};
  std::int64_t best = 0;  ///< the number of the epoch whose weights the model has now
  reason end = reason::epochs;
};

}  // namespace xtape::fit
