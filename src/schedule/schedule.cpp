#include <xtape/schedule/schedule.hpp>

#include <xtape/array/text.hpp>

// Texts that are made in line cost every program that uses a schedule a sixth of its compile time.
namespace xtape::schedule::detail {

void check(bool holds, const char* name, const std::string& text, const char* reason,
           location where) {
  if (!holds) throw domain_error(std::string(name) + ": " + text + ": " + reason, where);
}

std::string equals(const char* what, double value) {
  return std::string(what) + " = " + number_text(value);
}

void check_finite(const char* name, const char* what, double value, location where) {
  check(std::isfinite(value), name, equals(what, value), "must be finite", where);
}

void check_positive(const char* name, const char* what, double value, location where) {
  check(std::isfinite(value) && value > 0, name, equals(what, value), "must be finite and positive",
        where);
}

void check_span(const char* name, double start, double end, std::int64_t steps, bool positive,
                location where) {
  const std::string text =
      equals("start", start) + ", " + equals("end", end) + ", steps = " + std::to_string(steps);
  check(std::isfinite(start) && std::isfinite(end), name, text, "start and end must be finite",
        where);
  check(!positive || (start > 0 && end > 0), name, text, "start and end must be positive", where);
  check(steps >= 1, name, text, "at least one step is needed", where);
}

}  // namespace xtape::schedule::detail
