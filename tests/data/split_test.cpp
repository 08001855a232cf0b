#include <xtape/data/split.hpp>

#include "catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using xtape::domain_error;
using xtape::rng;
using xtape::shape_error;
using xtape::shape_type;
using xtape::data::dataset;
using xtape::data::select;
using xtape::data::split;

namespace {

constexpr xtape::location nowhere;

/// Sample i is (i, -i), of the class given.
dataset<double> of_classes(const std::vector<int>& labels, int classes) {
  dataset<double> samples{xtape::empty<double>({labels.size(), 2}), labels, classes};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    samples.x(i, 0) = static_cast<double>(i);
    samples.x(i, 1) = -static_cast<double>(i);
  }
  return samples;
}

/// Which samples of `all` a part holds, after checking that each came with its label.
std::vector<std::size_t> rows(const dataset<double>& part, const dataset<double>& all) {
  REQUIRE(part.x.shape() == shape_type{part.size(), 2});
  CHECK(part.classes == all.classes);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto row = static_cast<std::size_t>(part.x(i, 0));
    REQUIRE(part.x(i, 1) == -part.x(i, 0));
    REQUIRE(part.labels[i] == all.labels[row]);
    found.push_back(row);
  }
  return found;
}

std::vector<std::size_t> class_counts(const dataset<double>& part) {
  std::vector<std::size_t> counts(static_cast<std::size_t>(part.classes), 0);
  for (const int label : part.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

/// So many samples of each class, one class after another.
std::vector<int> blocks(const std::vector<std::size_t>& sizes) {
  std::vector<int> labels;
  for (std::size_t k = 0; k < sizes.size(); ++k)
    labels.insert(labels.end(), sizes[k], static_cast<int>(k));
  return labels;
}

using counts = std::vector<std::size_t>;

}  // namespace

TEST_CASE("split: every sample once, in parts of exact sizes", "[data][split]") {
  const bool stratified = GENERATE(false, true);
  const std::size_t n = GENERATE(3u, 10u, 101u, 150u);
  std::vector<int> labels(n);
  for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<int>(i * i % 3);
  const auto samples = of_classes(labels, 3);
  rng random(7);
  const auto [train, validation, test] =
      split(samples, random, {.validation = 0.25, .test = 0.3, .stratified = stratified});
  CHECK(test.size() == (n == 3 ? 1u : n == 10 ? 3u : n == 101 ? 30u : 45u));
  CHECK(validation.size() == (n == 3     ? 1u
                              : n == 10  ? 3u
                              : n == 101 ? 25u
                                         : 38u));  // 2.5 up, 37.5 up
  std::vector<std::size_t> all = rows(train, samples);
  for (const auto& part : {validation, test})
    for (const std::size_t row : rows(part, samples)) all.push_back(row);
  if (n > 3) CHECK(!std::is_sorted(all.begin(), all.begin() + static_cast<long>(train.size())));
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == n);
  for (std::size_t i = 0; i < n; ++i) CHECK(all[i] == i);
}

TEST_CASE("split: the order is one shuffle of the generator", "[data][split]") {
  const auto samples = of_classes(std::vector<int>(20, 0), 1);
  rng a(3), b(3);
  std::vector<std::size_t> order(20);
  for (std::size_t i = 0; i < 20; ++i) order[i] = i;
  b.shuffle(order);
  for (const bool stratified : {false, true}) {  // of one class there is no difference
    a = rng(3);
    const auto parts =
        split(samples, a, {.validation = 0.1, .test = 0.2, .stratified = stratified});
    CHECK(rows(parts.test, samples) == counts(order.begin(), order.begin() + 4));
    CHECK(rows(parts.validation, samples) == counts(order.begin() + 4, order.begin() + 6));
    CHECK(rows(parts.train, samples) == counts(order.begin() + 6, order.end()));
    CHECK(a == b);
  }
  a = rng(4);
  CHECK(rows(split(samples, a).test, samples) != counts(order.begin(), order.begin() + 4));
}

