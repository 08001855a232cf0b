// The checker is convicted by functions whose derivative is wrong, not wrong, or not there.

#include <xtape/calculus/check.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <xtape/array/rng.hpp>
#include <xtape/calculus/catch2.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using verdict = gradient_report::verdict;
using quantity = variable<double>;

namespace {

const array<double> some{{0.3, -1.2, 2.0}, {0.7, 1.5, -0.4}};

// A value that backward differentiates as `shown`, while it is computed from `hidden`: a rule that
// is wrong.
template <class T>
variable<T> pretend(const variable<T>& shown, const variable<T>& hidden) {
  return shown + (hidden.detach() - shown.detach());
}

// Wrong by one part in a thousand.
template <class T>
variable<T> scaled(const variable<T>& y) {
  return pretend<T>(y * T(1.001), y);
}

void check_verdict(const gradient_report& report, verdict expected, const std::string& text) {
  INFO(report);
  CHECK(report.result() == expected);
  CHECK(report.ok() == (expected == verdict::passed));
  CHECK_THAT(report.text(), ContainsSubstring(text));
}
void check_failed(const gradient_report& report, const std::string& text = "differ") {
  check_verdict(report, verdict::failed, text);
}
void check_inconclusive(const gradient_report& report, const std::string& text) {
  check_verdict(report, verdict::inconclusive, text);
}
void check_passed(const gradient_report& report, const std::string& text = "agree") {
  check_verdict(report, verdict::passed, text);
}

}  // namespace

TEST_CASE("a right gradient passes, with every entry compared", "[calculus][check]") {
  const gradient_report report = check_gradients([](const quantity& x) { return tanh(x); }, {some});
  INFO(report);
  CHECK(report.result() == verdict::passed);
  CHECK(static_cast<bool>(report));
  CHECK(report.compared() == 6 * (6 + 2));
  CHECK(report.count().agreed == 6 + 2 * 6);
  CHECK(report.count().unmoved == 30);
  CHECK(report.failed() == 0);
  CHECK(report.worst().size() == 5);
  CHECK(report.worst()[0].difference <= report.worst()[0].tolerance);
  CHECK(report.worst()[0].tolerance < 1e-8);
  CHECK(report.wrong().operation.empty());
  std::ostringstream out;
  out << report;
  CHECK(out.str() == report.text());
  CHECK_THAT(
      report.text(),
      StartsWith("check_gradients: passed\n"
                 "  48 derivatives: 18 agree, 30 do not move\n"
                 "  cotangents: 6 unit, 2 random; seed 1; entries checked, by input: 6 of 6\n"
                 "  input 0 at ("));
}

TEST_CASE("one to six arguments, or a vector of them", "[calculus][check]") {
  const array<double> a{0.5, 2}, b{1.5, -1}, c{3, 0.25};
  CHECK(check_gradients([](const quantity& x) { return x * x; }, {a}).compared() == 2 * 4);
  CHECK(check_gradients([](const quantity& x, const quantity& y) { return x * y; }, {a, b})
            .compared() == 4 * 4);
  CHECK(check_gradients([](quantity x, quantity y, quantity z) { return x * y * z; }, {a, b, c})
            .compared() == 6 * 4);
  CHECK(check_gradients([](const auto& x, const auto& y) { return x / y; }, {a, b}).ok());
  CHECK(
      check_gradients([](const auto&... x) { return (x * ...); }, {a, b, c, a, b, c}).compared() ==
      12 * 4);
  CHECK(check_gradients([](const std::vector<quantity>& x) { return x[0] * x[1]; }, {a, b}).ok());
  const std::vector<array<double>> held{a, b};
  CHECK(check_gradients([](const std::vector<quantity>& x) { return x[0] * x[1]; }, held).ok());
  CHECK(
      check_gradients([](const quantity& x, const quantity& y) { return x * y; }, {a, b * 2}).ok());
  const auto f = [](const quantity& x, const quantity& y) { return x * y; };
  const std::string text =
      "check_gradients: 1 input: the function takes another number of arguments  [check_test.cpp:";
  const std::string line = std::to_string(__LINE__ + 1);
  CHECK_THROWS_WITH(check_gradients(f, {a}), text + line + "]");
  CHECK_THROWS_AS(check_gradients(f, {a, b, c}), domain_error);
}

