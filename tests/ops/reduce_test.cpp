// Reductions: ends, kinks, precision, and NumPy's values.

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <xtape/array/rng.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

#include "ops/errors.hpp"
#include "ops/shape_golden.hpp"

using namespace xtape;

namespace {

template <class T>
constexpr T inf = std::numeric_limits<T>::infinity();
template <class T>
constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();

template <class T>
array<T> vector(const std::vector<T>& values) {
  array<T> result = empty<T>({values.size()});
  std::copy(values.begin(), values.end(), result.begin());
  return result;
}

template <class T>
struct outcome {
  T value;
  std::vector<T> gradient;
};

// A reduction of a vector to one number, and its gradient: by the kernel and, the same, by the rule.
template <class T, class F>
outcome<T> run(const F& f, const std::vector<T>& x) {
  const parameter<T> p(vector(x));
  const tape recording;
  const variable<T> y = f(p);
  y.backward();
  const array<T> recorded = grad(y, {p}, {.create_graph = true})[0].value();
  for (std::size_t i = 0; i < x.size(); ++i) {
    INFO("element " << i << ": " << p.grad()(i) << ", recorded " << recorded(i));
    const T tolerance = 8 * std::numeric_limits<T>::epsilon() * std::abs(recorded(i));
    CHECK((std::abs(p.grad()(i) - recorded(i)) <= tolerance || p.grad()(i) == recorded(i) ||
           (std::isnan(p.grad()(i)) && std::isnan(recorded(i)))));
  }
  return {y.item(), {p.grad().begin(), p.grad().end()}};
}

// Equal, NaN to NaN, to a few units in the last place.
template <class T>
void check(const outcome<T>& found, double value, const std::vector<double>& gradient) {
  const auto close = [](T a, double b) {
    const T e = static_cast<T>(b);
    if (std::isnan(e)) return std::isnan(a);
    return a == e || std::abs(a - e) <= 4 * std::numeric_limits<T>::epsilon() * std::abs(e);
  };
  INFO("value " << found.value << ", expected " << value);
  CHECK(close(found.value, value));
  REQUIRE(found.gradient.size() == gradient.size());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    INFO("element " << i << ": " << found.gradient[i] << ", expected " << gradient[i]);
    CHECK(close(found.gradient[i], gradient[i]));
  }
}

constexpr double nan_value = not_a_number<double>;

}  // namespace

