#pragma once
// Errors, word for word, and that nothing is left changed behind them.

#include "catch.hpp"

#include <functional>
#include <string>

#include <xtape/array/error.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/tape/tape.hpp>

namespace errors {

/// Some parameters with a gradient, and a tape that has recorded something: what an error must
/// leave as it was.
class witness {
 public:
  witness() { (a * b).backward(xtape::full<double>({2, 3}, 1)); }

  xtape::parameter<double> a{xtape::array<double>{{1, 2, 3}, {4, 5, 6}}, "a"};
  xtape::parameter<double> b{xtape::array<double>{7, 8, 9}, "b"};
  xtape::tape recording;

  /// Runs f(line), which sets line = __LINE__ where it makes the call that fails, and compares the
  /// text of the E it throws with "expected  [this file:line]".
  template <class E>
  void check(const std::string& expected, const std::function<void(int&)>& f,
             const char* file = __builtin_FILE()) {
    INFO(expected);
    const std::size_t size = recording.size();
    int line = 0;
    try {
      f(line);
      FAIL_CHECK("nothing was thrown");
    } catch (const E& error) {
      const std::string where = xtape::location{file, line}.text();
      CHECK(std::string(error.what()) == expected + (line == 0 ? "" : "  [" + where + "]"));
      CHECK(error.where().line == line);
    } catch (const std::exception& error) {
      FAIL_CHECK("another type was thrown: " << error.what());
    }
    CHECK(recording.size() == size);
    CHECK(xtape::tape::current() == &recording);
    unchanged();
  }

  void unchanged() {
    using xtape::array;
    CHECK((a.value() == array<double>{{1, 2, 3}, {4, 5, 6}}));
    CHECK((b.value() == array<double>{7, 8, 9}));
    CHECK((a.grad() == array<double>{{7, 8, 9}, {7, 8, 9}}));
    CHECK((b.grad() == array<double>{5, 7, 9}));
  }
};

}  // namespace errors
