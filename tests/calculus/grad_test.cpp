// Derivatives as values: of several outputs, along directions, of second order and beyond.

#include "catch.hpp"

#include <cmath>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

#include "ops/errors.hpp"

using namespace xtape;

namespace {

using variables = std::vector<variable<double>>;

constexpr grad_options graph{.create_graph = true};

}  // namespace

TEST_CASE("value_and_grad", "[calculus]") {
  const auto f = [](const auto& w, const auto& b) { return sum(square(w) * b); };
  const auto [value, gradients] =
      value_and_grad(f, array<double>{1, 2, 3}, array<double>{10, 20, 30});
  CHECK(value == 10 + 80 + 270);
  REQUIRE(gradients.size() == 2);
  CHECK((gradients[0] == array<double>{20, 80, 180}));
  CHECK((gradients[1] == array<double>{1, 4, 9}));
  CHECK(tape::current() == nullptr);
  const auto [in_float, g] =
      value_and_grad([](const variable<float>& x) { return sum(x * x); }, array<float>{0.5f, 2});
  CHECK(in_float == 4.25f);
  CHECK((g[0] == array<float>{1, 4}));
  CHECK_THROWS_AS(value_and_grad([](const auto& x) { return x * x; }, array<double>{1, 2}),
                  shape_error);
}

TEST_CASE("several outputs in one sweep", "[calculus]") {
  const parameter<double> x(array<double>{1, 2}), z(array<double>{3, 4});
  const tape recording;
  const variable<double> h = x * z;
  const variable<double> a = square(h), b = h + x, c = sum(x);
  const variables outputs{c, a, b, a};
  const variables cotangents{variable<double>(5.0), array<double>{1, -1}, array<double>{2, 3},
                             array<double>{0.5, 0.25}};
  const std::size_t size = recording.size();
  const variables plain = vjp(outputs, cotangents, {x, z, h});
  CHECK(recording.size() == size);
  // dh = 2 h (1.5, -0.75) + (2, 3); dx = z dh + (2, 3) + 5
  CHECK((plain[2].value() == array<double>{11, -9}));
  CHECK((plain[0].value() == array<double>{40, -28}));
  CHECK((plain[1].value() == array<double>{11, -18}));
  const variables recorded = vjp(outputs, cotangents, {x, z, h}, graph);
  for (std::size_t k = 0; k < 3; ++k) CHECK((recorded[k].value() == plain[k].value()));
  // d(sum dx)/dx = z (d(dh)/dx) = z (2 z (1.5, -0.75))
  CHECK((grad(sum(recorded[0]), {x})[0].value() == array<double>{27, -24}));
  // The outputs' own cotangents, one of them an input.
  const variables own =
      vjp(variables{a, h}, variables{array<double>{1, 1}, array<double>{7, 7}}, {h});
  CHECK((own[0].value() == array<double>{13, 23}));
}

TEST_CASE("jvp is the derivative along a direction", "[calculus]") {
  const parameter<double> x(array<double>{0.3, -1.2, 2}), w({{1, 2}, {3, 4}, {5, 6}});
  const array<double> vx{1, -2, 0.5}, vw{{0.1, 0.2}, {0.3, 0.4}, {0.5, 0.6}};
  const tape recording;
  const variable<double> y = matmul(reshape(sin(x), {1, 3}), w);
  const array<double> d = jvp(y, {x, w}, {vx, vw}).value();
  REQUIRE(d.shape() == shape_type{1, 2});
  for (std::size_t j = 0; j < 2; ++j) {
    double expected = 0;
    for (std::size_t i = 0; i < 3; ++i)
      expected +=
          std::cos(x.value()(i)) * vx(i) * w.value()(i, j) + std::sin(x.value()(i)) * vw(i, j);
    CHECK(d(0, j) == Approx(expected).epsilon(1e-14));
  }
  // Its own derivative, along the same direction: the second derivative of the curve.
  const variable<double> first = jvp(sum(y), {x}, {vx}, graph);
  const double second = jvp(first, {x}, {vx}).item();
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i)
    expected -= std::sin(x.value()(i)) * vx(i) * vx(i) * (w.value()(i, 0) + w.value()(i, 1));
  CHECK(second == Approx(expected).epsilon(1e-13));
  // Along what the output does not depend on, and along nothing.
  const parameter<double> other(array<double>{1, 2});
  CHECK((jvp(y, {other}, {array<double>{1, 1}}).value() == zeros<double>({1, 2})));
  CHECK((jvp(y, {}, {}).value() == zeros<double>({1, 2})));
}