TEST_CASE("NumPy's values", "[ops][shape][reduce]") {
  for (const auto cases : {std::span<const golden::call>(golden::slices),
                           std::span<const golden::call>(golden::moves)}) {
    REQUIRE(cases.size() > 100);
    for (const golden::call& c : cases) {
      INFO(c.name << " of " << to_string(shape_type(c.from)));
      array<double> x = empty<double>(c.from);
      for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(i);
      const array<double> y = c.f(x).value();
      CHECK(y.shape() == shape_type(c.to));
      CHECK(std::equal(y.begin(), y.end(), c.values.begin(), c.values.end()));
    }
  }
  REQUIRE(std::size(golden::reductions) > 100);
  for (const golden::call& c : golden::reductions) {
    INFO(c.name << " of " << to_string(shape_type(c.from)));
    array<double> x = empty<double>(c.from);
    for (std::size_t i = 0; i < x.size(); ++i)
      x.data()[i] = static_cast<double>(static_cast<int>((7919 * i + 13) % 101) - 50) / 16;
    const array<double> y = c.f(x).value();
    CHECK(y.shape() == shape_type(c.to));
    REQUIRE(y.size() == c.values.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      CHECK(std::abs(y.data()[i] - c.values.begin()[i]) <= 1e-14 * std::abs(c.values.begin()[i]));
  }
}

TEMPLATE_TEST_CASE("max and min: ties share, NaN stays NaN", "[ops][reduce][extremes]", float,
                   double) {
  using T = TestType;
  const auto greatest = [](const auto& x) { return max(x); };
  const auto least = [](const auto& x) { return min(x); };
  const double third = 1.0 / 3;
  check(run<T>(greatest, {1, 3, 2, 3, 3}), 3, {0, third, 0, third, third});
  check(run<T>(least, {1, 3, 2, 1}), 1, {0.5, 0, 0, 0.5});
  check(run<T>(greatest, {0, -T(0)}), 0, {0.5, 0.5});
  check(run<T>(greatest, {inf<T>, 1, inf<T>}), inf<double>, {0.5, 0, 0.5});
  check(run<T>(greatest, {-inf<T>, -inf<T>}), -inf<double>, {0.5, 0.5});
  check(run<T>(least, {inf<T>, -inf<T>, 300}), -inf<double>, {0, 1, 0});
  check(run<T>(greatest, {1, not_a_number<T>, inf<T>}), nan_value, {0, 1, 0});
  check(run<T>(least, {not_a_number<T>, -inf<T>, not_a_number<T>}), nan_value, {0.5, 0, 0.5});
  check(run<T>(greatest, {std::numeric_limits<T>::denorm_min(), 0}),
        double(std::numeric_limits<T>::denorm_min()), {1, 0});
  // Longer than some registers, in every place.
  for (std::size_t n : {1u, 2u, 15u, 16u, 17u, 31u, 33u, 64u, 70u, 129u, 200u})
    for (std::size_t place : {std::size_t{0}, n / 2, n - 1}) {
      std::vector<T> x(n, T(-5));
      std::vector<double> expected(n, 0.0);
      expected[place] = 1;
      for (const T most : {T(-4), T(0)}) {  // 0: what registers that are not full are filled with
        x[place] = most;
        check(run<T>(greatest, x), double(most), expected);
      }
      x[place] = -6;
      check(run<T>(least, x), -6, expected);
      x[place] = not_a_number<T>;
      check(run<T>(greatest, x), nan_value, expected);
      check(run<T>(least, x), nan_value, expected);
    }
}

TEMPLATE_TEST_CASE("prod with zeros", "[ops][reduce][extremes]", float, double) {
  using T = TestType;
  const auto product = [](const auto& x) { return prod(x); };
  check(run<T>(product, {2, 3, 4}), 24, {12, 8, 6});
  check(run<T>(product, {2, 0, 4}), 0, {0, 8, 0});
  check(run<T>(product, {0, 3, 0}), 0, {0, 0, 0});
  check(run<T>(product, {0}), 0, {1});
  check(run<T>(product, {}), 1, {});
  check(run<T>(product, {2, inf<T>}), inf<double>, {inf<double>, 2});
  check(run<T>(product, {not_a_number<T>, 2}), nan_value, {2, nan_value});
  check(run<T>(product, {0, inf<T>}), nan_value, {inf<double>, 0});
  check(run<T>(product, {-T(1e30), T(1e-30), 300}), -300, {300e-30, -300e30, -1});
}

// d2 prod / dx_i dx_j is the product of the others, d3 likewise: also where elements are 0.
TEST_CASE("prod's higher derivatives with zeros", "[ops][reduce]") {
  const parameter<double> x(array<double>{2, 0, 3, 0, 5});
  const tape recording;
  const variable<double> first = grad(prod(x), {x}, {.create_graph = true})[0];
  CHECK((first.value() == array<double>{0, 0, 0, 0, 0}));
  const variable<double> second = grad(slice(first, {at(1)}), {x}, {.create_graph = true})[0];
  CHECK((second.value() == array<double>{0, 0, 0, 30, 0}));
  const variable<double> third = grad(slice(second, {at(3)}), {x}, {.create_graph = true})[0];
  CHECK((third.value() == array<double>{15, 0, 10, 0, 6}));
  CHECK((grad(slice(third, {at(0)}), {x})[0].value() == array<double>{0, 0, 5, 0, 3}));
}

TEMPLATE_TEST_CASE("norm: kinks", "[ops][reduce][extremes]", float, double) {
  using T = TestType;
  const auto of_order = [](double order) { return [=](const auto& x) { return norm(x, order); }; };
  const double third = 1.0 / 3;
  check(run<T>(of_order(1), {3, -4, 0}), 7, {1, -1, 0});
  check(run<T>(of_order(2), {3, -4, 0}), 5, {0.6, -0.8, 0});
  check(run<T>(of_order(inf<double>), {3, -4, 4, 4}), 4, {0, -third, third, third});
  check(run<T>(of_order(1), {0, 0}), 0, {0, 0});
  check(run<T>(of_order(2), {0, -T(0)}), 0, {0, 0});
  check(run<T>(of_order(inf<double>), {0, 0}), 0, {0, 0});
  check(run<T>(of_order(1), {}), 0, {});
  check(run<T>(of_order(2), {}), 0, {});
  check(run<T>(of_order(2), {inf<T>, 1}), inf<double>, {nan_value, 0});
  check(run<T>(of_order(1), {-inf<T>, 1}), inf<double>, {-1, 1});
  check(run<T>(of_order(inf<double>), {-inf<T>, 1}), inf<double>, {-1, 0});
  check(run<T>(of_order(2), {not_a_number<T>, 1}), nan_value, {nan_value, nan_value});
  check(run<T>(of_order(2), {not_a_number<T>, inf<T>}), nan_value, {nan_value, nan_value});
}

TEMPLATE_TEST_CASE("norm 2 of numbers whose squares are out of range", "[ops][reduce][extremes]",
                   float, double) {
  using T = TestType;
  using limits = std::numeric_limits<T>;
  const auto euclidean = [](const auto& x) { return norm(x); };
  const T scales[] = {limits::max() / 8,
                      limits::min() * 8,
                      limits::max() / T(1e3),
                      T(1e30),
                      T(1e-30),
                      1,
                      std::ldexp(T(1), limits::max_exponent - 3)};
  for (const T scale : scales) {
    INFO("scale " << scale);
    check(run<T>(euclidean, {3 * scale, 0, -4 * scale}), 5 * double(scale), {0.6, 0, -0.8});
  }
  const T tiny = limits::denorm_min();
  CHECK(norm(variable<T>(vector<T>({3 * tiny, 4 * tiny}))).item() == 5 * tiny);
  CHECK(norm(variable<T>(vector<T>({tiny}))).item() == tiny);
  CHECK(norm(variable<T>(vector<T>({limits::max()}))).item() == limits::max());
  CHECK(norm(variable<T>(vector<T>({limits::max(), tiny}))).item() == limits::max());
}

TEST_CASE("norm's second derivative is 0 where the norm is", "[ops][reduce]") {
  const parameter<double> x(array<double>{0, 0, 0});
  const tape recording;
  const variable<double> g = grad(norm(x), {x}, {.create_graph = true})[0];
  CHECK((grad(sum(g), {x})[0].value() == array<double>{0, 0, 0}));
}

TEMPLATE_TEST_CASE("var and stddev: constants, a large mean", "[ops][reduce][extremes]", float,
                   double) {
  using T = TestType;
  const auto variance = [](const auto& x) { return var(x); };
  const auto sample = [](const auto& x) { return var(x, {0}, {.ddof = 1}); };
  const auto deviation = [](const auto& x) { return stddev(x); };
  check(run<T>(variance, {1, 2, 3, 6}), 3.5, {-1, -0.5, 0, 1.5});
  check(run<T>(sample, {1, 2, 3, 6}), 14.0 / 3, {-4.0 / 3, -2.0 / 3, 0, 2});
  check(run<T>(deviation, {1, 5}), 2, {-0.5, 0.5});
  check(run<T>(deviation, {7, 7, 7}), 0, {0, 0, 0});
  check(run<T>(variance, {7}), 0, {0});
  check(run<T>(variance, {not_a_number<T>, 1}), nan_value, {nan_value, nan_value});
  check(run<T>(variance, {inf<T>, 1}), nan_value, {nan_value, nan_value});
  // Multiples of 8 near 1e8 are floats.
  check(run<T>(variance, {T(1e8), T(1e8 + 8), T(1e8 + 16), T(1e8 + 24)}), 80, {-6, -2, 2, 6});
  check(run<T>(deviation, {T(1e8 - 8), T(1e8 + 8)}), 8, {-0.5, 0.5});
}

// Against long double, in units in the last place.
TEMPLATE_TEST_CASE("reductions of random numbers are exact to a few units", "[ops][reduce]", float,
                   double) {
  using T = TestType;
  using wide = long double;
  rng random(3);
  const shape_type shapes[] = {
      {3, 1000, 1}, {3, 1000, 5}, {2, 700, 40}, {700, 3, 1}, {1, 20000, 1}};
  for (const shape_type& shape : shapes) {
    const std::size_t n = shape[1], inner = shape[2];
    array<T> x = empty<T>(shape);
    for (T& v : x.storage())
      v = static_cast<T>(random.uniform(0.99, 1.01)) * (random.uniform() < 0.5 ? -1 : 1);
    const variable<T> v(x);
    const array<T> products = prod(v, {1}).value(), variances = var(v, {1}).value(),
                   deviations = stddev(v, {1}).value(), ones = norm(v, 1, {1}).value(),
                   twos = norm(v, 2, {1}).value();
    for (std::size_t o = 0; o < shape[0]; ++o)
      for (std::size_t i = 0; i < inner; ++i) {
        wide product = 1, sum = 0, ones_sum = 0, squares = 0, distances = 0;
        for (std::size_t j = 0; j < n; ++j) {
          const wide each = x(o, j, i);
          product *= each;
          sum += each;
          ones_sum += std::abs(each);
          squares += each * each;
        }
        for (std::size_t j = 0; j < n; ++j) {
          const wide distance = x(o, j, i) - sum / static_cast<wide>(n);
          distances += distance * distance;
        }
        const auto units = [](T found, wide exact) {
          return double(std::abs(found - exact) / std::abs(exact)) /
                 std::numeric_limits<T>::epsilon();
        };
        CHECK(units(products(o, i), product) <= 1);
        CHECK(units(variances(o, i), distances / static_cast<wide>(n)) <= 2);
        CHECK(units(deviations(o, i), std::sqrt(distances / static_cast<wide>(n))) <= 2);
        CHECK(units(ones(o, i), ones_sum) <= 1);
        CHECK(units(twos(o, i), std::sqrt(squares)) <= 2);
      }
  }
}

TEMPLATE_TEST_CASE("argmax and argmin", "[ops][reduce][extremes]", float, double) {
  using T = TestType;
  const array<T> x{
      {1, 5, 5, 2}, {-1, not_a_number<T>, 9, not_a_number<T>}, {-0.0, 0, -inf<T>, inf<T>}};
  using indices = std::vector<int>;
  CHECK(argmax(variable<T>(x), 1) == indices{1, 1, 3});
  CHECK(argmin(variable<T>(x), -1) == indices{0, 1, 2});
  CHECK(argmax(x, 0) == indices{0, 1, 1, 1});
  CHECK(argmin(x, 0) == indices{1, 1, 2, 1});
  CHECK(argmax(zeros<T>({3, 0}), 0).empty());
  CHECK(argmax(zeros<T>({2, 3, 2}), 1) == indices{0, 0, 0, 0});
  const parameter<T> p(x);
  const tape recording;
  argmax(p, 0);
  CHECK(recording.size() == 0);
  // Labels, as the losses take them.
  CHECK(softmax_cross_entropy(p, argmax(p, 1)).shape() == shape_type{});
}

TEST_CASE("reductions: what is refused", "[ops][reduce][errors]") {
  errors::witness w;
  const variable<double> none(zeros<double>({0, 3}));
  const std::string no_axis = ": (2, 3) has no axis 2",
                    twice = ": axis -1 of (2, 3) is named twice",
                    nothing = ": (0, 3): there is nothing to choose from";
  w.check<shape_error>("prod" + no_axis, [&](int& line) { line = __LINE__, prod(w.a, {2}); });
  w.check<shape_error>("prod" + twice, [&](int& line) { line = __LINE__, prod(w.a, {1, -1}); });
  w.check<shape_error>("max" + no_axis, [&](int& line) { line = __LINE__, max(w.a, {2}); });
  w.check<shape_error>("min" + twice, [&](int& line) { line = __LINE__, min(w.a, {1, -1}); });
  w.check<shape_error>("var" + no_axis, [&](int& line) { line = __LINE__, var(w.a, {2}); });
  w.check<shape_error>("stddev" + twice, [&](int& line) { line = __LINE__, stddev(w.a, {1, -1}); });
  w.check<shape_error>("norm" + no_axis, [&](int& line) { line = __LINE__, norm(w.a, 1, {2}); });
  w.check<shape_error>("cumsum" + no_axis, [&](int& line) { line = __LINE__, cumsum(w.a, 2); });
  w.check<shape_error>("argmax" + no_axis, [&](int& line) { line = __LINE__, argmax(w.a, 2); });
  w.check<shape_error>("argmin" + no_axis, [&](int& line) { line = __LINE__, argmin(w.a, 2); });
  w.check<domain_error>("max" + nothing, [&](int& line) { line = __LINE__, max(none); });
  w.check<domain_error>("max" + nothing, [&](int& line) { line = __LINE__, max(none, {0}); });
  w.check<domain_error>("min" + nothing, [&](int& line) { line = __LINE__, min(none, {0}); });
  w.check<domain_error>("argmax" + nothing, [&](int& line) { line = __LINE__, argmax(none, 0); });
  w.check<domain_error>("argmin" + nothing, [&](int& line) { line = __LINE__, argmin(none, 0); });
  w.check<domain_error>("norm" + nothing,
                        [&](int& line) { line = __LINE__, norm(none, inf<double>); });
  w.check<domain_error>("norm: order 3: must be 1, 2 or infinity",
                        [&](int& line) { line = __LINE__, norm(w.a, 3); });
  w.check<domain_error>("norm: order nan: must be 1, 2 or infinity",
                        [&](int& line) { line = __LINE__, norm(w.a, std::nan("")); });
  w.check<domain_error>("var: (0, 3): the number of elements, 0, is not above ddof = 0",
                        [&](int& line) { line = __LINE__, var(none, {0}); });
  w.check<domain_error>("stddev: (2, 3): the number of elements, 2, is not above ddof = 2",
                        [&](int& line) { line = __LINE__, stddev(w.a, {0}, {.ddof = 2}); });
}
