// In the program of the threads: built with -Db_sanitize=thread and run with OMP_NUM_THREADS=1 it
// shows no race.
#include <xtape/data/prefetch.hpp>

#include <xtape/array/machine.hpp>
#include <xtape/tape/tape.hpp>

#include "catch.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Catch::Matchers::Message;
using xtape::array;
using xtape::rng;
using xtape::shape_type;
using xtape::variable;
using xtape::data::batch;
using xtape::data::batches;
using xtape::data::dataset;
using xtape::data::prefetch;

static_assert(
    std::ranges::input_range<xtape::data::prefetch_range<xtape::data::batch_range<float>>>);

namespace {

constexpr xtape::location nowhere;

dataset<double> random_samples(std::size_t size) {
  rng random(size);
  dataset<double> samples{random.normal<double>({size, 3, 2}), std::vector<int>(size), 10};
  for (int& label : samples.labels) label = static_cast<int>(random.below(10));
  return samples;
}

struct kept_batch {
  array<double> x;
  std::vector<int> labels;
  friend bool operator==(const kept_batch& a, const kept_batch& b) {
    return a.x == b.x && a.labels == b.labels;
  }
};

/// Copies of all batches of an epoch, of the first `count` at most.
template <class Range>
std::vector<kept_batch> epoch(Range&& range, std::size_t count = 1'000'000) {
  std::vector<kept_batch> all;
  for (auto& [x, labels] : range) {
    all.push_back({x.value(), labels});
    if (all.size() == count) break;
  }
  return all;
}

/// A range of a program's own: batches of one number, 0, 1, 2, ... It tells what was asked of it,
/// and may throw.
struct counting_range {
  struct report {
    std::atomic<int> begun = 0, steps = 0, throws_at = -1;
    std::thread::id thread;
    int threads = 0;
    bool recording = true;
  };

  struct iterator {
    using value_type = batch<double>;
    using difference_type = std::ptrdiff_t;
    batch<double>& operator*() const { return *range->current; }
    iterator& operator++() {
      ++range->told->steps;
      range->told->thread = std::this_thread::get_id();
      range->told->threads = xtape::num_threads();
      range->told->recording = xtape::tape::current() != nullptr;
      range->make(range->number + 1);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) {
      return it.range->number == it.range->size;
    }
    counting_range* range;
  };

  iterator begin() {
    ++told->begun;
    make(0);
    return {this};
  }
  std::default_sentinel_t end() const { return {}; }

  void make(int next) {
    number = next;
    if (number == told->throws_at) throw std::runtime_error("batch " + std::to_string(number));
    if (number < size) current = batch<double>{variable<double>(double(number)), {number}};
  }

  report* told;
  int size;
  int number = 0;
  std::optional<batch<double>> current = {};
};

}  // namespace

TEST_CASE("prefetch: the batches are bitwise the same, epoch after epoch", "[threads][prefetch]") {
  const std::size_t size = GENERATE(1u, 20u, 101u);
  const std::int64_t batch_size = GENERATE(1, 8, 200), depth = GENERATE(1, 2, 5);
  const auto samples = random_samples(size);
  rng a(1), b(1);
  auto plain = batches(samples, batch_size, a);
  auto ahead = prefetch(batches(samples, batch_size, b), {.depth = depth});
  CHECK(ahead.size() == plain.size());
  for (int repeat = 0; repeat < 4; ++repeat) {
    const auto expected = epoch(plain);
    CHECK(epoch(ahead) == expected);
    CHECK(a == b);
    CHECK(expected.size() == plain.size());
  }
  CHECK(epoch(prefetch(batches(samples, batch_size))) == epoch(batches(samples, batch_size)));
}

TEST_CASE("prefetch: numbers to predict come with their rows", "[threads][prefetch]") {
  rng random(6);
  const dataset<double, double> samples{random.normal<double>({50, 3}),
                                        random.normal<double>({50, 2})};
  rng a(1), b(1);
  auto plain = batches(samples, 8, a);
  auto ahead = prefetch(batches(samples, 8, b));
  std::vector<variable<double>> kept;
  std::vector<array<double>> expected;
  for (int repeat = 0; repeat < 3; ++repeat) {
    for (auto& [x, y] : plain) {
      expected.push_back(x.value());
      expected.push_back(y.value());
    }
    for (auto& [x, y] : ahead) {
      kept.push_back(x);
      kept.push_back(repeat == 1 ? std::move(y) : y);
    }
  }
  REQUIRE(kept.size() == expected.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const bool same = kept[i].value() == expected[i];
    CHECK(same);
  }
}

TEST_CASE("prefetch: the generator is the program's during an epoch", "[threads][prefetch]") {
  const auto samples = random_samples(50);
  rng a(1), b(1);
  std::vector<std::uint64_t> with, without;
  for (int repeat = 0; repeat < 20; ++repeat) {
    for (const auto& each : prefetch(batches(samples, 4, a))) {
      with.push_back(a());
      with.push_back(static_cast<std::uint64_t>(each.labels[0]));
    }
    for (const auto& each : batches(samples, 4, b)) {
      without.push_back(b());
      without.push_back(static_cast<std::uint64_t>(each.labels[0]));
    }
  }
  CHECK(with == without);
}

