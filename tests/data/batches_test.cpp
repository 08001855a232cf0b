#include <xtape/data/data.hpp>

#include "catch.hpp"

#include <algorithm>
#include <concepts>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::Message;
using xtape::domain_error;
using xtape::rng;
using xtape::shape_error;
using xtape::shape_type;
using xtape::data::batch_options;
using xtape::data::batches;
using xtape::data::dataset;

static_assert(std::ranges::input_range<xtape::data::batch_range<float>>);
// A range refers to its dataset: a temporary one does not compile.
template <class D>
concept can_be_batched = requires(D&& samples, rng& random) {
  batches(std::forward<D>(samples), 1, random);
};
template <class D>
concept can_be_batched_in_order = requires(D&& samples) {
  batches(std::forward<D>(samples), 1);
};
static_assert(can_be_batched<dataset<float>&> && can_be_batched<const dataset<float>&>);
static_assert(!can_be_batched<dataset<float>> && !can_be_batched_in_order<dataset<float>>);

namespace {

constexpr xtape::location nowhere;

/// Row i is (i, i + 0.5), its label i.
dataset<double> numbered(std::size_t size) {
  dataset<double> samples{xtape::empty<double>({size, 2}), std::vector<int>(size),
                          static_cast<int>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    samples.x(i, 0) = static_cast<double>(i);
    samples.x(i, 1) = static_cast<double>(i) + 0.5;
    samples.labels[i] = static_cast<int>(i);
  }
  return samples;
}

/// The labels in the order of visit, after checking each against its row.
template <class Range>
std::vector<int> visit(Range&& range) {
  std::vector<int> order;
  for (auto& [x, labels] : range) {
    REQUIRE(x.shape() == shape_type{labels.size(), 2});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      REQUIRE(x.value()(i, 0) == labels[i]);
      REQUIRE(x.value()(i, 1) == labels[i] + 0.5);
      order.push_back(labels[i]);
    }
  }
  return order;
}

std::vector<int> counting(std::size_t size) {
  std::vector<int> values(size);
  for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<int>(i);
  return values;
}

}  // namespace

TEST_CASE("batches visit every sample once, in a random order", "[data][batches]") {
  const std::size_t size = GENERATE(1u, 2u, 9u, 10u, 100u, 101u);
  const std::int64_t batch_size = GENERATE(1, 3, 10, 1000);
  const auto samples = numbered(size);
  rng random(1);
  std::vector<int> order = visit(batches(samples, batch_size, random));
  if (size >= 9) CHECK(order != counting(size));
  std::sort(order.begin(), order.end());
  CHECK(order == counting(size));
}

TEST_CASE("the order is the generator's, another one each epoch", "[data][batches]") {
  const auto samples = numbered(50);
  rng a(1), b(1);
  const auto first = visit(batches(samples, 8, a));
  const auto second = visit(batches(samples, 8, a));
  CHECK(first != second);
  // A range that is kept gives the same epochs as a new one each time; the batch size changes
  // nothing.
  auto kept = batches(samples, 7, b);
  CHECK(visit(kept) == first);
  CHECK(visit(kept) == second);
  CHECK(a == b);

  std::vector<int> expected = counting(50);
  rng(1).shuffle(expected);
  CHECK(first == expected);
}

TEST_CASE("without a generator the samples keep their order", "[data][batches]") {
  const auto samples = numbered(10);
  CHECK(visit(batches(samples, 4)) == counting(10));
  CHECK(visit(batches(samples, 10)) == counting(10));
  std::vector<std::size_t> sizes;
  for (const auto& [x, labels] : batches(samples, 4)) sizes.push_back(labels.size());
  CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
  CHECK(batches(samples, 4).size() == 3);
}

TEST_CASE("a smaller last batch can be left out", "[data][batches]") {
  const auto samples = numbered(10);
  rng random(1);
  CHECK(visit(batches(samples, 4, {.drop_last = true})) == counting(8));
  CHECK(visit(batches(samples, 5, {.drop_last = true})) == counting(10));
  CHECK(batches(samples, 4, random, {.drop_last = true}).size() == 2);
  CHECK(visit(batches(samples, 4, random, {.drop_last = true})).size() == 8);
}

