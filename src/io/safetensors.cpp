#include "io/safetensors.hpp"

#include <zlib.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

namespace xtape::io::detail {
namespace {

constexpr std::size_t prefix = 8;  // bytes that hold the header's length
constexpr std::string_view metadata_name = "__metadata__";

struct named_type {
  std::string_view name;
  element type;
};
constexpr named_type types[] = {
    {"BOOL", element::boolean}, {"I8", element::i8},     {"I16", element::i16},
    {"I32", element::i32},      {"I64", element::i64},   {"U8", element::u8},
    {"U16", element::u16},      {"U32", element::u32},   {"U64", element::u64},
    {"F16", element::f16},      {"BF16", element::bf16}, {"F32", element::f32},
    {"F64", element::f64},
};

/// Walks over text, and lets somebody else see how far.
class watched_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  watched_iterator(const char* at, const char** seen) : at_(at), seen_(seen) {}
  reference operator*() const { return *at_; }
  watched_iterator& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  watched_iterator operator++(int) {
    watched_iterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const watched_iterator& a, const watched_iterator& b) {
    return a.at_ == b.at_;
  }

 private:
  const char* at_;
  const char** seen_;
};

struct declared {
  tensor what;
  std::uint64_t offsets[2];
};

/// Takes the header as the parser reads it: no document is built, and nothing nests deeper than the
/// format does.
class header_reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  header_reader(const input_file& file, std::string_view text) : file_(file), text_(text) {}

  void read(std::vector<declared>& tensors, text_map& metadata) {
    tensors_ = &tensors;
    metadata_ = &metadata;
    seen_ = text_.data();
    const char* unseen = nullptr;
    const char* const end = text_.data() + text_.size();
    nlohmann::json::sax_parse(watched_iterator(text_.data(), &seen_),
                              watched_iterator(end, &unseen), this);
  }

 private:
  enum class level { outside, top, metadata, tensor, shape, offsets };

  /// At the last byte that was read.
  [[noreturn]] void fail(const std::string& what) const {
    const auto read = static_cast<std::uint64_t>(seen_ - text_.data());
    file_.fail_at(prefix + (read > 0 ? read - 1 : 0), what);
  }
  [[noreturn]] void fail_here(const std::string& what) const {
    fail((tensor_name_.empty() ? "" : "tensor " + in_quotes(tensor_name_) + ": ") + what);
  }
  [[noreturn]] void unexpected(const char* what) const {
    switch (level_) {
      case level::outside:
        fail("the header is " + std::string(what) + ": it must be an object");
      case level::top:
        fail(in_quotes(key_) + " is " + what + ": it must be an object");
      case level::metadata:
        fail("the metadata " + in_quotes(key_) + " is " + what + ": it must be a text");
      default:
        fail_here(key_ + " has " + what + " where it must not");
    }
  }

