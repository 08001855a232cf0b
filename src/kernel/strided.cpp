#include "kernel/strided.hpp"

namespace xtape::kernel {

template <class T>
void strided_add(std::size_t rank, const std::size_t* sizes, const T* from,
                 const std::size_t* from_steps, T* to, const std::size_t* to_steps) {
  if (rank == 0) {
    *to += *from;
  } else if (rank > 1) {
    for (std::size_t i = 0; i < *sizes; ++i)
      strided_add(rank - 1, sizes + 1, from + i * *from_steps, from_steps + 1, to + i * *to_steps,
                  to_steps + 1);
  } else if (*to_steps == 0) {
    double total = 0;
    for (std::size_t i = 0; i < *sizes; ++i) total += static_cast<double>(from[i * *from_steps]);
    *to += static_cast<T>(total);
  } else {
    for (std::size_t i = 0; i < *sizes; ++i) to[i * *to_steps] += from[i * *from_steps];
  }
}

template void strided_add(std::size_t, const std::size_t*, const float*, const std::size_t*, float*,
                          const std::size_t*);
template void strided_add(std::size_t, const std::size_t*, const double*, const std::size_t*,
                          double*, const std::size_t*);

}  // namespace xtape::kernel
