#pragma once

#include <cstdint>
#include <type_traits>

namespace xtape::io {

/// The types that numbers have in files. f16 is IEEE's half, bf16 the upper half of a float.
enum class element : std::uint8_t {
  boolean,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  f16,
  bf16,
  f32,
  f64
};

namespace detail {

template <class N>
constexpr element element_for() {
  if constexpr (std::is_same_v<N, bool>) return element::boolean;
  if constexpr (std::is_same_v<N, float>) return element::f32;
  if constexpr (std::is_same_v<N, double>) return element::f64;
  constexpr bool is_signed = std::is_signed_v<N>;
  if constexpr (sizeof(N) == 1) return is_signed ? element::i8 : element::u8;
  if constexpr (sizeof(N) == 2) return is_signed ? element::i16 : element::u16;
  if constexpr (sizeof(N) == 4) return is_signed ? element::i32 : element::u32;
  return is_signed ? element::i64 : element::u64;
}

/// The type that a number of the program has in files.
template <class N>
requires(std::is_integral_v<N> || std::is_same_v<N, float> ||
         std::is_same_v<N, double>) inline constexpr element element_of = element_for<N>();

}  // namespace detail
}  // namespace xtape::io