TEST_CASE("split, stratified: every part has its share of every class", "[data][split]") {
  rng random(1);
  const auto even = split(of_classes(blocks({50, 50, 50}), 3), random, {.stratified = true});
  CHECK(class_counts(even.train) == counts{30, 30, 30});
  CHECK(class_counts(even.validation) == counts{10, 10, 10});
  CHECK(class_counts(even.test) == counts{10, 10, 10});
  // 7 of 71 for the test: 5.03, 1.38, 0.59 of the classes; 7 of the 64 left: 5.03, 1.42, 0.55.
  const auto uneven = split(of_classes(blocks({51, 14, 6}), 3), random,
                            {.validation = 0.1, .test = 0.1, .stratified = true});
  CHECK(class_counts(uneven.test) == counts{5, 1, 1});
  CHECK(class_counts(uneven.validation) == counts{5, 1, 1});
  CHECK(class_counts(uneven.train) == counts{41, 12, 4});
  // Equal fractions: the first classes are rounded up. A class without samples has no share.
  const auto ties = split(of_classes(blocks({3, 0, 3, 3, 3}), 6), random,
                          {.validation = 0.5, .test = 0.17, .stratified = true});
  CHECK(class_counts(ties.test) == counts{1, 0, 1, 0, 0, 0});
  CHECK(class_counts(ties.validation) == counts{1, 0, 1, 2, 2, 0});
  const auto many = split(of_classes(blocks(counts(40, 1)), 40), random,
                          {.validation = 0, .test = 0.5, .stratified = true});
  counts first_half(40, 0);
  std::fill_n(first_half.begin(), 20, 1u);
  CHECK(class_counts(many.test) == first_half);
  // No class gives more than it has.
  const auto most = split(of_classes(blocks({1, 1, 1, 1}), 4), random,
                          {.validation = 0.5, .test = 0.25, .stratified = true});
  CHECK(class_counts(most.test) == counts{1, 0, 0, 0});
  CHECK(class_counts(most.validation) == counts{0, 1, 1, 0});
  // Which samples of a class it is, is random.
  rng other(2);
  const auto samples = of_classes(blocks({50, 50}), 2);
  CHECK(rows(split(samples, random, {.stratified = true}).test, samples) !=
        rows(split(samples, other, {.stratified = true}).test, samples));
}

TEST_CASE("a part may be left out", "[data][split]") {
  rng random(1);
  const auto samples = of_classes(blocks({4, 6}), 2);
  const auto two = split(samples, random, {.validation = 0, .test = 0.5});
  CHECK(two.train.size() == 5);
  CHECK(two.validation.size() == 0);
  CHECK(two.validation.x.shape() == shape_type{0, 2});
  CHECK(split(samples, random, {.validation = 0, .test = 0}).train.size() == 10);
}

TEST_CASE("select takes samples by index", "[data][split]") {
  dataset<float> samples{xtape::zeros<float>({3, 2, 2}), {0, 1, 2}, 3};
  for (std::size_t i = 0; i < 3; ++i) samples.x(i, 1, 1) = static_cast<float>(i);
  const auto some = select(samples, {2, 0, 2});
  CHECK(some.x.shape() == shape_type{3, 2, 2});
  CHECK(some.labels == std::vector<int>{2, 0, 2});
  for (std::size_t i = 0; i < 3; ++i) CHECK(some.x(i, 1, 1) == static_cast<float>(some.labels[i]));
  CHECK(select(samples, {}).x.shape() == shape_type{0, 2, 2});
  CHECK_THROWS_MATCHES(select(samples, {0, 3}, nowhere), domain_error,
                       Message("select: index 3: there are 3 rows"));
}

TEST_CASE("numbers to predict are split as labels are", "[data][split]") {
  const auto labelled = of_classes({0, 1, 0, 1, 1, 0, 2}, 3);
  dataset<double, double> samples{labelled.x, xtape::empty<double>({7, 1})};
  for (std::size_t i = 0; i < 7; ++i) samples.y(i, 0) = 10 * samples.x(i, 0);
  rng a(4), b(4);
  const auto parts = split(samples, a, {.validation = 0.3, .test = 0.15});
  const auto reference = split(labelled, b, {.validation = 0.3, .test = 0.15});
  CHECK(a == b);
  const auto check = [](const dataset<double, double>& part, const dataset<double>& expected) {
    CHECK((part.x == expected.x));
    REQUIRE(part.y.shape() == shape_type{expected.size(), 1});
    for (std::size_t i = 0; i < part.size(); ++i) CHECK(part.y(i, 0) == 10 * expected.x(i, 0));
  };
  check(parts.train, reference.train);
  check(parts.validation, reference.validation);
  check(parts.test, reference.test);
  CHECK(parts.test.size() == 1);
  check(select(samples, {6, 0, 6}), select(labelled, {6, 0, 6}));
  check(select(samples, 2, 5), select(labelled, 2, 5));
  CHECK_THROWS_MATCHES(split(samples, a, {.stratified = true}, nowhere), domain_error,
                       Message("split: stratified: the samples have no labels"));
  CHECK(a == b);
  samples.y = xtape::zeros<double>({6, 1});
  CHECK_THROWS_MATCHES(split(samples, a, {}, nowhere), shape_error,
                       Message("split: x (7, 2), y (6, 1): every row of x needs one of y"));
  CHECK_THROWS_MATCHES(select(samples, {0}, nowhere), shape_error,
                       Message("select: x (7, 2), y (6, 1): every row of x needs one of y"));
}

