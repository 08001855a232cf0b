#include "ops/errors.hpp"

#include "catch.hpp"

#include <memory>
#include <optional>

#include <xtape/calculus/grad.hpp>
#include <xtape/inspect/tape.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;

TEST_CASE("backward, grad, vjp and walk of what no tape recorded", "[tape][errors]") {
  errors::witness w;
  const variable<double> constant(2.0);
  const std::string unrecorded =
      ": this value was not recorded: it was made without a tape, or from values none of which is "
      "tracked";
  w.check<tape_error>("backward" + unrecorded,
                      [&](int& line) { line = __LINE__, constant.backward(); });
  w.check<tape_error>("backward" + unrecorded,
                      [&](int& line) { line = __LINE__, (constant * 2).backward(); });
  w.check<tape_error>("grad" + unrecorded,
                      [&](int& line) { line = __LINE__, grad(constant, {w.a}); });
  w.check<tape_error>("vjp" + unrecorded,
                      [&](int& line) { line = __LINE__, vjp(constant, constant, {w.a}); });
  w.check<tape_error>("walk" + unrecorded, [&](int& line) { line = __LINE__, walk(constant); });
  const parameter<double> p(full<double>({}, 1));
  w.check<tape_error>("backward: a parameter is not the result of any operation",
                      [&](int& line) { line = __LINE__, p.backward(); });
  w.check<tape_error>("backward" + unrecorded, [&](int& line) {
    const xtape::no_grad quiet;
    const variable<double> y = p * 2;
    line = __LINE__, y.backward();
  });
}

TEST_CASE("within at_line every error is laid at its line", "[tape][errors]") {
  errors::witness w;
  const variable<double> y = w.a * w.b;
  const at_line scope({"user.cpp", 5});
  const auto at_user = Catch::Matchers::EndsWith("  [user.cpp:5]");
  const auto text = [](const auto& f) -> std::string {
    try {
      f();
    } catch (const error& e) {
      CHECK(e.where().line == 5);
      return e.what();
    }
    return "no error";
  };
  CHECK_THAT(text([&] { y.backward(); }), at_user);
  CHECK_THAT(text([&] { y.backward(full<double>({3}, 1)); }), at_user);
  CHECK_THAT(text([&] { static_cast<void>(y.item()); }), at_user);
  CHECK_THAT(text([&] { static_cast<void>(y.grad()); }), at_user);
  CHECK_THAT(text([&] { y.mutable_value(); }), at_user);
  CHECK_THAT(text([&] { grad(y, {w.a}); }), at_user);
  CHECK_THAT(text([&] { vjp(y, w.a, {variable<double>(1.0)}); }), at_user);
}

TEST_CASE("a tape that is gone", "[tape][errors]") {
  errors::witness w;
  const std::string gone =
      ": the tape that recorded this value is gone: call it within the tape's scope";
  std::optional<variable<double>> y;
  {
    const tape inner;
    y = sum(w.a * w.b);
  }
  w.check<tape_error>("backward" + gone, [&](int& line) { line = __LINE__, y->backward(); });
  w.check<tape_error>("grad" + gone, [&](int& line) { line = __LINE__, grad(*y, {w.a}); });
  w.check<tape_error>("walk" + gone, [&](int& line) { line = __LINE__, walk(*y); });
}

TEST_CASE("a cotangent that is missing or does not fit", "[tape][errors]") {
  errors::witness w;
  const variable<double> y = w.a * w.b;
  const array<double> seed = full<double>({3}, 1);
  const std::string missing = ": (2, 3) has 6 elements, not one: pass the cotangent to start from";
  w.check<shape_error>("backward" + missing, [&](int& line) { line = __LINE__, y.backward(); });
  w.check<shape_error>("grad" + missing, [&](int& line) { line = __LINE__, grad(y, {w.a}); });
  w.check<shape_error>("walk" + missing, [&](int& line) { line = __LINE__, walk(y); });
  const std::string misfit = ": the cotangent's shape (3) is not the value's, (2, 3)";
  w.check<shape_error>("backward" + misfit, [&](int& line) { line = __LINE__, y.backward(seed); });
  w.check<shape_error>("vjp" + misfit,
                       [&](int& line) { line = __LINE__, vjp(y, variable<double>(seed), {w.a}); });
  const parameter<double> empty_p(zeros<double>({0}));
  const variable<double> empty_y = empty_p * 2;
  w.check<shape_error>("backward: (0) has 0 elements, not one: pass the cotangent to start from",
                       [&](int& line) { line = __LINE__, empty_y.backward(); });
}

