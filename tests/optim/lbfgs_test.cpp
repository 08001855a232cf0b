#include <xtape/optim/lbfgs.hpp>

#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "gradients.hpp"
#include "lbfgs_golden.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using Catch::Matchers::Message;
using namespace xtape;
using optim::lbfgs;
using optim::lbfgs_options;
using optim::lbfgs_result;

namespace {

constexpr location nowhere;

array<double> array_of(const std::vector<double>& values) {
  array<double> all = empty<double>({values.size()});
  std::copy(values.begin(), values.end(), all.data());
  return all;
}

template <class T>
variable<T> rosenbrock(const variable<T>& x) {
  const auto n = static_cast<std::int64_t>(x.size());
  const variable<T> head = slice(x, {{.start = 0, .stop = n - 1}}),
                    tail = slice(x, {{.start = 1, .stop = n}});
  return sum(100 * square(tail - square(head)) + square(1 - head));
}

variable<double> decay(const variable<double>& p) {
  const variable<double> fit =
      slice(p, {{.start = 0, .stop = 1}}) *
          exp(-slice(p, {{.start = 1, .stop = 2}}) * array_of(lbfgs_golden::t)) +
      slice(p, {{.start = 2, .stop = 3}});
  return sum(square(fit - array_of(lbfgs_golden::y)));
}

/// What an optimizer asks for: the loss, its gradients left in the parameters.
template <class F, class T>
auto loss_of(const F& f, const parameter<T>& x) {
  return [&f, &x] {
    const tape recording;
    const variable<T> loss = f(x);
    loss.backward();
    return static_cast<double>(loss.item());
  };
}

}  // namespace

TEST_CASE("the minima are SciPy's, in about as many iterations", "[lbfgs]") {
  const auto same = [](const char* name, const lbfgs_golden::minimum& expected, const auto& f) {
    const parameter<double> x(array_of(expected.start), "x");
    lbfgs<double> optimizer(
        {x}, {.max_iterations = 1000, .gradient_tolerance = 1e-8, .change_tolerance = 0});
    const lbfgs_result result = optimizer.step(loss_of(f, x));
    CAPTURE(name, result.iterations, result.evaluations, result.gradient, result.loss);
    CHECK(result.reason == lbfgs_result::end::gradient);
    CHECK(result.converged());
    CHECK(result.gradient <= 1e-8);
    CHECK(result.iterations <= static_cast<std::uint64_t>(expected.iterations * 5 / 4));
    CHECK(result.iterations >= static_cast<std::uint64_t>(expected.iterations / 2));
    CHECK(result.evaluations <= static_cast<std::uint64_t>(expected.evaluations * 5 / 4));
    CHECK(std::abs(result.loss - expected.loss) <= 1e-12);
    for (std::size_t i = 0; i < expected.end.size(); ++i)
      CHECK(std::abs(x.value()(i) - expected.end[i]) <= 1e-6 * std::abs(expected.end[i]));
  };
  same("rosenbrock_2", lbfgs_golden::rosenbrock_2, rosenbrock<double>);
  same("rosenbrock_10", lbfgs_golden::rosenbrock_10, rosenbrock<double>);
  same("decay", lbfgs_golden::decay, decay);
}

TEST_CASE("a quadratic of n curvatures is done in about n iterations", "[lbfgs]") {
  const array<double> curvature{1, 10, 100, 1000};
  const array<double> centre{1, -2, 3, -4};
  const parameter<double> x(zeros<double>({4}));
  const auto f = [&](const variable<double>& at) {
    return sum(curvature * square(at - centre)) / 2;
  };
  lbfgs<double> optimizer(
      {x}, {.max_iterations = 100, .gradient_tolerance = 1e-10, .change_tolerance = 0});
  const lbfgs_result result = optimizer.step(loss_of(f, x));
  CAPTURE(result.iterations);
  CHECK(result.reason == lbfgs_result::end::gradient);
  CHECK(result.iterations <= 20);
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(x.value()(i) - centre(i)) <= 1e-9);
}

TEST_CASE("every line search ends where the strong Wolfe conditions hold", "[lbfgs]") {
  const parameter<double> x(array<double>{-1.2, 1});
  const double c1 = 1e-4, c2 = 0.9;
  lbfgs<double> optimizer({x}, {.max_iterations = 1, .c1 = c1, .c2 = c2});
  const auto f = loss_of(rosenbrock<double>, x);
  for (int i = 0; i < 30; ++i) {
    const array<double> before = x.value();
    x.zero_grad();
    const double from = f();
    const array<double> slope_from = x.grad();
    optimizer.step(f);
    const array<double> after = x.value();
    x.zero_grad();
    const double to = f();
    double along_before = 0, along_after = 0;  // both times a
    for (std::size_t k = 0; k < 2; ++k) {
      along_before += slope_from(k) * (after(k) - before(k));
      along_after += x.grad()(k) * (after(k) - before(k));
    }
    CAPTURE(i, from, to, along_before, along_after);
    REQUIRE(along_before < 0);
    CHECK(to <= from + c1 * along_before + 1e-15);
    CHECK(std::abs(along_after) <= -c2 * along_before + 1e-15);
  }
}

