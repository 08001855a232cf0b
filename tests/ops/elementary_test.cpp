// Elementary functions: how exact they are over the whole of their domain, and what they give at its ends.

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;

namespace {

template <class T>
using limits = std::numeric_limits<T>;
constexpr double inf = limits<double>::infinity();
constexpr double none = limits<double>::quiet_NaN();

/// Numbers in [low, high], as many near 0 as far from it; the ends among them.
template <class T>
array<T> spread(double low, double high, std::size_t count) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> even(low, high), exponent(-30, 0);
  array<T> x = empty<T>({count});
  for (std::size_t i = 0; i < count; ++i)
    x.data()[i] = static_cast<T>(even(random) * (i % 2 == 0 ? 1 : std::exp(exponent(random))));
  x.data()[0] = static_cast<T>(low);
  x.data()[1] = static_cast<T>(high);
  for (T& v : x.storage())
    if (v < low || v > high) v = static_cast<T>((low + high) / 2);
  return x;
}

/// The greatest error in units in the last place of the true value; infinite where one of the two is NaN
/// or infinite and the other is not.
template <class T>
double worst_ulps(const array<T>& found, const array<T>& x, long double (*exact)(long double)) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double truth = exact(x.data()[i]);
    const T rounded = static_cast<T>(truth), y = found.data()[i];
    if (std::isfinite(rounded) != std::isfinite(y)) return inf;
    if (!std::isfinite(rounded)) continue;
    const T size = std::max(std::abs(rounded), limits<T>::min());
    const long double ulp = static_cast<long double>(std::nextafter(size, limits<T>::max())) - size;
    worst = std::max(worst, static_cast<double>(std::abs(truth - y) / ulp));
  }
  return worst;
}

template <class T>
struct outcome {
  array<T> value, gradient;
};

template <class T, class F>
outcome<T> run(const F& f, const std::vector<double>& x) {
  array<T> values = empty<T>({x.size()});
  for (std::size_t i = 0; i < x.size(); ++i) values.data()[i] = static_cast<T>(x[i]);
  const parameter<T> p(values);
  const tape recording;
  const variable<T> y = f(p);
  sum(y).backward();
  return {y.value(), p.grad()};
}

