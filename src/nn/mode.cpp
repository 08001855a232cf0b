#include <xtape/nn/mode.hpp>

#include <xtape/tape/tape.hpp>

#include <utility>

namespace xtape {

namespace {
constinit thread_local detail::layer_mode mode{};
}  // namespace

detail::layer_mode_scope::layer_mode_scope(layer_mode next) noexcept
    : before_(std::exchange(mode, next)) {}
detail::layer_mode_scope::~layer_mode_scope() { mode = before_; }

bool nn::is_training() noexcept {
  return mode == detail::layer_mode::by_tape ? tape::current() != nullptr
                                             : mode == detail::layer_mode::training;
}

}  // namespace xtape
