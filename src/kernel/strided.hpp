#pragma once

#include <cstddef>

namespace xtape::kernel {

/// to[t] += from[f] over nested loops, outermost first: of the axis i there are sizes[i] steps, each of
/// from_steps[i] elements in `from` and of to_steps[i] in `to`. A step may be 0: then `to` receives a sum (made in
/// double), or `from` is repeated. The two must not overlap; rank <= max_rank.
template <class T>
void strided_add(std::size_t rank, const std::size_t* sizes, const T* from,
                 const std::size_t* from_steps, T* to, const std::size_t* to_steps);

}  // namespace xtape::kernel
