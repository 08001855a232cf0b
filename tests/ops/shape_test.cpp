// Shape operations: what the table of operations does not draw at random.

#include "catch.hpp"

#include <cmath>
#include <limits>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

#include "ops/errors.hpp"

using namespace xtape;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::nan("");

array<double> counted(const shape_type& shape) {
  array<double> result = empty<double>(shape);
  for (std::size_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<double>(i);
  return result;
}

// The same bits: NaN and the sign of 0 too.
bool same(const array<double>& a, const array<double>& b) {
  return a.shape() == b.shape() &&
         std::equal(a.begin(), a.end(), b.begin(), [](double p, double q) {
           return (std::isnan(p) && std::isnan(q)) ||
                  (p == q && std::signbit(p) == std::signbit(q));
         });
}

std::vector<std::string> operations(const tape& recording) {
  std::vector<std::string> names;
  for (const entry* const e : recording.entries()) names.emplace_back(e->operation());
  return names;
}

}  // namespace

TEST_CASE("ranges as users write them", "[ops][shape]") {
  const variable<double> x(counted({2, 3, 4}));
  const array<double> row{3, 7, 11};
  CHECK((slice(x, {at(0), all, at(-1)}).value() == row));
  CHECK((slice(x, {at(0), {}, at(3)}).value() == row));
  CHECK((slice(x, {{0, 1}, {1, 3, 2}, {.start = 2}}).value() == array<double>{{{6, 7}}}));
  CHECK((slice(x, {at(1), at(0), {.step = -1}}).value() == array<double>{15, 14, 13, 12}));
  CHECK((slice(x, {at(1), at(0), {.stop = -1}}).value() == array<double>{12, 13, 14}));
  CHECK(slice(x, {}).shape() == shape_type{2, 3, 4});
  CHECK(slice(x, {{}}).shape() == shape_type{2, 3, 4});
  CHECK(slice(x, {at(1)}).shape() == shape_type{3, 4});
  std::vector<range> built(2, all);
  built[1] = {.start = -2};
  CHECK(slice(x, built).shape() == shape_type{2, 2, 4});
}

TEST_CASE("split: equal parts, and cuts before indices", "[ops][shape]") {
  const parameter<double> x(counted({2, 6}));
  const tape recording;
  const auto thirds = split(x, 3, 1);
  REQUIRE(thirds.size() == 3);
  CHECK((thirds[0].value() == array<double>{{0, 1}, {6, 7}}));
  CHECK((thirds[2].value() == array<double>{{4, 5}, {10, 11}}));
  CHECK(operations(recording) == std::vector<std::string>{"slice", "slice", "slice"});
  for (const entry* const e : recording.entries())
    CHECK(e->where().line == recording[0].where().line);
  CHECK(split(x, 2).at(1).shape() == shape_type{1, 6});

  // {3} is an index, 3 a number of sections; indices may be negative or go beyond the end.
  const auto at_three = split(x, {3}, -1);
  REQUIRE(at_three.size() == 2);
  CHECK((at_three[1].value() == array<double>{{3, 4, 5}, {9, 10, 11}}));
  const auto parts = split(x, {1, -2, 9}, 1);
  REQUIRE(parts.size() == 4);
  CHECK(parts[0].shape() == shape_type{2, 1});
  CHECK((parts[1].value() == array<double>{{1, 2, 3}, {7, 8, 9}}));
  CHECK((parts[2].value() == array<double>{{4, 5}, {10, 11}}));
  CHECK(parts[3].shape() == shape_type{2, 0});
  const std::vector<std::ptrdiff_t> none;
  CHECK((split(x, none).at(0).value() == x.value()));

  (sum(parts[1]) * 2.0 + sum(thirds[1])).backward();
  CHECK((x.grad() == array<double>{{0, 2, 3, 3, 0, 0}, {0, 2, 3, 3, 0, 0}}));
}

