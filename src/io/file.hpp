#pragma once
// Files in, trusted in nothing, and files out, whole or not at all.

#include <xtape/array/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::io::detail {

/// A name out of a file as error texts show it: in quotes, what cannot be printed as "\x1b", and
/// cut after 100 bytes.
std::string in_quotes(std::string_view name);

/// A file descriptor, closed at its end.
class descriptor {
 public:
  explicit descriptor(int number = -1) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept;
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor();
  int get() const noexcept { return number_; }

 private:
  int number_;
};

/// A regular file whose length is known, read at any place. Its errors are io_error with the text
/// "read_npy: FILE: what", or "read_npy: FILE: byte 12: what".
class input_file {
 public:
  input_file(const char* operation, std::string path, location where);

  std::uint64_t size() const noexcept { return size_; }
  /// Fills `to` with what stands at that byte; fails where the file ends before.
  void read(std::uint64_t offset, std::span<std::uint8_t> to) const;

  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& what) const;

 private:
  const char* operation_;
  std::string path_;
  location where_;
  descriptor descriptor_;
  std::uint64_t size_ = 0;
};

/// Bytes that follow each other, of a number known beforehand: a part of a file, or what it
/// inflates to. `label` comes before errors' bytes, which are counted from `origin` at the
/// beginning.
class stream {
 public:
  stream(const input_file& file, std::uint64_t size, std::string label, std::uint64_t origin)
      : file_(file), size_(size), origin_(origin), label_(std::move(label)) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  virtual ~stream() = default;

  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t left() const noexcept { return size_ - offset_; }

  /// The next bytes; fails where there are fewer.
  void read(std::span<std::uint8_t> to);
  /// Fails at the byte `offset` of the stream.
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& what) const;

 protected:
  virtual void fill(std::span<std::uint8_t> to) = 0;
  const input_file& file() const noexcept { return file_; }

 private:
  const input_file& file_;
  std::uint64_t size_, offset_ = 0, origin_;
  std::string label_;
};

/// Bytes [begin, begin + size) of a file, which must lie in it.
class file_part : public stream {
 public:
  file_part(const input_file& file, std::uint64_t begin, std::uint64_t size, std::string label,
            std::uint64_t origin)
      : stream(file, size, std::move(label), origin), begin_(begin) {}

 protected:
  void fill(std::span<std::uint8_t> to) override { file().read(begin_ + offset(), to); }

 private:
  std::uint64_t begin_;
};

/// A file that is there whole or not at all, whenever the program or the machine stops: written as
/// "PATH.part" in the same folder, flushed to the disk, then renamed, and the folder flushed too. A
/// symbolic link is followed; the mode of a file that is replaced stays. Programs that write the
/// same path at the same time wait for each other. What a program that was killed leaves, the next
/// one overwrites.
class output_file {
 public:
  output_file(const char* operation, std::string path, location where);
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;
  /// Unless it was committed, nothing is left of it.
  ~output_file();

  void write(const void* bytes, std::size_t size);
  void write(std::string_view bytes) { write(bytes.data(), bytes.size()); }
  std::uint64_t size() const noexcept { return size_; }
  void commit();

 private:
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_errno(const char* call) const;
  void flush();

  const char* operation_;
  std::string path_, part_;
  location where_;
  descriptor descriptor_;
  std::vector<std::uint8_t> waiting_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
};

}  // namespace xtape::io::detail
