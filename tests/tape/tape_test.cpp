#include "catch.hpp"

#include <memory>
#include <sstream>
#include <stdexcept>

#include <xtape/calculus/grad.hpp>
#include <xtape/inspect/tape.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

array<double> vector(std::initializer_list<double> values) {
  array<double> result = empty<double>({values.size()});
  std::copy(values.begin(), values.end(), result.begin());
  return result;
}

}  // namespace

TEST_CASE("nothing is recorded outside a tape", "[tape]") {
  const parameter<double> p(vector({1, 2}), "p");
  CHECK(tape::current() == nullptr);
  const variable<double> before = p * p;
  CHECK(!before.tracked());
  CHECK(p.tracked());
  const tape recording;
  CHECK(tape::current() == &recording);
  CHECK(recording.size() == 0);
  const variable<double> constant = before * 2;  // made before: it has no history
  CHECK(!constant.tracked());
  CHECK(recording.size() == 0);
  const variable<double> y = before * p;
  CHECK(y.tracked());
  CHECK(recording.size() == 1);
  sum(y).backward();
  CHECK((p.grad() == before.value()));
}

TEST_CASE("backward accumulates until zero_grad", "[tape]") {
  const parameter<double> p(vector({1, 2}));
  CHECK(!p.has_grad());
  CHECK((p.grad() == vector({0, 0})));
  CHECK(!p.has_grad());
  const tape recording;
  const variable<double> y = sum(p * p);
  y.backward();
  CHECK(p.has_grad());
  CHECK((p.grad() == vector({2, 4})));
  y.backward();  // again on the same tape
  CHECK((p.grad() == vector({4, 8})));
  sum(3 * p).backward();
  CHECK((p.grad() == vector({7, 11})));
  p.zero_grad();
  CHECK(!p.has_grad());
  CHECK((p.grad() == vector({0, 0})));
  y.backward();
  CHECK((p.grad() == vector({2, 4})));
  {
    const tape inner;
    sum(p * p).backward();
  }
  CHECK((p.grad() == vector({4, 8})));
}

TEST_CASE("a seed stands for the cotangent", "[tape]") {
  const parameter<double> p(vector({1, 2}));
  const tape recording;
  const variable<double> y = p * p;
  y.backward(vector({10, 100}));
  CHECK((p.grad() == vector({20, 400})));
  const variable<double> z = sum(y);
  p.zero_grad();
  z.backward(full<double>({}, 0.5));
  CHECK((p.grad() == vector({1, 2})));
}

TEST_CASE("what is passed on without a copy is never written to", "[tape]") {
  const parameter<double> p(vector({1, 2})), q(vector({3, 4}));
  const variable<double> seed(vector({10, 100}));
  tape recording;
  recording.keep_intermediates();
  // a gets the seed itself twice, b and c the same cotangent, and the parameters what comes to c.
  const variable<double> a = p * 2, b = a + a, c = p + q, d = c + b - c * 1.0;
  d.backward(seed);
  d.backward(seed);
  CHECK((seed.value() == vector({10, 100})));
  CHECK((d.grad() == vector({20, 200})));
  CHECK((a.grad() == vector({40, 400})));
  CHECK((b.grad() == vector({20, 200})));
  CHECK((c.grad() == vector({0, 0})));
  CHECK((p.grad() == vector({80, 800})));
  p.zero_grad();
  d.backward(seed);
  CHECK((p.grad() == vector({40, 400})));
  CHECK((q.grad() == vector({0, 0})));
  // Two parameters that get one cotangent, and then more of their own.
  p.zero_grad(), q.zero_grad();
  (p + q).backward(seed);
  p.zero_grad();
  CHECK((q.grad() == vector({10, 100})));
  (p + q).backward(seed);
  CHECK((p.grad() == vector({10, 100})));
  CHECK((q.grad() == vector({20, 200})));
  CHECK((seed.value() == vector({10, 100})));
}

TEST_CASE("a parameter that backward did not reach has a gradient of zeros", "[tape]") {
  const parameter<double> p(vector({1, 2})), other(vector({3}));
  const tape recording;
  const variable<double> unused = other * 2;
  sum(p).backward();
  CHECK(!other.has_grad());
  CHECK((other.grad() == vector({0})));
  CHECK(grad(sum(p), {other})[0].value() == vector({0}));
  CHECK(grad(sum(p), {unused})[0].value() == vector({0}));
}