TEST_CASE("select takes rows of an array", "[data][split]") {
  const xtape::array<float> rows{{1, 2}, {3, 4}, {5, 6}};
  CHECK((select(rows, {2, 0, 2}) == xtape::array<float>{{5, 6}, {1, 2}, {5, 6}}));
  CHECK(select(rows, {}).shape() == shape_type{0, 2});
  CHECK(select(xtape::zeros<float>({0, 4}), {}).shape() == shape_type{0, 4});
  CHECK_THROWS_MATCHES(select(rows, {0, 3}, nowhere), domain_error,
                       Message("select: index 3: there are 3 rows"));
  CHECK_THROWS_MATCHES(select(xtape::zeros<float>({}), {0}, nowhere), shape_error,
                       Message("select: an array of shape () has no rows"));
}

TEST_CASE("select takes samples in a row", "[data][split]") {
  const auto samples = of_classes({0, 1, 0, 1, 1}, 2);
  CHECK(rows(select(samples, 1, 4), samples) == std::vector<std::size_t>{1, 2, 3});
  CHECK(rows(select(samples, 0, 5), samples) == std::vector<std::size_t>{0, 1, 2, 3, 4});
  CHECK(select(samples, 5, 5).x.shape() == shape_type{0, 2});
  CHECK_THROWS_MATCHES(select(samples, 2, 6, nowhere), domain_error,
                       Message("select: from 2 to 6: there are 5 samples"));
  CHECK_THROWS_MATCHES(select(samples, 3, 2, nowhere), domain_error,
                       Message("select: from 3 to 2: there are 5 samples"));
}

TEST_CASE("errors of split", "[data][split][errors]") {
  rng random(1);
  const rng before = random;
  auto samples = of_classes({0, 1, 0}, 2);
  CHECK_THROWS_MATCHES(split(samples, random, {.test = 1}, nowhere), domain_error,
                       Message("split: test = 1: must be at least 0 and less than 1"));
  CHECK_THROWS_MATCHES(split(samples, random, {.validation = -0.1}, nowhere), domain_error,
                       Message("split: validation = -0.1: must be at least 0 and less than 1"));
  CHECK_THROWS_AS(split(samples, random, {.test = std::nan("")}), domain_error);
  CHECK_THROWS_MATCHES(split(samples, random, {.test = 0.1}, nowhere), domain_error,
                       Message("split: test = 0.1 of 3 samples: none"));
  CHECK_THROWS_MATCHES(split(samples, random, {.validation = 0.4, .test = 0.6}, nowhere),
                       domain_error,
                       Message("split: 1 for the validation and 2 for the test, of 3 samples: none "
                               "are left to learn from"));
  CHECK_THROWS_MATCHES(split(of_classes({}, 2), random, {}, nowhere), domain_error,
                       Message("split: the dataset is empty"));
  for (const int label : {2, -1}) {
    samples.labels[1] = label;
    CHECK_THROWS_MATCHES(
        split(samples, random, {.stratified = true}, nowhere), domain_error,
        Message("split: label " + std::to_string(label) + " at index 1: classes are 0 to 1"));
  }
  samples.labels.pop_back();
  CHECK_THROWS_MATCHES(split(samples, random, {}, nowhere), shape_error,
                       Message("split: x (3, 2), 2 labels: every row of x needs one label"));
  CHECK_THROWS_MATCHES(select(samples, {0}, nowhere), shape_error,
                       Message("select: x (3, 2), 2 labels: every row of x needs one label"));
  CHECK(random == before);

  const auto call = [&] { return split(samples, random); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), shape_error,
      Message("split: x (3, 2), 2 labels: every row of x needs one label  [split_test.cpp:" + line +
              "]"));
}