TEST_CASE("results of any shape, the argument itself included", "[calculus][check]") {
  check_passed(check_gradients([](const quantity& x) { return x; }, {some}));
  CHECK(check_gradients([](const quantity& x) { return sum(x * x); }, {some}).compared() == 6 * 3);
  check_passed(check_gradients([](const quantity& x) { return transpose(x) * 2; }, {some}));
  CHECK(check_gradients([](const quantity& x) { return exp(x); }, {full<double>({}, 1)})
            .count()
            .agreed == 3);
}

TEST_CASE("a gradient wrong by one part in a million is found, where it is wrong",
          "[calculus][check]") {
  const gradient_report report = check_gradients(
      [](const quantity& x, const quantity& w) {
        array<double> factor = full<double>({2, 3}, 1);
        factor(1, 2) += 1e-6;
        return pretend<double>(x * w * factor, x * w);
      },
      {full<double>({3}, 0.5), some * 10}, {.names = {"x", "weights"}});
  check_failed(report);
  CHECK(report.failed() == 2 + 4);  // two unit cotangents, two times two random ones
  bool found = false;
  for (const gradient_report::entry& e : report.worst()) {
    INFO(e.text);
    CHECK((e.input == 0 ? e.input_index == shape_type{2} : e.input_index == shape_type{1, 2}));
    if (e.input != 0 || e.output_index != shape_type{1, 2}) continue;
    found = true;
    CHECK(e.text == "input 0 (x) at (2), output at (1, 2)");
    CHECK(std::abs(e.numeric + 4) < 1e-8);
    CHECK(std::abs(e.analytic + 4.000004) < 1e-12);
    CHECK(std::abs(e.difference - 4e-6) < 1e-8);
    CHECK(e.tolerance < 4e-7);
  }
  CHECK(found);
}

// The sum of the columns is right, each is not: a cotangent of ones would not see it.
TEST_CASE("two mistakes that cancel in the sum are found", "[calculus][check]") {
  const auto swapped = [](const quantity& x) {
    const quantity right = x * array<double>{1, 2};
    const quantity wrong = broadcast_to(sum(x * array<double>{0.5, 1}), {2});
    return pretend<double>(wrong, right);
  };
  check_failed(check_gradients(swapped, {array<double>{0.5, 0.25}}));
  check_failed(check_gradients(swapped, {array<double>{0.5, 0.25}}, {.outputs = 0}));
}

TEST_CASE("wrong signs, missing and additional factors, a missing term", "[calculus][check]") {
  const std::vector<quantity (*)(const quantity&)> mutants{
      [](const quantity& x) { return pretend<double>(-exp(x), exp(x)); },
      [](const quantity& x) { return pretend<double>(x * x * 0.5, x * x); },
      [](const quantity& x) { return pretend<double>(x * x.detach(), x * x); },
      [](const quantity& x) { return pretend<double>(x, tanh(x)); },
      [](const quantity& x) { return pretend<double>(softmax(x, 0), softmax(x, 1)); },
      [](const quantity& x) { return pretend<double>(sum(x) * 2, sum(x)); },
      [](const quantity& x) { return pretend<double>(x * x + 1e-5 * x, x * x); },
      [](const quantity& x) { return pretend<double>(x * 1.0, relu(x)); },
      [](const quantity& x) { return pretend<double>(x * 0.0, x * x); },
      [](const quantity& x) { return scaled<double>(exp(x)); },
  };
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    INFO("mutant " << i);
    check_failed(check_gradients(mutants[i], {some}));
  }
}

