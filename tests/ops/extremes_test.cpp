// Values far out, where a formula written down naively overflows, underflows or loses everything.

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

template <class T>
constexpr T inf = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

template <class T>
struct outcome {
  std::vector<T> value, gradient;
};

// f at x, and the gradient of the sum of its elements, each weighted by `weights` where given.
template <class T, class F>
outcome<T> run(const F& f, const std::vector<T>& x, const std::vector<T>& weights = {}) {
  array<T> values = empty<T>({x.size()});
  std::copy(x.begin(), x.end(), values.begin());
  const parameter<T> p(values);
  const tape recording;
  const variable<T> y = f(p);
  array<T> seed = full<T>(y.shape(), T(1));
  std::copy(weights.begin(), weights.end(), seed.begin());
  y.backward(seed);
  return {{y.value().begin(), y.value().end()}, {p.grad().begin(), p.grad().end()}};
}

// Equal, NaN to NaN; within a few units in the last place of the greater.
template <class T>
void check(const std::vector<T>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i << ": " << found[i] << ", expected " << expected[i]);
    const T e = static_cast<T>(expected[i]);
    if (std::isnan(e))
      CHECK(std::isnan(found[i]));
    else if (std::isinf(e))
      CHECK(found[i] == e);
    else
      CHECK(std::abs(found[i] - e) <= 16 * std::numeric_limits<T>::epsilon() * std::abs(e));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("sigmoid saturates", "[ops][extremes]", float, double) {
  using T = TestType;
  const auto [value, gradient] = run<T>([](const auto& x) { return sigmoid(x); },
                                        {-1000, 1000, -inf<T>, inf<T>, nan_of<T>, 0});
  const double nan = nan_of<double>;
  check(value, {0, 1, 0, 1, nan, 0.5});
  check(gradient, {0, 0, 0, 0, nan, 0.25});
}

TEMPLATE_TEST_CASE("tanh saturates", "[ops][extremes]", float, double) {
  using T = TestType;
  const auto [value, gradient] =
      run<T>([](const auto& x) { return tanh(x); }, {-1000, 1000, -inf<T>, inf<T>, nan_of<T>, 0});
  const double nan = nan_of<double>;
  check(value, {-1, 1, -1, 1, nan, 0});
  check(gradient, {0, 0, 0, 0, nan, 1});
}

TEMPLATE_TEST_CASE("relu: the kink counts as 0, NaN stays NaN", "[ops][extremes]", float, double) {
  using T = TestType;
  const auto [value, gradient] = run<T>(
      [](const auto& x) { return relu(x); },
      {T(0), -T(0), nan_of<T>, inf<T>, -inf<T>, std::numeric_limits<T>::denorm_min(), -1, 1e30f});
  check(value, {0, 0, nan_of<double>, inf<double>, 0,
                static_cast<double>(std::numeric_limits<T>::denorm_min()), 0, 1e30f});
  check(gradient, {0, 0, 0, 1, 0, 1, 0, 1});
}

TEMPLATE_TEST_CASE("exp overflows to infinity and underflows to 0", "[ops][extremes]", float,
                   double) {
  using T = TestType;
  const auto [value, gradient] =
      run<T>([](const auto& x) { return exp(x); }, {1000, -1000, inf<T>, -inf<T>, nan_of<T>, 0});
  const double big = inf<double>;
  check(value, {big, 0, big, 0, nan_of<double>, 1});
  check(gradient, {big, 0, big, 0, nan_of<double>, 1});
}

TEMPLATE_TEST_CASE("log and sqrt at and below 0", "[ops][extremes]", float, double) {
  using T = TestType;
  const double big = inf<double>, nan = nan_of<double>;
  const auto logs = run<T>([](const auto& x) { return log(x); }, {T(0), -1, inf<T>, nan_of<T>, 1});
  check(logs.value, {-big, nan, big, nan, 0});
  check(logs.gradient, {big, -1, 0, nan, 1});
  const auto roots =
      run<T>([](const auto& x) { return sqrt(x); }, {T(0), -1, inf<T>, nan_of<T>, 4});
  check(roots.value, {0, nan, big, nan, 2});
  check(roots.gradient, {big, nan, 0, nan, 0.25});
}

TEMPLATE_TEST_CASE("log of the smallest and largest numbers", "[ops][extremes]", float, double) {
  using T = TestType;
  using limits = std::numeric_limits<T>;
  const auto logs = run<T>([](const auto& x) { return log(x); }, {limits::min(), limits::max()});
  check(logs.value, {std::log(static_cast<double>(limits::min())),
                     std::log(static_cast<double>(limits::max()))});
}

TEMPLATE_TEST_CASE("division by 0 is what IEEE says", "[ops][extremes]", float, double) {
  using T = TestType;
  const double big = inf<double>;
  const auto quotient = run<T>(
      [](const auto& x) {
        return x / array<T>{T(0), -T(0), 0, inf<T>};
      },
      {1, 1, 0, 1});
  check(quotient.value, {big, -big, nan_of<double>, 0});
  check(quotient.gradient, {big, -big, big, 0});
}

