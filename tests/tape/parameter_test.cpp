#include "catch.hpp"

#include <vector>

#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

TEST_CASE("copies of a variable share its value", "[tape][parameter]") {
  const variable<double> a(array<double>{1, 2});
  const variable<double> b = a;
  CHECK(&a.value() == &b.value());
  a.named("a");
  CHECK(b.name() == "a");
  variable<double> c(array<double>{3});
  c = a;
  CHECK(&c.value() == &a.value());
  const variable<double> d = std::move(c);
  CHECK(&d.value() == &a.value());
  CHECK(&a.detach().value() != &a.value());
  CHECK((a.detach().value() == a.value()));
  CHECK(a.rank() == 1);
  CHECK(a.size() == 2);
  CHECK(variable<double>(2.5).item() == 2.5);
  CHECK(variable<double>(2.5).rank() == 0);
  CHECK((a * 2).named("double").name() == "double");
  CHECK((a * 2).named("double").named("").name().empty());
}

TEST_CASE("a copied parameter is independent", "[tape][parameter]") {
  // Only on request: `for (const variable<double>& p : {a, b})` would read gradients of copies.
  static_assert(!std::is_convertible_v<const parameter<double>&, parameter<double>>);
  const parameter<double> a(array<double>{1, 2}, "a");
  {
    const tape recording;
    sum(a * a).backward();
  }
  parameter<double> b(a);
  CHECK(b.name() == "a");
  CHECK(!b.has_grad());
  CHECK(b.tracked());
  b.mutable_value().fill(7);
  CHECK((a.value() == array<double>{1, 2}));
  const tape recording;
  sum(b * a).backward();
  CHECK((b.grad() == array<double>{1, 2}));
  CHECK((a.grad() == array<double>{9, 11}));
}

TEST_CASE("who refers to a parameter sees what is assigned to it", "[tape][parameter]") {
  parameter<double> a(array<double>{1, 2}, "a");
  const variable<double> held = a;  // as an optimizer holds it
  const parameter<double> other(array<double>{3, 4}, "other");
  {
    const tape recording;
    sum(a).backward();
  }
  CHECK(held.has_grad());
  a = other;
  CHECK((held.value() == array<double>{3, 4}));
  CHECK(held.name() == "other");
  CHECK(!held.has_grad());
  CHECK(&held.value() == &a.value());
  CHECK(&a.value() != &other.value());
  parameter<double>& self = a;
  a = self;
  CHECK((a.value() == array<double>{3, 4}));
  a.mutable_value()(0) = 9;
  CHECK(held.value()(0) == 9);
}

TEST_CASE("who refers to a parameter goes along when it moves", "[tape][parameter]") {
  std::vector<parameter<double>> layers;
  layers.emplace_back(array<double>{1});
  const variable<double> held = layers[0];
  for (int i = 0; i < 20; ++i) layers.emplace_back(array<double>{2});  // reallocates
  CHECK(&held.value() == &layers[0].value());
  const parameter<double> moved = std::move(layers[0]);
  CHECK(&held.value() == &moved.value());
  CHECK_THROWS_WITH(layers[0].value(), "variable: used after it was moved from");
}

TEST_CASE("a changed parameter is refused by what needs its old value only", "[tape][parameter]") {
  parameter<double> p(array<double>{1, 2}, "p"), q(array<double>{3, 4}, "q");
  const tape recording;
  const variable<double> product = sum(p * q), plus = sum(p + q), squared = sum(square(q));
  p.mutable_value()(0) = 5;
  CHECK_THROWS_AS(product.backward(), tape_error);
  CHECK(!p.has_grad());
  CHECK(!q.has_grad());
  plus.backward();  // a sum's derivative does not look at its arguments
  CHECK((p.grad() == array<double>{1, 1}));
  squared.backward();  // does not depend on p
  CHECK((q.grad() == array<double>{7, 9}));
  const variable<double> again = sum(p * q);  // recorded with the new value
  again.backward();
  CHECK((q.grad() == array<double>{12, 11}));
  CHECK_THROWS_AS(product.backward(), tape_error);
  p = q;  // an assignment is a change as well
  CHECK_THROWS_AS(again.backward(), tape_error);
}

TEST_CASE("training steps on one tape after the other", "[tape][parameter]") {
  parameter<double> p(array<double>{4}, "p");
  double last = 1e9;
  for (int step = 0; step < 50; ++step) {
    const tape recording;
    const variable<double> loss = sum(square(p - 1.0));
    p.zero_grad();
    loss.backward();
    p.mutable_value()(0) -= 0.1 * p.grad()(0);
    CHECK(loss.item() < last);
    last = loss.item();
  }
  CHECK(std::abs(p.value()(0) - 1) < 1e-4);
}