TEST_CASE("a check that could not fail is inconclusive", "[calculus][check]") {
  const std::string nothing = "check_gradients: inconclusive: nothing was checked: ";
  check_inconclusive(
      check_gradients([](const std::vector<quantity>&) { return quantity(1.0); }, {}),
      nothing + "there is no input");
  check_inconclusive(
      check_gradients([](const quantity& x) { return x * 2; }, {zeros<double>({0, 3})}),
      nothing + "the result has no elements");
  check_inconclusive(
      check_gradients([](const quantity& x) { return sum(x); }, {zeros<double>({0, 3})}),
      nothing + "the inputs have no elements");
  check_inconclusive(check_gradients([](const quantity& x) { return x * 0; }, {some}),
                     "inconclusive: no input moves the result, and every derivative is 0\n"
                     "  48 derivatives: 48 do not move");
  check_inconclusive(check_gradients([](const quantity&) { return quantity(3.0); }, {some}),
                     "inconclusive: the result is not tracked: its history was dropped, or it is "
                     "a constant\n");
  check_inconclusive(check_gradients([](const quantity& x) { return x * x; }, {zeros<double>({3})}),
                     "input 0: every derivative is 0 or too small to compare");
}

TEST_CASE("an input that a mask hides is named", "[calculus][check]") {
  const auto masked = [](const quantity& x, const quantity& w) { return x * x + relu(w); };
  const array<double> x{1, 2, 3}, w{-3, -4, -5};
  check_inconclusive(check_gradients(masked, {x, w}),
                     "inconclusive: input 1 does not move the result\n");
  check_inconclusive(check_gradients(masked, {x, w}, {.names = {"", "weights"}}),
                     "inconclusive: input 1 (weights) does not move the result\n");
  check_passed(check_gradients(masked, {x, w + 4.0}));
}

TEST_CASE("a result whose history was dropped", "[calculus][check]") {
  check_failed(check_gradients([](const quantity& x) { return (x * 3).detach(); }, {some}),
               "differ; the result is not tracked: its history was dropped, or it is a constant\n");
  const auto inner = [](const quantity& x) {
    const tape gone;
    return x * 3;
  };
  check_failed(check_gradients(inner, {some}), "the result is not tracked");
}

TEST_CASE("NaN and infinity are never taken for agreement", "[calculus][check]") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto log_of = [](const quantity& x) { return log(x); };
  check_inconclusive(check_gradients(log_of, {array<double>{1, -1, 2}}),
                     "inconclusive: the result is not finite: output at (1) is ");
  check_inconclusive(
      check_gradients([](const quantity& x) { return sqrt(x); }, {array<double>{0.0}}),
      "could not be determined");
  check_inconclusive(
      check_gradients([](const quantity& x) { return exp(x); }, {array<double>{1000.0}}),
      "output at (0) is inf");
  check_inconclusive(
      check_gradients([](const quantity& x) { return x * x; }, {array<double>{inf, 1}}),
      "output at (0) is inf");
  check_inconclusive(
      check_gradients([](const quantity& x) { return x * x; }, {array<double>{std::nan(""), 1}}),
      "output at (0) is nan");
  // A gradient that is NaN where the function is smooth.
  const auto broken = [](const quantity& x) { return pretend<double>(x * std::nan(""), x * x); };
  const auto value = [&](const quantity& x) {
    const quantity y = broken(x);
    return where(array<double>{1.0}, x * x, y);
  };
  check_failed(check_gradients(value, {array<double>{0.5}}), "analytic ");
}

