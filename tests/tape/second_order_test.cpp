// Derivatives of derivatives against closed forms.

#include "catch.hpp"

#include <cmath>
#include <vector>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

// f and its first and second derivatives at each of x, elementwise, compared with closed forms.
template <class F>
void check(const F& f, double (*first)(double), double (*second)(double)) {
  const array<double> points{-3, -1.5, -0.5, 0.25, 1, 2.5};
  const parameter<double> x(points);
  const tape recording;
  const variable<double> g = grad(sum(f(x)), {x}, {.create_graph = true})[0];
  const variable<double> h = grad(sum(g), {x}, {.create_graph = true})[0];
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK(std::abs(g.value()(i) - first(points(i))) < 1e-12);
    CHECK(std::abs(h.value()(i) - second(points(i))) < 1e-12);
  }
  CHECK(!x.has_grad());
}

}  // namespace

TEST_CASE("second derivative of the sigmoid", "[tape][second]") {
  check([](const variable<double>& x) { return sigmoid(x); },
        [](double x) {
          const double s = 1 / (1 + std::exp(-x));
          return s * (1 - s);
        },
        [](double x) {
          const double s = 1 / (1 + std::exp(-x));
          return s * (1 - s) * (1 - 2 * s);
        });
}

TEST_CASE("second derivative of tanh", "[tape][second]") {
  check([](const variable<double>& x) { return tanh(x); },
        [](double x) { return 1 - std::tanh(x) * std::tanh(x); },
        [](double x) { return -2 * std::tanh(x) * (1 - std::tanh(x) * std::tanh(x)); });
}

TEST_CASE("first, second and third derivative of x^3", "[tape][second]") {
  check([](const variable<double>& x) { return x * x * x; }, [](double x) { return 3 * x * x; },
        [](double x) { return 6 * x; });
  const parameter<double> x(array<double>{-2, 0.5, 3});
  const tape recording;
  variable<double> y = x * x * x;
  const double expected[3][3] = {{12, 0.75, 27}, {-12, 3, 18}, {6, 6, 6}};
  for (const auto& order : expected) {
    y = grad(sum(y), {x}, {.create_graph = true})[0];
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(y.value()(i) - order[i]) < 1e-12);
  }
}

TEST_CASE("gradient and Hessian of x'Ax", "[tape][second]") {
  const array<double> a{{1, 2, -1}, {0.5, 3, 4}, {7, -2, 0.25}};
  array<double> start = empty<double>({3, 1});
  start(0, 0) = 0.3, start(1, 0) = -1.2, start(2, 0) = 2;
  const parameter<double> x(start);
  const tape recording;
  const variable<double> y = matmul(transpose(x), matmul(a, x));
  const variable<double> g = grad(y, {x}, {.create_graph = true})[0];
  for (std::size_t i = 0; i < 3; ++i) {
    double expected = 0;
    for (std::size_t j = 0; j < 3; ++j) expected += (a(i, j) + a(j, i)) * x.value()(j, 0);
    CHECK(std::abs(g.value()(i, 0) - expected) < 1e-12);
    array<double> one = zeros<double>({3, 1});
    one(i, 0) = 1;
    const variable<double> row = vjp(g, variable<double>(one), {x})[0];
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(std::abs(row.value()(j, 0) - (a(i, j) + a(j, i))) < 1e-12);
  }
}

TEST_CASE("mixed second derivatives", "[tape][second]") {
  const parameter<double> x(array<double>{0.5, 2}), y(array<double>{-1, 3});
  const tape recording;
  const variable<double> f = sum(x * x * exp(y));  // d2f/dxdy = 2 x e^y
  const variable<double> by_x = grad(f, {x}, {.create_graph = true})[0];
  const variable<double> by_xy = grad(sum(by_x), {y})[0];
  const variable<double> by_y = grad(f, {y}, {.create_graph = true})[0];
  const variable<double> by_yx = grad(sum(by_y), {x})[0];
  for (std::size_t i = 0; i < 2; ++i) {
    const double expected = 2 * x.value()(i) * std::exp(y.value()(i));
    CHECK(std::abs(by_xy.value()(i) - expected) < 1e-12 * std::abs(expected));
    CHECK(std::abs(by_yx.value()(i) - expected) < 1e-12 * std::abs(expected));
  }
}

// The penalty |df/dx|^2 is trained on as any other loss.
TEST_CASE("a loss that contains a gradient goes backward", "[tape][second]") {
  const parameter<double> w(array<double>{0.7, -0.4}, "w");
  const parameter<double> x(array<double>{1.5, 2.5}, "x");
  const tape recording;
  const variable<double> f = sum(tanh(w * x));
  const variable<double> g = grad(f, {x}, {.create_graph = true})[0];
  const variable<double> penalty = sum(square(g));
  penalty.backward();
  for (std::size_t i = 0; i < 2; ++i) {
    // g = w (1 - t^2), t = tanh(w x); d(g^2)/dw = 2 g ((1 - t^2) - 2 w x t (1 - t^2)).
    const double wi = w.value()(i), xi = x.value()(i), t = std::tanh(wi * xi), s = 1 - t * t;
    CHECK(std::abs(w.grad()(i) - 2 * wi * s * (s - 2 * wi * xi * t * s)) < 1e-12);
    CHECK(std::abs(x.grad()(i) - 2 * wi * s * (-2 * t * s * wi * wi)) < 1e-12);
  }
}

TEST_CASE("second derivatives with respect to an intermediate value", "[tape][second]") {
  const parameter<double> p(array<double>{2, 3});
  const tape recording;
  const variable<double> a = p * 2;
  const variable<double> g = grad(sum(a * a * a), {a}, {.create_graph = true})[0];
  CHECK((g.value() == array<double>{48, 108}));
  CHECK((grad(sum(g), {a})[0].value() == array<double>{24, 36}));
  CHECK((grad(sum(g), {p})[0].value() == array<double>{48, 72}));
}

TEST_CASE("a recorded sweep can be recorded on an inner tape", "[tape][second]") {
  const parameter<double> p(array<double>{2, 3});
  const tape outer;
  const variable<double> y = sum(p * p * p);
  const std::size_t size = outer.size();
  const tape inner;
  const variable<double> g = grad(y, {p}, {.create_graph = true})[0];
  CHECK(outer.size() == size);
  CHECK(inner.size() > 0);
  CHECK((g.value() == array<double>{12, 27}));
}

TEST_CASE("a recorded gradient follows only what leads to its inputs", "[tape][second]") {
  const parameter<double> a(full<double>({}, 2)), b(full<double>({}, 3));
  const auto recorded = [&](bool other_first) {
    const tape recording;
    const variable<double> loss = tanh(a) * exp(b);
    if (other_first) static_cast<void>(grad(loss, {b}));
    const std::size_t before = recording.size();
    static_cast<void>(grad(loss, {a}, {.create_graph = true}));
    return recording.size() - before;
  };
  CHECK(recorded(false) > 0);
  CHECK(recorded(true) == recorded(false));
}
