// Operations of the user's own, and what a checker needs of every operation.

#include "catch.hpp"

#include <cmath>

#include <xtape/calculus/check.hpp>
#include <xtape/inspect/tape.hpp>
#include <xtape/ops/ops.hpp>

#include "ops/errors.hpp"

using namespace xtape;

namespace {

using variables = std::vector<variable<double>>;

// x^3, the value by plain xtensor, the derivative by operations.
const custom_rule<double> cube{"cube",
                               [](const variables& x) {
                                 const array<double>& v = x[0].value();
                                 return variable<double>(array<double>(v * v * v));
                               },
                               [](std::size_t, const variable<double>& g, const variables& x,
                                  const variable<double>&) { return 3 * g * square(x[0]); }};

// a b + c, any number of arguments of one shape.
const custom_rule<double> weighted{
    "weighted", [](const variables& x) { return x[0] * x[1] + x[2]; },
    [](std::size_t k, const variable<double>& g, const variables& x, const variable<double>&) {
      return k == 0 ? g * x[1] : k == 1 ? g * x[0] : g;
    }};

}  // namespace

TEST_CASE("a custom operation is an entry like any other", "[ops][custom]") {
  const parameter<double> x({{1, -2}, {0.5, 3}}, "x");
  const tape recording;
  const variable<double> y = custom_op(cube, {x});
  const int line = __LINE__ - 1;
  CHECK((y.value() == array<double>{{1, -8}, {0.125, 27}}));
  REQUIRE(recording.size() == 1);
  CHECK(recording[0].operation() == "cube");
  CHECK(recording[0].input_text(0) == "x");
  CHECK(recording[0].where().line == line);
  sum(y).backward();
  CHECK((x.grad() == array<double>{{3, 12}, {0.75, 27}}));
  x.zero_grad();
  (sum(y) + sum(custom_op(cube, {x}))).backward();
  CHECK((x.grad() == array<double>{{6, 24}, {1.5, 54}}));
}

TEST_CASE("a custom operation is differentiable again", "[ops][custom]") {
  const parameter<double> x(array<double>{1.5, -2});
  const tape recording;
  variable<double> d = sum(custom_op(cube, {x}));
  const std::vector<array<double>> expected{{3 * 2.25, 12}, {9, -12}, {6, 6}, {0, 0}, {0, 0}};
  for (const array<double>& each : expected) {
    const variable<double> g = grad(d, {x}, {.create_graph = true})[0];
    CHECK((g.value() == each));
    d = sum(g);
  }
  CHECK(check_gradients([](const variable<double>& v) { return custom_op(cube, {v}); },
                        {array<double>{0.3, -1.2}}));
}

TEST_CASE("a custom operation of several arguments, some constant, one twice", "[ops][custom]") {
  const parameter<double> a(array<double>{1, 2}), b(array<double>{3, 4});
  const tape recording;
  const variable<double> y = custom_op(weighted, {a, b, a});
  y.backward(array<double>{1, 10});
  CHECK((y.value() == array<double>{4, 10}));
  CHECK((a.grad() == array<double>{4, 50}));
  CHECK((b.grad() == array<double>{1, 20}));
  CHECK(!custom_op(weighted, {a.detach(), b.detach(), b.detach()}).tracked());
  CHECK(recording.size() == 1);
  const variable<double> z = custom_op(weighted, {a, b.detach(), b.detach()});
  const variable<double> g = vjp(z, variable<double>(array<double>{1, 1}), {a})[0];
  CHECK((g.value() == array<double>{3, 4}));
}

TEST_CASE("a forward that returns its argument gives a value of its own", "[ops][custom]") {
  const custom_rule<double> same{"same", [](const variables& x) { return x[0]; },
                                 [](std::size_t, const variable<double>& g, const variables&,
                                    const variable<double>&) { return 2 * g; }};
  const parameter<double> p(array<double>{1, 2});
  const tape recording;
  const variable<double> y = custom_op(same, {p}), z = custom_op(same, {y});
  CHECK(&y.node() != &p.node());
  CHECK(&z.node() != &y.node());
  sum(z).backward();
  CHECK((p.grad() == array<double>{4, 4}));
}

TEST_CASE("a version check sees a custom operation's arguments", "[ops][custom]") {
  errors::witness w;
  const parameter<double> p(array<double>{1, 2}, "p");
  const variable<double> y = sum(custom_op(cube, {p}));
  const std::string recorded = location{__FILE__, __LINE__ - 1}.text();
  p.mutable_value()(0) = 3;
  w.check<tape_error>("backward: p was changed after cube recorded it at " + recorded +
                          ": run backward before the optimizer's step",
                      [&](int& line) { line = __LINE__, y.backward(); });
}

