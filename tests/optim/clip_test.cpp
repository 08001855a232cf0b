#include <xtape/optim/clip.hpp>

#include <xtape/array/rng.hpp>

#include "catch.hpp"
#include "gradients.hpp"

#include <cmath>
#include <limits>

using Catch::Matchers::Message;
using Catch::Matchers::WithinRel;
using namespace xtape;
using namespace xtape::optim;

namespace {
constexpr location nowhere;
}

TEMPLATE_TEST_CASE("clipping by norm keeps the direction of all gradients together", "[clip]",
                   float, double) {
  using T = TestType;
  const parameter<T> a(zeros<T>({2}), "a"), b(zeros<T>({1, 2}), "b"), idle(zeros<T>({3}));
  const std::vector<variable<T>> parameters{a, idle, b};
  send_gradient(a, array<T>{1, -2});
  send_gradient(b, array<T>{{2, 4}});
  clip_by_norm clip(5);
  CHECK(clip.explain() == "clip_by_norm: |g| <= 5, 0 of 0 calls clipped");
  CHECK(clip(parameters) == 5);  // at the limit: bitwise as they were
  CHECK(same_bits(a.grad(), array<T>{1, -2}));
  CHECK(same_bits(b.grad(), array<T>{{2, 4}}));
  CHECK(clip.explain() == "clip_by_norm: |g| <= 5, 0 of 1 call clipped, the last |g| = 5");

  clip_by_norm half(2.5);
  CHECK(half(parameters) == 5);
  CHECK(same_bits(a.grad(), array<T>{0.5, -1}));
  CHECK(same_bits(b.grad(), array<T>{{1, 2}}));
  CHECK_FALSE(idle.has_grad());
  CHECK(half(parameters) == 2.5);
  CHECK(half.calls() == 2);
  CHECK(half.clips() == 1);
  CHECK(half.explain() == "clip_by_norm: |g| <= 2.5, 1 of 2 calls clipped, the last |g| = 2.5");
}

TEMPLATE_TEST_CASE("arrays of every size are clipped to the limit", "[clip]", float, double) {
  using T = TestType;
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8},
                             std::size_t{67}, std::size_t{100003});
  rng random(5);
  const array<T> g = random.normal<T>({size});
  const parameter<T> p(zeros<T>({size}));
  double squares = 0;
  std::uint64_t beyond = 0;
  for (const T each : g) {
    squares += static_cast<double>(each) * static_cast<double>(each);
    beyond += std::abs(each) > 1;
  }
  send_gradient(p, g);
  CHECK_THAT(clip_by_norm(1)({p}), WithinRel(std::sqrt(squares), 1e-12));
  const double norm = std::sqrt(squares), factor = norm > 1 ? 1 / norm : 1;
  for (std::size_t i = 0; i < size; ++i)
    REQUIRE(std::abs(p.grad()(i) - static_cast<T>(factor) * g(i)) <=
            2 * std::numeric_limits<T>::epsilon() * std::abs(g(i)));
  send_gradient(p, g);
  CHECK(clip_by_value(1)({p}) == beyond);
  for (std::size_t i = 0; i < size; ++i)
    REQUIRE(p.grad()(i) == std::min(std::max(g(i), T(-1)), T(1)));
}

TEST_CASE("clipping by value counts", "[clip]") {
  const parameter<double> a(zeros<double>({3})), b(zeros<double>({1}));
  send_gradient(a, array<double>{-3, 2, 0.5});
  send_gradient(b, array<double>{7});
  clip_by_value clip(2);
  CHECK(clip.explain() == "clip_by_value: -2 <= g <= 2, 0 of 0 calls clipped");
  CHECK(clip({a, b}) == 2);
  CHECK((a.grad() == array<double>{-2, 2, 0.5}));
  CHECK((b.grad() == array<double>{2}));
  CHECK(clip({a, b}) == 0);
  CHECK(clip.calls() == 2);
  CHECK(clip.clips() == 1);
  CHECK(clip.explain() ==
        "clip_by_value: -2 <= g <= 2, 1 of 2 calls clipped, 0 numbers the last time");
}

TEST_CASE("a norm whose square overflows, or underflows, is found all the same", "[clip]") {
  const parameter<double> p(zeros<double>({2}));
  send_gradient(p, array<double>{3e200, 4e200});
  CHECK_THAT(clip_by_norm(10)({p}), WithinRel(5e200, 1e-14));
  CHECK_THAT(p.grad()(0), WithinRel(6.0, 1e-14));
  const parameter<float> f(zeros<float>({2}));
  send_gradient(f, array<float>{3e30f, 4e30f});
  CHECK_THAT(clip_by_norm(10)({f}), WithinRel(5e30, 1e-6));
  CHECK_THAT(static_cast<double>(f.grad()(1)), WithinRel(8.0, 1e-6));
}

TEST_CASE("errors of clipping", "[clip][errors]") {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS_MATCHES(clip_by_norm(0, nowhere), domain_error,
                       Message("clip_by_norm: limit = 0: must be finite and positive"));
  CHECK_THROWS_MATCHES(clip_by_value(nan, nowhere), domain_error,
                       Message("clip_by_value: limit = nan: must be finite and positive"));
  const parameter<double> a(zeros<double>({2}), "0.weight"), b(zeros<double>({2}));
  clip_by_norm by_norm(1);
  clip_by_value by_value(1);
  const auto refused = [&](const char* reason) {
    const array<double> before = a.grad(), other = b.grad();
    CHECK_THROWS_MATCHES(by_norm({a, b}, nowhere), domain_error,
                         Message(std::string("clip_by_norm: the gradient of parameter ") + reason));
    CHECK_THROWS_MATCHES(
        by_value({a, b}, nowhere), domain_error,
        Message(std::string("clip_by_value: the gradient of parameter ") + reason));
    CHECK(same_bits(a.grad(), before));
    CHECK(same_bits(b.grad(), other));
    CHECK(by_norm.calls() + by_value.calls() == 0);
  };
  send_gradient(a, array<double>{3, nan});
  send_gradient(b, array<double>{5, 6});
  refused("0 ('0.weight') holds nan");
  send_gradient(a, array<double>{3, 4});
  send_gradient(b, array<double>{5, -infinity});
  refused("1 holds -inf");
}