TEST_CASE("kinks: every slope between those on both sides is accepted", "[calculus][check]") {
  const array<double> zero{0.0};
  const auto at_kink = [](const gradient_report& report) {
    check_passed(report, " at a kink");
    CHECK(report.count().at_kink > 0);
  };
  at_kink(check_gradients([](const quantity& x) { return relu(x); }, {zero}));
  at_kink(check_gradients([](const quantity& x) { return abs(x); }, {zero}));
  at_kink(check_gradients([](const quantity& x) { return 3 * abs(x - 2) + exp(x); },
                          {array<double>{2.0}}));
  at_kink(check_gradients([](const quantity& x, const quantity& y) { return maximum(x, y); },
                          {array<double>{1.5, 2}, array<double>{1.5, 1}}));
  // So near that no step stays on one side of it.
  at_kink(check_gradients([](const quantity& x) { return relu(x - 1) + x; },
                          {array<double>{1 + 1e-13}}));
  // On the other hand, one near but not at x is no excuse.
  for (const double near : {1e-2, 1e-4, 1e-6, -1e-3, -1e-5}) {
    INFO("relu " << near << " from its kink");
    const array<double> x{near, 1};
    const gradient_report right = check_gradients([](const quantity& y) { return relu(y); }, {x});
    check_passed(right);
    CHECK(right.count().at_kink == 0);
    check_failed(
        check_gradients([](const quantity& y) { return pretend<double>(y * 0.5, relu(y)); }, {x}));
  }
  // Outside of both slopes is outside.
  check_failed(check_gradients([](const quantity& x) { return pretend<double>(x * 1.01, relu(x)); },
                               {zero}));
  check_failed(check_gradients(
      [](const quantity& x) { return pretend<double>(x * -0.01, relu(x)); }, {zero}));
}

TEST_CASE("a jump at x is not determined", "[calculus][check]") {
  const auto step = [](const quantity& x) { return sign(x) + x; };
  check_inconclusive(check_gradients(step, {array<double>{0.0, 1.0}}), "could not be determined");
}

TEST_CASE("poles and edges near x spoil the large steps only", "[calculus][check]") {
  const auto both = [](const auto& f, const auto& mutant, double x) {
    INFO("at " << x);
    check_passed(check_gradients(f, {array<double>{x}}));
    check_failed(check_gradients(mutant, {array<double>{x}}));
  };
  for (const double distance : {0.1, 1e-2, 1e-4, 1e-6})
    both([](const quantity& x) { return 1 / (x - 1); },
         [](const quantity& x) { return scaled<double>(1 / (x - 1)); }, 1 + distance);
  for (const double x : {1.0, 1e-3, 1e-8, 1e-100, 1e100}) {
    both([](const quantity& y) { return log(y); },
         [](const quantity& y) { return scaled<double>(log(y)); }, x);
    both([](const quantity& y) { return sqrt(y); },
         [](const quantity& y) { return scaled<double>(sqrt(y)); }, x);
  }
  const array<double> mixed{1e-8, 1, 1e-4, 30};
  check_passed(check_gradients([](const quantity& y) { return log(y); }, {mixed}));
  check_failed(check_gradients([](const quantity& y) { return scaled<double>(log(y)); }, {mixed}));
}

TEST_CASE("small and large scales", "[calculus][check]") {
  const auto both = [](const auto& f, double x) {
    INFO("at " << x);
    check_passed(check_gradients(f, {array<double>{x}}));
    check_failed(check_gradients([&](const quantity& y) { return scaled<double>(f(y)); },
                                 {array<double>{x}}));
  };
  for (const double x : {1e-8, 1e8, -1e-8, 1e-30, 1e30}) {
    both([](const quantity& y) { return y * y; }, x);
    both([](const quantity& y) { return 1 / y; }, x);
  }
  both([](const quantity& x) { return exp(x); }, 1e-8);
  both([](const quantity& x) { return sin(x); }, 1e8);
  both([](const quantity& x) { return sin(1e6 * x); }, 1.0);
  both([](const quantity& x) { return x * 1e200; }, 1e-200);
  both([](const quantity& x) { return exp(x) * 1e-250; }, 3);
}

// The values cancel: rounding is that of 1e8, which no multiple of the result tells.
TEST_CASE("cancellation: the noise of the function is measured", "[calculus][check]") {
  for (const double by : {1e4, 1e8, 1e10}) {
    INFO("cancelling " << by);
    const auto f = [by](const quantity& x) { return (x + by) - by; };
    const array<double> x{0.3, -1.2, 2.0};
    CHECK(check_gradients(f, {x}).failed() == 0);
    if (by < 1e9) check_passed(check_gradients(f, {x}));
    if (by < 1e9)
      check_failed(check_gradients([&](const quantity& y) { return scaled<double>(f(y)); }, {x}));
  }
  check_inconclusive(
      check_gradients([](const quantity& x) { return (x + 1e13) - 1e13; }, {array<double>{0.3}}),
      "could not be determined");
  const auto lost = [](const quantity& x) { return (x * 1e-14 + 1e8) - 1e8; };
  CHECK(!check_gradients(lost, {array<double>{1.0}}).ok());
}

