#include "io/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace xtape::io::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffered = std::size_t{1} << 18;

/// Calls until it is not a signal that interrupts.
template <class Call>
auto repeated(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

std::string in_quotes(std::string_view name) {
  constexpr std::size_t shown = 100;
  std::string text = "'";
  for (const char c : name.substr(0, shown)) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code != 0x7F) {
      text += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(code));
      text += escaped;
    }
  }
  return text + (name.size() > shown ? "...'" : "'");
}

// ---- descriptor
// ------------------------------------------------------------------------------------

descriptor::descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

// ---- input
// -----------------------------------------------------------------------------------------

input_file::input_file(const char* operation, std::string path, location where)
    : operation_(operation), path_(std::move(path)), where_(where) {
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  descriptor_ = descriptor(
      repeated([&] { return ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (descriptor_.get() < 0) fail(std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) fail(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("is a folder");
  if (!S_ISREG(status.st_mode)) fail("is no regular file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void input_file::read(std::uint64_t offset, std::span<std::uint8_t> to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const std::size_t wanted = std::min(to.size() - done, std::size_t{1} << 30);
    const ssize_t got = repeated([&] {
      return ::pread(descriptor_.get(), to.data() + done, wanted,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0) fail_at(offset + done, std::strerror(errno));
    if (got == 0)
      fail_at(offset + done,
              "truncated: " + std::to_string(to.size() - done) + " more bytes are needed here");
    done += static_cast<std::size_t>(got);
  }
}

void input_file::fail(const std::string& what) const {
  throw io_error(std::string(operation_) + ": " + path_ + ": " + what, where_);
}

void input_file::fail_at(std::uint64_t offset, const std::string& what) const {
  fail("byte " + std::to_string(offset) + ": " + what);
}

void stream::read(std::span<std::uint8_t> to) {
  if (to.size() > left())
    fail_at(size_,
            "truncated: " + std::to_string(to.size() - left()) + " more bytes are needed here");
  fill(to);
  offset_ += to.size();
}

void stream::fail_at(std::uint64_t offset, const std::string& what) const {
  file_.fail(label_ + "byte " + std::to_string(origin_ + offset) + ": " + what);
}

// ---- output
// ----------------------------------------------------------------------------------------

output_file::output_file(const char* operation, std::string path, location where)
    : operation_(operation), path_(std::move(path)), where_(where) {
  std::error_code ignored;
  if (fs::is_symlink(path_, ignored)) {
    const fs::path target = fs::weakly_canonical(path_, ignored);
    if (!target.empty()) path_ = target.string();
  }
  part_ = path_ + ".part";
  struct stat old {};
  const bool replaces = ::stat(path_.c_str(), &old) == 0;
  if (replaces && S_ISDIR(old.st_mode)) fail("is a folder");
  if (replaces && !S_ISREG(old.st_mode)) fail("is no regular file");
  if (fs::path(path_).filename().empty()) fail("is not the name of a file");

  // Another program may write the same file. Its lock is waited for; by then it has renamed the
  // file that is locked.
  for (;;) {
    descriptor_ = descriptor(repeated(
        [&] { return ::open(part_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666); }));
    if (descriptor_.get() < 0) fail_errno("cannot be created");
    if (repeated([&] { return ::flock(descriptor_.get(), LOCK_EX); }) != 0)
      fail_errno("cannot be locked");
    struct stat ours {
    }, there{};
    if (::fstat(descriptor_.get(), &ours) == 0 && ::stat(part_.c_str(), &there) == 0 &&
        ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
      break;
  }
  if (::ftruncate(descriptor_.get(), 0) != 0 ||
      (replaces && ::fchmod(descriptor_.get(), old.st_mode & 0777) != 0)) {
    const int code = errno;
    ::unlink(part_.c_str());
    errno = code;
    fail_errno("cannot be made ready");
  }
  waiting_.reserve(buffered);
}

output_file::~output_file() {
  if (!committed_) ::unlink(part_.c_str());
}

void output_file::fail(const std::string& what) const {
  throw io_error(std::string(operation_) + ": " + path_ + ": " + what, where_);
}

void output_file::fail_errno(const char* what) const {
  const std::string reason = std::strerror(errno);
  throw io_error(std::string(operation_) + ": " + part_ + ": " + what + ": " + reason, where_);
}

void output_file::write(const void* bytes, std::size_t size) {
  const auto* from = static_cast<const std::uint8_t*>(bytes);
  size_ += size;
  while (size > 0) {
    const std::size_t taken = std::min(size, buffered - waiting_.size());
    waiting_.insert(waiting_.end(), from, from + taken);
    from += taken;
    size -= taken;
    if (waiting_.size() == buffered) flush();
  }
}

void output_file::flush() {
  std::size_t done = 0;
  while (done < waiting_.size()) {
    const ssize_t written = repeated(
        [&] { return ::write(descriptor_.get(), waiting_.data() + done, waiting_.size() - done); });
    if (written < 0) fail_errno("cannot be written");
    done += static_cast<std::size_t>(written);
  }
  waiting_.clear();
}

void output_file::commit() {
  flush();
  if (repeated([&] { return ::fsync(descriptor_.get()); }) != 0) fail_errno("cannot be flushed");
  if (::rename(part_.c_str(), path_.c_str()) != 0) fail_errno("cannot be renamed");
  committed_ = true;
  fs::path folder = fs::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const descriptor directory(
      repeated([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  // Some file systems cannot flush a folder, and say so by EINVAL.
  if (directory.get() < 0 ||
      (repeated([&] { return ::fsync(directory.get()); }) != 0 && errno != EINVAL))
    fail("is in place, but its folder cannot be flushed: " + std::string(std::strerror(errno)));
}

}  // namespace xtape::io::detail
