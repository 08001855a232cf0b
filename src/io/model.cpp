#include <xtape/io/model.hpp>

#include <memory>
#include <string_view>

#include "io/file.hpp"
#include "io/safetensors.hpp"
#include "io/state.hpp"
#include "io/zip.hpp"

namespace xtape::io {

format format_of(const std::string& path, location where) {
  const std::string_view name = path;
  if (name.ends_with(".safetensors")) return format::safetensors;
  if (name.ends_with(".npz")) return format::npz;
  throw io_error("format_of: " + path + ": weights are kept in .safetensors and .npz files", where);
}

namespace detail {

void save_model(const std::vector<slot>& slots, const std::string& path, location where) {
  const pieces all = pieces_of("save", slots, where);
  if (format_of(path, where) == format::safetensors)
    return write_safetensors_file("save", path, all.list, {}, where);
  for (const piece& each : all.list) check_member_name("save", each.name, where);
  write_npz_archive("save", path, all.list, false, where);
}

void load_model(const std::vector<slot>& slots, const std::string& path,
                const read_options& options, location where) {
  std::unique_ptr<archive> file;
  if (format_of(path, where) == format::safetensors)
    file = std::make_unique<safetensors_archive>("load", path, where);
  else
    file = std::make_unique<npz_archive>("load", path, where);
  load_state(*file, "load", slots, {.same_types = false, .options = options}, where);
}

}  // namespace detail
}  // namespace xtape::io
