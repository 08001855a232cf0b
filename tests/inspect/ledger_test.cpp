#include "catch.hpp"

#include <cmath>

#include <xtape/calculus/grad.hpp>
#include <xtape/inspect/ledger.hpp>
#include <xtape/inspect/statistics.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>

using Catch::Matchers::ContainsSubstring, Catch::Matchers::StartsWith;
using namespace xtape;
using namespace xtape::inspect;

namespace {

double norm(const array<double>& x) {
  return statistics_of(x).rms * std::sqrt(static_cast<double>(x.size()));
}

}  // namespace

TEST_CASE("the account of a net's gradient", "[inspect][ledger]") {
  rng random(7);
  std::vector<nn::linear<double>> layers;
  for (int i = 0; i < 5; ++i) layers.emplace_back(20, 20, init::glorot_normal(), random);
  const parameter<double> data(init::normal(0, 1).make<double>({30, 20}, random), "data");
  const tape recording;
  std::vector<variable<double>> path{data};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    path.push_back(tanh(layers[i](path.back())));
    path.back().named("h" + std::to_string(i + 1)).keep_grad();
  }
  const variable<double> loss = sum(square(path.back()));
  const ledger account = gradient_ledger(loss, path);
  CHECK(!data.has_grad());
  loss.backward();
  REQUIRE(account.rows().size() == 5);
  double product = 1;
  for (std::size_t n = 0; n < 5; ++n) {
    const ledger_row& row = account.rows()[n];
    const std::size_t l = 5 - n;
    CHECK(row.from == "h" + std::to_string(l));
    CHECK(row.to == (l == 1 ? "data" : "h" + std::to_string(l - 1)));
    CHECK(row.gradient == Approx(norm(path[l].grad())).epsilon(1e-13));
    CHECK(row.ratio == Approx(norm(path[l - 1].grad()) / norm(path[l].grad())).epsilon(1e-13));
    const array<double> slope = 1 - path[l].value() * path[l].value();
    CHECK(row.activation == Approx(statistics_of(slope).rms).epsilon(1e-13));
    CHECK(row.weight == Approx(norm(layers[l - 1].weight.value()) / std::sqrt(20)).epsilon(1e-13));
    CHECK(std::abs(row.activation * row.weight * row.alignment / row.ratio - 1) < 1e-12);
    // Nothing in this net prefers a direction by much.
    CHECK(row.alignment > 0.7);
    CHECK(row.alignment < 1.5);
    product *= row.ratio;
  }
  CHECK(account.total() == Approx(product));
  CHECK(account.total() == Approx(norm(data.grad()) / norm(path[5].grad())).epsilon(1e-12));
  CHECK_THAT(account.text(), StartsWith("from    to    gradient  ratio"));
  CHECK_THAT(account.csv(),
             StartsWith("from,to,gradient,ratio,activation,weight,alignment\nh5,h4,"));
}

TEST_CASE("alignment", "[inspect][ledger]") {
  // The gradient lies in the direction that w stretches most: by 3, while a random one is stretched by
  // sqrt((9 + 1) / 2).
  const parameter<double> x(array<double>{{1, 1}}, "x"), w(array<double>{{3, 0}, {0, 1}}, "w");
  const tape recording;
  const variable<double> z = matmul(x, w).named("z");
  const ledger_row row = gradient_ledger(sum(z * array<double>{1, 0}), {x, z}).rows().front();
  CHECK(row.activation == 1);
  CHECK(row.weight == Approx(std::sqrt(5)));
  CHECK(row.ratio == Approx(3));
  CHECK(row.alignment == Approx(3 / std::sqrt(5)));
}

TEST_CASE("other uses of a value are not on the path", "[inspect][ledger]") {
  const parameter<double> x(array<double>{{1, -2}}, "x"),
      w(array<double>{{1, 0.5, -1}, {0.2, -0.3, 0.4}}, "w"),
      v(array<double>{{0.3, 0.1}, {-0.2, 0.5}, {0.7, -0.6}}, "v");
  const tape recording;
  const variable<double> h = tanh(matmul(x, w)).named("h"), y = tanh(matmul(h, v)).named("y");
  const variable<double> loss = sum(square(y)) + 100 * sum(h);
  const ledger account = gradient_ledger(loss, {x, h, y});
  CHECK(account.rows()[0].gradient == Approx(norm(array<double>(2 * y.value()))));
  CHECK(account.rows()[0].weight == Approx(norm(v.value()) / std::sqrt(2)));
  CHECK(account.rows()[1].weight == Approx(norm(w.value()) / std::sqrt(3)));
  const array<double> along = vjp(y, array<double>(2 * y.value()), {h})[0].value();
  CHECK(account.rows()[1].gradient == Approx(norm(along)));
  CHECK(account.rows()[0].ratio == Approx(norm(along) / norm(array<double>(2 * y.value()))));
}

TEST_CASE("a recurrent net's steps", "[inspect][ledger]") {
  const parameter<double> w(array<double>{{0.5, 0.2}, {-0.3, 0.4}}, "w"),
      u(array<double>{{1, 0.3}}, "u"), h0(array<double>{{0.1, -0.2}}, "h0");
  const tape recording;
  std::vector<variable<double>> path{h0};
  for (int t = 0; t < 4; ++t) path.push_back(tanh(0.7 * u + matmul(path.back(), w)));
  const ledger account = gradient_ledger(sum(path.back()), path);
  CHECK(account.rows()[3].from == "value 1");
  for (const ledger_row& row : account.rows())
    CHECK(row.weight == Approx(norm(w.value()) / std::sqrt(2)));
  CHECK(account.total() * account.rows()[0].gradient ==
        Approx(norm(grad(sum(path.back()), {h0})[0].value())));
}

TEST_CASE("gradients that are 0", "[inspect][ledger]") {
  const parameter<double> x(array<double>{{-1, -1}}), w(array<double>{{1, 0}, {0, 1}});
  const tape recording;
  const variable<double> h = relu(matmul(x, w));
  const ledger account = gradient_ledger(sum(h), {x, h});
  CHECK(account.rows()[0].activation == 0);
  CHECK(account.rows()[0].ratio == 0);
  CHECK(account.rows()[0].alignment == 0);
}

TEST_CASE("paths that are none", "[inspect][ledger][errors]") {
  const parameter<double> x(array<double>{{1, 1}}, "x"), w(array<double>{{3, 0}, {0, 1}}, "w");
  const tape recording;
  const variable<double> h = tanh(matmul(x, w)).named("h"), k = (h * h).named("k");
  const variable<double> loss = sum(k);
  CHECK_THROWS_WITH(
      gradient_ledger(loss, {h}),
      StartsWith("gradient_ledger: a path of 1 value: it takes two at least  [ledger_test"));
  CHECK_THROWS_WITH(
      gradient_ledger(loss, {x, h, k}),
      StartsWith("gradient_ledger: h and k: between them must stand one product of the "
                 "first with a tracked matrix, then elementwise operations of one "
                 "argument  [ledger_test.cpp:"));
  CHECK_THROWS_AS(gradient_ledger(h, {x, h}), shape_error);
}
