#include "io/tensor.hpp"

#include <xtape/array/text.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "array/addressable.hpp"

namespace xtape::io::detail {
namespace {

static_assert(std::endian::native == std::endian::little ||
              std::endian::native == std::endian::big);
constexpr bool native_is_big = std::endian::native == std::endian::big;
constexpr std::size_t buffered = std::size_t{1} << 16;  // a multiple of every element's size

template <class Bits>
Bits load(const std::uint8_t* from, bool swapped) {
  std::array<std::uint8_t, sizeof(Bits)> bytes;
  std::copy_n(from, sizeof(Bits), bytes.begin());
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Bits>(bytes);
}

/// IEEE's half: a sign, 5 bits of exponent, 10 of fraction.
float from_half(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
  const int exponent = (bits >> 10) & 31;
  const std::uint32_t fraction = bits & 0x3FFu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | static_cast<std::uint32_t>(exponent + 112) << 23 |
                              (fraction << 13));
}

template <class N>
std::string text_of(N value) {
  if constexpr (std::is_floating_point_v<N>)
    return number_text(static_cast<double>(value));
  else
    return std::to_string(value);
}

/// Whether the T that was made of a number is equal to it, or stands for it where that is enough.
template <class T, class N>
bool is_taken(N number, T made, bool round) {
  if constexpr (std::is_floating_point_v<N>) {
    if constexpr (sizeof(N) <= sizeof(T)) return true;
    if (std::isnan(number) || static_cast<N>(made) == number) return true;
    return round && std::isfinite(made);
  } else if constexpr (std::numeric_limits<N>::digits <= std::numeric_limits<T>::digits) {
    return true;
  } else {
    if (round) return true;
    // The T may be 2^64, which is no N.
    constexpr T end = static_cast<T>(std::numeric_limits<N>::max() / 2 + 1) * 2;
    return made < end && static_cast<N>(made) == number;
  }
}

/// Numbers in the file's order become numbers in row-major order.
template <real T>
class placed {
 public:
  placed(const tensor& what, T* to) : to_(to), shape_(what.shape) {
    turned_ = what.column_major && shape_.size() > 1;
    strides_.resize(shape_.size());
    at_.resize(shape_.size(), 0);
    std::size_t stride = 1;
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      strides_[axis] = stride;
      stride *= shape_[axis];
    }
  }

  void put(T value) {
    to_[place_] = value;
    if (!turned_) {
      ++place_;
      return;
    }
    for (std::size_t axis = 0; axis < shape_.size(); ++axis) {
      place_ += strides_[axis];
      if (++at_[axis] < shape_[axis]) return;
      place_ -= strides_[axis] * shape_[axis];
      at_[axis] = 0;
    }
  }

 private:
  T* to_;
  shape_type shape_, strides_, at_;
  std::size_t place_ = 0;
  bool turned_;
};

/// Calls read(tag of the type as it stands in memory).
template <class Read>
void with_type(element type, const Read& read) {
  switch (type) {
    case element::boolean:
      return read(bool{});
    case element::i8:
      return read(std::int8_t{});
    case element::i16:
      return read(std::int16_t{});
    case element::i32:
      return read(std::int32_t{});
    case element::i64:
      return read(std::int64_t{});
    case element::u8:
      return read(std::uint8_t{});
    case element::u16:
      return read(std::uint16_t{});
    case element::u32:
      return read(std::uint32_t{});
    case element::u64:
      return read(std::uint64_t{});
    case element::f16:
    case element::bf16:
    case element::f32:
      return read(float{});
    case element::f64:
      return read(double{});
  }
}

template <class N>
N number_at(const std::uint8_t* from, element type, bool swapped) {
  if constexpr (std::is_same_v<N, float>) {
    if (type == element::f16) return from_half(load<std::uint16_t>(from, swapped));
    if (type == element::bf16)
      return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(from, swapped)} << 16);
  }
  return load<N>(from, swapped);
}

template <>
bool number_at<bool>(const std::uint8_t* from, element, bool) {
  return *from != 0;
}

}  // namespace

std::size_t size_of(element type) noexcept {
  switch (type) {
    case element::boolean:
    case element::i8:
    case element::u8:
      return 1;
    case element::i16:
    case element::u16:
    case element::f16:
    case element::bf16:
      return 2;
    case element::i32:
    case element::u32:
    case element::f32:
      return 4;
    default:
      return 8;
  }
}

std::optional<std::size_t> bytes_of(const shape_type& shape, element type) noexcept {
  const auto size = xtape::detail::addressable_size(shape);
  if (!size) return std::nullopt;
  return *size * size_of(type);
}

template <real T>
void read_numbers(stream& from, const tensor& what, const read_options& options, T* to) {
  const std::size_t width = size_of(what.type);
  const std::size_t count = *bytes_of(what.shape, what.type) / width;
  const bool swapped = what.big_endian != native_is_big;
  if (what.type == element_of<T> && !swapped && !(what.column_major && what.shape.size() > 1)) {
    from.read({reinterpret_cast<std::uint8_t*>(to), count * width});
    return;
  }
  std::vector<std::uint8_t> buffer(std::min(count * width, buffered));
  placed<T> target(what, to);
  with_type(what.type, [&](auto tag) {
    using number = decltype(tag);
    for (std::size_t done = 0; done < count;) {
      const std::size_t taken = std::min(count - done, buffered / width);
      const std::uint64_t begin = from.offset();
      from.read({buffer.data(), taken * width});
      for (std::size_t i = 0; i < taken; ++i) {
        const std::uint8_t* const bytes = buffer.data() + i * width;
        if (std::is_same_v<number, bool> && *bytes > 1)
          from.fail_at(begin + i, std::to_string(*bytes) + " is no bool: 0 or 1");
        const auto value = number_at<number>(bytes, what.type, swapped);
        const auto made = static_cast<T>(value);
        if (!is_taken(value, made, options.round))
          from.fail_at(
              begin + i * width,
              text_of(value) + " (number " + std::to_string(done + i) +
                  (std::isfinite(made) && !options.round
                       ? ") is not exactly a " + std::string(sizeof(T) == 4 ? "float" : "double") +
                             ": allow rounding with {.round = true}"
                       : ") is too great for a float"));
        target.put(made);
      }
      done += taken;
    }
  });
}

void read_bytes(stream& from, const tensor& what, void* to) {
  const std::size_t width = size_of(what.type);
  const std::size_t size = *bytes_of(what.shape, what.type);
  auto* const bytes = static_cast<std::uint8_t*>(to);
  from.read({bytes, size});
  if (what.big_endian != native_is_big)
    for (std::size_t i = 0; i < size; i += width) std::reverse(bytes + i, bytes + i + width);
}

template <real T>
named_arrays<T> read_all(const archive& from, const read_options& options) {
  named_arrays<T> result;
  for (std::size_t i = 0; i < from.tensors().size(); ++i) {
    const tensor& each = from.tensors()[i];
    const std::unique_ptr<stream> numbers = from.open(i);
    array<T> values = empty<T>(each.shape);
    read_numbers(*numbers, each, options, values.data());
    result.emplace(each.name, std::move(values));
  }
  return result;
}

template void read_numbers<float>(stream&, const tensor&, const read_options&, float*);
template void read_numbers<double>(stream&, const tensor&, const read_options&, double*);
template named_arrays<float> read_all<float>(const archive&, const read_options&);
template named_arrays<double> read_all<double>(const archive&, const read_options&);

}  // namespace xtape::io::detail