TEST_CASE("concatenate and stack, as users write them", "[ops][shape]") {
  const parameter<double> x(array<double>{1, 2}), y(array<double>{3});
  const tape recording;
  const int line = __LINE__ + 1;
  const variable<double> both = concatenate({x, y, x});
  CHECK((both.value() == array<double>{1, 2, 3, 1, 2}));
  CHECK(operations(recording) == std::vector<std::string>{"concatenate"});
  CHECK(recording[0].where().line == line);
  both.backward(array<double>{1, 10, 100, 1000, 10000});
  CHECK((x.grad() == array<double>{1001, 10010}));
  CHECK((y.grad() == array<double>{100}));
  const array<double> constant{5, 6};
  CHECK((stack({x, constant}, 1).value() == array<double>{{1, 5}, {2, 6}}));
  CHECK((concatenate(split(variable<double>(constant), 2)).value() == constant));
}

TEST_CASE("elements move as they are", "[ops][shape][extremes]") {
  const array<double> ends{-0.0, not_a_number, infinity, -infinity, 5e-324, -300};
  const variable<double> x(ends);
  const array<double> backwards{-300, 5e-324, -infinity, infinity, not_a_number, -0.0};
  CHECK(same(flip(x).value(), backwards));
  CHECK(same(slice(x, {{.step = -1}}).value(), backwards));
  CHECK(same(slice(slice(x, {{.step = -1}}), {{.step = -1}}).value(), ends));
  CHECK(same(roll(x, 6, 0).value(), ends));
  CHECK(same(take(x, {0, 1, 2, 3, 4, 5}).value(), ends));
  CHECK(same(slice(pad(x, {{2, 2}}, 7), {{2, -2}}).value(), ends));
  CHECK(same(pad(x, {{1, 0}}, not_a_number).value(),
             array<double>{not_a_number, -0.0, not_a_number, infinity, -infinity, 5e-324, -300}));
  CHECK(same(repeat(slice(x, {{1, 2}}), 2, 0).value(), array<double>{not_a_number, not_a_number}));
}

TEST_CASE("what tril and triu leave out is 0, whatever it was", "[ops][shape][extremes]") {
  const parameter<double> x(array<double>{{1, not_a_number}, {infinity, 2}});
  const tape recording;
  const variable<double> lower = tril(x), upper = triu(x);
  CHECK(same(lower.value(), {{1, 0}, {infinity, 2}}));
  CHECK(same(upper.value(), {{1, not_a_number}, {0, 2}}));
  CHECK(operations(recording) == std::vector<std::string>{"where", "where"});
  sum(lower).backward();
  CHECK(same(x.grad(), {{1, 0}, {1, 1}}));
}

TEST_CASE("a slice's gradient touches the slice only", "[ops][shape]") {
  const parameter<double> x(counted({3, 2}));
  const tape recording;
  const variable<double> inner = x * 1.0;
  variable<double> total(0.0);
  for (int t = 0; t < 3; ++t) total = total + sum(slice(inner, {at(t)})) * (t + 1.0);
  total.backward();
  CHECK((x.grad() == array<double>{{1, 1}, {2, 2}, {3, 3}}));
}

TEST_CASE("what stands on a recorded gradient's tape", "[ops][shape]") {
  const parameter<double> x(counted({4}));
  const tape recording;
  const variable<double> y = slice(x, {{1, 3}});
  const variable<double> g = grad(sum(y * y), {x}, {.create_graph = true})[0];
  const variable<double> h = grad(sum(g * g), {x}, {.create_graph = true})[0];
  CHECK((g.value() == array<double>{0, 2, 4, 0}));
  CHECK((h.value() == array<double>{0, 8, 16, 0}));
  const std::vector<std::string> names = operations(recording);
  CHECK(std::count(names.begin(), names.end(), "slice") == 1);
  CHECK(std::count(names.begin(), names.end(), "scatter_add") == 2);
  CHECK(std::count(names.begin(), names.end(), "take") == 1);
}