TEST_CASE("hvp is the Hessian times a vector", "[calculus]") {
  // f = x0^3 x1 + x1^2 z, with the Hessian ((6 x0 x1, 3 x0^2, 0), (3 x0^2, 2 z, 2 x1), (0, 2 x1, 0))
  const parameter<double> x(array<double>{2, -1}), z(array<double>{0.5});
  const tape recording;
  const variable<double> x0 = sum(x * array<double>{1, 0}), x1 = sum(x * array<double>{0, 1});
  const variable<double> f = x0 * x0 * x0 * x1 + sum(x1 * x1 * z);
  const variables h = hvp(f, {x, z}, {array<double>{1, 10}, array<double>{100}});
  CHECK((h[0].value() == array<double>{-12 + 120, 12 + 10 - 200}));
  CHECK((h[1].value() == array<double>{-20}));
  // Third derivatives: d/dx0 of the first component is 6 x1 + 60 x0.
  const variables again = hvp(f, {x, z}, {array<double>{1, 10}, array<double>{100}}, graph);
  const variable<double> g = grad(sum(again[0] * array<double>{1, 0}), {x})[0];
  CHECK(g.value()(0) == Approx(6 * -1 + 60 * 2));
  CHECK(hvp(f, {}, {}).empty());
}

TEST_CASE("jacobian is the output's shape by the input's", "[calculus]") {
  const parameter<double> x({{1, 2, 3}, {4, 5, 6}}), v(array<double>{1, -1, 2}),
      other(array<double>{1});
  const tape recording;
  const variable<double> y = matmul(x, v);
  const std::size_t size = recording.size();
  const variables j = jacobian(y, {x, v, y, other});
  CHECK(recording.size() == size);
  REQUIRE(j[0].shape() == shape_type{2, 2, 3});
  REQUIRE(j[1].shape() == shape_type{2, 3});
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(j[1].value()(i, k) == x.value()(i, k));
      for (std::size_t row = 0; row < 2; ++row)
        CHECK(j[0].value()(i, row, k) == (i == row ? v.value()(k) : 0));
    }
  CHECK((j[2].value() == array<double>{{1, 0}, {0, 1}}));
  CHECK((j[3].value() == zeros<double>({2, 1})));
  // Differentiated again: the Jacobian of sin is diag(cos).
  const variable<double> s = jacobian(sin(v), {v}, graph)[0];
  const array<double> second = grad(sum(s), {v})[0].value();
  for (std::size_t k = 0; k < 3; ++k)
    CHECK(second(k) == Approx(-std::sin(v.value()(k))).epsilon(1e-14));
  const parameter<double> empty(zeros<double>({0}));
  CHECK((jacobian(empty * 2.0, {empty})[0].value() == zeros<double>({0, 0})));
}

TEST_CASE("hessian is the second derivative, block by block", "[calculus]") {
  const parameter<double> x(array<double>{2, -1}), z(array<double>{0.5});
  const tape recording;
  const variable<double> x0 = sum(x * array<double>{1, 0}), x1 = sum(x * array<double>{0, 1});
  const variable<double> f = x0 * x0 * x0 * x1 + sum(x1 * x1 * z);
  const auto h = hessian(f, {x, z}, graph);
  CHECK((h[0][0].value() == array<double>{{-12, 12}, {12, 1}}));
  CHECK((reshape(h[0][1], {2}).value() == array<double>{0, -2}));
  CHECK(h[0][1].shape() == shape_type{2, 1});
  CHECK((h[1][0].value() == array<double>{{0, -2}}));
  CHECK((h[1][1].value() == zeros<double>({1, 1})));
  // Third: d/dx0 of f_00 is 6 x1, d/dx1 of f_00 is 6 x0.
  const variable<double> corner = sum(h[0][0] * array<double>{{1, 0}, {0, 0}});
  CHECK((grad(corner, {x})[0].value() == array<double>{-6, 12}));
  CHECK((hessian(sum(3 * x), {x})[0][0].value() == zeros<double>({2, 2})));
}

