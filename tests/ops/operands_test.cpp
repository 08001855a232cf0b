// What may stand for an argument: a variable, a parameter, an array, a scalar, an xtensor
// expression.

#include "ops/table.hpp"

#include "catch.hpp"

#include <cmath>

#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

struct add {
  auto operator()(const auto& a, const auto& b) const { return a + b; }
};
struct subtract {
  auto operator()(const auto& a, const auto& b) const { return a - b; }
};
struct multiply {
  auto operator()(const auto& a, const auto& b) const { return a * b; }
};
struct divide {
  auto operator()(const auto& a, const auto& b) const { return a / b; }
};

template <class T, class A, class B, class F>
variable<T> apply(const F& f, const A& a, const B& b) {
  static_assert(std::is_same_v<decltype(f(a, b)), variable<T>>,
                "an operator with a variable on either side makes a variable");
  return f(a, b);
}

}  // namespace

TEMPLATE_PRODUCT_TEST_CASE("operands of every kind", "[ops][operands]", std::tuple,
                           ((add, float), (add, double), (subtract, float), (subtract, double),
                            (multiply, float), (multiply, double), (divide, float),
                            (divide, double))) {
  using F = std::tuple_element_t<0, TestType>;
  using T = std::tuple_element_t<1, TestType>;
  const F f;
  const array<T> a_values{{1, 2, 3}, {4, 5, 6}};
  const array<T> b_values{2, 3, 4};
  const parameter<T> p(a_values), q(b_values);
  const variable<T> a = p, b = q;
  const array<T> expected = f(a_values, b_values);
  const tape recording;

  const auto check = [&](const variable<T>& y, const array<T>& value) {
    CHECK((y.value() == value));
    CHECK(y.tracked());
  };
  check(apply<T>(f, a, b), expected);
  check(apply<T>(f, p, q), expected);
  check(apply<T>(f, p, b), expected);
  check(apply<T>(f, a, b_values), expected);
  check(apply<T>(f, a_values, b), expected);
  check(apply<T>(f, p, b_values), expected);
  check(apply<T>(f, a_values, q), expected);
  check(apply<T>(f, a, b_values + T(0)), expected);  // an expression, not yet evaluated
  check(apply<T>(f, a_values * T(1), b), expected);
  check(apply<T>(f, a, xt::xarray<T>(b_values)), expected);

  const array<T> by_two = f(a_values, T(2));
  check(apply<T>(f, a, 2), by_two);
  check(apply<T>(f, a, 2u), by_two);
  check(apply<T>(f, a, 2.0), by_two);
  check(apply<T>(f, p, 2.0f), by_two);
  const array<T> from_two = f(T(2), a_values);
  check(apply<T>(f, 2, a), from_two);
  check(apply<T>(f, 2.0, a), from_two);
  check(apply<T>(f, 2.0f, p), from_two);
}

TEST_CASE("a scalar is rounded to the element type, whatever its own type", "[ops][operands]") {
  const variable<float> x(full<float>({2}, 1.0f));
  CHECK((x + 0.1).value()(0) == 1.0f + static_cast<float>(0.1));
  CHECK((x * 1e-60).value()(0) == 0.0f);
  const variable<double> y(full<double>({2}, 1.0));
  CHECK((y + 0.1f).value()(0) == 1.0 + static_cast<double>(0.1f));
}

TEST_CASE("derivatives with an array, an expression or a scalar on the other side",
          "[ops][operands]") {
  const parameter<double> p(array<double>{1, 2, 4});
  const array<double> other{2, 3, 5};
  const auto gradient = [&](const auto& f) {
    p.zero_grad();
    const tape recording;
    sum(f()).backward();
    return p.grad();
  };
  const auto near = [](const array<double>& found, const array<double>& expected) {
    CHECK(table::distance(found, expected) < 1e-15);
  };
  near(gradient([&] { return p * other; }), {2, 3, 5});
  near(gradient([&] { return other * p; }), {2, 3, 5});
  near(gradient([&] { return other / p; }), {-2, -0.75, -0.3125});
  near(gradient([&] { return p / other; }), {0.5, 1.0 / 3, 0.2});
  near(gradient([&] { return (other + other) * p; }), {4, 6, 10});
  near(gradient([&] { return p * (other - 1.0); }), {1, 2, 4});
  near(gradient([&] { return 3 * p; }), {3, 3, 3});
  near(gradient([&] { return 2 / p; }), {-2, -0.5, -0.125});
  near(gradient([&] { return 2 - p; }), {-1, -1, -1});
  near(gradient([&] { return p - other; }), {1, 1, 1});
  near(gradient([&] { return other - p; }), {-1, -1, -1});
  near(gradient([&] { return mse(p, other); }), {-2.0 / 3, -2.0 / 3, -2.0 / 3});
  near(gradient([&] { return mse(other, p); }), {-2.0 / 3, -2.0 / 3, -2.0 / 3});
}

// The array is borrowed for the call only: what the derivative needs of it is kept as a copy.
TEST_CASE("an array may change or die after the call", "[ops][operands]") {
  const parameter<double> p(array<double>{1, 2});
  const tape recording;
  array<double> factor{3, 5};
  const variable<double> y = p * factor + p * array<double>{10, 20};
  factor.fill(0);
  sum(y).backward();
  CHECK((p.grad() == array<double>{13, 25}));
}

TEST_CASE("functions take arrays and expressions too", "[ops][operands]") {
  const array<double> x{{1, 2}, {3, 4}};
  const array<double> w{{1, 0}, {0, 2}};
  const parameter<double> b(array<double>{10, 20});
  CHECK((xtape::matmul(x, w).value() == array<double>{{1, 4}, {3, 8}}));
  CHECK((xtape::relu(x - 2.5).value() == array<double>{{0, 0}, {0.5, 1.5}}));
  CHECK((xtape::sum(x).item() == 10));
  const tape recording;
  const variable<double> y = affine(x, w, b);
  CHECK((y.value() == array<double>{{11, 24}, {13, 28}}));
  sum(y).backward();
  CHECK((b.grad() == array<double>{2, 2}));
  CHECK(recording.size() == 2);
}

TEST_CASE("braced labels are labels", "[ops][operands]") {
  const array<double> z{{1, 2, 3}, {0, 0, 1}};
  const std::vector<int> two{2, 0}, one{2};
  CHECK(softmax_cross_entropy(z, {2, 0}).item() == softmax_cross_entropy(z, two).item());
  const array<float> row{{1, 2, 3}};
  CHECK(softmax_cross_entropy(row, {2}).item() == softmax_cross_entropy(row, one).item());
}