TEST_CASE("float functions are checked in float", "[calculus][check]") {
  using w = variable<float>;
  const array<float> x{{0.3f, -1.2f, 2.0f}, {0.7f, 1.5f, -0.4f}};
  const array<float> y{{1.3f, 0.2f}, {-1.7f, 0.5f}, {0.4f, -2.1f}};
  check_passed(check_gradients([](const w& a) { return tanh(a); }, {x}));
  check_passed(check_gradients([](const auto& a) { return sigmoid(a) * a; }, {x}));
  check_passed(check_gradients([](const w& a, const w& b) { return matmul(a, b); }, {x, y}));
  check_failed(check_gradients([](const w& a) { return scaled<float>(exp(a)); }, {x}));
  check_failed(
      check_gradients([](const w& a, const w& b) { return scaled<float>(matmul(a, b)); }, {x, y}));
  check_passed(check_gradients([](const w& a) { return exp(a) * a; }, {x}, {.order = 2}));
  const std::vector<array<float>> held{x};
  check_passed(check_gradients([](const w& a) { return sum(a * a); }, held));
  // So noisy that a tolerance would prove nothing.
  check_inconclusive(check_gradients([](const w& a) { return (a + 1e4f) - 1e4f; }, {x}),
                     "could not be determined");
  // Outside of a kink, but near: only the small steps tell, and they are noisy.
  for (const float distance : {1e-2f, 3e-3f, 1e-3f})
    check_failed(
        check_gradients([](const w& a) { return pretend<float>(a * 0.3f, minimum(a, 1.0f)); },
                        {array<float>{1 + distance}}));
}

TEST_CASE("functions that contradict themselves", "[calculus][check]") {
  int calls = 0;
  const auto counting = [&](const quantity& x) { return x * (1 + 1e-12 * ++calls); };
  check_failed(check_gradients(counting, {some}),
               "failed: the function contradicts itself: two runs gave different values");
  calls = 0;
  const auto late = [&](const quantity& x) { return ++calls > 30 ? x * 1.5 : x * 1.0; };
  check_failed(check_gradients(late, {some}),
               "called again at the same point, it returned other values than at first");
  calls = 0;
  const auto other_gradient = [&](const quantity& x) {
    return pretend<double>(x * (++calls % 2 == 0 ? 1.0 : 2.0), x * 1.0);
  };
  check_failed(check_gradients(other_gradient, {some}), "two runs gave different gradients");
  // Right for parameters only.
  const auto suspicious = [](const quantity& x) {
    return tape::current()->size() == 0 ? x * 2 : x * 3;
  };
  check_failed(check_gradients(suspicious, {some}),
               "its values change when its arguments are results of operations on the tape");
  const auto careless = [](const quantity& x) {
    return tape::current()->size() == 0 ? x * x : pretend<double>(x * x * 2, x * x);
  };
  check_failed(check_gradients(careless, {some}),
               " when its arguments are results of operations on the tape");
}

TEST_CASE("large inputs and outputs: a sample, and directions", "[calculus][check]") {
  array<double> x = empty<double>({40, 50});
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = std::sin(static_cast<double>(i)) + 1.5;
  const auto f = [](const quantity& y) { return log(y) * y; };
  const gradient_report report =
      check_gradients(f, {x}, {.seed = 7, .entries = 20, .directions = 3});
  check_passed(
      report,
      "cotangents: 8 of 2000 unit, 2 random; seed 7; entries checked, by input: 21 of 2000 "
      "and 3 directions");
  CHECK(report.compared() == (21 + 3) * 10);
  // One element of two thousand is wrong: the directions see it.
  const auto one = [&](const quantity& y) {
    array<double> factor = full<double>(x.shape(), 1);
    factor(17, 3) = 1.5;
    return pretend<double>(log(y) * factor, log(y));
  };
  check_failed(check_gradients(one, {x}, {.entries = 20}), "input 0 along a direction");
}