TEST_CASE("a gradient that no longer depends on anything is differentiated to zeros",
          "[calculus]") {
  const parameter<double> x(array<double>{2});
  const tape recording;
  variable<double> y = sum(x * x * x);
  const double expected[] = {12, 12, 6, 0, 0, 0};
  for (const double each : expected) {
    y = sum(grad(y, {x}, graph)[0]);
    CHECK(y.item() == each);
  }
  // Of an input that the output does not depend on.
  const parameter<double> z(array<double>{1, 2, 3});
  const variable<double> none = grad(y, {z}, graph)[0];
  CHECK((none.value() == zeros<double>({3})));
  CHECK((grad(sum(none), {z})[0].value() == zeros<double>({3})));
  // Linear: the gradient is a constant, the Hessian is zero.
  CHECK((hvp(sum(3 * z), {z}, {array<double>{1, 1, 1}})[0].value() == zeros<double>({3})));
}

TEST_CASE("with respect to intermediate values", "[calculus]") {
  const parameter<double> x(array<double>{1, 2});
  const tape recording;
  const variable<double> h = exp(x), y = sum(h * h * x);
  const variables g = grad(y, {h, x}, graph);
  CHECK(g[0].value()(1) == Approx(4 * std::exp(2)));
  CHECK(g[1].value()(1) == Approx(5 * std::exp(4)));
  CHECK(hvp(y, {h}, {array<double>{1, 1}})[0].value()(1) == Approx(4));
  CHECK(vjp(h, array<double>{1, 3}, {x})[0].value()(1) == Approx(3 * std::exp(2)));
}

TEST_CASE("what grad, vjp, jvp and hvp refuse", "[calculus][errors]") {
  errors::witness w;
  const variable<double> y = w.a * w.b, constant(array<double>{1, 2}), total = sum(y);
  const array<double> r = full<double>({2, 3}, 1);
  w.check<tape_error>(
      "grad: input 1 is not tracked: only parameters and values recorded on a living "
      "tape are",
      [&](int& line) {
        line = __LINE__, grad(total, {w.a, constant});
      });
  w.check<shape_error>("vjp: 2 outputs and 1 cotangents", [&](int& line) {
    line = __LINE__, vjp(variables{y, y}, variables{r}, {w.a});
  });
  w.check<shape_error>("vjp: 0 outputs and 0 cotangents",
                       [&](int& line) { line = __LINE__, vjp(variables{}, variables{}, {w.a}); });
  w.check<shape_error>("vjp: the cotangent's shape (2) is not the value's, (2, 3)", [&](int& line) {
    line = __LINE__, vjp(variables{y, y}, variables{r, constant}, {w.a});
  });
  w.check<tape_error>("vjp: a parameter is not the result of any operation", [&](int& line) {
    line = __LINE__, vjp(variables{y, w.a}, variables{r, r}, {w.a});
  });
  w.check<shape_error>("jvp: 1 inputs and 2 vectors", [&](int& line) {
    line = __LINE__, jvp(y, {w.a}, {r, r});
  });
  w.check<shape_error>("hvp: input 0 has shape (2, 3), its vector (2)",
                       [&](int& line) { line = __LINE__, hvp(y, {w.a}, {constant}); });
  {
    const tape inner;
    const variable<double> z = square(w.b);
    CHECK_THROWS_AS(vjp(variables{y, z}, variables{r, variable<double>(z.value())}, {w.a}),
                    tape_error);
  }
  w.unchanged();
}
