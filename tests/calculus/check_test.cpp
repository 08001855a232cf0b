// The checker is convicted by functions whose derivative is wrong, not wrong, or not there.

#include <xtape/calculus/check.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <xtape/ops/ops.hpp>

using namespace xtape;
using Catch::Matchers::ContainsSubstring;

namespace {

const array<double> some{{0.3, -1.2, 2.0}, {0.7, 1.5, -0.4}};

// A value that backward differentiates as `shown`, while it is computed from `hidden`: a rule that
// is wrong.
variable<double> pretend(const variable<double>& shown, const variable<double>& hidden) {
  return shown + (hidden.detach() - shown.detach());
}

}  // namespace

TEST_CASE("a right gradient passes, with every entry compared", "[calculus][check]") {
  const gradient_report report =
      check_gradients([](const variable<double>& x) { return tanh(x); }, {some});
  CHECK(report.ok());
  CHECK(static_cast<bool>(report));
  CHECK(report.compared() == 36);
  CHECK(report.failed() == 0);
  CHECK(report.worst().difference <= report.worst().tolerance);
  CHECK(report.worst().tolerance < 1e-7);
  std::ostringstream out;
  out << report;
  CHECK(out.str() == report.text());
  CHECK_THAT(report.text(),
             Catch::Matchers::StartsWith(
                 "check_gradients: 36 entries of the Jacobian agree\n  worst: input 0 at ("));
}

TEST_CASE("one to six arguments, or a vector of them", "[calculus][check]") {
  const array<double> a{0.5, 2}, b{1.5, -1}, c{3, 0.25};
  using v = variable<double>;
  CHECK(check_gradients([](const v& x) { return x * x; }, {a}).compared() == 4);
  CHECK(check_gradients([](const v& x, const v& y) { return x * y; }, {a, b}).compared() == 8);
  CHECK(check_gradients([](v x, v y, v z) { return x * y * z; }, {a, b, c}).compared() == 12);
  CHECK(check_gradients([](const auto& x, const auto& y) { return x / y; }, {a, b}).ok());
  CHECK(
      check_gradients([](const auto&... x) { return (x * ...); }, {a, b, c, a, b, c}).compared() ==
      24);
  CHECK(check_gradients([](const std::vector<v>& x) { return x[0] * x[1]; }, {a, b}).ok());
  const std::vector<array<double>> held{a, b};
  CHECK(check_gradients([](const std::vector<v>& x) { return x[0] * x[1]; }, held).compared() == 8);
  const auto f = [](const v& x, const v& y) { return x * y; };
  const std::string text =
      "check_gradients: 1 input: the function takes another number of arguments  [check_test.cpp:";
  const std::string line = std::to_string(__LINE__ + 1);
  CHECK_THROWS_WITH(check_gradients(f, {a}), text + line + "]");
  CHECK_THROWS_AS(check_gradients(f, {a, b, c}), domain_error);
}

TEST_CASE("results of any shape, the argument itself included", "[calculus][check]") {
  CHECK(check_gradients([](const variable<double>& x) { return x; }, {some}).compared() == 36);
  CHECK(check_gradients([](const variable<double>& x) { return sum(x * x); }, {some}).compared() ==
        6);
  CHECK(check_gradients([](const variable<double>& x) { return transpose(x) * 2; }, {some}).ok());
  CHECK(check_gradients([](const variable<double>& x) { return exp(x); }, {full<double>({}, 1)})
            .compared() == 1);
}