TEST_CASE("intermediate gradients are kept where asked for", "[tape]") {
  const parameter<double> p(vector({1, 2}));
  tape recording;
  const variable<double> a = p * 2, b = a * a;
  CHECK(&a.keep_grad() == &a);
  sum(b).backward();
  CHECK((a.grad() == vector({4, 8})));
  CHECK(a.has_grad());
  CHECK(!b.has_grad());
  CHECK_THROWS_AS(b.grad(), tape_error);
  sum(b).backward();
  CHECK((a.grad() == vector({8, 16})));
  a.zero_grad();
  sum(b).backward();
  CHECK((a.grad() == vector({4, 8})));
  recording.keep_intermediates();
  sum(b).backward();
  CHECK((a.grad() == vector({8, 16})));
  CHECK((b.grad() == vector({1, 1})));
  recording.keep_intermediates(false);
  sum(b).backward();
  CHECK((b.grad() == vector({1, 1})));
  CHECK((p.grad() == vector({40, 80})));
}

TEST_CASE("a kept gradient is not another value's", "[tape]") {
  const parameter<double> p(vector({1, 2})), q(vector({1, 2}));
  tape recording;
  recording.keep_intermediates();
  const variable<double> a = reshape(p, {2, 1}), b = transpose(a), c = b + 1,
                         d = c + reshape(q, {1, 2});
  sum(d).backward();
  b.zero_grad();
  sum(d).backward();
  const array<double> once = full<double>({1, 2}, 1), twice = full<double>({1, 2}, 2);
  CHECK((b.grad() == once));
  CHECK((c.grad() == twice));
  CHECK((d.grad() == twice));
  CHECK((a.grad() == full<double>({2, 1}, 2)));
  CHECK((p.grad() == vector({2, 2})));
  CHECK((q.grad() == vector({2, 2})));
}

TEST_CASE("detach and no_grad cut the history", "[tape]") {
  const parameter<double> p(vector({3}));
  const tape recording;
  const variable<double> y = p * p;
  sum(y.detach() * p).backward();
  CHECK((p.grad() == vector({9})));
  CHECK(!y.detach().tracked());
  p.zero_grad();
  const std::size_t size = recording.size();
  {
    const xtape::no_grad quiet;
    CHECK(tape::current() == nullptr);
    CHECK(!(p * p).tracked());
    {
      const xtape::no_grad again;
      CHECK(tape::current() == nullptr);
    }
    CHECK(tape::current() == nullptr);
    {
      const tape inside;  // records although its surroundings do not
      sum(p * 5).backward();
      CHECK(inside.size() == 2);
    }
    CHECK(tape::current() == nullptr);
    y.backward();  // needs no recording
  }
  CHECK(tape::current() == &recording);
  CHECK(recording.size() == size);
  CHECK((p.grad() == vector({5 + 6})));
}

TEST_CASE("an inner tape takes an outer tape's values as leaves", "[tape]") {
  const parameter<double> p(vector({3}));
  const tape outer;
  const variable<double> y = p * p;
  {
    const tape inner;
    CHECK(tape::current() == &inner);
    const variable<double> z = y * y * p;
    CHECK(inner.size() == 2);
    CHECK(outer.size() == 1);
    z.backward();
    CHECK(
        (y.grad() == vector({2 * 9 * 3})));  // y stands still: its own history is the outer tape's
    CHECK((p.grad() == vector({81})));
    CHECK(grad(z, {y})[0].item() == 54);
    CHECK(grad(z, {p})[0].item() == 81);
    p.zero_grad();
    y.backward();  // on the outer tape, while the inner one records
    CHECK((p.grad() == vector({6})));
  }
  CHECK(tape::current() == &outer);
  p.zero_grad();
  const array<double> from_inside = y.grad();
  y.backward(from_inside);  // the chain rule by hand
  CHECK((p.grad() == vector({54 * 6})));
}

TEST_CASE("tapes may end in any order", "[tape]") {
  const parameter<double> p(vector({3}));
  auto a = std::make_unique<tape>();
  const variable<double> x = p * p;
  auto b = std::make_unique<tape>();
  const variable<double> y = x * p;
  auto c = std::make_unique<tape>();
  const variable<double> z = y * p;
  b.reset();
  CHECK(tape::current() == c.get());
  CHECK(!y.tracked());
  CHECK(x.tracked());
  CHECK((y.value() == vector({27})));
  z.backward();
  CHECK((p.grad() == vector({27})));
  c.reset();
  CHECK(tape::current() == a.get());
  p.zero_grad();
  x.backward();
  CHECK((p.grad() == vector({6})));
  a.reset();
  CHECK(tape::current() == nullptr);
}

TEST_CASE("a value outlives its tape, its history does not", "[tape]") {
  const parameter<double> p(vector({3}));
  const variable<double> y = [&] {
    const tape recording;
    return p * p;
  }();
  CHECK((y.value() == vector({9})));
  CHECK(!y.tracked());
  const tape next;
  sum(y * p).backward();
  CHECK((p.grad() == vector({9})));
}

