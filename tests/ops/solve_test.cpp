// Derivatives of solve share the factors that the first solution made, but only where they are those of the
// matrix that they are called with.

#include "tape/rule.hpp"

#include "catch.hpp"

#include <cmath>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;

TEST_CASE("a recorded derivative of solve follows another matrix", "[ops][linalg]") {
  const array<double> matrix{{4, 1}, {-1, 3}}, other{{5, 2}, {1, 2}}, r{1, 2};
  const parameter<double> a(matrix), b(array<double>{2, -1});
  // The gradient for b is a^-T r, by the second solution that the tape records.
  const auto gradient = [&] {
    const tape recording;
    const variable<double> y = solve(a, b);
    const variable<double> g = vjp(y, variable<double>(r), {b}, {.create_graph = true})[0];
    REQUIRE(recording.size() == 2);
    REQUIRE(recording[1].operation() == "solve");
    return array<double>(g.value());
  };
  const auto expected = [&](const array<double>& m) {
    return array<double>(solve(transpose(variable<double>(m)), r).value());
  };
  const auto close = [](const array<double>& x, const array<double>& y) {
    return std::abs(x(0) - y(0)) + std::abs(x(1) - y(1)) < 1e-14;
  };
  CHECK(close(gradient(), expected(matrix)));
  const detail::probe seen{1, 0, other.data()};
  detail::probing = &seen;
  const array<double> probed = gradient();
  detail::probing = nullptr;
  CHECK(close(probed, expected(other)));
  CHECK_FALSE(close(probed, expected(matrix)));
}