 public:  // what the parser calls
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a bool"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override {
    unexpected("a number that is no integer of 64 bits");
  }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (level_ == level::shape) {
      shape_type& shape = tensors_->back().what.shape;
      if (shape.size() == max_rank)
        fail_here("it has more than " + std::to_string(max_rank) + " axes");
      shape.push_back(static_cast<std::size_t>(value));
    } else if (level_ == level::offsets) {
      if (offsets_ == 2) fail_here("data_offsets has more than two numbers");
      tensors_->back().offsets[offsets_++] = value;
    } else {
      unexpected("a number");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (level_ == level::metadata) {
      (*metadata_)[key_] = value;
    } else if (level_ == level::tensor && key_ == "dtype") {
      const auto* found = std::find_if(std::begin(types), std::end(types),
                                       [&](const named_type& each) { return each.name == value; });
      if (found == std::end(types))
        fail_here("dtype " + in_quotes(value) +
                  ": BOOL, I8 to I64, U8 to U64, F16, BF16, F32 and F64 are read");
      tensors_->back().what.type = found->type;
    } else {
      unexpected("a text");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (level_ == level::outside) {
      level_ = level::top;
    } else if (level_ == level::top) {
      level_ = key_ == metadata_name ? level::metadata : level::tensor;
      if (level_ == level::tensor) {
        tensor_name_ = key_;
        tensors_->push_back({});
        tensors_->back().what.name = key_;
        fields_ = {};
      }
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    if (level_ == level::tensor) {
      const auto* const known = std::find(std::begin(field_names), std::end(field_names), value);
      if (known == std::end(field_names)) fail_here("unknown key " + in_quotes(value));
      bool& there = fields_[static_cast<std::size_t>(known - std::begin(field_names))];
      if (there) fail_here(value + " is there twice");
      there = true;
    } else if (level_ == level::top) {
      if (!names_.insert(value).second) fail("there are two arrays " + in_quotes(value));
    } else if (metadata_->count(value) != 0) {
      fail("the metadata has " + in_quotes(value) + " twice");
    }
    key_ = value;
    return true;
  }

  bool end_object() override {
    if (level_ == level::tensor) {
      for (std::size_t i = 0; i < fields_.size(); ++i)
        if (!fields_[i]) fail_here("it has no " + std::string(field_names[i]));
      tensor_name_.clear();
    }
    level_ = level_ == level::top ? level::outside : level::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (level_ == level::tensor && key_ == "shape") {
      level_ = level::shape;
    } else if (level_ == level::tensor && key_ == "data_offsets") {
      level_ = level::offsets;
      offsets_ = 0;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    if (level_ == level::offsets && offsets_ != 2) fail_here("data_offsets has not two numbers");
    level_ = level::tensor;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    fail("the header is no valid JSON here");
  }

 private:
  static constexpr std::string_view field_names[] = {"dtype", "shape", "data_offsets"};

  const input_file& file_;
  std::string_view text_;
  const char* seen_ = nullptr;
  std::vector<declared>* tensors_ = nullptr;
  text_map* metadata_ = nullptr;
  level level_ = level::outside;
  std::string key_, tensor_name_;
  std::set<std::string> names_;
  std::array<bool, std::size(field_names)> fields_{};
  std::size_t offsets_ = 0;
};

/// Every byte of the data belongs to one tensor, which has as many as its shape says.
void check_layout(const input_file& file, std::uint64_t data, std::vector<declared>& tensors) {
  const std::uint64_t size = file.size() - data;
  std::stable_sort(tensors.begin(), tensors.end(), [](const declared& a, const declared& b) {
    return std::pair(a.offsets[0], a.offsets[1]) < std::pair(b.offsets[0], b.offsets[1]);
  });
  std::uint64_t end = 0;
  const declared* before = nullptr;
  for (const declared& each : tensors) {
    const std::string called = "tensor " + in_quotes(each.what.name);
    const std::string place = called + ", bytes " + std::to_string(each.offsets[0]) + " to " +
                              std::to_string(each.offsets[1]) + " of the data";
    const auto [first, last] = each.offsets;
    const auto here = [&](const std::string& what) { file.fail_at(data + end, place + what); };
    if (first > last) here(": it ends before it begins");
    if (last > size)
      file.fail_at(file.size(), "truncated: " + place + ": there are " + std::to_string(size));
    if (first < end) here(": it overlaps tensor " + in_quotes(before->what.name));
    if (first > end)
      here(": there is a hole ahead of it, from byte " + std::to_string(end) + " on");
    const auto bytes = bytes_of(each.what.shape, each.what.type);
    if (!bytes || *bytes != last - first)
      here(": as " + safetensors_name(each.what.type) + ' ' + to_string(each.what.shape) +
           (bytes ? " it has " + std::to_string(*bytes) + " bytes"
                  : " it is more than memory can hold"));
    end = last;
    before = &each;
  }
  if (end < size)
    file.fail_at(data + end, std::to_string(size - end) + " more bytes follow the last tensor");
}

}  // namespace

std::string safetensors_name(element type) {
  return std::string(std::find_if(std::begin(types), std::end(types), [&](const named_type& each) {
                       return each.type == type;
                     })->name);
}

safetensors_archive::safetensors_archive(const char* operation, const std::string& path,
                                         location where)
    : archive(operation, path, where) {
  if (file_.size() < prefix) file_.fail_at(file_.size(), "truncated: is no safetensors file");
  std::array<std::uint8_t, prefix> length{};
  file_.read(0, length);
  std::uint64_t size = 0;
  for (std::size_t i = prefix; i-- > 0;) size = size << 8 | length[i];
  if (size > file_.size() - prefix)
    file_.fail_at(0, "truncated, or no safetensors file: the header has " + std::to_string(size) +
                         " bytes, " + std::to_string(file_.size() - prefix) + " are there");
  data_ = prefix + size;
  std::string text(static_cast<std::size_t>(size), ' ');
  file_.read(prefix, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  std::vector<declared> found;
  header_reader(file_, text).read(found, metadata_);
  check_layout(file_, data_, found);
  for (declared& each : found) {
    begins_.push_back(each.offsets[0]);
    tensors_.push_back(std::move(each.what));
  }
}

std::unique_ptr<stream> safetensors_archive::open(std::size_t i) const {
  const tensor& each = tensors_[i];
  return std::make_unique<file_part>(file_, data_ + begins_[i], *bytes_of(each.shape, each.type),
                                     "tensor " + in_quotes(each.name) + ": ", data_ + begins_[i]);
}

std::uint32_t safetensors_archive::crc() const {
  std::vector<std::uint8_t> buffer(std::size_t{1} << 16);
  uLong crc = crc32(0, nullptr, 0);
  for (std::uint64_t at = data_; at < file_.size();) {
    const auto taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(file_.size() - at, buffer.size()));
    file_.read(at, std::span(buffer).first(taken));
    crc = crc32(crc, buffer.data(), static_cast<uInt>(taken));
    at += taken;
  }
  return static_cast<std::uint32_t>(crc);
}

namespace {

/// Calls use(address, size) for the numbers of a piece, little-endian.
template <class Use>
void with_little_endian(const piece& each, const Use& use) {
  const std::size_t size = each.bytes(), width = size_of(each.type);
  const auto* const bytes = static_cast<const std::uint8_t*>(each.numbers);
  if (size == 0) return;
  if constexpr (std::endian::native == std::endian::little) {
    use(bytes, size);
  } else {
    std::vector<std::uint8_t> turned(bytes, bytes + size);
    for (std::size_t i = 0; i < size; i += width)
      std::reverse(turned.data() + i, turned.data() + i + width);
    use(turned.data(), size);
  }
}

}  // namespace

std::uint32_t crc_of(const std::vector<piece>& pieces) {
  uLong crc = crc32(0, nullptr, 0);
  for (const piece& each : pieces)
    with_little_endian(each, [&](const std::uint8_t* bytes, std::size_t size) {
      crc = crc32_z(crc, bytes, size);
    });
  return static_cast<std::uint32_t>(crc);
}

void write_safetensors_file(const char* operation, const std::string& path,
                            const std::vector<piece>& pieces, const text_map& metadata,
                            location where) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(metadata_name)] = metadata;
  std::uint64_t end = 0;
  std::string text;
  for (const piece& each : pieces) {
    if (each.name == metadata_name)
      throw domain_error(
          std::string(operation) + ": an array must not be called " + in_quotes(each.name), where);
    const std::uint64_t begin = end;
    end += each.bytes();
    header[each.name] = {{"dtype", safetensors_name(each.type)},
                         {"shape", std::vector<std::size_t>(each.shape.begin(), each.shape.end())},
                         {"data_offsets", {begin, end}}};
  }
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw domain_error(std::string(operation) + ": a name or a text is not UTF-8", where);
  }
  text.append((prefix - text.size() % prefix) % prefix, ' ');

  output_file file(operation, path, where);
  std::string length;
  for (std::size_t i = 0; i < prefix; ++i)
    length += static_cast<char>(std::uint64_t{text.size()} >> (8 * i) & 0xFF);
  file.write(length);
  file.write(text);
  for (const piece& each : pieces)
    with_little_endian(
        each, [&](const std::uint8_t* bytes, std::size_t size) { file.write(bytes, size); });
  file.commit();
}

}  // namespace xtape::io::detail