TEST_CASE("prefetch: a loop may be left", "[threads][prefetch]") {
  const auto samples = random_samples(100);
  rng a(1), b(1);
  auto plain = batches(samples, 7, a);
  auto ahead = prefetch(batches(samples, 7, b), {.depth = 3});
  for (const std::size_t count : {1u, 2u, 5u, 14u, 15u, 1u, 100u}) {
    const auto expected = epoch(plain, count);
    CHECK(epoch(ahead, count) == expected);
    CHECK(a == b);
  }
  const auto it = ahead.begin();  // and never looked at
  CHECK((*it).labels.size() == 7);
  counting_range::report told;
  { auto unused = prefetch(counting_range{&told, 5}); }
  CHECK(told.begun == 0);
}

TEST_CASE("prefetch: a batch may be kept, or moved out of its range", "[threads][prefetch]") {
  const auto samples = random_samples(90);
  const bool moved = GENERATE(true, false);
  const auto expected = epoch(batches(samples, 8));
  auto ahead = prefetch(batches(samples, 8));
  std::vector<variable<double>> taken;
  std::vector<std::vector<int>> labels_taken;
  for (int repeat = 0; repeat < 3; ++repeat)
    for (auto& [x, labels] : ahead) {
      if (moved)
        taken.push_back(std::move(x));
      else
        taken.push_back(x);
      labels_taken.push_back(std::move(labels));
      if (taken.size() == 5) break;  // what was kept stays, though the next epoch begins anew
    }
  REQUIRE(taken.size() == 5 + 2 * expected.size());
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const auto& wanted = expected[i < 5 ? i : (i - 5) % expected.size()];
    CHECK((taken[i].value() == wanted.x));
    CHECK(labels_taken[i] == wanted.labels);
  }
}

TEST_CASE("prefetch: what a step throws comes where the batch is asked for",
          "[threads][prefetch]") {
  counting_range::report told;
  for (const int at : {0, 1, 4, 9}) {
    told.throws_at = at;
    auto range = prefetch(counting_range{&told, 10});
    for (int repeat = 0; repeat < 2; ++repeat) {
      std::vector<int> seen;
      std::string text;
      try {
        for (const auto& each : range) {
          seen.push_back(each.labels[0]);
          CHECK(each.x.item() == each.labels[0]);
        }
      } catch (const std::runtime_error& error) {
        text = error.what();
      }
      CHECK(text == "batch " + std::to_string(at));
      CHECK(static_cast<int>(seen.size()) == at);
    }
  }
  // Of an epoch that is left before, nothing is heard, not even in the next one.
  told.throws_at = 2;
  told.steps = 0;
  auto range = prefetch(counting_range{&told, 10});
  CHECK(epoch(range, 1).size() == 1);
  for (int wait = 0; wait < 1000 && told.steps < 2; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(told.steps == 2);
  told.throws_at = -1;
  CHECK(epoch(range).size() == 10);
  auto samples = random_samples(10);
  auto changed = prefetch(batches(samples, 2, {}, nowhere));
  samples.labels.pop_back();
  CHECK_THROWS_MATCHES(changed.begin(), xtape::shape_error,
                       Message("batches: x (10, 3, 2), 9 labels: every row of x needs one label"));
}

TEST_CASE("prefetch: so many batches are made ahead, on another thread", "[threads][prefetch]") {
  using namespace std::chrono_literals;
  counting_range::report told;
  auto range = prefetch(counting_range{&told, 100}, {.depth = 3});
  const xtape::tape recording;
  auto it = range.begin();
  for (int consumed = 1; consumed < 5; ++consumed, ++it) {
    CHECK((*it).labels[0] == consumed - 1);
    const int expected = consumed - 1 + 3;  // the first batch is begin()'s
    for (int wait = 0; wait < 1000 && told.steps < expected; ++wait)
      std::this_thread::sleep_for(5ms);
    std::this_thread::sleep_for(10ms);
    CHECK(told.steps == expected);
  }
  while (it != range.end()) ++it;
  CHECK(told.steps == 100);
  CHECK(told.begun == 1);
  CHECK(told.thread != std::this_thread::get_id());
  CHECK(told.threads == 1);
  CHECK(!told.recording);
}

TEST_CASE("prefetch: memory goes around", "[threads][prefetch]") {
  const auto samples = random_samples(1000);
  auto range = prefetch(batches(samples, 64));
  const auto train = [&](int epochs) {
    variable<double> last(0.0);  // a handle that lags behind
    for (int repeat = 0; repeat < epochs; ++repeat)
      for (const auto& each : range) last = each.x;
  };
  train(5);
  const auto before = xtape::pool_stats();
  train(40);
  const auto after = xtape::pool_stats();
  // Under AddressSanitizer the pool holds nothing back: there every block is the system's.
  if (before.bytes_held == 0) return;
  CHECK(after.bytes_held == before.bytes_held);
  CHECK(after.system_calls == before.system_calls);
}

TEST_CASE("prefetch: nobody's batches are filled again", "[threads][prefetch]") {
  const auto samples = random_samples(960);
  auto range = prefetch(batches(samples, 64), {.depth = 2});
  std::set<const double*> places;
  for (int repeat = 0; repeat < 3; ++repeat)
    for (const auto& each : range) places.insert(each.x.node().data());
  CHECK(places.size() == 3);  // two that wait and one in use
}

TEST_CASE("errors of prefetch", "[threads][prefetch][errors]") {
  const auto samples = random_samples(10);
  CHECK_THROWS_MATCHES(prefetch(batches(samples, 2), {.depth = 0}, nowhere), xtape::domain_error,
                       Message("prefetch: depth = 0: at least 1 is needed"));
  CHECK_THROWS_AS(prefetch(batches(samples, 2), {.depth = -1}), xtape::domain_error);
}
