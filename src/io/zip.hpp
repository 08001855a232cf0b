#pragma once
// Zip archives of arrays: NumPy's npz.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace xtape::io::detail {

/// A member of an archive, checked: the file's bytes [begin, begin + packed) are its own.
struct zip_member {
  std::string name;
  bool deflated;
  std::uint32_t crc;
  std::uint64_t begin, packed, size;
};

/// A NumPy archive, opened.
class npz_archive final : public archive {
 public:
  npz_archive(const char* operation, const std::string& path, location where);
  std::unique_ptr<stream> open(std::size_t i) const override;

 private:
  std::unique_ptr<stream> open_member(const zip_member& member) const;
  /// Reads the whole member through a small buffer: it is as long as declared, and its CRC is
  /// right.
  void verify(const zip_member& member) const;

  std::vector<zip_member> members_;
};

/// Throws domain_error for a name that is empty, has a NUL, or leads out of a folder.
void check_member_name(const char* operation, const std::string& name, location where);

void write_npz_archive(const char* operation, const std::string& path,
                       const std::vector<piece>& pieces, bool compress, location where);

}  // namespace xtape::io::detail
