#include "io/zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <numeric>
#include <string_view>
#include <utility>

#include "io/npy_header.hpp"

// Source: PKWARE, APPNOTE.TXT 6.3. A member is a local header and its bytes; a directory at the end
// of the file lists them all, and an end record says where the directory begins. Zip64 adds longer
// numbers, in an extra field of a directory's entry and in a second end record.
namespace xtape::io::detail {
namespace {

constexpr std::uint32_t local_signature = 0x04034B50, entry_signature = 0x02014B50,
                        end_signature = 0x06054B50, end64_signature = 0x06064B50,
                        locator_signature = 0x07064B50;
constexpr std::size_t local_size = 30, entry_size = 46, end_size = 22, end64_size = 56,
                      locator_size = 20;
constexpr std::uint64_t long16 = 0xFFFF, long32 = 0xFFFFFFFF;  // "the number is in the zip64 field"
constexpr std::uint64_t greatest_ratio = 1032;  // of deflate: zlib, "Maximum Expansion Factor"
constexpr std::string_view suffix = ".npy";

/// Little-endian numbers out of bytes that are there.
std::uint64_t number(std::span<const std::uint8_t> from, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | from[at + i];
  return value;
}

void append(std::string& to, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) to += static_cast<char>(value >> (8 * i) & 0xFF);
}

/// Why a name of a member is refused; nothing where it is not.
const char* fault_of(std::string_view name) {
  if (name.empty()) return "has no name";
  if (name.find('\0') != std::string_view::npos) return "has a zero byte in its name";
  if (name.front() == '/' || name.find('\\') != std::string_view::npos ||
      (name.size() > 1 && name[1] == ':'))
    return "leads out of the archive";
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return "leads out of the archive";
    begin = end + 1;
  }
  return nullptr;
}

/// Where the directory is.
struct directory_place {
  std::uint64_t begin, size, count;
};

directory_place find_directory(const input_file& file) {
  if (file.size() < end_size) file.fail_at(file.size(), "truncated: is no zip archive");
  // The end record is the last thing in the file but for a comment.
  const auto tail_size =
      static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), end_size + long16));
  std::vector<std::uint8_t> tail(tail_size);
  const std::uint64_t tail_begin = file.size() - tail_size;
  file.read(tail_begin, tail);
  std::size_t at = tail_size - end_size;
  const auto is_end = [&](std::size_t i) {
    return number(tail, i, 4) == end_signature &&
           i + end_size + number(tail, i + 20, 2) == tail_size;
  };
  while (at > 0 && !is_end(at)) --at;
  if (!is_end(at)) file.fail_at(file.size(), "truncated, or no zip archive: it has no end record");
  const std::uint64_t end_begin = tail_begin + at;
  const std::span<const std::uint8_t> record = std::span<const std::uint8_t>(tail).subspan(at);
  if (number(record, 4, 2) != number(record, 6, 2) ||
      (number(record, 4, 2) != 0 && number(record, 4, 2) != long16) ||
      number(record, 8, 2) != number(record, 10, 2))
    file.fail_at(end_begin + 4, "the archive is in several parts");
  directory_place place{number(record, 16, 4), number(record, 12, 4), number(record, 10, 2)};
  std::uint64_t limit = end_begin;  // what the directory must end at

  if (end_begin >= locator_size + end64_size) {
    std::array<std::uint8_t, locator_size> locator{};
    file.read(end_begin - locator_size, locator);
    if (number(locator, 0, 4) == locator_signature) {
      limit = number(locator, 8, 8);
      if (limit != end_begin - locator_size - end64_size)
        file.fail_at(end_begin - locator_size + 8,
                     "the zip64 end record is not ahead of its locator");
      std::array<std::uint8_t, end64_size> end64{};
      file.read(limit, end64);
      if (number(end64, 0, 4) != end64_signature)
        file.fail_at(limit, "there is no zip64 end record");
      if (number(end64, 4, 8) != end64_size - 12 || number(end64, 16, 8) != 0 ||
          number(end64, 24, 8) != number(end64, 32, 8))
        file.fail_at(limit + 4, "the zip64 end record is of another kind");
      place = {number(end64, 48, 8), number(end64, 40, 8), number(end64, 32, 8)};
    }
  }
  if (place.begin > limit || place.size != limit - place.begin)
    file.fail_at(end_begin + 12, "the directory, " + std::to_string(place.size) +
                                     " bytes from byte " + std::to_string(place.begin) +
                                     " on, does not end where the end record begins");
  if (place.count > place.size / entry_size)
    file.fail_at(end_begin + 10, std::to_string(place.count) +
                                     " members are declared: " + std::to_string(place.size) +
                                     " bytes of directory have no room for them");
  return place;
}

