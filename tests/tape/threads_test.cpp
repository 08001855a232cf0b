// Threads with tapes and parameters of their own share nothing: each computes what it computes
// alone, bit for bit. Built with -Db_sanitize=thread and run with OMP_NUM_THREADS=1 it shows no
// race.

#include "catch.hpp"

#include <cstdlib>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/tape/tape.hpp>

using namespace xtape;

namespace {

array<float> random(const shape_type& shape, std::mt19937& generator) {
  array<float> result = empty<float>(shape);
  for (float& v : result.storage()) v = static_cast<float>(generator() % 2001) / 1000 - 1;
  return result;
}

struct outcome {
  std::vector<float> losses;
  std::vector<array<float>> weights;
};

// Trains a small net for some hundred steps. Everything in it belongs to the thread that calls it.
outcome train(unsigned seed, int steps) {
  std::mt19937 generator(seed);
  parameter<float> w1(random({6, 16}, generator), "w1"), b1(zeros<float>({16}), "b1");
  parameter<float> w2(random({16, 3}, generator), "w2"), b2(zeros<float>({3}), "b2");
  parameter<float>* const all[] = {&w1, &b1, &w2, &b2};
  outcome result;
  for (int step = 0; step < steps; ++step) {
    const variable<float> x = random({8, 6}, generator);
    std::vector<int> labels(8);
    for (int& label : labels) label = static_cast<int>(generator() % 3);
    const tape recording;
    const variable<float> h = step % 2 == 0 ? relu(affine(x, w1, b1)) : tanh(affine(x, w1, b1));
    const variable<float> loss = softmax_cross_entropy(affine(h, w2, b2), labels);
    for (parameter<float>* p : all) p->zero_grad();
    loss.backward();
    const variable<float> g = grad(loss, {w1}, {.create_graph = step % 10 == 0})[0];
    result.losses.push_back(loss.item() + sum(square(g)).item());
    for (parameter<float>* p : all) {
      array<float>& value = p->mutable_value();
      for (std::size_t i = 0; i < value.size(); ++i) value.data()[i] -= 0.05f * p->grad().data()[i];
    }
  }
  for (const parameter<float>* p : all) result.weights.push_back(p->value());
  return result;
}

}  // namespace

TEST_CASE("threads train at the same time as if alone", "[threads]") {
  for (const unsigned count : {2u, 4u}) {
    std::vector<outcome> alone, together(count);
    for (unsigned k = 0; k < count; ++k) alone.push_back(train(k, 300));
    std::vector<std::thread> threads;
    for (unsigned k = 0; k < count; ++k)
      threads.emplace_back([k, &together] { together[k] = train(k, 300); });
    for (std::thread& thread : threads) thread.join();
    for (unsigned k = 0; k < count; ++k) {
      CHECK(together[k].losses == alone[k].losses);
      REQUIRE(together[k].weights.size() == 4);
      for (std::size_t i = 0; i < 4; ++i) CHECK((together[k].weights[i] == alone[k].weights[i]));
    }
    CHECK(alone[0].losses != alone[1].losses);
  }
}

TEST_CASE("tapes, pauses and lines of one thread are invisible to another", "[threads]") {
  const tape recording;
  const xtape::no_grad quiet;
  const at_line line({"main.cpp", 1});
  bool recorded = false, without_tape = false;
  int found_line = 0;
  std::thread([&] {
    without_tape = tape::current() == nullptr;
    const parameter<float> p(full<float>({2}, 3));
    const tape own;
    sum(p * p).backward();
    recorded = own.size() == 2 && p.grad()(0) == 6;
    found_line = own[0].where().line;
  }).join();
  CHECK(without_tape);
  CHECK(recorded);
  CHECK(found_line > 1);
  CHECK(recording.size() == 0);
}

TEST_CASE("a value handed to another thread after its tape ended is a constant there",
          "[threads]") {
  std::optional<variable<float>> handed;
  std::optional<parameter<float>> model;
  std::thread([&] {
    model.emplace(full<float>({2}, 3), "made elsewhere");
    const tape recording;
    handed = *model * *model;
    sum(*handed).backward();
  }).join();
  CHECK(!handed->tracked());
  CHECK((handed->value() == full<float>({2}, 9)));
  CHECK((model->grad() == full<float>({2}, 6)));
  {
    const tape here;
    CHECK(!(*handed * 2).tracked());
    model->zero_grad();
    sum(*handed * *model).backward();
    CHECK((model->grad() == full<float>({2}, 9)));
  }
  // And back again: its memory is given to the pool of the thread that ends its life.
  std::thread([taken = std::move(*handed)]() mutable {
    const variable<float> last = std::move(taken);
    const tape there;
    if (last.tracked()) std::abort();
  }).join();
  handed.reset();
}