TEST_CASE("samples may have any shape", "[data][batches]") {
  dataset<float> samples{xtape::zeros<float>({5, 2, 3}), {0, 1, 2, 3, 4}, 5};
  for (std::size_t i = 0; i < 5; ++i) samples.x(i, 1, 2) = static_cast<float>(i);
  rng random(3);
  for (auto& [x, labels] : batches(samples, 2, random)) {
    CHECK(x.shape() == shape_type{labels.size(), 2, 3});
    for (std::size_t i = 0; i < labels.size(); ++i)
      CHECK(x.value()(i, 1, 2) == static_cast<float>(labels[i]));
  }
  const dataset<float> plain{xtape::zeros<float>({3}), {0, 1, 0}, 2};
  for (auto& [x, labels] : batches(plain, 3)) CHECK(x.shape() == shape_type{3});
}

TEST_CASE("numbers to predict come with their rows, in the order of labelled samples",
          "[data][batches]") {
  const auto labelled = numbered(23);
  dataset<double, double> samples{labelled.x, xtape::empty<double>({23, 3})};
  for (std::size_t i = 0; i < 23; ++i)
    for (std::size_t j = 0; j < 3; ++j) samples.y(i, j) = static_cast<double>(10 * i + j);
  CHECK(samples.size() == 23);
  rng a(5), b(5);
  auto range = batches(samples, 4, a);
  auto reference = batches(labelled, 4, b);
  CHECK(range.size() == reference.size());
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<int> order;
    for (auto& [x, y] : range) {
      REQUIRE(y.shape() == shape_type{x.shape()[0], 3});
      for (std::size_t i = 0; i < x.shape()[0]; ++i) {
        const double row = x.value()(i, 0);
        REQUIRE(x.value()(i, 1) == row + 0.5);
        for (std::size_t j = 0; j < 3; ++j)
          REQUIRE(y.value()(i, j) == 10 * row + static_cast<double>(j));
        order.push_back(static_cast<int>(row));
      }
    }
    CHECK(order == visit(reference));
  }
  const dataset<float, float> plain{xtape::zeros<float>({3, 2}), {1, 2, 4}};
  std::vector<xtape::variable<float>> kept;
  for (auto& [x, y] : batches(plain, 2)) kept.push_back(y);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].value() == xtape::array<float>{1, 2});
  CHECK(kept[1].value() == xtape::array<float>{4});
}

TEST_CASE("a batch may be kept, or moved out of its range", "[data][batches]") {
  const auto samples = numbered(9);
  const bool moved = GENERATE(true, false);
  std::vector<xtape::variable<double>> taken;
  std::vector<std::vector<int>> labels_taken;
  for (auto& [x, labels] : batches(samples, 3)) {
    if (moved)
      taken.push_back(std::move(x));
    else
      taken.push_back(x);
    labels_taken.push_back(std::move(labels));
  }
  REQUIRE(taken.size() == 3);
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(taken[k].value()(i, 0) == static_cast<double>(3 * k + i));
      CHECK(labels_taken[k][i] == static_cast<int>(3 * k + i));
    }
}

TEST_CASE("a kept range asks the system for nothing after its first epoch", "[data][batches]") {
  const auto samples = numbered(1000);
  rng random(1);
  auto range = batches(samples, 64, random);
  visit(range);
  const int* const labels_at = (*range.begin()).labels.data();
  const auto before = xtape::pool_stats();
  visit(range);
  // Under AddressSanitizer the pool holds nothing back: there every block is the system's.
  if (before.bytes_held > 0) CHECK(xtape::pool_stats().system_calls == before.system_calls);
  const double* x_at = nullptr;
  for (const auto& [x, labels] : range) {
    CHECK(labels.data() == labels_at);
    if (x_at == nullptr) x_at = x.node().data();
    if (x.shape()[0] == 64) CHECK(x.node().data() == x_at);
  }
}

TEST_CASE("an epoch goes on at any batch, in the same order", "[data][batches]") {
  const auto samples = numbered(20);
  const bool drop_last = GENERATE(false, true);
  const batch_options options{.drop_last = drop_last};
  rng whole(5);
  auto range = batches(samples, 6, whole, options);
  const auto first = visit(range), second = visit(range);
  for (std::size_t at = 1; at <= range.size(); ++at) {
    rng before(5), after(0);
    auto stopped = batches(samples, 6, before, options);
    auto resumed = batches(samples, 6, after, options);
    CHECK(stopped.place().given == 0);
    std::vector<int> seen;
    std::size_t k = 0;
    for (auto& batch : stopped) {
      seen.insert(seen.end(), batch.labels.begin(), batch.labels.end());
      if (++k < at) continue;
      CHECK(stopped.place().given == seen.size());
      CHECK(stopped.place().start == rng(5).state());
      resumed.resume(stopped.place());
      after.set_state(before.state());
      break;
    }
    CHECK(resumed.place().given == seen.size());
    const auto rest = visit(resumed);
    seen.insert(seen.end(), rest.begin(), rest.end());
    CHECK(seen == first);
    CHECK(resumed.place().given == 0);
    CHECK(visit(resumed) == second);
    CHECK(after == whole);
    // A loop that was left early has ended its epoch, and so has one that was not.
    CHECK(stopped.place().given == 0);
    CHECK(visit(stopped) == second);
    CHECK(before == whole);
  }
}