TEST_CASE("a gradient wrong by one part in a million is found, where it is wrong",
          "[calculus][check]") {
  const gradient_report report = check_gradients(
      [](const variable<double>& x, const variable<double>& w) {
        array<double> factor = full<double>({2, 3}, 1);
        factor(1, 2) += 1e-6;
        return pretend(x * w * factor, x * w);
      },
      {full<double>({3}, 0.5), some * 10});
  CHECK(!report.ok());
  CHECK(!report);
  CHECK(report.compared() == 6 * 3 + 6 * 6);
  CHECK(report.failed() == 2);
  CHECK(report.worst().input == 0);
  CHECK(report.worst().input_index == shape_type{2});
  CHECK(report.worst().output_index == shape_type{1, 2});
  CHECK(std::abs(report.worst().numeric + 4) < 1e-8);
  CHECK(std::abs(report.worst().analytic + 4.000004) < 1e-12);
  CHECK(std::abs(report.worst().difference - 4e-6) < 1e-8);
  CHECK_THAT(report.text(),
             ContainsSubstring(
                 "check_gradients: 2 of 54 entries of the Jacobian differ\n"
                 "  worst: input 0 at (2), output at (1, 2): analytic -4.000004, numeric -"));
  CHECK_THAT(report.text(), ContainsSubstring("difference 4e-06, tolerance "));
}

// The sum of the columns is right, each is not: a cotangent of ones would not see it.
TEST_CASE("two mistakes that cancel in the sum are found", "[calculus][check]") {
  const auto swapped = [](const variable<double>& x) {
    const variable<double> right = x * array<double>{1, 2};
    const variable<double> wrong = broadcast_to(sum(x * array<double>{0.5, 1}), {2});
    return pretend(wrong, right);
  };
  CHECK(!check_gradients(swapped, {array<double>{0.5, 0.25}}));
}

TEST_CASE("wrong signs, missing and additional factors, a missing term", "[calculus][check]") {
  using v = variable<double>;
  const std::vector<v (*)(const v&)> mutants{
      [](const v& x) { return pretend(-exp(x), exp(x)); },
      [](const v& x) { return pretend(x * x * 0.5, x * x); },
      [](const v& x) { return pretend(x * x.detach(), x * x); },
      [](const v& x) { return pretend(x, tanh(x)); },
      [](const v& x) { return pretend(softmax(x, 0), softmax(x, 1)); },
      [](const v& x) { return pretend(sum(x) * 2, sum(x)); },
      [](const v& x) { return pretend(x * x + 1e-5 * x, x * x); },
  };
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    const gradient_report report = check_gradients(mutants[i], {some});
    INFO("mutant " << i << ": " << report);
    CHECK(!report.ok());
    CHECK(report.failed() > 0);
  }
}

TEST_CASE("a check that could not fail is refused", "[calculus][check]") {
  using v = variable<double>;
  const auto refused = [](const gradient_report& report, const std::string& text) {
    CHECK(!report.ok());
    CHECK(report.failed() == 0);
    CHECK(report.text().substr(0, report.text().find('\n')) == "check_gradients: " + text);
  };
  refused(check_gradients([](const std::vector<v>&) { return v(1.0); }, {}),
          "nothing was checked: there is no input");
  refused(check_gradients([](const v& x) { return x * 2; }, {zeros<double>({0, 3})}),
          "nothing was checked: the result has no elements");
  refused(check_gradients([](const v& x) { return sum(x); }, {zeros<double>({0, 3})}),
          "nothing was checked: the inputs have no elements");
  refused(check_gradients([](const v& x) { return x * 0; }, {some}),
          "nothing was checked: no input moves the result, and every derivative is 0; 36 entries "
          "of the Jacobian agree");
  refused(check_gradients([](const v&) { return v(3.0); }, {some}),
          "the result is not tracked: its history was dropped, or it is a constant; 6 entries of "
          "the Jacobian agree");
}

TEST_CASE("a result whose history was dropped", "[calculus][check]") {
  const gradient_report report =
      check_gradients([](const variable<double>& x) { return (x * 3).detach(); }, {some});
  CHECK(!report.ok());
  CHECK(report.failed() == 6);
  CHECK_THAT(report.text(),
             Catch::Matchers::StartsWith(
                 "check_gradients: the result is not tracked: its history was dropped, or it is a "
                 "constant; 6 of 36 entries of the Jacobian differ\n  worst: input 0 at (0, "));
  const gradient_report inner = check_gradients(
      [](const variable<double>& x) {
        const tape gone;
        return x * 3;
      },
      {some});
  CHECK_THAT(inner.text(), ContainsSubstring("the result is not tracked"));
}