TEST_CASE("floats, several parameters, and one the loss does not depend on", "[lbfgs]") {
  const parameter<float> a(array<float>{-1.2f}, "a"), b(array<float>{1}, "b"),
      idle(array<float>{5, 6}, "idle");
  lbfgs<float> optimizer({a, idle, b}, {.max_iterations = 200, .gradient_tolerance = 1e-3});
  const lbfgs_result result = optimizer.step([&] {
    const tape recording;
    const variable<float> loss = sum(100 * square(b - square(a)) + square(1 - a));
    loss.backward();
    return loss.item();
  });
  CHECK(result.converged());
  CHECK(std::abs(a.value()(0) - 1) < 1e-2f);
  CHECK(std::abs(b.value()(0) - 1) < 1e-2f);
  CHECK((idle.value() == array<float>{5, 6}));
}

TEST_CASE("steps add up; the state carries over bitwise", "[lbfgs]") {
  const array<double> start{-1.2, 1, -1.2, 1};
  const parameter<double> once(start), often(start);
  lbfgs<double> in_one({once}, {.max_iterations = 20, .history = 3});
  in_one.step(loss_of(rosenbrock<double>, once));
  lbfgs<double> in_four({often}, {.max_iterations = 5, .history = 3});
  for (int i = 0; i < 2; ++i) in_four.step(loss_of(rosenbrock<double>, often));

  const parameter<double> resumed(often);
  lbfgs<double> fresh({resumed}, {.max_iterations = 5, .history = 3});
  const auto source = in_four.state(), target = fresh.state();
  std::string names;
  for (std::size_t i = 0; i < source.size(); ++i) {
    REQUIRE(source[i].name == target[i].name);
    names += source[i].name + ' ';
    std::visit([&](auto* value) { *value = *std::get<decltype(value)>(source[i].value); },
               target[i].value);
  }
  CHECK(names == "moves changes pairs iterations evaluations ");
  CHECK(fresh.explain() == in_four.explain());
  for (int i = 0; i < 2; ++i) in_four.step(loss_of(rosenbrock<double>, often));
  for (int i = 0; i < 2; ++i) fresh.step(loss_of(rosenbrock<double>, resumed));
  CHECK(same_bits(once.value(), often.value()));
  CHECK(same_bits(once.value(), resumed.value()));
}

TEST_CASE("a step says why it ended", "[lbfgs]") {
  using end = lbfgs_result::end;
  const parameter<double> x(array<double>{-1.2, 1});
  const auto f = loss_of(rosenbrock<double>, x);
  lbfgs<double> few({x}, {.max_iterations = 2});
  const lbfgs_result first = few.step(f);
  CHECK(first.reason == end::iterations);
  CHECK_FALSE(first.converged());
  CHECK(first.iterations == 2);
  CHECK(few.explain() ==
        "lbfgs: 1 parameter, 2 numbers, 2 iterations, " + std::to_string(first.evaluations) +
            " evaluations\n"
            "  d = -H g, H from the last 2 of at most 10 pairs (s, y)\n"
            "  x = x + a d, f(x + a d) <= f(x) + c1 a g.d, |g(x + a d).d| <= c2 |g.d|\n"
            "  c1 = 0.0001, c2 = 0.9");
  CHECK(lbfgs<double>({x}, {.change_tolerance = 0.9}).step(f).reason == end::change);
  // A slope that is a lie: nothing along it is smaller.
  const parameter<double> w(array<double>{1});
  lbfgs<double> misled({w}, {.max_evaluations = 3});
  const lbfgs_result stuck = misled.step([&] {
    send_gradient(w, array<double>{1});
    return 1 - w.value()(0);
  });
  CHECK(stuck.reason == end::line);
  CHECK(stuck.loss == 0);
  CHECK(w.value()(0) == 1);
}

TEST_CASE("gradients are left bitwise as the last call of the loss left them", "[lbfgs]") {
  const parameter<double> x(array<double>{-1.2, 1});
  lbfgs<double> optimizer({x}, {.max_iterations = 7});
  array<double> last;
  optimizer.step([&] {
    const double loss = loss_of(rosenbrock<double>, x)();
    last = x.grad();
    return loss;
  });
  CHECK(same_bits(x.grad(), last));
}

