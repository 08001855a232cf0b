#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

#include <xtape/calculus/check.hpp>

namespace xtape {

std::string gradient_report::text() const {
  std::string result = "check_gradients: ";
  result += result_ == verdict::passed   ? "passed"
            : result_ == verdict::failed ? "failed"
                                         : "inconclusive";
  for (std::size_t i = 0; i < reasons_.size(); ++i) result += (i == 0 ? ": " : "; ") + reasons_[i];
  if (compared() > 0) {
    result +=
        "\n  " + std::to_string(compared()) + (compared() == 1 ? " derivative" : " derivatives");
    const std::pair<std::size_t, const char*> parts[]{{count_.agreed, " agree"},
                                                      {count_.small, " are 0 or small and agree"},
                                                      {count_.at_kink, " are at a kink"},
                                                      {count_.unmoved, " do not move"},
                                                      {count_.undetermined, " undetermined"},
                                                      {count_.failed, " differ"}};
    const char* separator = ": ";
    for (const auto& [n, text] : parts)
      if (n > 0) {
        result += separator + std::to_string(n) + text;
        separator = ", ";
      }
  }
  for (const std::string& note : notes_) result += "\n  " + note;
  const std::size_t lines = result_ == verdict::passed ? 1 : worst_.size();
  for (std::size_t i = 0; i < std::min(lines, worst_.size()); ++i) {
    const entry& e = worst_[i];
    std::array<char, 200> numbers;
    std::snprintf(numbers.data(), numbers.size(),
                  "analytic %.12g, numeric %.12g, difference %.2g, error %.1g, tolerance %.1g",
                  e.analytic, e.numeric, e.difference, e.error, e.tolerance);
    result += "\n  " + e.text + ": " + numbers.data();
  }
  return result;
}

std::ostream& operator<<(std::ostream& out, const gradient_report& report) {
  return out << report.text();
}

}  // namespace xtape