TEMPLATE_TEST_CASE("softmax and log_softmax of +-1e4", "[ops][extremes]", float, double) {
  using T = TestType;
  const std::vector<T> x{1e4, -1e4, 1e4, 0};
  const auto y = run<T>([](const auto& v) { return softmax(v); }, x, {1, 0, 0, 0});
  check(y.value, {0.5, 0, 0.5, 0});
  check(y.gradient, {0.25, 0, -0.25, 0});
  const auto log_y = run<T>([](const auto& v) { return log_softmax(v); }, x, {1, 0, 0, 0});
  const double half = std::log(0.5);
  check(log_y.value, {half, -2e4 + half, half, -1e4 + half});
  check(log_y.gradient, {0.5, 0, -0.5, 0});
}

TEMPLATE_TEST_CASE("logsumexp of +-1e4, over an axis, over everything and over nothing",
                   "[ops][extremes]", float, double) {
  using T = TestType;
  const auto found = run<T>([](const auto& v) { return logsumexp(v); }, {1e4, -1e4, 1e4});
  check(found.value, {1e4 + std::log(2.0)});
  check(found.gradient, {0.5, 0, 0.5});
  const auto low = run<T>([](const auto& v) { return logsumexp(v); }, {-1e4, -1e4});
  check(low.value, {-1e4 + std::log(2.0)});
  check(low.gradient, {0.5, 0.5});
  const auto each = run<T>([](const auto& v) { return logsumexp(v, axis_list{}); }, {1e4, -1e4});
  check(each.value, {1e4, -1e4});
  check(each.gradient, {1, 1});
  const auto scalar = run<T>([](const auto& v) { return logsumexp(reshape(v, {})); }, {1e4});
  check(scalar.value, {1e4});
  check(scalar.gradient, {1});
  const auto nothing = run<T>([](const auto& v) { return logsumexp(v); }, {});
  check(nothing.value, {-inf<double>});
  const auto one_impossible = run<T>([](const auto& v) { return logsumexp(v); }, {-inf<T>, 2});
  check(one_impossible.value, {2});
  check(one_impossible.gradient, {0, 1});
}

TEMPLATE_TEST_CASE("cross-entropy of +-1e4 logits", "[ops][extremes]", float, double) {
  using T = TestType;
  const auto wrong = run<T>(
      [](const auto& v) {
        return softmax_cross_entropy(reshape(v, {1, 3}), std::vector<int>{1});
      },
      {1e4, -1e4, 0});
  check(wrong.value, {2e4});
  check(wrong.gradient, {1, -1, 0});
  const auto right = run<T>(
      [](const auto& v) {
        return softmax_cross_entropy(reshape(v, {1, 3}), std::vector<int>{0});
      },
      {1e4, -1e4, 0});
  check(right.value, {0});
  check(right.gradient, {0, 0, 0});
  const auto soft = run<T>(
      [](const auto& v) {
        return softmax_cross_entropy(reshape(v, {1, 3}), array<T>{{T(0.25), T(0.75), 0}});
      },
      {1e4, -1e4, 0});
  check(soft.value, {1.5e4});
  check(soft.gradient, {0.75, -0.75, 0});
}

// A net that vanishes on purpose: 60 sigmoids with weight 0.01 leave a gradient of 0.0025^60, which
// is far below what float holds, and not NaN.
TEST_CASE("a vanishing gradient vanishes without NaN", "[ops][extremes]") {
  const parameter<float> single(full<float>({4}, 0.5f));
  const parameter<double> twice(full<double>({4}, 0.5));
  const tape recording;
  const auto deep = [](auto x) {
    for (int layer = 0; layer < 60; ++layer) x = sigmoid(x * 0.01);
    return sum(x);
  };
  deep(variable<float>(single)).backward();
  deep(variable<double>(twice)).backward();
  for (const float g : single.grad()) CHECK(g == 0);
  for (const double g : twice.grad()) {
    CHECK(g > 1e-158);
    CHECK(g < 1e-155);
  }
}

// What is beyond the kink takes no part, whatever it is multiplied by.
TEST_CASE("relu's and gate's closed side passes no infinity on", "[ops][extremes]") {
  const auto [value, gradient] =
      run<double>([](const auto& x) { return relu(x); }, {-1, 1}, {inf<double>, 2});
  check(value, {0, 1});
  check(gradient, {0, 2});
  const auto gated = run<double>(
      [](const auto& x) {
        return gate(x, array<double>{-1, 1, 0});
      },
      {inf<double>, 3, nan_of<double>});
  check(gated.value, {0, 3, 0});
  check(gated.gradient, {0, 1, 0});
}
