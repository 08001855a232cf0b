#pragma once
// The one loop under every first-order optimizer.

#include <xtape/array/array.hpp>

#include <array>
#include <cstddef>
#include <utility>

#include "kernel/lane.hpp"
#include "kernel/parallel.hpp"

namespace xtape::optim::detail {

using kernel::lane;

/// The numbers of one parameter: what moves them, and what is remembered of it.
template <real T>
struct elements {
  std::size_t count;
  const T* gradient;
  T* weight;
  std::array<T*, 3> kept;
};

/// Calls move(g, w, kept...) for registers of all elements, with references to what it may change: all but g. One pass
/// over memory; an element's result does not depend on where it stands.
template <std::size_t Kept, real T, class F>
void update(const elements<T>& of, const F& move) {
  kernel::parallel_for(of.count, of.count, 64, [&](std::size_t begin, std::size_t end) {
    // Copies, to be held in registers: for all the compiler knows, what is stored lies over the originals.
    const F here = move;
    const elements<T> at = of;
    const auto run = [&]<std::size_t... K>(std::index_sequence<K...>, const auto& load,
                                           const auto& store) {
      const lane<T> g = load(at.gradient);
      lane<T> w = load(at.weight);
      std::array<lane<T>, Kept> kept{load(at.kept[K])...};
      here(g, w, kept[K]...);
      store(at.weight, w);
      (store(at.kept[K], kept[K]), ...);
    };
    constexpr std::make_index_sequence<Kept> all;
    std::size_t i = begin;
    for (; i + kernel::lane_size<T> <= end; i += kernel::lane_size<T>)
      run(
          all, [i](const T* from) { return kernel::load(from + i); },
          [i](T* to, const lane<T>& value) { kernel::store(to + i, value); });
    if (const std::size_t rest = end - i; rest > 0)
      run(
          all, [i, rest](const T* from) { return kernel::load_partial(from + i, rest); },
          [i, rest](T* to, const lane<T>& value) { kernel::store_partial(to + i, value, rest); });
  });
}

/// An option in every element of a register.
template <real T>
lane<T> lanes(double option) {
  return lane<T>(static_cast<T>(option));
}

}  // namespace xtape::optim::detail
