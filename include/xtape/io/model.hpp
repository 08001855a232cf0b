#pragma once

#include <xtape/io/npy.hpp>
#include <xtape/io/state.hpp>

#include <string>
#include <vector>

namespace xtape::io {

/// What the weights of a model are written to.
enum class format { safetensors, npz };

/// By the end of the name: ".safetensors" or ".npz". Throws io_error for any other.
XTAPE_API format format_of(const std::string& path, location where = location::current());

namespace detail {

XTAPE_API void save_model(const std::vector<slot>& slots, const std::string& path, location where);
XTAPE_API void load_model(const std::vector<slot>& slots, const std::string& path,
                          const read_options& options, location where);

template <class Module>
std::vector<slot> weights(const Module& model) {
  std::vector<slot> slots;
  list_state(model, {}, false, slots);
  return slots;
}

}  // namespace detail

/// Writes the weights of a model, or of any module: its parameters and buffers, under the names
/// that nn::for_each_state gives them ("0.weight"), in a safetensors file or a NumPy archive (see
/// format_of). Generators are no weights: a checkpoint keeps them.
/// Throws domain_error where two members have the same name; io_error where the file cannot be
/// written; one that was there before is then as it was.
template <detail::stateful Module>
void save(const Module& model, const std::string& path, location where = location::current()) {
  detail::save_model(detail::weights(model), path, where);
}

/// Reads what save wrote, or another program: an array for each parameter and buffer, of the same
/// name and shape, and none besides. Numbers of other types are taken where they are equal to one
/// of the model's (see read_options). An optimizer goes on with the new values; what a tape
/// recorded with the old ones can no longer run backward.
/// Throws io_error for a file that is broken (see read_safetensors, read_npz), and one that lists
/// every difference where names or shapes are not the model's; nothing has changed then.
template <detail::stateful Module>
void load(const Module& model, const std::string& path, const read_options& options = {},
          location where = location::current()) {
  detail::load_model(detail::weights(model), path, options, where);
}

}  // namespace xtape::io
