#include "fuzz/target.hpp"
#include "fuzz/training.hpp"

static const fuzz::target checkpoint("checkpoint", [](const std::string& path) {
  fuzz::training training;
  const auto before = training.bytes();
  try {
    training.checkpoint.load(path);
  } catch (const xtape::io_error&) {
    if (training.bytes() != before) fuzz::broken("a load that failed has changed something");
    throw;
  }
  // Whatever was loaded can go on.
  for (auto& batch : training.batches)
    if (batch.labels.empty()) fuzz::broken("an empty batch");
});