TEST_CASE("a thrown exception leaves tape and parameters usable", "[tape]") {
  const parameter<double> p(vector({3}));
  const tape outer;
  const variable<double> y = p * p;
  try {
    const tape inner;
    const xtape::no_grad quiet;
    const at_line line({"never.cpp", 1});
    const variable<double> z = y * 2;
    throw std::runtime_error("user code");
  } catch (const std::runtime_error&) {
  }
  CHECK(tape::current() == &outer);
  const variable<double> z = y * p;
  CHECK(outer[outer.size() - 1].where().line == __LINE__ - 1);
  z.backward();
  CHECK((p.grad() == vector({27})));
  try {
    const variable<double> half = z * p;
    half.keep_grad();
    throw std::runtime_error("user code");
  } catch (const std::runtime_error&) {
  }
  p.zero_grad();
  z.backward();
  CHECK((p.grad() == vector({27})));
}

TEST_CASE("float and double on one tape", "[tape]") {
  const parameter<float> single(array<float>{2, 3});
  const parameter<double> twice(vector({2, 3}));
  tape recording;
  recording.keep_intermediates();
  const variable<float> a = sum(single * single);
  const variable<double> b = sum(twice * twice * twice);
  a.backward();
  CHECK((single.grad() == array<float>{4, 6}));
  CHECK(!twice.has_grad());
  b.backward();
  CHECK((twice.grad() == vector({12, 27})));
  CHECK((single.grad() == array<float>{4, 6}));
  CHECK(grad(a, {single})[0].value() == (array<float>{4, 6}));
  CHECK_THROWS_AS(recording[0].output<double>(), tape_error);
  CHECK(recording[0].output<float>().shape() == shape_type{2});
}

TEST_CASE("entries tell what was recorded", "[tape]") {
  const parameter<double> w(full<double>({3, 2}, 1), "weight");
  const variable<double> x(full<double>({4, 3}, 1));
  const tape recording;
  const int first = __LINE__ + 1;
  const variable<double> y = matmul(x, w);
  y.named("hidden");
  const variable<double> z = tanh(y + 1.0);
  REQUIRE(recording.size() == 3);
  REQUIRE(recording.entries().size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(recording.entries()[i] == &recording[i]);
    CHECK(recording[i].index() == i);
  }
  const entry& e = recording[0];
  CHECK(e.operation() == "matmul");
  CHECK(e.shape() == shape_type{4, 2});
  CHECK(e.name() == "hidden");
  CHECK(e.where().line == first);
  CHECK(e.where().text() == "tape_test.cpp:" + std::to_string(first));
  CHECK(e.input_count() == 2);
  CHECK(e.input_text(0) == "constant (4, 3)");
  CHECK(e.input_text(1) == "weight");
  CHECK((e.input<double>(1).value() == w.value()));
  CHECK(&e.output<double>().value() == &y.value());
  CHECK(recording[1].operation() == "add");
  CHECK(recording[1].input_text(0) == "%0");
  CHECK(recording[1].where().line == first + 2);
  CHECK(recording[2].operation() == "tanh");
  CHECK(recording[2].input_text(0) == "%1");
  CHECK(&recording[2].output<double>().value() == &z.value());
}

TEST_CASE("a tape printed", "[tape]") {
  const parameter<double> w(full<double>({3, 2}, 1), "weight"), b(full<double>({2}, 1));
  const variable<double> x(full<double>({4, 3}, 1));
  x.named("x");
  const tape recording;
  std::ostringstream nothing;
  nothing << recording;
  CHECK(nothing.str() == "entry  operation  shape  inputs  name  line\n");
  const at_line line({"somewhere/model.cpp", 12});
  const variable<double> h = affine(x, w, b);
  h.named("hidden");
  const variable<double> y =
      softmax_cross_entropy(relu(h) * full<double>({4, 2}, 1), std::vector<int>{0, 1, 1, 0});
  std::ostringstream text;
  text << recording;
  CHECK(text.str() ==
        "entry  operation              shape   inputs                    name    line\n"
        "%0     affine                 (4, 2)  x, weight, parameter (2)  hidden  model.cpp:12\n"
        "%1     relu                   (4, 2)  %0                                model.cpp:12\n"
        "%2     multiply               (4, 2)  %1, constant (4, 2)               model.cpp:12\n"
        "%3     softmax_cross_entropy  ()      %2                                model.cpp:12\n");
}

