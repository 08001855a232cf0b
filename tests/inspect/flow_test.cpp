#include "catch.hpp"

#include <cmath>
#include <sstream>

#include <xtape/inspect/flow.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/optim.hpp>

using Catch::Matchers::ContainsSubstring, Catch::Matchers::StartsWith;
using namespace xtape;
using namespace xtape::inspect;

namespace {

const array<double> x{{1, -2}, {3, 0.5}};

}  // namespace

TEST_CASE("the flow of named values and parameters", "[inspect][flow]") {
  const parameter<double> w(array<double>{{0.5, -1, 30}, {0.25, 2, 0}}, "w"), b(zeros<double>({3}));
  const tape recording;
  const int line = __LINE__ + 1;
  const variable<double> h = sigmoid((matmul(x, w) + b).named("z")).named("h");
  const variable<double> loss = sum(square(h) * w.value()(0, 0));
  const flow f = gradient_flow(loss);
  CHECK(!w.has_grad());
  const std::vector<std::string> order{"w", "parameter of %1", "z", "h"};
  REQUIRE(f.rows().size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) CHECK(f.rows()[i].name == order[i]);

  loss.backward();
  CHECK(f["w"].operation == "parameter");
  CHECK(f["w"].value.rms == statistics_of(w.value()).rms);
  CHECK(f["w"].gradient.rms == statistics_of(w.grad()).rms);
  CHECK(f["h"].operation == "sigmoid");
  CHECK(f["h"].where.line == line);
  CHECK(f["h"].gradient.mean == Approx(statistics_of(h.value()).mean));  // d/dh of h^2 / 2
  const array<double> at_z = h.value() * h.value() * (1 - h.value());
  CHECK(f["z"].gradient.rms == Approx(statistics_of(at_z).rms).epsilon(1e-13));
  CHECK(f["parameter of %1"].gradient.rms == Approx(statistics_of(b.grad()).rms).epsilon(1e-13));
  // z is 0, -5, 30 and 1.625, -2, 90: sigmoid' is at most 0.02 at -5, 30 and 90, and 0 at 90 only.
  CHECK(f["h"].saturated.value() == Approx(3 / 6.0));
  CHECK(!f["z"].saturated);
  CHECK(f["h"].dead.value().empty());
  CHECK_THROWS_WITH(f["hidden"], StartsWith("flow: no value is named \"hidden\""));
}

TEST_CASE("parameters used more than once", "[inspect][flow]") {
  const parameter<float> w(array<float>{1, 2}, "w");
  const tape recording;
  const flow f = gradient_flow(sum(w * w * w));
  CHECK(f["w"].gradient.mean == Approx(7.5));  // 3 w^2
  CHECK(f.rows().size() == 1);
}

TEST_CASE("dead units", "[inspect][flow]") {
  const parameter<double> z(array<double>{{1, -1, 0, -3}, {2, -2, -1, 4}}, "z");
  const tape recording;
  const variable<double> h = relu(z).named("h");
  const flow f = gradient_flow(sum(h));
  CHECK(f["h"].dead.value() == std::vector<std::size_t>{1, 2});
  CHECK(f["h"].saturated.value() == Approx(5 / 8.0));
  CHECK(f["h"].value.zeros == 5);
  const variable<double> leaky = leaky_relu(z).named("leaky");
  CHECK(gradient_flow(sum(leaky))["leaky"].dead.value().empty());
  CHECK(gradient_flow(sum(leaky))["leaky"].saturated.value() == Approx(5 / 8.0));
}

TEST_CASE("values without a name", "[inspect][flow]") {
  const parameter<double> w(array<double>{{0.5, 1}, {2, 1}}, "w");
  tape recording;
  recording.keep_intermediates();
  const variable<double> loss = sum(tanh(matmul(x, w)));
  CHECK(gradient_flow(loss).rows().size() == 1);
  const flow f = gradient_flow(loss, {.unnamed = true});
  REQUIRE(f.rows().size() == 4);
  CHECK(f.rows()[1].name == "%0");
  CHECK(f["%1"].operation == "tanh");
  CHECK(f["%2"].gradient.mean == 1);
}

TEST_CASE("the flow as text, CSV and JSON", "[inspect][flow]") {
  const parameter<double> w(array<double>{{0, 2}}, "a \"quoted\", name");
  const tape recording;
  const flow f = gradient_flow(sum(relu(w).named("h")));
  std::ostringstream out;
  out << f;
  CHECK(out.str() == f.text());
  const std::string text = f.text();
  const auto line = [&](int n) {
    std::istringstream lines(text);
    std::string found;
    while (n-- > 0) std::getline(lines, found);
    return found;
  };
  CHECK(line(1).find("value") == 37);
  CHECK(line(1).find("gradient") == line(2).find("rms", 60));
  CHECK(line(2) ==
        "name              operation  shape   mean   rms   zeros  saturated  dead  rms       "
        "greatest  cancels  zeros");
  CHECK(line(3) ==
        "a \"quoted\", name  parameter  (1, 2)  1      1.41  50.0%                   0.707     1   "
        "      0.00     50.0%");
  CHECK(line(4) ==
        "h                 relu       (1, 2)  1      1.41  50.0%  50.0%      1     1         1     "
        "    0.00");
  const std::string csv = f.csv();
  CHECK_THAT(csv, StartsWith("name,operation,line,shape,value_count,value_mean,"));
  CHECK_THAT(csv, ContainsSubstring("\n\"a \"\"quoted\"\", name\",parameter,"));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
  CHECK_THAT(f.json(), ContainsSubstring("\"name\": \"a \\\"quoted\\\", name\""));
  CHECK_THAT(f.json(), ContainsSubstring("\"shape\": [\n      1,\n      2\n    ]"));
  CHECK_THAT(f.json(), ContainsSubstring("\"saturated\": 0.5,\n    \"dead\": [\n      0\n    ]"));
}

TEST_CASE("a flow needs a loss on a living tape", "[inspect][flow][errors]") {
  const parameter<double> w(array<double>{1, 2}, "w");
  CHECK_THROWS_WITH(gradient_flow(w), StartsWith("gradient_flow: "));
  const tape recording;
  CHECK_THROWS_AS(gradient_flow(square(w)), shape_error);
}

TEST_CASE("updates beside the values they change", "[inspect][flow]") {
  rng random(3);
  const nn::linear<double> layer(2, 3, init::glorot_normal(), random);
  const std::vector<variable<double>> parameters = nn::parameters<double>(layer);
  optim::sgd<double> optimizer(parameters, {.learning_rate = 0.5});
  const update_ratios<double> watch(parameters);
  for (const auto& row : watch.measure()) CHECK(row.ratio == 0);
  {
    const tape recording;
    sum(layer(x)).backward();
  }
  const array<double> weight = layer.weight.value();
  optimizer.step();
  const auto rows = watch.measure();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "weight");
  CHECK(rows[0].value == Approx(statistics_of(weight).rms));
  CHECK(rows[0].update == Approx(0.5 * statistics_of(layer.weight.grad()).rms));
  CHECK(rows[0].ratio == Approx(rows[0].update / rows[0].value));
  CHECK(std::isinf(rows[1].ratio));  // the bias was 0
}