TEST_CASE("what is wrong with a custom rule", "[ops][custom][errors]") {
  errors::witness w;
  custom_rule<double> rule{"half", cube.forward, nullptr};
  w.check<tape_error>("half: a custom_rule needs forward and vjp",
                      [&](int& line) { line = __LINE__, custom_op(rule, {w.a}); });
  rule.vjp = cube.vjp;
  rule.forward = nullptr;
  w.check<tape_error>("half: a custom_rule needs forward and vjp",
                      [&](int& line) { line = __LINE__, custom_op(rule, {w.a}); });
  rule.forward = [](const variables& x) { return x[0] + variable<double>(array<double>{1, 2}); };
  w.check<shape_error>("add: (2, 3) and (2): sizes 3 and 2 do not broadcast",
                       [&](int& line) { line = __LINE__, custom_op(rule, {w.a}); });
  rule.forward = cube.forward;
  rule.vjp = [](std::size_t, const variable<double>& g, const variables&, const variable<double>&) {
    return sum(g);
  };
  const int made = __LINE__ + 1;
  const variable<double> y = custom_op(rule, {w.a});
  w.check<shape_error>("half: argument 0 has shape (2, 3), its vjp ()", [&](int& line) {
    line = made;
    y.backward(full<double>({2, 3}, 1));
  });
  // The failed sweep is over: another one runs.
  custom_op(cube, {w.a}).backward(zeros<double>({2, 3}));
  w.unchanged();
}

// sin(x)^2 as a checkpoint: nothing of the inside is kept, backward computes it again on a tape of its own.
TEST_CASE("a vjp may differentiate copies on a tape of its own", "[ops][custom]") {
  const auto inside = [](const variable<double>& x) { return square(sin(x)); };
  const custom_rule<double> checkpoint{
      "checkpoint", [=](const variables& x) { return inside(x[0]); },
      [=](std::size_t, const variable<double>& g, const variables& x, const variable<double>&) {
        const parameter<double> copy(x[0].value());
        const tape inner;
        return vjp(inside(copy), g.detach(), {copy})[0];
      }};
  const parameter<double> x(array<double>{0.3, 1.1});
  const tape recording;
  const variable<double> y = custom_op(checkpoint, {x});
  CHECK(recording.size() == 1);
  const variable<double> loss = sum(y * y);
  for (const bool again : {false, true}) {
    const variable<double> g = grad(loss, {x}, {.create_graph = again})[0];
    for (std::size_t i = 0; i < 2; ++i) {
      const double v = x.value()(i), s = std::sin(v);
      CHECK(g.value()(i) == Approx(4 * s * s * s * std::cos(v)).epsilon(1e-14));
    }
  }
  loss.backward();
  CHECK(x.grad()(0) == Approx(4 * std::pow(std::sin(0.3), 3) * std::cos(0.3)).epsilon(1e-14));
}

TEST_CASE("a sweep within a sweep over the same values is refused", "[ops][custom][errors]") {
  errors::witness w;
  const std::string refused =
      "a sweep under way passes through the same values: within a vjp differentiate copies of them";
  const parameter<double> p(array<double>{1, 2});
  // The same tape.
  custom_rule<double> rule{"bad", cube.forward,
                           [](std::size_t, const variable<double>& g, const variables& x,
                              const variable<double>& y) { return vjp(y, g, {x[0]})[0]; }};
  int made = __LINE__ + 1;
  variable<double> y = custom_op(rule, {p});
  w.check<tape_error>(refused, [&](int& line) {
    line = made;
    y.backward(array<double>{1, 1});
  });
  // A tape of its own, a parameter that the outer sweep is asked for.
  rule.vjp = [](std::size_t, const variable<double>& g, const variables& x,
                const variable<double>&) {
    const tape inner;
    return vjp(x[0] * x[0] * x[0], g.detach(), {x[0]})[0];
  };
  made = __LINE__ + 1;
  y = custom_op(rule, {p});
  w.check<tape_error>(refused, [&](int& line) {
    line = made;
    vjp(y, variable<double>(array<double>{1, 1}), {p});
  });
  // The outer sweep asks for another value, and has already sent something to this one.
  const parameter<double> q(array<double>{1, 2});
  made = __LINE__ + 1;
  const variable<double> z = custom_op(weighted, {q, custom_op(rule, {q}), q});
  w.check<tape_error>(refused, [&](int& line) {
    line = made;
    vjp(z, variable<double>(array<double>{1, 1}), {q});
  });
  // Nothing is left behind.
  const variable<double> g =
      vjp(custom_op(cube, {p}), variable<double>(array<double>{1, 1}), {p})[0];
  CHECK((g.value() == array<double>{3, 12}));
}