TEST_CASE("NaN and infinity never agree", "[calculus][check]") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto log_of = [](const variable<double>& x) { return log(x); };
  const gradient_report below = check_gradients(log_of, {array<double>{1, -1, 2}});
  CHECK(!below.ok());
  CHECK(below.worst().output_index == shape_type{1});
  CHECK(std::isnan(below.worst().numeric));
  CHECK(below.failed() == 3);  // whatever moves, that element is NaN
  CHECK(!check_gradients([](const variable<double>& x) { return sqrt(x); }, {array<double>{0.0}}));
  CHECK(
      !check_gradients([](const variable<double>& x) { return exp(x); }, {array<double>{1000.0}}));
  CHECK(!check_gradients([](const variable<double>& x) { return x * x; }, {array<double>{inf, 1}}));
}

TEST_CASE("second derivatives: the function may itself differentiate", "[calculus][check]") {
  const auto gradient = [](const variable<double>& x) {
    return grad(sum(sigmoid(x) * x), {x}, {.create_graph = true})[0];
  };
  CHECK(check_gradients(gradient, {some}).ok());
  const auto untracked = [](const variable<double>& x) { return grad(sum(sigmoid(x)), {x})[0]; };
  CHECK(!check_gradients(untracked, {some}));
}

TEST_CASE("the surroundings are left as they are", "[calculus][check]") {
  const parameter<double> w(array<double>{2, 3, 4});
  const tape outer;
  const variable<double> y = w * w;
  const gradient_report report =
      check_gradients([&](const variable<double>& x) { return x * y; }, {some});
  INFO(report);
  CHECK(report.ok());
  CHECK(outer.size() == 1);
  CHECK(tape::current() == &outer);
  CHECK(!w.has_grad());
}

TEST_CASE("what the function throws passes through", "[calculus][check]") {
  CHECK_THROWS_WITH(
      check_gradients(
          [](const variable<double>&) -> variable<double> { throw std::runtime_error("own"); },
          {some}),
      "own");
  const auto misshapen = [](const variable<double>& x) { return matmul(x, x); };
  CHECK_THROWS_AS(check_gradients(misshapen, {some}), shape_error);
  CHECK(tape::current() == nullptr);
}

TEST_CASE("bad steps and shapes that depend on values", "[calculus][check]") {
  const auto f = [](const variable<double>& x) { return x * x; };
  CHECK_THROWS_WITH(
      check_gradients(f, {some}, {.step = 0}),
      ContainsSubstring("check_gradients: step 0: must be positive  [check_test.cpp:"));
  CHECK_THROWS_AS(check_gradients(f, {some}, {.step = -1e-6}), domain_error);
  CHECK_THROWS_AS(check_gradients(f, {some}, {.step = std::nan("")}), domain_error);
  const auto growing = [](const variable<double>& x) {
    return x.value()(0, 0) > 0.3 ? broadcast_to(sum(x), {2}) : sum(x);
  };
  CHECK_THROWS_WITH(
      check_gradients(growing, {some}),
      ContainsSubstring(
          "check_gradients: () and (2): the result's shape depends on the input's values"));
}

// The tolerances follow from the step: a larger step truncates more, a smaller one rounds more.
TEST_CASE("other steps come with their own tolerances", "[calculus][check]") {
  const auto f = [](const variable<double>& x) { return exp(x) * x; };
  const check_options defaults;
  CHECK(defaults.relative < 1e-8);
  for (const double step : {1e-3, 1e-4, 1e-5, 1e-7, 1e-8}) {
    const gradient_report report = check_gradients(f, {some}, {.step = step});
    INFO("step " << step << ": " << report);
    CHECK(report.ok());
    CHECK(report.worst().tolerance > defaults.absolute);
  }
  CHECK(!check_gradients(f, {some}, {.step = 1e-3, .relative = 1e-12, .absolute = 1e-12}));
}
