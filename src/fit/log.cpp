#include <xtape/fit/log.hpp>

#include <nlohmann/json.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

namespace xtape::fit {
namespace {

/// The columns of a line behind the number of the epoch.
measurements columns(const epoch& done) {
  measurements all{{"learning_rate", done.learning_rate}, {"loss", done.loss}};
  all.insert(all.end(), done.measured.begin(), done.measured.end());
  all.push_back({"seconds", done.seconds});
  all.push_back({"samples_per_second", done.samples_per_second});
  return all;
}

/// The shortest text that is read as the same number.
std::string exact_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// A cell of a CSV file: within quotes where it needs them.
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string csv_line(const epoch& done) {
  std::string line = std::to_string(done.number);
  for (const measurement& each : columns(done)) line += ',' + exact_text(each.value);
  return line;
}

std::string json_line(const epoch& done) {
  nlohmann::ordered_json line;
  line["epoch"] = done.number;
  for (const measurement& each : columns(done)) line[each.name] = each.value;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

struct epoch_log::state {
  std::string path;
  bool json;
  std::ofstream file;
  std::vector<std::string> names;  // of the columns, once the first line is written

  void put(const std::string& line, location where) {
    errno = 0;
    if (!(file << line << '\n' << std::flush)) fail(where);
  }
  [[noreturn]] void fail(location where) const {
    throw io_error("epoch_log: " + path + ": " + std::strerror(errno != 0 ? errno : EIO), where);
  }
};

epoch_log::epoch_log(const std::string& path, location where) {
  const bool json = path.ends_with(".jsonl");
  if (!json && !path.ends_with(".csv"))
    throw domain_error("epoch_log: " + path + ": its name must end in .csv or .jsonl", where);
  errno = 0;
  state_ = std::make_unique<state>(state{path, json, std::ofstream(path, std::ios::binary), {}});
  if (!state_->file) state_->fail(where);
}

epoch_log::~epoch_log() = default;
epoch_log::epoch_log(epoch_log&&) noexcept = default;
epoch_log& epoch_log::operator=(epoch_log&&) noexcept = default;

void epoch_log::write(const epoch& done, location where) {
  std::vector<std::string> names;
  for (const measurement& each : columns(done)) names.push_back(each.name);
  if (state_->names.empty()) {
    std::string header = "epoch";
    for (const std::string& name : names) header += ',' + cell(name);
    if (!state_->json) state_->put(header, where);
    state_->names = names;
  }
  if (names != state_->names)
    throw domain_error("epoch_log: epoch " + std::to_string(done.number) +
                           ": other measurements than in the first epoch",
                       where);
  state_->put(state_->json ? json_line(done) : csv_line(done), where);
}

}  // namespace xtape::fit