TEST_CASE("second derivatives: the function may itself differentiate", "[calculus][check]") {
  const auto gradient = [](const quantity& x) {
    return grad(sum(sigmoid(x) * x), {x}, {.create_graph = true})[0];
  };
  check_passed(check_gradients(gradient, {some}));
  const auto untracked = [](const quantity& x) { return grad(sum(sigmoid(x)), {x})[0]; };
  CHECK(!check_gradients(untracked, {some}));
}

TEST_CASE("order 2: second derivatives", "[calculus][check]") {
  check_passed(
      check_gradients([](const quantity& x) { return sigmoid(x) * x; }, {some}, {.order = 2}),
      "second derivatives: cotangents: 6 unit, 2 random; seed 1; entries checked, by "
      "input: 6 of 6, 6 of 6");
  check_passed(
      check_gradients([](const quantity& x) { return transpose(x) * 3; }, {some}, {.order = 2}),
      "second derivatives are 0, as they should be");
  check_passed(
      check_gradients([](const quantity& x, const quantity& y) { return matmul(x, transpose(y)); },
                      {some, some * 1.5}, {.order = 2}));
  const gradient_report first = check_gradients([](const quantity& x) { return exp(x); }, {some});
  const gradient_report both =
      check_gradients([](const quantity& x) { return exp(x); }, {some}, {.order = 2});
  CHECK(both.compared() == first.compared() + 12 * 8);
  CHECK_THROWS_WITH(check_gradients([](const quantity& x) { return x; }, {some}, {.order = 3}),
                    ContainsSubstring("check_gradients: order 3: derivatives of the first and "
                                      "second order can be checked  [check_test.cpp:"));
}

// y = x^3 with the right first derivative; the second, and what is recorded, as `vjp` says.
static auto cube(const std::function<quantity(const quantity& g, const quantity& x)>& vjp) {
  return [vjp](const quantity& x) {
    return custom_op<double>(
        {"cube", [](const std::vector<quantity>& a) { return a[0] * a[0] * a[0]; },
         [vjp](std::size_t, const quantity& g, const std::vector<quantity>& a, const quantity&) {
           return vjp(g, a[0]);
         }},
        {x});
  };
}

TEST_CASE("order 2 convicts what is wrong only when differentiated again", "[calculus][check]") {
  const auto right = cube([](const quantity& g, const quantity& x) { return 3 * g * x * x; });
  check_passed(check_gradients(right, {some}, {.order = 2}));
  const std::vector<std::function<quantity(const quantity&, const quantity&)>> wrong{
      [](const quantity& g, const quantity& x) { return 3 * g * x * x.detach(); },
      [](const quantity& g, const quantity& x) { return 3 * g * (x * x).detach(); },
      [](const quantity& g, const quantity& x) { return 3 * g.detach() * x * x; },
      [](const quantity& g, const quantity& x) { return scaled<double>(3 * g * x * x); },
      [](const quantity& g, const quantity& x) {  // recorded, it has another value
        return tape::current() == nullptr ? 3 * g * x * x : 3 * g * x * x * (1 + 1e-9);
      },
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    INFO("mutant " << i);
    check_passed(check_gradients(cube(wrong[i]), {some}));
    check_failed(check_gradients(cube(wrong[i]), {some}, {.order = 2}), "");
  }
  const auto shifted = [](const quantity& g,
                          const quantity& x) {  // the recorded one, by a constant
    return 3 * g * x * x + (tape::current() == nullptr ? 0 : 1e-9);
  };
  check_failed(check_gradients(cube(shifted), {some}, {.order = 2}),
               "the recorded gradient of input 0 at (0, 0) differs from the plain one, ");
  // A linear operation whose second derivative is not 0.
  const auto linear = [](const quantity& x) {
    return custom_op<double>(
        {"twice", [](const std::vector<quantity>& a) { return a[0] * 2; },
         [](std::size_t, const quantity& g, const std::vector<quantity>& a, const quantity&) {
           return pretend<double>(g * 2 + a[0] * 1e-3, g * 2);
         }},
        {x});
  };
  check_passed(check_gradients(linear, {some}));
  check_failed(check_gradients(linear, {some}, {.order = 2}));
}