namespace xtape::io {
namespace {

template <real T>
void write(const std::string& path, const named_arrays<T>& arrays, const text_map& metadata,
           location where) {
  std::vector<detail::piece> pieces;
  for (const auto& [name, values] : arrays) pieces.push_back(detail::piece_of(name, values));
  detail::write_safetensors_file("write_safetensors", path, pieces, metadata, where);
}

}  // namespace

template <real T>
named_arrays<T> read_safetensors(const std::string& path, const read_options& options,
                                 location where) {
  return detail::read_all<T>(detail::safetensors_archive("read_safetensors", path, where), options);
}

text_map read_safetensors_metadata(const std::string& path, location where) {
  return detail::safetensors_archive("read_safetensors_metadata", path, where).metadata();
}

void write_safetensors(const std::string& path, const named_arrays<float>& arrays,
                       const text_map& metadata, location where) {
  write(path, arrays, metadata, where);
}

void write_safetensors(const std::string& path, const named_arrays<double>& arrays,
                       const text_map& metadata, location where) {
  write(path, arrays, metadata, where);
}

template XTAPE_API named_arrays<float> read_safetensors<float>(const std::string&,
                                                               const read_options&, location);
template XTAPE_API named_arrays<double> read_safetensors<double>(const std::string&,
                                                                 const read_options&, location);

}  // namespace xtape::io