/// The zip64 field of an entry replaces each number that says so, in this order.
void read_zip64(const input_file& file, std::uint64_t at, std::span<const std::uint8_t> extra,
                std::initializer_list<std::uint64_t*> numbers) {
  while (extra.size() >= 4) {
    const std::uint64_t id = number(extra, 0, 2);
    const auto size = static_cast<std::size_t>(number(extra, 2, 2));
    extra = extra.subspan(4);
    if (size > extra.size()) break;
    if (id == 1) {
      std::size_t read = 0;
      for (std::uint64_t* const each : numbers) {
        if (*each != long32) continue;
        if (read + 8 > size) file.fail_at(at, "the zip64 field is too short");
        *each = number(extra, read, 8);
        read += 8;
      }
      return;
    }
    extra = extra.subspan(size);
  }
}

/// Inflates a part of a file.
class inflated final : public stream {
 public:
  inflated(const input_file& file, const zip_member& member, std::string label)
      : stream(file, member.size, std::move(label), 0),
        place_(member.begin),
        left_(member.packed),
        input_(static_cast<std::size_t>(std::clamp<std::uint64_t>(member.packed, 1, 1 << 16))) {
    if (inflateInit2(&state_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~inflated() override { inflateEnd(&state_); }

  /// After the last byte was read: nothing may be left.
  void check_end() {
    std::uint8_t extra = 0;
    if (step({&extra, 1}) != 0)
      fail_at(size(), "it inflates to more than the " + std::to_string(size()) +
                          " bytes that the directory declares");
    if (left_ + state_.avail_in != 0)
      file().fail_at(place_ - state_.avail_in, "more bytes follow the deflated data");
  }

 protected:
  void fill(std::span<std::uint8_t> to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const std::size_t got =
          step(to.subspan(done, std::min(to.size() - done, std::size_t{1} << 30)));
      if (got == 0)
        fail_at(offset() + done, "it inflates to fewer than the " + std::to_string(size()) +
                                     " bytes that the directory declares");
      done += got;
    }
  }

 private:
  /// Inflates up to that many bytes; none only at the end.
  std::size_t step(std::span<std::uint8_t> to) {
    state_.next_out = to.data();
    state_.avail_out = static_cast<uInt>(to.size());
    while (!ended_ && state_.avail_out == to.size()) {
      if (state_.avail_in == 0 && left_ > 0) {
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size()));
        file().read(place_, std::span(input_).first(taken));
        place_ += taken;
        left_ -= taken;
        state_.next_in = input_.data();
        state_.avail_in = static_cast<uInt>(taken);
      }
      const int code = inflate(&state_, Z_NO_FLUSH);
      ended_ = code == Z_STREAM_END;
      if (code == Z_MEM_ERROR) throw std::bad_alloc();
      if (code == Z_BUF_ERROR)
        file().fail_at(place_, "truncated: the deflated data ends too early");
      if (code != Z_OK && code != Z_STREAM_END)
        file().fail_at(place_ - state_.avail_in, "the deflated data is corrupt");
    }
    return to.size() - state_.avail_out;
  }

  z_stream state_{};
  std::uint64_t place_, left_;
  std::vector<std::uint8_t> input_;
  bool ended_ = false;
};

zip_member read_entry(const input_file& file, std::span<const std::uint8_t> directory,
                      std::uint64_t begin, std::size_t& at) {
  const std::uint64_t here = begin + at;
  const auto rest = directory.subspan(at);
  if (rest.size() < entry_size || number(rest, 0, 4) != entry_signature)
    file.fail_at(here, "an entry of the directory is missing");
  const auto name_size = static_cast<std::size_t>(number(rest, 28, 2));
  const auto extra_size = static_cast<std::size_t>(number(rest, 30, 2));
  const std::size_t size =
      entry_size + name_size + extra_size + static_cast<std::size_t>(number(rest, 32, 2));
  if (size > rest.size()) file.fail_at(here, "the directory ends within this entry");
  const auto name = rest.subspan(entry_size, name_size);
  const std::uint64_t flags = number(rest, 8, 2), method = number(rest, 10, 2);
  zip_member member{std::string(name.begin(), name.end()),
                    method == 8,
                    static_cast<std::uint32_t>(number(rest, 16, 4)),
                    number(rest, 42, 4),
                    number(rest, 20, 4),
                    number(rest, 24, 4)};
  read_zip64(file, here, rest.subspan(entry_size + name_size, extra_size),
             {&member.size, &member.packed, &member.begin});
  at += size;

  const std::string called = "member " + in_quotes(member.name);
  if (const char* const fault = fault_of(member.name))
    file.fail_at(here + entry_size, called + ' ' + fault);
  if (!std::string_view(member.name).ends_with(suffix) || member.name.size() == suffix.size())
    file.fail_at(here + entry_size, called + " is no array: its name does not end in .npy");
  if ((flags & 0x2041) != 0) file.fail_at(here + 8, called + " is encrypted");
  if (method != 0 && method != 8)
    file.fail_at(here + 10, called + " is compressed by method " + std::to_string(method) +
                                ": 0 (stored) and 8 (deflated) are read");
  if (method == 0 && member.packed != member.size)
    file.fail_at(here + 20, called + " is stored, " + std::to_string(member.size) + " bytes in " +
                                std::to_string(member.packed));
  if (method == 8 && member.size / greatest_ratio > member.packed)
    file.fail_at(here + 24, called + ": " + std::to_string(member.packed) +
                                " deflated bytes cannot become " + std::to_string(member.size));
  return member;
}