// log_softmax of a pair depends on the difference only. With these seeds the direction along which all entries move
// for the noise leaves the difference of a pair nearly as it is.
TEST_CASE("noise that a direction of all entries does not show", "[calculus][check]") {
  for (const std::uint64_t seed : {69U, 432U}) {
    rng random(seed);
    array<float> x = empty<float>({2, 19});
    for (float& v : x.storage()) v = static_cast<float>(random.uniform(-2, 2));
    const gradient_report report = check_gradients(
        [](const variable<float>& z) { return log_softmax(z, 0); }, {x}, {.seed = seed + 77});
    INFO(report);
    CHECK(report.failed() == 0);
  }
}

static quantity wrong_tanh(const quantity& x) {
  return custom_op<double>({"wrong_tanh", [](const std::vector<quantity>& a) { return tanh(a[0]); },
                            [](std::size_t, const quantity& g, const std::vector<quantity>&,
                               const quantity& y) { return g * (1 - y * y) * 1.001; }},
                           {x});
}

TEST_CASE("the wrong operation is named", "[calculus][check]") {
  int line = 0;
  const auto net = [&](const quantity& x, const quantity& w) {
    const quantity h = sigmoid(matmul(x, w));
    line = __LINE__ + 1;
    const quantity wrong = wrong_tanh(h * 2);
    return sum(exp(wrong) * h);
  };
  const gradient_report report =
      check_gradients(net, {some, array<double>{{0.5, 1.0}, {-1.5, 0.3}, {0.2, -0.7}}});
  check_failed(report, "wrong: wrong_tanh (%3)");
  CHECK(report.wrong().operation == "wrong_tanh");
  CHECK(report.wrong().entry == 3);
  CHECK(report.wrong().input == 0);
}

TEST_CASE("a use that is not on the tape is named", "[calculus][check]") {
  int line = 0;
  const auto net = [&](const quantity& x) {
    const quantity h = tanh(x);
    line = __LINE__ + 1;
    const quantity product = h * h.detach();
    return sum(exp(product) * h);
  };
  const gradient_report report = check_gradients(net, {some});
  check_failed(report, "wrong: multiply (%1) at check_test.cpp:" + std::to_string(line) +
                           " uses a value that is not on the tape (detach, value(), a constant)");
  CHECK(report.wrong().operation == "multiply");
  CHECK(report.wrong().entry == 1);
  CHECK(report.wrong().where.line == line);
  // A rule may be hidden behind it, or before.
  CHECK(check_gradients([&](const quantity& x) { return net(wrong_tanh(x)); }, {some})
            .wrong()
            .operation == "wrong_tanh");
  CHECK(check_gradients([&](const quantity& x) { return wrong_tanh(net(x)); }, {some})
            .wrong()
            .operation == "multiply");
}

// The rule is right; its vjp is not, when it is itself differentiated.
static quantity with_vjp(const quantity& x, quantity (*vjp)(const quantity& g, const quantity& y)) {
  return custom_op<double>({"own_tanh", [](const std::vector<quantity>& a) { return tanh(a[0]); },
                            [vjp](std::size_t, const quantity& g, const std::vector<quantity>&,
                                  const quantity& y) { return vjp(g, y); }},
                           {x});
}