template <class T>
void check(const array<T>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i << ": " << found.data()[i] << ", expected " << expected[i]);
    const T e = static_cast<T>(expected[i]), y = found.data()[i];
    CHECK(((std::isnan(e) && std::isnan(y)) || y == e ||
           std::abs(y - e) <= 4 * limits<T>::epsilon() * std::abs(e)));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("elementary functions are exact to 4 units in the last place",
                   "[ops][elementary]", float, double) {
  using T = TestType;
  using op = variable<T> (*)(const operand<T>&);
  struct function {
    const char* name;
    op of;
    long double (*exact)(long double);
    double low, high;
  };
  const double most = sizeof(T) == 4 ? 88 : 700;
  const std::vector<function> functions{
      {"reciprocal", reciprocal, [](long double x) { return 1 / x; }, 1e-30, 1e30},
      {"rsqrt", rsqrt, [](long double x) { return 1 / std::sqrt(x); }, 1e-30, 1e30},
      {"expm1", expm1, [](long double x) { return std::expm1(x); }, -most, most},
      {"log1p", log1p, [](long double x) { return std::log1p(x); }, -0.99999, 1e30},
      {"sin", sin, [](long double x) { return std::sin(x); }, -1e5, 1e5},
      {"cos", cos, [](long double x) { return std::cos(x); }, -1e5, 1e5},
      {"tan", tan, [](long double x) { return std::tan(x); }, -1e5, 1e5},
      {"asin", asin, [](long double x) { return std::asin(x); }, -1, 1},
      {"acos", acos, [](long double x) { return std::acos(x); }, -1, 1},
      {"atan", atan, [](long double x) { return std::atan(x); }, -1e30, 1e30},
      {"sinh", sinh, [](long double x) { return std::sinh(x); }, -most, most},
      {"cosh", cosh, [](long double x) { return std::cosh(x); }, -most, most},
      {"erf", erf, [](long double x) { return std::erf(x); }, -7, 7},
      {"erfc", erfc, [](long double x) { return std::erfc(x); }, -7, sizeof(T) == 4 ? 9 : 26},
      {"exp", exp, [](long double x) { return std::exp(x); }, sizeof(T) == 4 ? -87 : -708,
       sizeof(T) == 4 ? 88.3 : 709.4},
      {"tanh", tanh, [](long double x) { return std::tanh(x); }, -1, 1},
      {"tanh", tanh, [](long double x) { return std::tanh(x); }, -25, 25},
      {"sigmoid", sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); },
       sizeof(T) == 4 ? -87 : -700, 700},
      {"softplus", softplus, [](long double x) { return std::log1p(std::exp(x)); }, -80, 500},
      {"log_sigmoid", log_sigmoid, [](long double x) { return -std::log1p(std::exp(-x)); }, -500,
       80},
      {"softsign", softsign, [](long double x) { return x / (1 + std::abs(x)); }, -1e30, 1e30},
      {"silu", silu, [](long double x) { return x / (1 + std::exp(-x)); }, -80, 500},
  };
  for (const function& f : functions) {
    INFO(f.name);
    const array<T> x = spread<T>(f.low, f.high, 20'000);
    CHECK(worst_ulps(f.of(x).value(), x, f.exact) <= 4);
  }
  const array<T> x = spread<T>(1e-6, 1e6, 20'000);
  CHECK(worst_ulps(xtape::pow(x, 2.5).value(), x,
                   [](long double v) { return std::pow(v, 2.5L); }) <= 1);
  CHECK(worst_ulps(xtape::pow(x, -3).value(), x,
                   [](long double v) { return std::pow(v, -3.0L); }) <= 1);
}

TEMPLATE_TEST_CASE("tanh keeps signs and tiny numbers, and is never beyond 1", "[ops][elementary]",
                   float, double) {
  using T = TestType;
  const auto bent = [](const array<T>& x) { return tanh(operand<T>(x)).value(); };
  for (const T tiny : {T(0), limits<T>::denorm_min(), 3 * limits<T>::denorm_min(), limits<T>::min(),
                       limits<T>::epsilon() / 8}) {
    const array<T> y = bent(array<T>{tiny, -tiny});
    CHECK(y(0) == tiny);
    CHECK(y(1) == -tiny);
    CHECK(std::signbit(y(1)));
  }
  const array<T> x = spread<T>(0, 30, 20'000), y = bent(x), mirrored = bent(array<T>(-x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    REQUIRE(y.data()[i] == -mirrored.data()[i]);
    REQUIRE(y.data()[i] <= 1);
    if (x.data()[i] > 20) REQUIRE(y.data()[i] == 1);
  }
  CHECK(bent(array<T>{limits<T>::max()})(0) == 1);
}

TEMPLATE_TEST_CASE("elementary functions at the ends of their domains", "[ops][elementary]", float,
                   double) {
  using T = TestType;
  const auto at = [](const char* name, const auto& f, const std::vector<double>& x,
                     const std::vector<double>& value, const std::vector<double>& gradient) {
    INFO(name);
    const outcome<T> found = run<T>(f, x);
    check(found.value, value);
    check(found.gradient, gradient);
  };
  at("abs", [](const auto& x) { return abs(x); }, {0, -0.0, -3, inf, -inf, none},
     {0, 0, 3, inf, inf, none}, {0, 0, -1, 1, -1, none});
  at("sign", [](const auto& x) { return sign(x); }, {0, -0.0, -3, 1e-30, none}, {0, 0, -1, 1, none},
     {0, 0, 0, 0, 0});
  at("reciprocal", [](const auto& x) { return reciprocal(x); }, {0, -0.0, inf, none},
     {inf, -inf, 0, none}, {-inf, -inf, 0, none});
  at("rsqrt", [](const auto& x) { return rsqrt(x); }, {0, -1, inf, 4}, {inf, none, 0, 0.5},
     {-inf, none, 0, -1.0 / 16});
  at("exp", [](const auto& x) { return exp(x); }, {1000, -1000, inf, -inf, none, 0, 1e30, -1e30},
     {inf, 0, inf, 0, none, 1, inf, 0}, {inf, 0, inf, 0, none, 1, inf, 0});
  at("expm1", [](const auto& x) { return expm1(x); }, {1000, -1000, inf, -inf, none, 0},
     {inf, -1, inf, -1, none, 0}, {inf, 0, inf, 0, none, 1});
  at("log1p", [](const auto& x) { return log1p(x); }, {-1, -2, inf, none, 0},
     {-inf, none, inf, none, 0}, {inf, -1, 0, none, 1});
  at("sin", [](const auto& x) { return sin(x); }, {inf, -inf, none, 0}, {none, none, none, 0},
     {none, none, none, 1});
  at("cos", [](const auto& x) { return cos(x); }, {inf, none, 0}, {none, none, 1}, {none, none, 0});
  at("tan", [](const auto& x) { return tan(x); }, {inf, none, 0}, {none, none, 0}, {none, none, 1});
  const double half_pi = std::acos(0.0);
  at("asin", [](const auto& x) { return asin(x); }, {1, -1, 2, none, 0},
     {half_pi, -half_pi, none, none, 0}, {inf, inf, none, none, 1});
  at("acos", [](const auto& x) { return acos(x); }, {1, -1, -2, none, 0},
     {0, 2 * half_pi, none, none, half_pi}, {-inf, -inf, none, none, -1});
  at("atan", [](const auto& x) { return atan(x); }, {inf, -inf, none, 0, 1},
     {half_pi, -half_pi, none, 0, half_pi / 2}, {0, 0, none, 1, 0.5});
  at("sinh", [](const auto& x) { return sinh(x); }, {1000, -1000, none, 0}, {inf, -inf, none, 0},
     {inf, inf, none, 1});
  at("cosh", [](const auto& x) { return cosh(x); }, {1000, -1000, none, 0}, {inf, inf, none, 1},
     {inf, -inf, none, 0});
  at("erfc", [](const auto& x) { return erfc(x); }, {1000, -1000, inf, -inf, none, 0},
     {0, 2, 0, 2, none, 1}, {0, 0, 0, 0, none, -1.1283791670955126});
  at("leaky_relu", [](const auto& x) { return leaky_relu(x, 0.25); },
     {0, -0.0, -4, inf, -inf, none}, {0, 0, -1, inf, -inf, none},
     {0.25, 0.25, 0.25, 1, 0.25, 0.25});
  at("elu", [](const auto& x) { return elu(x, 0.5); }, {0, 1000, -1000, inf, -inf, none},
     {0, 1000, -0.5, inf, -0.5, none}, {0.5, 1, 0, 1, 0, 0.5});
  at("selu", [](const auto& x) { return selu(x); }, {0, 1000, -1000},
     {0, 1050.7009873554805, -1.7580993408473766}, {1.7580993408473766, 1.0507009873554805, 0});
  at("gelu", [](const auto& x) { return gelu(x); }, {0, 1000, -1000, 1e30, -1e30, inf, -inf, none},
     {0, 1000, 0, 1e30, 0, inf, none, none}, {0.5, 1, 0, 1, 0, none, none, none});
  at("gelu_tanh", [](const auto& x) { return gelu_tanh(x); }, {0, 1000, -1000, 1e30, -1e30, none},
     {0, 1000, 0, 1e30, 0, none}, {0.5, 1, 0, 1, 0, none});
  at("silu", [](const auto& x) { return silu(x); }, {0, 1000, -1000, inf, -inf, none},
     {0, 1000, 0, inf, none, none}, {0.5, 1, 0, none, none, none});
  at("softplus", [](const auto& x) { return softplus(x); }, {0, 1000, -1000, inf, -inf, none},
     {std::log(2.0), 1000, 0, inf, 0, none}, {0.5, 1, 0, 1, 0, none});
  at("softsign", [](const auto& x) { return softsign(x); }, {0, 1e30, -1e30, none},
     {0, 1, -1, none}, {1, sizeof(T) == 4 ? 0 : 1e-60, sizeof(T) == 4 ? 0 : 1e-60, none});
  at("hard_tanh", [](const auto& x) { return hard_tanh(x); },
     {0, 0.5, 1, -1, 1000, -1000, inf, -inf, none}, {0, 0.5, 1, -1, 1, -1, 1, -1, none},
     {1, 1, 0, 0, 0, 0, 0, 0, 0});
  at("log_sigmoid", [](const auto& x) { return log_sigmoid(x); }, {0, 1000, -1000, inf, -inf, none},
     {-std::log(2.0), 0, -1000, 0, -inf, none}, {0.5, 0, 1, 0, 1, none});
  at("mish", [](const auto& x) { return mish(x); }, {0, 1000, -1000, inf, -inf, none},
     {0, 1000, 0, inf, none, none}, {0.6, 1, 0, none, none, none});
  at("erf", [](const auto& x) { return erf(x); }, {1000, -1000, inf, -inf, none, 0},
     {1, -1, 1, -1, none, 0}, {0, 0, 0, 0, none, 1.1283791670955126});
}

TEMPLATE_TEST_CASE("pow at 0, below it, and with an exponent of 0", "[ops][elementary]", float,
                   double) {
  using T = TestType;
  const auto power = [](double exponent, const std::vector<double>& x) {
    return run<T>([exponent](const auto& v) { return pow(v, exponent); }, x);
  };
  check(power(0, {0, none, inf, -1}).value, {1, 1, 1, 1});
  check(power(0, {0, 5, -1}).gradient, {0, 0, 0});
  check(power(1, {0, -2}).gradient, {1, 1});
  check(power(2, {0, -3}).value, {0, 9});
  check(power(2, {0, -3}).gradient, {0, -6});
  check(power(3, {-2}).value, {-8});
  check(power(0.5, {0, -1, 4}).value, {0, none, 2});
  check(power(0.5, {0, -1, 4}).gradient, {inf, none, 0.25});
  check(power(-1, {0, -2}).value, {inf, -0.5});
  check(power(-1, {0, -2}).gradient, {-inf, -0.25});
}

TEMPLATE_TEST_CASE("a power of a variable exponent, at 0 and below it", "[ops][elementary]", float,
                   double) {
  using T = TestType;
  const parameter<T> a(array<T>{0, 0, 0, 0, -2, -2, 3, 0}),
      b(array<T>{0, 1, 2, 0.5, 3, 0.5, 0, -1});
  const tape recording;
  const variable<T> y = pow(a, b);
  check(y.value(), {1, 0, 0, 0, -8, none, 1, inf});
  const std::vector<variable<T>> g =
      vjp(y, variable<T>(full<T>({8}, 1)), {a, b}, {.create_graph = true});
  check(g[0].value(), {0, 1, 0, inf, 12, none, 0, -inf});
  check(g[1].value(), {0, 0, 0, 0, none, none, std::log(3.0), -inf});
  // Of second order too, nothing meets 0 times infinity at a = 0.
  const parameter<T> base(array<T>{0, 0, 0}), exponent(array<T>{0, 1, 2});
  const variable<T> once = grad(sum(pow(base, exponent)), {base}, {.create_graph = true})[0];
  check(once.value(), {0, 1, 0});
  check(grad(sum(once), {base})[0].value(), {0, 0, 2});
}

TEST_CASE("the left tail of gelu keeps its digits", "[ops][elementary]") {
  const array<double> x{-5, -10, -30};
  const parameter<double> p(x);
  const tape recording;
  const variable<double> bent = gelu_tanh(p);
  bent.backward(full<double>({3}, 1));
  for (std::size_t i = 0; i < 2; ++i) {
    const long double v = x(i), c = 2 * std::sqrt(2 / std::acos(-1.0L));
    const long double s = 1 / (1 + std::exp(-c * (v + 0.044715L * v * v * v)));
    CHECK(std::abs(bent.value()(i) / (v * s) - 1) < 1e-12);
    CHECK(std::abs(p.grad()(i) / (s + v * s * (1 - s) * c * (1 + 0.134145L * v * v)) - 1) < 1e-12);
  }
  const array<double> y = gelu(p).value();
  for (std::size_t i = 0; i < 3; ++i) {
    const long double v = x(i), exact = v * std::erfc(-v / std::sqrt(2.0L)) / 2;
    CHECK(y(i) < 0);
    CHECK(std::abs(y(i) / exact - 1) < static_cast<double>(v * v) * 1e-15);
  }
}

TEST_CASE("a polynomial's derivatives of every order, at 0 too", "[ops][elementary]") {
  for (const double at : {0.0, -1.5}) {
    const parameter<double> x(full<double>({}, at));
    const tape recording;
    variable<double> y = pow(x, 4) + sin(x);
    const std::vector<double> expected{4 * at * at * at + std::cos(at),
                                       12 * at * at - std::sin(at),
                                       24 * at - std::cos(at),
                                       24 + std::sin(at),
                                       std::cos(at),
                                       -std::sin(at)};
    for (const double e : expected) {
      y = grad(y, {x}, {.create_graph = true})[0];
      CHECK(std::abs(y.item() - e) < 1e-14);
    }
  }
}

TEMPLATE_TEST_CASE("maximum and minimum share a tie, and pass NaN on", "[ops][elementary]", float,
                   double) {
  using T = TestType;
  const T missing = limits<T>::quiet_NaN(), most = limits<T>::infinity();
  const parameter<T> a(array<T>{1, 2, 3, missing, 1, most, -most, 0});
  const parameter<T> b(array<T>{3, 2, 1, 1, missing, most, 5, -T(0)});
  const auto gradients = [&](const variable<T>& y) {
    a.zero_grad(), b.zero_grad();
    y.backward(full<T>(y.shape(), 1));
  };
  const tape recording;
  const variable<T> greater = maximum(a, b), less = minimum(a, b);
  check(greater.value(), {3, 2, 3, none, none, inf, 5, 0});
  check(less.value(), {1, 2, 1, none, none, inf, -inf, 0});
  gradients(greater);
  check(a.grad(), {0, 0.5, 1, 1, 1, 0.5, 0, 0.5});
  check(b.grad(), {1, 0.5, 0, 1, 1, 0.5, 1, 0.5});
  gradients(less);
  check(a.grad(), {1, 0.5, 0, 1, 1, 0.5, 1, 0.5});
  check(b.grad(), {0, 0.5, 1, 1, 1, 0.5, 0, 0.5});
}

TEMPLATE_TEST_CASE("where takes one side, and passes nothing of the other on", "[ops][elementary]",
                   float, double) {
  using T = TestType;
  const T missing = limits<T>::quiet_NaN();
  const parameter<T> x(array<T>{-1, 0, 2, missing});
  const tape recording;
  // The logarithm of a negative number is not taken, and its derivative does not come back as NaN.
  const variable<T> y = where(array<T>{0, 0, 1, 1}, log(maximum(x, 1)), x);
  check(y.value(), {-1, 0, std::log(2.0), none});
  y.backward(full<T>({4}, 1));
  check(x.grad(), {1, 1, 0.5, none});
  check(
      where(array<T>{0, -T(0), missing, limits<T>::denorm_min()}, variable<T>(T(1)), T(2)).value(),
      {2, 2, 1, 1});
}

TEMPLATE_TEST_CASE("clip passes the gradient at its ends", "[ops][elementary]", float, double) {
  const auto limited = [](const auto& x) { return clip(x, -1, 2); };
  const outcome<TestType> found = run<TestType>(limited, {-inf, -1.5, -1, 0, 2, 2.5, inf, none});
  check(found.value, {-1, -1, -1, 0, 2, 2, 2, none});
  check(found.gradient, {0, 0, 1, 1, 1, 0, 0, 0});
  const outcome<TestType> open =
      run<TestType>([](const auto& x) { return clip(x, 0, inf); }, {-1, 0, 5});
  check(open.value, {0, 0, 5});
  check(open.gradient, {0, 1, 1});
}
