#include <optional>
#include <vector>

#include <xtape/array/numbers.hpp>

#include "catch.hpp"

#if __has_include(<xtensor/core/xmath.hpp>)
#include <xtensor/core/xmath.hpp>
#else
#include <xtensor/xmath.hpp>
#endif

using xtape::array;
using xtape::array_view;
using xtape::shape_type;
using xtape::detail::numbers;

namespace {

// Catch2 would take `a == b` apart with operators that xtensor also has.
template <class T>
bool same(const array<T>& a, const array<T>& b) {
  return a == b;
}

}  // namespace

TEST_CASE("a shape is a small vector", "[array][shape]") {
  shape_type s{2, 3, 4};
  CHECK(s == shape_type(std::vector<int>{2, 3, 4}));
  s.insert(s.begin() + 1, 7);
  CHECK(s == shape_type{2, 7, 3, 4});
  s.erase(s.begin());
  CHECK(s == shape_type{7, 3, 4});
  s.resize(2);
  CHECK(s == shape_type{7, 3});
  s.resize(4, 9);
  CHECK(s == shape_type{7, 3, 9, 9});
  CHECK(s != shape_type{7, 3, 9});
  CHECK(std::vector<std::size_t>(s.rbegin(), s.rend()) == std::vector<std::size_t>{9, 9, 3, 7});
  s.clear();
  CHECK(s.empty());
  CHECK(s == shape_type{});
  CHECK(shape_type(8, 1).size() == 8);
}

TEST_CASE("a ninth axis is a shape_error", "[array][shape][errors]") {
  const auto text = "array: 9 axes: at most 8 are supported";
  CHECK_THROWS_MATCHES(shape_type(9, 1), xtape::shape_error, Catch::Matchers::Message(text));
  CHECK_THROWS_MATCHES(shape_type({1, 1, 1, 1, 1, 1, 1, 1, 1}), xtape::shape_error,
                       Catch::Matchers::Message(text));
  shape_type s(8, 1);
  CHECK_THROWS_MATCHES(s.push_back(1), xtape::shape_error, Catch::Matchers::Message(text));
  CHECK(s == shape_type(8, 1));
}

TEST_CASE("shapes broadcast from the right", "[array][shape]") {
  const auto of = [](const shape_type& a, const shape_type& b) {
    return xtape::broadcast_shape("f", {&a, &b}, {"x.cpp", 3});
  };
  CHECK(of({2, 3}, {3}) == shape_type{2, 3});
  CHECK(of({}, {4, 1}) == shape_type{4, 1});
  CHECK(of({5, 1, 3}, {2, 1}) == shape_type{5, 2, 3});
  CHECK(of({0, 3}, {1, 1}) == shape_type{0, 3});
  CHECK_THROWS_AS(of({2, 3}, {2}), xtape::shape_error);
  CHECK_THROWS_AS(of({0}, {2}), xtape::shape_error);
  CHECK(xtape::size_of({2, 3, 4}) == 24);
  CHECK(xtape::size_of({}) == 1);
  CHECK(xtape::size_of({3, 0}) == 0);
  CHECK(xtape::to_string(shape_type{2, 3}) == "(2, 3)");
  CHECK(xtape::to_string(shape_type{}) == "()");
}

TEST_CASE("an array is made of any xtensor expression and read by any xtensor function",
          "[array]") {
  const array<double> a{{1, 2, 3}, {4, 5, 6}};
  CHECK(a.shape() == shape_type{2, 3});
  const array<double> b = 2 * a + 1;
  CHECK(same<double>(b, array<double>{{3, 5, 7}, {9, 11, 13}}));
  CHECK(same<double>(array<double>(xt::sum(a, {0})), array<double>{5, 7, 9}));
  CHECK(same<float>(xtape::full<float>({2}, 3), array<float>{3, 3}));
  CHECK(same<float>(xtape::zeros<float>({1, 2}), array<float>{{0, 0}}));
  CHECK(xtape::empty<float>({2, 0}).size() == 0);
}

TEMPLATE_TEST_CASE("numbers hold arrays of every size", "[array][numbers]", float, double) {
  for (const shape_type& shape :
       {shape_type{}, {1}, {1, 1}, {0}, {2}, {3}, {2, 0, 2}, {4, 5}, {1, 1, 1, 1, 1, 1, 1, 100}}) {
    CAPTURE(xtape::to_string(shape));
    array<TestType> a = xtape::empty<TestType>(shape);
    for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] = static_cast<TestType>(i + 1);

    numbers<TestType> copied{array_view<TestType>(a)};
    CHECK(copied.shape() == shape);
    CHECK(copied.view().size() == a.size());
    CHECK(std::equal(a.begin(), a.end(), copied.data()));
    if (a.size() > 0) CHECK(copied.data() != a.data());
    CHECK(same<TestType>(copied.value(), a));
    if (a.size() > 0) CHECK(copied.value().data() == copied.data());
    for (std::size_t i = 0; i < a.size(); ++i) copied.data()[i] *= 2;
    CHECK(same<TestType>(copied.value(), array<TestType>(a * 2)));

    const TestType* const where = a.data();
    numbers<TestType> adopted(std::move(a));
    if (adopted.view().size() > 0) CHECK(adopted.data() == where);
    CHECK(adopted.shape() == shape);
    CHECK(same<TestType>(array<TestType>(adopted.value() * 2), copied.value()));
  }
}

TEST_CASE("an array over numbers gives its copies numbers of their own", "[array][numbers]") {
  std::optional<numbers<double>> n(std::in_place, shape_type{2, 2});
  std::fill_n(n->data(), 4, 7.0);
  const array<double>& over = n->value();
  array<double> copy = over, assigned{1.0};
  assigned = over;
  array<double> expression = over + 0;
  const array<double> sevens{{7, 7}, {7, 7}};
  n->data()[3] = 8;
  CHECK(over(1, 1) == 8);
  for (const array<double>* a : {&copy, &assigned, &expression}) {
    CHECK(a->data() != over.data());
    CHECK(same<double>(*a, sevens));
  }
  n.reset();
  for (const array<double>* a : {&copy, &assigned, &expression}) CHECK(same<double>(*a, sevens));
  copy = array<double>{1, 2, 3};  // and they may be given another shape
  CHECK(same<double>(copy, array<double>{1, 2, 3}));
}

TEST_CASE("adopted numbers follow their array to another shape", "[array][numbers]") {
  numbers<double> n(array<double>{1, 2, 3});
  n.value() = array<double>{{1, 2}, {3, 4}};
  CHECK(n.shape() == shape_type{2, 2});
  CHECK(n.view().size() == 4);
  CHECK(n.data()[3] == 4);
}