TEST_CASE("a walk shows each entry's cotangent and what it sends on", "[tape]") {
  const parameter<double> p(vector({2, 3})), q(vector({5, 7})), scalar(full<double>({}, 10));
  const tape recording;
  const variable<double> a = p * q;             // %0
  const variable<double> unused = a * 100.0;    // %1
  const variable<double> squared = a * a;       // %2
  const variable<double> scaled = p * scalar;   // %3
  const variable<double> b = squared + scaled;  // %4
  const variable<double> loss = sum(b);         // %5
  const auto steps = walk(loss);
  REQUIRE(steps.size() == 5);
  const std::size_t order[] = {5, 4, 3, 2, 0};
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i].operation->index() == order[i]);
  CHECK((steps[0].cotangent == full<double>({}, 1)));
  REQUIRE(steps[0].contributions.size() == 1);
  CHECK((steps[0].contributions[0].value == vector({1, 1})));
  CHECK((steps[1].cotangent == vector({1, 1})));
  REQUIRE(steps[2].contributions.size() == 2);
  CHECK((steps[2].contributions[0].value == vector({10, 10})));
  CHECK(steps[2].contributions[1].input == 1);
  CHECK((steps[2].contributions[1].value == full<double>({}, 5)));  // summed: it was broadcast
  REQUIRE(steps[3].contributions.size() == 2);
  CHECK((steps[3].contributions[0].value == vector({10, 21})));
  CHECK((steps[3].contributions[1].value == vector({10, 21})));
  CHECK((steps[4].cotangent == vector({20, 42})));  // complete: both uses of a
  REQUIRE(steps[4].contributions.size() == 2);
  CHECK((steps[4].contributions[0].value == vector({100, 294})));
  CHECK((steps[4].contributions[1].value == vector({40, 126})));

  CHECK(!p.has_grad());
  CHECK(!q.has_grad());
  loss.backward();
  // What the entries sent to p is p's gradient.
  array<double> sum_p = vector({0, 0});
  for (const auto& step : steps)
    for (const auto& c : step.contributions)
      if (step.operation->input_text(c.input) == "parameter (2)" && c.input == 0) sum_p += c.value;
  CHECK((p.grad() == sum_p));
  CHECK((p.grad() == vector({110, 304})));
  CHECK((q.grad() == vector({40, 126})));
  CHECK((scalar.grad() == full<double>({}, 5)));
}

TEST_CASE("a walk leaves gradients that are there alone", "[tape]") {
  const parameter<double> p(vector({2, 3}));
  tape recording;
  recording.keep_intermediates();
  const variable<double> a = p * p;
  const variable<double> loss = sum(a);
  loss.backward();
  walk(loss);
  CHECK((p.grad() == vector({4, 6})));
  CHECK((a.grad() == vector({1, 1})));
  loss.backward();
  CHECK((p.grad() == vector({8, 12})));
}

TEST_CASE("gradients returned instead of accumulated", "[tape]") {
  const parameter<double> p(vector({2, 3})), q(vector({5, 7}));
  const tape recording;
  const variable<double> a = p * q, b = a * a, loss = sum(b);
  const std::size_t size = recording.size();
  const auto g = grad(loss, {p, a, b, loss, q, p});
  CHECK(recording.size() == size);
  CHECK((g[0].value() == vector({100, 294})));
  CHECK((g[1].value() == vector({20, 42})));
  CHECK((g[2].value() == vector({1, 1})));
  CHECK(g[3].item() == 1);
  CHECK((g[4].value() == vector({40, 126})));
  CHECK((g[5].value() == g[0].value()));
  for (const variable<double>& each : g) CHECK(!each.tracked());
  CHECK(!p.has_grad());
  CHECK(!a.has_grad());
  loss.backward();
  CHECK((p.grad() == vector({100, 294})));
  CHECK((grad(loss, {p})[0].value() == vector({100, 294})));
  CHECK((p.grad() == vector({100, 294})));
}

TEST_CASE("vector-Jacobian products with several cotangents", "[tape]") {
  const parameter<double> p(vector({2, 3}));
  const tape recording;
  const variable<double> y = p * p * p;
  for (const auto& r : {vector({1, 0}), vector({0, 1}), vector({-2, 0.5})}) {
    const array<double> expected = 3 * p.value() * p.value() * r;
    CHECK((vjp(y, variable<double>(r), {p})[0].value() == expected));
  }
}

TEST_CASE("a value made outside at_line keeps its line, one inside is laid at it", "[tape]") {
  const parameter<double> p(vector({2, 3}));
  const tape recording;
  const variable<double> a = p * p;
  const int line = __LINE__ - 1;
  {
    const at_line scope({"user.cpp", 5});
    const variable<double> b = sum(a);
    const at_line inner({"library.cpp", 6});
    const variable<double> c = b + b;
    CHECK(at_line::or_else({"x.cpp", 1}).line == 5);
  }
  CHECK(at_line::or_else({"x.cpp", 1}).line == 1);
  CHECK(recording[0].where().line == line);
  CHECK(recording[1].where().text() == "user.cpp:5");
  CHECK(recording[2].where().text() == "user.cpp:5");
}