TEST_CASE("inputs of grad that are not tracked", "[tape][errors]") {
  errors::witness w;
  const variable<double> y = sum(w.a * w.b);
  const variable<double> constant(1.0);
  const std::string text =
      ": input 1 is not tracked: only parameters and values recorded on a living tape are";
  w.check<tape_error>("grad" + text, [&](int& line) { line = __LINE__, grad(y, {w.a, constant}); });
  w.check<tape_error>("vjp" + text, [&](int& line) {
    line = __LINE__, vjp(y, constant, {w.a, constant});
  });
  w.check<tape_error>("grad" + text, [&](int& line) {
    line = __LINE__, grad(y, {w.a, y.detach()});
  });
}

TEST_CASE("a parameter changed before backward", "[tape][errors]") {
  errors::witness w;
  parameter<double> weight(full<double>({3, 2}, 1), "weight"), bias(full<double>({2}, 1)),
      unnamed(full<double>({2, 2}, 1));
  const int recorded = __LINE__ + 1;
  const variable<double> y = affine(w.a, weight, bias);
  const variable<double> loss = sum(matmul(y, unnamed));
  const std::string when = " recorded it at errors_test.cpp:";
  const std::string remedy = ": run backward before the optimizer's step";
  unnamed.mutable_value()(0, 0) = 2;
  const std::string second =
      "parameter (2, 2) was changed after matmul" + when + std::to_string(recorded + 1) + remedy;
  w.check<tape_error>("backward: " + second, [&](int& line) { line = __LINE__, loss.backward(); });
  weight.mutable_value()(0, 0) = 2;
  const std::string first =
      "weight was changed after affine" + when + std::to_string(recorded) + remedy;
  const variable<double> part = sum(y);
  w.check<tape_error>("backward: " + first, [&](int& line) { line = __LINE__, part.backward(); });
  w.check<tape_error>("grad: " + first, [&](int& line) { line = __LINE__, grad(part, {bias}); });
  w.check<tape_error>("walk: " + first, [&](int& line) { line = __LINE__, walk(part); });
  CHECK(!bias.has_grad());
  CHECK(!weight.has_grad());
}

TEST_CASE("item, grad, mutable_value and moved-from variables", "[tape][errors]") {
  errors::witness w;
  w.check<shape_error>("item: (2, 3) has 6 elements, not one",
                       [&](int& line) { line = __LINE__, w.a.item(); });
  const variable<double> y = w.a * w.b;
  const std::string not_kept =
      "grad: no gradient is kept for this value: it is an intermediate one; call keep_grad() on it "
      "before backward";
  w.check<tape_error>(not_kept, [&](int& line) { line = __LINE__, y.grad(); });
  w.check<tape_error>("mutable_value: only a parameter's value can be changed",
                      [&](int& line) { line = __LINE__, y.mutable_value(); });
  variable<double> gone(1.0);
  const variable<double> taken = std::move(gone);
  const std::string moved = "variable: used after it was moved from";
  w.check<tape_error>(moved, [&](int&) { gone.value(); });
  w.check<tape_error>(moved, [&](int&) { gone.backward(); });
  w.check<tape_error>(moved, [&](int&) { gone.named("x"); });
  w.check<tape_error>(moved, [&](int&) { w.a* gone; });
  CHECK(taken.item() == 1);
  gone = taken;  // may be assigned to
  CHECK(gone.item() == 1);
}

TEST_CASE("entries that are not there, of another type, or not kept", "[tape][errors]") {
  errors::witness w;
  REQUIRE(w.recording.size() == 1);
  const variable<double> y = w.a + full<double>({3}, 1);
  w.check<tape_error>("tape: entry 2 of 2", [&](int&) { w.recording[2]; });
  CHECK(w.recording[0].input_text(2).empty());
  w.check<tape_error>("entry: there is no such value, or it has another element type",
                      [&](int&) { w.recording[0].input<double>(2); });
  w.check<tape_error>("entry: there is no such value, or it has another element type",
                      [&](int&) { w.recording[0].output<float>(); });
  w.check<tape_error>("entry: there is no such value, or it has another element type",
                      [&](int&) { w.recording[0].input<float>(0); });
  w.check<tape_error>("entry: there is no such value, or it has another element type",
                      [&](int&) { w.recording[1].input<double>(1); });
}

TEST_CASE("after an error the same tape goes backward as if nothing had been", "[tape][errors]") {
  errors::witness w;
  const variable<double> y = sum(w.a * w.b);
  CHECK_THROWS_AS(w.a * full<double>({4}, 1), shape_error);
  CHECK_THROWS_AS((w.a * w.b).backward(), shape_error);
  CHECK_THROWS_AS(y.backward(full<double>({2}, 1)), shape_error);
  y.backward();
  CHECK((w.b.grad() == array<double>{10, 14, 18}));
}
