#include <xtape/nn/dropout.hpp>

#include <xtape/array/text.hpp>
#include <xtape/nn/mode.hpp>
#include <xtape/ops/arithmetic.hpp>

#include "kernel/parallel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace xtape::nn {
namespace {

// 0 with probability p, else 1 / (1 - p). An element takes 32 bits, half a draw. Draw k is a pure function of the
// generator and k, so every thread begins at its own.
template <real T>
array<T> mask_of(const shape_type& shape, double p, rng& random) {
  array<T> mask = empty<T>(shape);
  const auto limit = static_cast<std::uint64_t>(std::llround(p * 0x1p32));
  const T kept = static_cast<T>(1 / (1 - p));
  const std::size_t size = mask.size(), draws = (size + 1) / 2;
  kernel::parallel_for(draws, size, 256, [&](std::size_t begin, std::size_t end) {
    std::array<std::uint64_t, 256> words;
    rng mine = random;
    mine.discard(begin);
    while (begin < end) {
      const std::size_t count = std::min(words.size(), end - begin);
      mine.fill_bits({words.data(), count});
      T* const to = mask.data() + 2 * begin;
      const std::size_t pairs = 2 * (begin + count) > size ? count - 1 : count;
      for (std::size_t i = 0; i < pairs; ++i) {
        to[2 * i] = (words[i] & 0xFFFFFFFF) < limit ? T(0) : kept;
        to[2 * i + 1] = (words[i] >> 32) < limit ? T(0) : kept;
      }
      if (pairs < count) to[2 * pairs] = (words[pairs] & 0xFFFFFFFF) < limit ? T(0) : kept;
      begin += count;
    }
  });
  random.discard(draws);
  return mask;
}

template <real T>
variable<T> run(const dropout& layer, const operand<T>& x) {
  if (!is_training() || layer.p == 0) return xtape::detail::held(x);
  return x * variable<T>(mask_of<T>(x.shape(), layer.p, layer.source.mutable_value()));
}

double checked(double p, location where) {
  if (!(p >= 0 && p < 1))
    throw domain_error("dropout: p = " + number_text(p) + ": must be in [0, 1)", where);
  return p;
}

}  // namespace

dropout::dropout(double probability, rng& random, location where)
    : p(checked(probability, where)), source(rng(random())) {}

variable<float> dropout::operator()(const operand<float>& x) const { return run(*this, x); }
variable<double> dropout::operator()(const operand<double>& x) const { return run(*this, x); }

}  // namespace xtape::nn