TEST_CASE("an epoch goes on in the samples' own order", "[data][batches]") {
  const auto samples = numbered(10);
  auto range = batches(samples, 4);
  range.resume({.samples = 10, .given = 4});
  CHECK(visit(range) == std::vector<int>{4, 5, 6, 7, 8, 9});
  CHECK(visit(range) == counting(10));
  range.resume({.samples = 10, .given = 10});  // after the last batch: nothing is left
  CHECK(visit(range).empty());
  CHECK(visit(range) == counting(10));
}

TEST_CASE("a new epoch within another one begins anew", "[data][batches]") {
  const auto samples = numbered(10);
  rng random(1), same(1);
  auto range = batches(samples, 4, random);
  auto plain = batches(samples, 4, same);
  const auto first = visit(plain), second = visit(plain), third = visit(plain);
  auto outer = range.begin();
  ++outer;
  CHECK(visit(range) == second);
  {
    const auto inner = range.begin();
    CHECK(range.place().given == 4);
    {
      const auto moved_from =
          std::move(outer);  // an iterator of an epoch that is over ends no other
    }
    CHECK(range.place().given == 4);
  }
  CHECK(range.place().given == 0);
  CHECK(random == same);
}

TEST_CASE("places that are none", "[data][batches][errors]") {
  const auto samples = numbered(10);
  auto range = batches(samples, 4, {.drop_last = true});
  CHECK_THROWS_MATCHES(range.resume({.samples = 9, .given = 4}, nowhere), domain_error,
                       Message("batches: the place is one among 9 samples: this range has 10"));
  CHECK_THROWS_MATCHES(
      range.resume({.samples = 10, .given = 9}, nowhere), domain_error,
      Message("batches: the place is after 9 samples: an epoch of this range has 8"));
  CHECK(visit(range) == counting(8));
}

TEST_CASE("errors of batches", "[data][batches][errors]") {
  rng random(1);
  const rng before = random;
  auto samples = numbered(3);
  CHECK_THROWS_MATCHES(batches(samples, 0, random, {}, nowhere), domain_error,
                       Message("batches: batch size 0: at least 1 is needed"));
  CHECK_THROWS_MATCHES(batches(samples, -1, {}, nowhere), domain_error,
                       Message("batches: batch size -1: at least 1 is needed"));
  CHECK_THROWS_MATCHES(
      batches(samples, 4, {.drop_last = true}, nowhere), domain_error,
      Message("batches: batch size 4, 3 samples: no batch is left when the last one is dropped"));
  const dataset<float> empty{xtape::zeros<float>({0, 5}), {}, 2};
  CHECK_THROWS_MATCHES(batches(empty, 4, {}, nowhere), domain_error,
                       Message("batches: the dataset is empty"));
  const dataset<float> scalar{xtape::zeros<float>({}), {1}, 2};
  CHECK_THROWS_MATCHES(batches(scalar, 4, {}, nowhere), shape_error,
                       Message("batches: x (), 1 labels: every row of x needs one label"));
  auto range = batches(samples, 2, {}, nowhere);
  samples.labels.pop_back();
  CHECK_THROWS_MATCHES(batches(samples, 2, random, {}, nowhere), shape_error,
                       Message("batches: x (3, 2), 2 labels: every row of x needs one label"));
  CHECK_THROWS_MATCHES(range.begin(), shape_error,
                       Message("batches: x (3, 2), 2 labels: every row of x needs one label"));
  dataset<double, double> predicted{samples.x, xtape::zeros<double>({2})};
  CHECK_THROWS_MATCHES(batches(predicted, 2, random, {}, nowhere), shape_error,
                       Message("batches: x (3, 2), y (2): every row of x needs one of y"));
  predicted.y = xtape::zeros<double>({});
  CHECK_THROWS_MATCHES(batches(predicted, 2, random, {}, nowhere), shape_error,
                       Message("batches: x (3, 2), y (): every row of x needs one of y"));
  samples = numbered(2);
  CHECK_THROWS_MATCHES(range.begin(), shape_error,
                       Message("batches: the dataset has changed from 3 to 2 samples"));
  CHECK(random == before);

  const auto call = [&] { return batches(samples, 0, random); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("batches: batch size 0: at least 1 is needed  [batches_test.cpp:" + line + "]"));
}