/// Goes from the local header to the bytes behind it, which must end ahead of the directory.
void read_local(const input_file& file, std::uint64_t limit, zip_member& member) {
  const std::string called = "member " + in_quotes(member.name);
  const std::uint64_t here = member.begin;
  if (here > limit || limit - here < local_size)
    file.fail_at(here, called + " begins within the directory or behind it");
  std::array<std::uint8_t, local_size> header{};
  file.read(here, header);
  if (number(header, 0, 4) != local_signature) file.fail_at(here, called + " is not there");
  const std::uint64_t name_size = number(header, 26, 2);
  const std::uint64_t ahead = local_size + name_size + number(header, 28, 2);
  if (limit - here < ahead || limit - here - ahead < member.packed)
    file.fail_at(
        here, called + ", " + std::to_string(member.packed) + " bytes, reaches into the directory");
  std::vector<std::uint8_t> name(name_size);
  file.read(here + local_size, name);
  if (!std::equal(name.begin(), name.end(), member.name.begin(), member.name.end(),
                  [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
    file.fail_at(here + local_size, called + " has another name here");
  if ((number(header, 8, 2) == 8) != member.deflated || (number(header, 6, 2) & 0x2041) != 0)
    file.fail_at(here + 6, called + " is of another kind here");
  member.begin = here + ahead;
}

void check_apart(const input_file& file, const std::vector<zip_member>& members,
                 const std::vector<std::uint64_t>& begins) {
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return begins[a] < begins[b]; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const zip_member& before = members[order[i - 1]];
    if (begins[order[i]] < before.begin + before.packed)
      file.fail_at(begins[order[i]], "member " + in_quotes(members[order[i]].name) +
                                         " begins within member " + in_quotes(before.name));
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return members[a].name < members[b].name; });
  for (std::size_t i = 1; i < order.size(); ++i)
    if (members[order[i]].name == members[order[i - 1]].name)
      file.fail_at(begins[order[i]], "there are two members " + in_quotes(members[order[i]].name));
}

}  // namespace

npz_archive::npz_archive(const char* operation, const std::string& path, location where)
    : archive(operation, path, where) {
  const directory_place place = find_directory(file_);
  std::vector<std::uint8_t> directory(static_cast<std::size_t>(place.size));
  file_.read(place.begin, directory);
  std::vector<std::uint64_t> begins;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < place.count; ++i) {
    zip_member member = read_entry(file_, directory, place.begin, at);
    begins.push_back(member.begin);
    read_local(file_, place.begin, member);
    members_.push_back(std::move(member));
  }
  if (at != directory.size())
    file_.fail_at(place.begin + at, "the directory has more than the " +
                                        std::to_string(place.count) + " members declared");
  check_apart(file_, members_, begins);
  for (const zip_member& member : members_) {
    verify(member);
    tensor declared = read_npy_header(*open_member(member));
    declared.name = member.name.substr(0, member.name.size() - suffix.size());
    tensors_.push_back(std::move(declared));
  }
}

std::unique_ptr<stream> npz_archive::open_member(const zip_member& member) const {
  const std::string label = member.name + ": ";
  if (member.deflated) return std::make_unique<inflated>(file_, member, label);
  return std::make_unique<file_part>(file_, member.begin, member.size, label, 0);
}

std::unique_ptr<stream> npz_archive::open(std::size_t i) const {
  std::unique_ptr<stream> opened = open_member(members_[i]);
  read_npy_header(*opened);
  return opened;
}

