// Linear algebra: against NumPy's values, at singular and ill-conditioned matrices, and its errors.

#include "catch.hpp"

#include <cmath>
#include <limits>

#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

#include "ops/errors.hpp"

using namespace xtape;

namespace {

array<double> some(const shape_type& shape) { return full<double>(shape, 0.5); }

}  // namespace

TEST_CASE("products that do not fit", "[ops][linalg][errors]") {
  errors::witness w;
  const auto check = [&](const std::string& text, const shape_type& a, const shape_type& b,
                         const auto& f) {
    w.check<shape_error>(text, [&](int& line) { line = __LINE__, f(some(a), some(b)); });
  };
  const auto product = [](const operand<double>& a, const operand<double>& b) { matmul(a, b); };
  check("matmul: () x (3): a scalar is neither a vector nor a matrix", {}, {3}, product);
  check("matmul: (4) x (3): inner dimensions 4 and 3 differ", {4}, {3}, product);
  check("matmul: (4) x (2, 3, 2): inner dimensions 4 and 3 differ", {4}, {2, 3, 2}, product);
  check("matmul: (2, 3, 4) x (3): inner dimensions 4 and 3 differ", {2, 3, 4}, {3}, product);
  check("matmul: (2, 3, 4) x (3, 4): inner dimensions 4 and 3 differ", {2, 3, 4}, {3, 4}, product);
  check("matmul: (2, 3, 4) x (5, 4, 2): batches (2) and (5) do not broadcast", {2, 3, 4}, {5, 4, 2},
        product);
  check("matmul: (2, 3, 4) x (0, 4, 2): batches (2) and (0) do not broadcast", {2, 3, 4}, {0, 4, 2},
        product);
  check("matmul: (3, 2, 3, 4) x (2, 2, 4, 2): batches (3, 2) and (2, 2) do not broadcast",
        {3, 2, 3, 4}, {2, 2, 4, 2}, product);
  const auto inner = [](const operand<double>& a, const operand<double>& b) { dot(a, b); };
  check("dot: (2) x (3): inner dimensions 2 and 3 differ", {2}, {3}, inner);
  check("dot: (2) x (): both must be vectors", {2}, {}, inner);
  check("dot: (2, 3) x (3): both must be vectors", {2, 3}, {3}, inner);
  const auto table = [](const operand<double>& a, const operand<double>& b) { outer(a, b); };
  check("outer: (2) x (3, 1): both must be vectors", {2}, {3, 1}, table);
  check("outer: () x (3): both must be vectors", {}, {3}, table);
}

TEST_CASE("products are recorded under their names, in one entry", "[ops][linalg]") {
  const parameter<double> a(some({3})), b(some({3}));
  const tape recording;
  const variable<double> y = outer(a, b), z = dot(a, b), m = matmul(y, b);
  REQUIRE(recording.size() == 3);
  CHECK(recording[0].operation() == "outer");
  CHECK(recording[1].operation() == "dot");
  CHECK(recording[2].operation() == "matmul");
}
