#pragma once

#include <cstdint>
#include <vector>

/// One of the nine layers of the class exercise: an affine map and the sigmoid behind it.
struct layer_figures {
  int layer;                       ///< 1 is the one that sees the data
  double mean_activation;          ///< of the layer's output
  double gradient_rms;             ///< of d(loss)/d(the layer's input), over samples and units
  double gradient_mean_magnitude;  ///< mean |d(loss)/d(the layer's input)|
  double factor;     ///< gradient_rms over that at the layer's output, the next layer's input
  double predicted;  ///< what the initializer lets expect for the factor
};

/// 1000 samples of 500 features in [-1, 1]; nine affine layers, 500-512x8-1, weights N(0, 0.01^2), zero
/// biases, a sigmoid after each; squared error. One forward and one backward sweep.
std::vector<layer_figures> class_exercise(std::uint64_t seed);