TEST_CASE("what is wrong in the second order only is named", "[calculus][check]") {
  const auto net = [](auto vjp) {
    return [vjp](const quantity& x) { return sum(exp(with_vjp(2 * x, vjp)) * x); };
  };
  const auto check = [&](auto vjp) {
    CHECK(check_gradients(net(vjp), {some}).ok());
    return check_gradients(net(vjp), {some}, {.order = 2});
  };
  CHECK(check([](const quantity& g, const quantity& y) { return g * (1 - y * y); }).ok());
  const gradient_report dropped =
      check([](const quantity& g, const quantity& y) { return g * (1 - y * y.detach()); });
  check_failed(dropped, "wrong in the second order: own_tanh (%1) at check_test.cpp:");
  check_failed(dropped,
               ", in the derivative for its argument 0, uses a value that is not on the "
               "tape (detach, value(), a constant)");
  CHECK(dropped.wrong().operation == "own_tanh");
  const gradient_report inner = check([](const quantity& g, const quantity& y) {
    const custom_rule<double> own_square{
        "own_square", [](const std::vector<quantity>& a) { return square(a[0]); },
        [](std::size_t, const quantity& to, const std::vector<quantity>& a, const quantity&) {
          return to * a[0];
        }};
    return g * (1 - custom_op<double>(own_square, {y}));
  });
  check_failed(inner, "wrong: own_square (%");
}

TEST_CASE("the wrong argument is named", "[calculus][check]") {
  const auto product = [](const quantity& x, const quantity& y) {
    return custom_op<double>({"product", [](const std::vector<quantity>& a) { return a[0] * a[1]; },
                              [](std::size_t k, const quantity& g, const std::vector<quantity>& a,
                                 const quantity&) { return k == 0 ? g * a[1] : g * a[0] * 0.999; }},
                             {x, y});
  };
  const gradient_report report = check_gradients(
      [&](const quantity& x, const quantity& y) { return tanh(product(x, exp(y))); },
      {some, some * 0.5});
  check_failed(report, "in the derivative for its argument 1");
  CHECK(report.wrong().operation == "product");
  CHECK(report.wrong().input == 1);
}

TEST_CASE("a wrong operation in a long chain", "[calculus][check]") {
  const auto chain = [](const quantity& x) {
    quantity y = x;
    for (int i = 0; i < 3000; ++i) y = i == 1700 ? wrong_tanh(y) : y - 1e-4 * sin(y);
    return sum(y);
  };
  const gradient_report report = check_gradients(chain, {array<double>{0.5}});
  check_failed(report);
  CHECK(report.wrong().operation == "wrong_tanh");
}

TEST_CASE("the surroundings are left as they are", "[calculus][check]") {
  const parameter<double> w(array<double>{2, 3, 4});
  const tape outer;
  const quantity y = w * w;
  check_passed(check_gradients([&](const quantity& x) { return x * y; }, {some}));
  CHECK(outer.size() == 1);
  CHECK(tape::current() == &outer);
  CHECK(!w.has_grad());
}

TEST_CASE("what the function throws passes through", "[calculus][check]") {
  CHECK_THROWS_WITH(
      check_gradients([](const quantity&) -> quantity { throw std::runtime_error("own"); }, {some}),
      "own");
  const auto misshapen = [](const quantity& x) { return matmul(x, x); };
  CHECK_THROWS_AS(check_gradients(misshapen, {some}), shape_error);
  CHECK(tape::current() == nullptr);
}

TEST_CASE("shapes that depend on values", "[calculus][check]") {
  const auto growing = [](const quantity& x) {
    return x.value()(0, 0) > 0.3 ? broadcast_to(sum(x), {2}) : sum(x);
  };
  CHECK_THROWS_WITH(check_gradients(growing, {some}),
                    ContainsSubstring("check_gradients: () and (2): the result's shape depends on "
                                      "the input's values  [check_test.cpp:"));
}

TEST_CASE("a matcher for Catch2", "[calculus][check]") {
  const auto f = [](const quantity& x, const quantity& y) { return x * tanh(y); };
  CHECK_THAT(f, has_correct_gradients_at({some, some * 0.5}));
  CHECK_THAT(f, has_correct_gradients_at({some, some}, {.order = 2}));
  CHECK_THAT([](const variable<float>& x) { return exp(x); },
             has_correct_gradients_at({array<float>{0.5f, 1.0f}}));
  const auto wrong = [](const quantity& x) { return x * x.detach(); };
  const auto matcher = has_correct_gradients_at({some});
  CHECK(!matcher.match(wrong));
  CHECK_THAT(matcher.describe(), StartsWith("has correct gradients\ncheck_gradients: failed: "));
}
