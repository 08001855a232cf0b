#include <xtape/io/checkpoint.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "io/file.hpp"
#include "io/safetensors.hpp"
#include "io/state.hpp"

namespace xtape::io {
namespace {

constexpr const char* format_text = "xtape checkpoint";
constexpr const char* version_text = "1";

std::string crc_text(std::uint32_t crc) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(crc));
  return text;
}

std::string value(const text_map& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

}  // namespace

void checkpoint::add_object(const std::string& name, location where,
                            std::function<void(std::vector<detail::slot>&)> list,
                            std::function<void()> loaded) {
  if (name.empty()) throw domain_error("checkpoint: a name is empty", where);
  if (std::any_of(objects_.begin(), objects_.end(),
                  [&](const object& each) { return each.name == name; }))
    throw domain_error("checkpoint: " + detail::in_quotes(name) + " was added before", where);
  objects_.push_back({name, std::move(list), std::move(loaded)});
}

void checkpoint::add(const std::string& name, schedule::reduce_on_plateau& rate, location where) {
  add_object(name, where, [name, memory = &rate.state](std::vector<detail::slot>& slots) {
    slots.push_back(slot_of(name + ".rate", memory->rate));
    slots.push_back({name + ".best", number(memory->best)});
    slots.push_back({name + ".waited", number(memory->waited)});
    slots.push_back({name + ".cooling", number(memory->cooling)});
  });
}

void checkpoint::add(const std::string& name, rng& random, location where) {
  add_object(name, where, [name, random = &random](std::vector<detail::slot>& slots) {
    slots.push_back({name, random});
  });
}

std::vector<detail::slot> checkpoint::slots() const {
  std::vector<detail::slot> all;
  for (const object& each : objects_) each.list(all);
  return all;
}

void checkpoint::save(const std::string& path, location where) const {
  const std::vector<detail::slot> all = slots();
  const detail::pieces pieces = detail::pieces_of("checkpoint", all, where);
  detail::write_safetensors_file("checkpoint", path, pieces.list,
                                 {{"format", format_text},
                                  {"version", version_text},
                                  {"crc32", crc_text(detail::crc_of(pieces.list))}},
                                 where);
}

void checkpoint::load(const std::string& path, location where) {
  const detail::safetensors_archive file("checkpoint", path, where);
  const text_map& says = file.metadata();
  if (value(says, "format") != format_text)
    file.file().fail("is no checkpoint: its metadata does not say so");
  if (value(says, "version") != version_text)
    file.file().fail("is a checkpoint of version " + detail::in_quotes(value(says, "version")) +
                     ": version " + version_text + " is read");
  const auto check_crc = [&] {
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // a fuzzer would hardly ever get past it
    if (value(says, "crc32") != crc_text(file.crc()))
      file.file().fail("is corrupt: the CRC of its numbers is not the one it declares");
#endif
  };
  detail::load_state(file, "checkpoint", slots(),
                     {.same_types = true, .options = {}, .before = check_crc}, where);
  for (const object& each : objects_)
    if (each.loaded) each.loaded();
}

bool checkpoint::resume(const std::string& path, location where) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) return false;
  load(path, where);
  return true;
}

}  // namespace xtape::io
