#pragma once
// Files of arrays with a JSON header.

#include <xtape/io/safetensors.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/tensor.hpp"

namespace xtape::io::detail {

/// A safetensors file, opened.
class safetensors_archive final : public archive {
 public:
  safetensors_archive(const char* operation, const std::string& path, location where);
  std::unique_ptr<stream> open(std::size_t i) const override;

  const text_map& metadata() const noexcept { return metadata_; }
  /// The CRC-32 of everything behind the header.
  std::uint32_t crc() const;

 private:
  std::uint64_t data_ = 0;             // where the numbers begin
  std::vector<std::uint64_t> begins_;  // of each tensor, from there
  text_map metadata_;
};

/// "F32"
std::string safetensors_name(element type);

/// The CRC-32 of all pieces' numbers as they will stand in the file.
std::uint32_t crc_of(const std::vector<piece>& pieces);

/// Writes the pieces in their order.
void write_safetensors_file(const char* operation, const std::string& path,
                            const std::vector<piece>& pieces, const text_map& metadata,
                            location where);

}  // namespace xtape::io::detail
