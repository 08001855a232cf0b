#include "kernel/strided.hpp"

#include "catch.hpp"

#include <vector>

using xtape::kernel::strided_add;
using sizes = std::vector<std::size_t>;

namespace {

template <class T>
std::vector<T> run(const sizes& count, const std::vector<T>& from, const sizes& from_steps,
                   std::vector<T> to, const sizes& to_steps) {
  strided_add(count.size(), count.data(), from.data(), from_steps.data(), to.data(),
              to_steps.data());
  return to;
}

}  // namespace

TEMPLATE_TEST_CASE("strided_add", "[kernel][strided]", float, double) {
  using T = TestType;
  using values = std::vector<T>;
  const values x{1, 2, 3, 4, 5, 6};
  CHECK((run<T>({}, {5}, {}, {2}, {}) == values{7}));
  CHECK((run<T>({2, 3}, x, {3, 1}, {10, 10, 10}, {0, 1}) == values{15, 17, 19}));
  CHECK((run<T>({2, 3}, x, {3, 1}, {10, 20}, {1, 0}) == values{16, 35}));
  CHECK((run<T>({3, 2}, x, {1, 3}, values(6, 0), {2, 1}) == values{1, 4, 2, 5, 3, 6}));
  CHECK((run<T>({2}, {1, 2, 3, 4}, {3}, values(2, 0), {1}) == values{1, 4}));
  CHECK((run<T>({2, 2}, {7}, {0, 0}, values(4, 0), {2, 1}) == values{7, 7, 7, 7}));
  CHECK((run<T>({0, 2}, {}, {2, 1}, {3}, {0, 0}) == values{3}));
  // A sum in double.
  const std::size_t many = 1 << 25;
  CHECK(run<T>({many}, {1}, {0}, {0}, {0})[0] == T(many));
}