TEST_CASE("large arrays, which several threads share", "[ops][shape]") {
  const std::size_t rows = 300, columns = 301;
  const parameter<double> x(counted({rows, columns}));
  const auto weights = [&](const shape_type& shape) {
    array<double> r = counted(shape);
    for (double& v : r.storage()) v = std::fmod(7 * v, 31);
    return r;
  };
  // <f(x), r> = <x, f'r> for linear f, exactly: all are small whole numbers.
  const auto check = [&](const std::function<variable<double>(const variable<double>&)>& f) {
    x.zero_grad();
    const tape recording;
    const variable<double> y = f(x);
    const array<double> r = weights(y.shape());
    y.backward(r);
    double there = 0, back = 0;
    for (std::size_t i = 0; i < r.size(); ++i) there += r.data()[i] * y.value().data()[i];
    for (std::size_t i = 0; i < x.size(); ++i) back += x.value().data()[i] * x.grad().data()[i];
    CHECK(there == back);
    CHECK(there != 0);
  };
  std::vector<int> picked;
  for (int i = 0; i < 400; ++i) picked.push_back((i * i) % 300);
  check([](const auto& v) { return slice(v, {{1, -1}}); });
  check([](const auto& v) { return slice(v, {{.step = -1}, {.start = 3}}); });
  check([](const auto& v) { return slice(v, {{.step = 2}, {.step = 3}}); });
  check([](const auto& v) { return flip(v); });
  check([](const auto& v) { return roll(v, 17, 0); });
  check([](const auto& v) { return roll(v, 17, 1); });
  check([&](const auto& v) { return take(v, picked); });
  check([&](const auto& v) { return take(v, picked, 1); });
  check([&](const auto& v) { return scatter_add(take(v, picked), picked, 500); });
  check([](const auto& v) { return pad(v, {{3, 4}}); });
  check([](const auto& v) { return tile(v, {2, 2}); });
  check([](const auto& v) { return repeat(v, 3, 0); });
  check([](const auto& v) { return repeat(v, 3, 1); });
  check([](const auto& v) { return diagonal(v, 2); });
  check([](const auto& v) { return swap_axes(v, 0, 1); });
}

