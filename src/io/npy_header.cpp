#include "io/npy_header.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string_view>

namespace xtape::io::detail {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct named_type {
  std::string_view name;
  element type;
};
constexpr named_type types[] = {
    {"b1", element::boolean}, {"i1", element::i8},  {"i2", element::i16}, {"i4", element::i32},
    {"i8", element::i64},     {"u1", element::u8},  {"u2", element::u16}, {"u4", element::u32},
    {"u8", element::u64},     {"f2", element::f16}, {"f4", element::f32}, {"f8", element::f64},
};

/// Reads the header's text: a Python dict of a string, a bool and a tuple of integers, and nothing
/// else.
class dict_reader {
 public:
  dict_reader(const stream& from, std::string_view text, std::uint64_t origin)
      : from_(from), text_(text), origin_(origin) {}

  tensor read() {
    tensor result{};
    expect('{');
    while (!next_is('}')) {
      const std::size_t begin = at_;
      const std::string_view key = string();
      expect(':');
      if (key == "descr")
        once(descr_, begin, key), descr(result);
      else if (key == "fortran_order")
        once(order_, begin, key), result.column_major = boolean();
      else if (key == "shape")
        once(shape_, begin, key), shape(result);
      else
        fail(begin, "unknown key " + in_quotes(key) + ": descr, fortran_order and shape are read");
      if (!next_is(',')) {
        if (!next_is('}')) fail(at_, "',' or '}' is missing in the header");
        break;
      }
      ++at_;
    }
    expect('}');
    space();
    if (at_ < text_.size()) fail(at_, "more text follows the header's dict");
    for (const auto& [found, key] : {std::pair{descr_, "descr"}, std::pair{order_, "fortran_order"},
                                     std::pair{shape_, "shape"}})
      if (!found) fail(0, "the header has no '" + std::string(key) + "'");
    return result;
  }

 private:
  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    from_.fail_at(origin_ + at, what);
  }
  void once(bool& found, std::size_t begin, std::string_view key) const {
    if (found) fail(begin, "the header has " + in_quotes(key) + " twice");
    found = true;
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool next_is(char c) {
    space();
    return at_ < text_.size() && text_[at_] == c;
  }
  void expect(char c) {
    if (!next_is(c)) fail(at_, std::string("'") + c + "' is missing in the header");
    ++at_;
  }
  std::string_view string() {
    if (!next_is('\'') && !next_is('"')) fail(at_, "a string is missing in the header");
    const char quote = text_[at_++];
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail(at_ - 1, "a string has no end in the header");
    const std::string_view value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }
  bool boolean() {
    space();
    for (const auto& [text, value] :
         {std::pair{std::string_view("True"), true}, std::pair{std::string_view("False"), false}})
      if (text_.substr(at_, text.size()) == text) {
        at_ += text.size();
        return value;
      }
    fail(at_, "fortran_order is neither True nor False");
  }
  void descr(tensor& result) {
    if (next_is('[')) fail(at_, "the elements are structures: only plain numbers are read");
    const std::size_t begin = at_;
    const std::string_view text = string();
    const auto refuse = [&](const std::string& what) {
      fail(begin, "elements of type " + in_quotes(text) + what);
    };
    if (text.size() >= 2 && text[1] == 'O')
      refuse(" are Python objects, which only Python reads: save an array of numbers");
    const auto found = std::find_if(
        std::begin(types), std::end(types),
        [&](const named_type& each) { return text.size() == 3 && text.substr(1) == each.name; });
    if (found == std::end(types))
      refuse(": bool, integers and floats of 16, 32 and 64 bits are read");
    result.type = found->type;
    const bool single = size_of(found->type) == 1;
    if (text[0] != '<' && text[0] != '>' && !(single && text[0] == '|'))
      refuse(": the byte order is not told by '<' or '>'");
    result.big_endian = text[0] == '>';
  }
  void shape(tensor& result) {
    expect('(');
    bool comma = true;
    while (!next_is(')')) {
      if (!comma) fail(at_, "',' or ')' is missing in the shape");
      if (result.shape.size() == max_rank)
        fail(at_, "the array has more than " + std::to_string(max_rank) + " axes");
      result.shape.push_back(integer());
      comma = next_is(',');
      if (comma) ++at_;
    }
    if (result.shape.size() == 1 && !comma) fail(at_, "the shape is no tuple: ',' is missing");
    ++at_;
  }
  std::size_t integer() {
    space();
    const std::size_t begin = at_;
    std::size_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::size_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::size_t>::max() - digit) / 10)
        fail(begin, "a size in the shape is out of range");
      value = 10 * value + digit;
    }
    if (at_ == begin) fail(at_, "a size of the shape is missing");
    return value;
  }

  const stream& from_;
  std::string_view text_;
  std::uint64_t origin_;
  std::size_t at_ = 0;
  bool descr_ = false, order_ = false, shape_ = false;
};

}  // namespace

tensor read_npy_header(stream& from) {
  std::array<std::uint8_t, 8> begin{};
  from.read(begin);
  if (!std::equal(magic.begin(), magic.end(), begin.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    from.fail_at(0, "is no NumPy file: it does not begin with \\x93NUMPY");
  if (begin[6] < 1 || begin[6] > 3 || begin[7] != 0)
    from.fail_at(6, "version " + std::to_string(begin[6]) + '.' + std::to_string(begin[7]) +
                        " of the format: 1.0, 2.0 and 3.0 are read");
  std::array<std::uint8_t, 4> length{};
  from.read(std::span(length).first(begin[6] == 1 ? 2 : 4));
  const std::size_t size = length[0] + std::size_t{length[1]} * 0x100 +
                           std::size_t{length[2]} * 0x10000 + std::size_t{length[3]} * 0x1000000;
  if (size > from.left())
    from.fail_at(8, "truncated: the header has " + std::to_string(size) + " bytes, " +
                        std::to_string(from.left()) + " are there");
  const std::uint64_t origin = from.offset();
  std::string text(size, ' ');
  from.read({reinterpret_cast<std::uint8_t*>(text.data()), size});
  tensor result = dict_reader(from, text, origin).read();

  const auto bytes = bytes_of(result.shape, result.type);
  const std::string declared = to_string(result.shape) + " declares ";
  if (!bytes) from.fail_at(origin, declared + "more than memory can hold");
  if (*bytes > from.left())
    from.fail_at(from.size(), "truncated: " + declared + std::to_string(*bytes) + " bytes, " +
                                  std::to_string(from.left()) + " are there");
  if (*bytes < from.left())
    from.fail_at(from.offset() + *bytes, std::to_string(from.left() - *bytes) +
                                             " more bytes follow the " + std::to_string(*bytes) +
                                             " that " + to_string(result.shape) + " declares");
  return result;
}

std::string npy_header(const piece& array) {
  const auto* type = std::find_if(std::begin(types), std::end(types),
                                  [&](const named_type& each) { return each.type == array.type; });
  const char order = size_of(array.type) == 1                     ? '|'
                     : std::endian::native == std::endian::little ? '<'
                                                                  : '>';
  std::string text =
      "{'descr': '" + (order + std::string(type->name)) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < array.shape.size(); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(array.shape[i]);
  text += array.shape.size() == 1 ? ",), }" : "), }";
  // NumPy leaves room for axis 0 to grow to 20 digits. Up to 8 axes it makes no difference: 128
  // bytes in all.
  constexpr std::size_t ahead = 10, alignment = 64;
  text.append(alignment - (ahead + text.size() + 1) % alignment, ' ');
  text += '\n';
  std::string header(magic);
  header +=
      {'\x01', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace xtape::io::detail
