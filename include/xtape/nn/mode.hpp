#pragma once

#include <xtape/array/config.hpp>

#include <cstdint>

namespace xtape::detail {

enum class layer_mode : std::uint8_t { by_tape, training, evaluation };

/// While it lives, layers on this thread are in that mode; then in the one before.
class XTAPE_API layer_mode_scope : pinned {
 public:
  explicit layer_mode_scope(layer_mode mode) noexcept;
  ~layer_mode_scope();

 private:
  layer_mode before_;
};

}  // namespace xtape::detail

namespace xtape::nn {

/// Whether layers whose training and evaluation differ (dropout, batch_norm) train now: while a tape records on this
/// thread, and otherwise not. Without a tape nothing can be learned, so a program has no switch to forget. Only a
/// layer that trains changes its state, so threads may share a model where none of them has a tape.
XTAPE_API bool is_training() noexcept;

/// While it lives, layers on this thread evaluate though a tape may record: to check gradients, or to differentiate
/// a trained model. Scopes nest; the innermost counts.
///
///     const xp::nn::evaluation mode;
struct evaluation : xtape::detail::layer_mode_scope {
  evaluation() noexcept : layer_mode_scope(xtape::detail::layer_mode::evaluation) {}
};

/// While it lives, layers on this thread train though no tape may record: say, to sample a model with its dropout at
/// work (Gal and Ghahramani, Dropout as a Bayesian approximation, ICML 2016). That goes for every layer: batch_norm
/// then takes the batch's statistics, and counts the batch among its own.
struct training : xtape::detail::layer_mode_scope {
  training() noexcept : layer_mode_scope(xtape::detail::layer_mode::training) {}
};

}  // namespace xtape::nn