TEST_CASE("shape operations: what is refused", "[ops][shape][errors]") {
  errors::witness w;
  const std::ptrdiff_t huge = std::ptrdiff_t{1} << 62;
  const std::string no_axis = ": (2, 3) has no axis 2";
  w.check<shape_error>("flatten: (2, 3) has no axis -3",
                       [&](int& line) { line = __LINE__, flatten(w.a, -3); });
  w.check<shape_error>("flatten" + no_axis,
                       [&](int& line) { line = __LINE__, flatten(w.a, 0, 2); });
  w.check<shape_error>("flatten: (2, 3) from axis 1 to 0: the last comes before the first",
                       [&](int& line) { line = __LINE__, flatten(w.a, 1, 0); });
  w.check<shape_error>("swap_axes" + no_axis,
                       [&](int& line) { line = __LINE__, swap_axes(w.a, 0, 2); });
  w.check<shape_error>("swap_axes" + no_axis,
                       [&](int& line) { line = __LINE__, swap_axes(w.a, 2, 0); });
  w.check<shape_error>("squeeze" + no_axis, [&](int& line) { line = __LINE__, squeeze(w.a, {2}); });
  w.check<shape_error>("squeeze: (2, 3): axis 1 has size 3, not 1",
                       [&](int& line) { line = __LINE__, squeeze(w.a, {-1}); });
  w.check<shape_error>("squeeze: axis -1 of (2, 3) is named twice", [&](int& line) {
    line = __LINE__, squeeze(w.a, {1, -1});
  });
  w.check<shape_error>("expand_dims: (2, 3) by (3): the result has no axis 3",
                       [&](int& line) { line = __LINE__, expand_dims(w.a, {3}); });
  w.check<shape_error>("expand_dims: (2, 3) by (0, -5): the result has no axis -5", [&](int& line) {
    line = __LINE__, expand_dims(w.a, {0, -5});
  });
  w.check<shape_error>("expand_dims: (2, 3) by (0, -4): axis -4 is named twice", [&](int& line) {
    line = __LINE__, expand_dims(w.a, {0, -4});
  });
  w.check<shape_error>("slice: (2, 3): 3 ranges for 2 axes", [&](int& line) {
    line = __LINE__, slice(w.a, {all, all, all});
  });
  w.check<shape_error>("slice: (3): 2 ranges for 1 axis", [&](int& line) {
    line = __LINE__, slice(w.b, {all, all});
  });
  w.check<shape_error>("slice: (): 1 range for 0 axes",
                       [&](int& line) { line = __LINE__, slice(variable<double>(1.0), {all}); });
  w.check<domain_error>("slice: (2, 3) has no index 3 along axis 1", [&](int& line) {
    line = __LINE__, slice(w.a, {all, at(3)});
  });
  w.check<domain_error>("slice: (2, 3) has no index -3 along axis 0",
                        [&](int& line) { line = __LINE__, slice(w.a, {at(-3)}); });
  w.check<domain_error>("slice: (0) has no index 0 along axis 0", [&](int& line) {
    line = __LINE__, slice(variable<double>(zeros<double>({0})), {at(0)});
  });
  w.check<domain_error>("slice: (2, 3): the step along axis 1 is 0", [&](int& line) {
    line = __LINE__, slice(w.a, {all, {.step = 0}});
  });
  w.check<shape_error>("split" + no_axis, [&](int& line) { line = __LINE__, split(w.a, 2, 2); });
  w.check<shape_error>("split" + no_axis, [&](int& line) { line = __LINE__, split(w.a, {2}, 2); });
  w.check<shape_error>("split: (2, 3) in 2 along axis 1: the sections are not equal",
                       [&](int& line) { line = __LINE__, split(w.a, 2, 1); });
  w.check<domain_error>("split: (2, 3) in 0 along axis 0: there must be at least one section",
                        [&](int& line) { line = __LINE__, split(w.a, 0); });
  w.check<shape_error>("take" + no_axis, [&](int& line) { line = __LINE__, take(w.a, {0}, 2); });
  w.check<domain_error>("take: (2, 3) has no index 2 along axis 0", [&](int& line) {
    line = __LINE__, take(w.a, {0, 2});
  });
  w.check<domain_error>("take: (2, 3) has no index -4 along axis 1",
                        [&](int& line) { line = __LINE__, take(w.a, {-4}, 1); });
  w.check<shape_error>("scatter_add" + no_axis,
                       [&](int& line) { line = __LINE__, scatter_add(w.a, {0}, 5, 2); });
  w.check<shape_error>("scatter_add: (2, 3) along axis 0 and 3 indices", [&](int& line) {
    line = __LINE__, scatter_add(w.a, {0, 1, 2}, 5);
  });
  w.check<domain_error>("scatter_add: (5, 3) has no index 5 along axis 0", [&](int& line) {
    line = __LINE__, scatter_add(w.a, {0, 5}, 5);
  });
  w.check<shape_error>(
      "scatter_add: (2, 3) to (9223372036854775808, 3): there are no arrays of that size",
      [&](int& line) {
        line = __LINE__, scatter_add(w.a, {0, 1}, std::size_t{1} << 63);
      });
  w.check<shape_error>("flip" + no_axis, [&](int& line) { line = __LINE__, flip(w.a, {2}); });
  w.check<shape_error>("flip: axis -2 of (2, 3) is named twice", [&](int& line) {
    line = __LINE__, flip(w.a, {0, -2});
  });
  w.check<shape_error>("roll" + no_axis, [&](int& line) { line = __LINE__, roll(w.a, 1, 2); });
  w.check<shape_error>("pad: (2, 3) by 3 widths: there must be one for each axis, or one for all",
                       [&](int& line) {
                         line = __LINE__, pad(w.a, {{1, 1}, {1, 1}, {1, 1}});
                       });
  w.check<shape_error>("pad: (2, 3) by 0 widths: there must be one for each axis, or one for all",
                       [&](int& line) { line = __LINE__, pad(w.a, {}); });
  w.check<domain_error>("pad: (2, 3) by {0, -1} along axis 1: a width is negative", [&](int& line) {
    line = __LINE__, pad(w.a, {{1, 1}, {0, -1}});
  });
  w.check<shape_error>("pad: (2, 3) to (4611686018427387904): there are no arrays of that size",
                       [&](int& line) {
                         line = __LINE__, pad(w.a, {{huge, huge}, {0, 0}});
                       });
  w.check<shape_error>("pad: (2, 3) to (1073741826, 1073741827): there are no arrays of that size",
                       [&](int& line) {
                         line = __LINE__, pad(w.a, {{0, 1 << 30}});
                       });
  w.check<domain_error>("tile: (2, 3) by -1: the count is negative", [&](int& line) {
    line = __LINE__, tile(w.a, {2, -1});
  });
  w.check<shape_error>("tile: (2, 3) to (3, 4611686018427387904): there are no arrays of that size",
                       [&](int& line) { line = __LINE__, tile(w.a, {huge}); });
  w.check<shape_error>(
      "tile: (2, 3) to (1073741824, 1073741824, 2, 3): there are no arrays of that size",
      [&](int& line) {
        line = __LINE__, tile(w.a, {1 << 30, 1 << 30, 1, 1});
      });
  w.check<shape_error>("repeat" + no_axis, [&](int& line) { line = __LINE__, repeat(w.a, 2, 2); });
  w.check<domain_error>("repeat: (2, 3) by -2: the count is negative",
                        [&](int& line) { line = __LINE__, repeat(w.a, -2, 0); });
  w.check<shape_error>(
      "repeat: (2, 3) to (2, 4611686018427387904): there are no arrays of that size",
      [&](int& line) { line = __LINE__, repeat(w.a, huge, 0); });
  w.check<shape_error>("diagonal" + no_axis,
                       [&](int& line) { line = __LINE__, diagonal(w.a, 0, 0, 2); });
  w.check<shape_error>("diagonal: axis -2 of (2, 3) is named twice",
                       [&](int& line) { line = __LINE__, diagonal(w.a, 0, 0, -2); });
  w.check<shape_error>("diagonal: (3) has no axis 1",
                       [&](int& line) { line = __LINE__, diagonal(w.b); });
  w.check<shape_error>("tril: (3): there must be at least two axes",
                       [&](int& line) { line = __LINE__, tril(w.b); });
  w.check<shape_error>("triu: (): there must be at least two axes",
                       [&](int& line) { line = __LINE__, triu(variable<double>(1.0)); });
  using parts = std::vector<variable<double>>;
  w.check<domain_error>("concatenate: there are no parts",
                        [&](int& line) { line = __LINE__, concatenate(parts{}); });
  w.check<domain_error>("stack: there are no parts",
                        [&](int& line) { line = __LINE__, stack(parts{}); });
  w.check<shape_error>("concatenate" + no_axis,
                       [&](int& line) { line = __LINE__, concatenate(parts{w.a}, 2); });
  w.check<shape_error>("concatenate: () has no axis 0", [&](int& line) {
    line = __LINE__, concatenate(parts{variable<double>(1.0)});
  });
  w.check<shape_error>("concatenate: (2, 3) and (3): the parts must have as many axes",
                       [&](int& line) {
                         line = __LINE__, concatenate(parts{w.a, w.b});
                       });
  w.check<shape_error>("concatenate: (2, 3) and (3, 2): sizes 2 and 3 of axis 0 differ",
                       [&](int& line) {
                         line = __LINE__, concatenate(parts{w.a, transpose(w.a.detach())}, 1);
                       });
  w.check<shape_error>("stack: (2, 3) and (3): the parts must have one shape", [&](int& line) {
    line = __LINE__, stack(parts{w.a, w.b});
  });
  w.check<shape_error>("stack: 2 of (3): the result has no axis 2", [&](int& line) {
    line = __LINE__, stack(parts{w.b, w.b}, 2);
  });
  w.check<shape_error>("stack: 2 of (3): the result has no axis -3", [&](int& line) {
    line = __LINE__, stack(parts{w.b, w.b}, -3);
  });
}