TEST_CASE("a loss that is not finite ahead turns the search back", "[lbfgs]") {
  // There is nothing below 0, where the first guess, a step of length 1, leads.
  const parameter<double> x(array<double>{0.5});
  const auto f = [](const variable<double>& at) { return sum(10 * at - log(at)); };
  lbfgs<double> optimizer({x}, {.max_iterations = 100});
  int beyond = 0;
  const lbfgs_result result = optimizer.step([&] {
    beyond += x.value()(0) < 0 ? 1 : 0;
    return loss_of(f, x)();
  });
  CHECK(beyond > 0);
  CHECK(result.converged());
  CHECK(std::abs(x.value()(0) - 0.1) < 1e-6);
}

TEST_CASE("whatever goes wrong, the parameters are as after the last whole iteration",
          "[lbfgs][errors]") {
  const parameter<double> x(array<double>{-1.2, 1}, "x");
  const auto f = loss_of(rosenbrock<double>, x);
  const parameter<double> two(x);
  lbfgs<double> reference({two}, {.max_iterations = 2});
  const std::uint64_t calls = reference.step(loss_of(rosenbrock<double>, two)).evaluations;
  lbfgs<double> optimizer({x});
  std::uint64_t left = calls;
  CHECK_THROWS_AS(optimizer.step([&] {
    if (left-- == 0) throw std::runtime_error("stop");
    return f();
  }),
                  std::runtime_error);
  CHECK(same_bits(x.value(), two.value()));

  const auto refused = [&](const std::function<double()>& loss, const char* text) {
    CHECK_THROWS_MATCHES(optimizer.step(loss, nowhere), domain_error, Message(text));
    CHECK(same_bits(x.value(), two.value()));
  };
  refused([&] { return f() * std::nan(""); }, "lbfgs: the loss is nan at the start");
  refused(
      [&] {
        send_gradient(x, array<double>{1, -std::numeric_limits<double>::infinity()});
        return 1.0;
      },
      "lbfgs: the gradient of parameter 0 ('x') holds -inf at the start");
  CHECK_THROWS_MATCHES(optimizer.step([] { return 1.0; }, nowhere), tape_error,
                       Message("lbfgs: no parameter has a gradient: the function of the loss must "
                               "call backward"));
  CHECK_THROWS_MATCHES(optimizer.step(
                           [&] {
                             x.mutable_value() = zeros<double>({3});
                             return 1.0;
                           },
                           nowhere),
                       shape_error,
                       Message("lbfgs: a parameter was given another shape by the function of the "
                               "loss"));
  CHECK_THROWS_MATCHES(optimizer.step(f, nowhere), shape_error,
                       Message("lbfgs: the parameters hold 3 numbers, the history is of shape "
                               "(10, 2): make a new optimizer for a new shape"));
}

TEST_CASE("options of lbfgs outside their domain", "[lbfgs][errors]") {
  const parameter<double> w(array<double>{1}, "w");
  const auto refused = [&](const lbfgs_options& options, const char* text) {
    CHECK_THROWS_MATCHES(lbfgs<double>({w}, options, nowhere), domain_error, Message(text));
  };
  refused({.max_iterations = 0}, "lbfgs: max_iterations = 0: must be at least 1");
  refused({.history = 0}, "lbfgs: history = 0: must be 1 to 1000");
  refused({.history = 1001}, "lbfgs: history = 1001: must be 1 to 1000");
  refused({.gradient_tolerance = -1},
          "lbfgs: gradient_tolerance = -1: must be finite and not negative");
  refused({.change_tolerance = std::nan("")},
          "lbfgs: change_tolerance = nan: must be finite and not negative");
  refused({.c1 = 0}, "lbfgs: c1 = 0: must be greater than 0 and less than 1");
  refused({.c1 = 0.5, .c2 = 0.4}, "lbfgs: c2 = 0.4: must be greater than c1 and less than 1");
  refused({.c2 = 1}, "lbfgs: c2 = 1: must be greater than c1 and less than 1");
  refused({.max_evaluations = 0}, "lbfgs: max_evaluations = 0: must be at least 1");
  CHECK_THROWS_MATCHES(lbfgs<double>({}, {}, nowhere), domain_error,
                       Message("lbfgs: there are no parameters to change"));
  CHECK_THROWS_MATCHES(
      lbfgs<double>({w, w}, {}, nowhere), domain_error,
      Message("lbfgs: parameter 1 ('w') is also parameter 0: each must be listed once"));
}
