#pragma once
// State into files and back.

#include <xtape/io/state.hpp>

#include <functional>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace xtape::io::detail {

/// The pieces of all slots, and the copies that some of them refer to.
struct pieces {
  std::vector<piece> list;
  std::vector<rng::state_type> generators;
};

/// Throws domain_error where two slots have the same name.
pieces pieces_of(const char* operation, const std::vector<slot>& slots, location where);

/// Which numbers are taken.
struct loading {
  bool same_types;  ///< those of the slot's own type only
  read_options options = {};
  /// Called when all numbers were read and are about to be set: the last chance to throw.
  std::function<void()> before = {};
};

/// Sets all slots from the file, or throws an io_error and has changed nothing.
void load_state(const archive& from, const char* operation, const std::vector<slot>& slots,
                const loading& how, location where);

}  // namespace xtape::io::detail