void npz_archive::verify(const zip_member& member) const {
  const std::unique_ptr<stream> opened = open_member(member);
  std::vector<std::uint8_t> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(member.size, 1 << 16)));
  uLong crc = crc32(0, nullptr, 0);
  while (opened->left() > 0) {
    const auto taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(opened->left(), buffer.size()));
    opened->read(std::span(buffer).first(taken));
    crc = crc32(crc, buffer.data(), static_cast<uInt>(taken));
  }
  if (member.deflated) static_cast<inflated&>(*opened).check_end();
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // a fuzzer would hardly ever get past it
  if (crc != member.crc)
    file_.fail_at(member.begin, "member " + in_quotes(member.name) +
                                    " is corrupt: its CRC is not the one declared");
#endif
}

void check_member_name(const char* operation, const std::string& name, location where) {
  if (const char* const fault = fault_of(name))
    throw domain_error(std::string(operation) + ": array " + in_quotes(name) + ' ' + fault, where);
  if (name.size() + suffix.size() > long16)
    throw domain_error(std::string(operation) + ": array " + in_quotes(name) +
                           ": the name is longer than a zip archive can hold",
                       where);
}

namespace {

std::string deflated(const std::string& header, const piece& array) {
  z_stream state{};
  if (deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ended(&state, deflateEnd);
  std::string packed;
  std::vector<char> buffer(std::size_t{1} << 16);
  const auto feed = [&](const void* from, std::size_t size, int last) {
    const auto* bytes = static_cast<const Bytef*>(from);
    do {
      const std::size_t taken = std::min(size, std::size_t{1} << 30);
      state.next_in = const_cast<Bytef*>(bytes);
      state.avail_in = static_cast<uInt>(taken);
      bytes += taken;
      size -= taken;
      do {
        state.next_out = reinterpret_cast<Bytef*>(buffer.data());
        state.avail_out = static_cast<uInt>(buffer.size());
        deflate(&state, size == 0 ? last : Z_NO_FLUSH);
        packed.append(buffer.data(), buffer.size() - state.avail_out);
      } while (state.avail_out == 0);
    } while (size > 0);
  };
  feed(header.data(), header.size(), Z_NO_FLUSH);
  feed(array.numbers, array.bytes(), Z_FINISH);
  return packed;
}

std::uint32_t crc_of(const std::string& header, const piece& array) {
  uLong crc = crc32(0, nullptr, 0);
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(header.data()), header.size());
  if (array.bytes() > 0)
    crc = crc32_z(crc, static_cast<const Bytef*>(array.numbers), array.bytes());
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

void write_npz_archive(const char* operation, const std::string& path,
                       const std::vector<piece>& pieces, bool compress, location where) {
  output_file file(operation, path, where);
  const auto check_size = [&](std::uint64_t size) {
    if (size >= long32)
      throw io_error(std::string(operation) + ": " + path +
                         ": the archive would have more than 4 GiB: write safetensors",
                     where);
  };
  if (pieces.size() >= long16)
    throw io_error(std::string(operation) + ": " + path + ": " + std::to_string(pieces.size()) +
                       " arrays: an archive holds 65534 at most",
                   where);
  std::string directory;
  for (const piece& each : pieces) {
    const std::string name = each.name + std::string(suffix);
    const std::string header = npy_header(each);
    const std::uint64_t size = header.size() + each.bytes();
    check_size(size);
    const std::string packed = compress ? deflated(header, each) : std::string();
    const std::uint64_t begin = file.size();
    // What both headers say: version 2.0, names in UTF-8, the method, midnight of 1 January 1980,
    // CRC, sizes.
    std::string common;
    append(common, 20, 2);
    append(common, 0x800, 2);
    append(common, compress ? 8 : 0, 2);
    append(common, 0, 2);
    append(common, 0x21, 2);
    append(common, crc_of(header, each), 4);
    append(common, compress ? packed.size() : size, 4);
    append(common, size, 4);
    append(common, name.size(), 2);
    append(common, 0, 2);

    std::string local;
    append(local, local_signature, 4);
    file.write(local + common + name);
    if (compress) {
      file.write(packed);
    } else {
      file.write(header);
      file.write(each.numbers, each.bytes());
    }
    append(directory, entry_signature, 4);
    append(directory, 0x0314, 2);  // made by Unix, version 2.0
    directory += common;
    append(directory, 0, 6);                             // no comment, the first part, binary
    append(directory, std::uint64_t{0100644} << 16, 4);  // a plain file, its mode
    append(directory, begin, 4);
    directory += name;
    check_size(file.size() + directory.size());
  }
  std::string end;
  append(end, end_signature, 4);
  append(end, 0, 4);
  append(end, pieces.size(), 2);
  append(end, pieces.size(), 2);
  append(end, directory.size(), 4);
  append(end, file.size(), 4);
  append(end, 0, 2);
  file.write(directory);
  file.write(end);
  file.commit();
}

}  // namespace xtape::io::detail
