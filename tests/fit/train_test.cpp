#include <xtape/fit/fit.hpp>

#include <xtape/data/data.hpp>
#include <xtape/nn/nn.hpp>
#include <xtape/ops/ops.hpp>
#include <xtape/optim/optim.hpp>
#include <xtape/schedule/schedule.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using Catch::Matchers::WithinRel;
using xtape::array;
using xtape::domain_error;
using xtape::rng;
using xtape::variable;
using xtape::data::batches;
using xtape::fit::early_stopping;
using xtape::fit::epoch;
using xtape::fit::measurements;
using xtape::fit::next;
using xtape::fit::reason;
namespace fit = xtape::fit;
namespace nn = xtape::nn;

namespace {

constexpr xtape::location nowhere;

/// A model with everything that training changes: parameters, running statistics, random numbers.
nn::sequential<double> small_model(rng& random) {
  return {nn::linear<double>(2, 5, xtape::init::he_normal(), random), nn::batch_norm<double>(5),
          xtape::relu, nn::dropout(0.2, random),
          nn::linear<double>(5, 2, xtape::init::glorot_uniform(), random)};
}

/// All numbers of a model's parameters and buffers.
std::vector<double> numbers_of(const nn::sequential<double>& model) {
  std::vector<double> all;
  nn::for_each_state<double>(model, [&](const std::string&, const auto& member) {
    if constexpr (requires { member.value().begin(); })
      all.insert(all.end(), member.value().begin(), member.value().end());
    else
      all.push_back(rng(member.value()).uniform());
  });
  return all;
}

/// A training whose measurements are given beforehand, and the model's numbers after each epoch.
struct scripted {
  explicit scripted(std::vector<double> values) : script(std::move(values)) {}

  fit::history run(fit::options how) {
    how.progress = false;
    how.measure = [this] {
      after.push_back(numbers_of(model));
      return measurements{{"script", script.at(after.size() - 1)}, {"other", -1.0}};
    };
    return fit::train(
        model, optimizer, batches(samples, 16, random),
        [this](const auto& batch) {
          return xtape::softmax_cross_entropy(model(batch.x), batch.labels);
        },
        how);
  }

  std::vector<double> script;
  std::vector<std::vector<double>> after;
  rng random{1};
  xtape::data::dataset<double> samples =
      xtape::data::make_moons<double>({.n_samples = 50, .noise = 0.1});
  nn::sequential<double> model = small_model(random);
  xtape::optim::sgd<double> optimizer{model.parameters(), {.learning_rate = 0.1, .momentum = 0.9}};
};

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("train takes the steps of a loop by hand, bit for bit", "[fit]") {
  const auto samples = xtape::data::make_moons<double>({.n_samples = 50, .noise = 0.1});
  const xtape::schedule::exponential_decay rate(0.2, 0.01, 4);
  rng a(1), b(1);
  auto by_hand = small_model(a), trained = small_model(b);
  xtape::optim::sgd<double> first(by_hand.parameters(), {.learning_rate = 1, .momentum = 0.9});
  xtape::optim::sgd<double> second(trained.parameters(), {.learning_rate = 1, .momentum = 0.9});

  std::vector<double> losses;
  auto range = batches(samples, 16, a);
  for (int t = 0; t < 5; ++t) {
    first.set_learning_rate(rate(t));
    double total = 0;
    for (auto& [x, labels] : range) {
      const xtape::tape tape;
      const auto loss = xtape::softmax_cross_entropy(by_hand(x), labels);
      first.zero_grad();
      loss.backward();
      first.step();
      total += loss.item() * static_cast<double>(labels.size());  // the last batch has 2 samples
    }
    losses.push_back(total / 50);
  }

  const bool ahead = GENERATE(false, true);
  const auto loss = [&](const auto& batch) {
    return xtape::softmax_cross_entropy(trained(batch.x), batch.labels);
  };
  const fit::options how{.epochs = 5, .learning_rate = rate, .progress = false};
  const auto past =
      ahead ? fit::train(trained, second, xtape::data::prefetch(batches(samples, 16, b)), loss, how)
            : fit::train(trained, second, batches(samples, 16, b), loss, how);
  CHECK(numbers_of(trained) == numbers_of(by_hand));
  CHECK(a == b);
  REQUIRE(past.epochs.size() == 5);
  CHECK(past.end == reason::epochs);
  CHECK(past.best == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const epoch& each = past.epochs[i];
    CHECK(each.number == static_cast<std::int64_t>(i) + 1);
    CHECK(each.loss == losses[i]);
    CHECK(each.learning_rate == rate(i));
    CHECK(each.measured.empty());
    CHECK(each.seconds > 0);
    CHECK_THAT(each.samples_per_second, WithinRel(50 / each.seconds, 1e-12));
  }
}

TEST_CASE("early stopping gives the best model back", "[fit]") {
  struct expected {
    early_stopping stop;
    std::vector<double> script;
    std::size_t epochs;
    std::int64_t best;
    reason end;
  };
  const expected all[] = {
      // An equal value is no better; the third in a row that is not ends it.
      {{.patience = 3}, {5, 4, 3, 3.5, 3, 3.2, 1}, 6, 3, reason::patience},
      {{.patience = 3}, {5, 6, 7, 4, 8, 8, 8, 0}, 7, 4, reason::patience},
      {{.patience = 1}, {1, 1, 0}, 2, 1, reason::patience},
      // The best model comes back when all epochs are run, too.
      {{.patience = 9}, {5, 2, 3, 4}, 4, 2, reason::epochs},
      {{.patience = 9}, {5, 4, 3, 2}, 4, 4, reason::epochs},
      {{.patience = 2}, {5, 4, 4, 4}, 4, 2, reason::patience},
      // Better by more than min_delta than the best, not than the last.
      {{.patience = 2, .min_delta = 1}, {5, 4.5, 3.9, 3.5, 2.9, 2.8, 0}, 5, 3, reason::patience},
      {{.patience = 2, .min_delta = 0.5},
       {5, 4.5, 4.25, 3.75, 3.5, 3.25, 3.25, 1},
       7,
       5,
       reason::patience},
      {{.patience = 2, .maximize = true}, {1, 2, 1.5, 2, 9}, 4, 2, reason::patience},
      {{.patience = 2, .min_delta = 0.5, .maximize = true},
       {1, 2, 2.5, 2.6, 9},
       5,
       5,
       reason::epochs},
      // A NaN is never better; the model then stays as it is.
      {{.patience = 2}, {quiet_nan, quiet_nan, 1}, 2, 2, reason::patience},
      {{.patience = 2}, {quiet_nan, 3, quiet_nan, quiet_nan, 1}, 4, 2, reason::patience},
      {{.watch = "other", .patience = 2}, {5, 4, 3, 2}, 3, 1, reason::patience},
  };
  for (const expected& each : all) {
    CAPTURE(each.script, each.stop.patience);
    scripted training(each.script);
    const auto past =
        training.run({.epochs = static_cast<std::int64_t>(each.script.size()), .stop = each.stop});
    CHECK(past.epochs.size() == each.epochs);
    CHECK(past.best == each.best);
    CHECK(past.end == each.end);
    // Bitwise, buffers and generators included; and every epoch had changed them.
    const auto best = static_cast<std::size_t>(each.best) - 1;
    CHECK(numbers_of(training.model) == training.after[best]);
    for (std::size_t i = 0; i < training.after.size(); ++i)
      CHECK((i == best || training.after[i] != training.after[best]));
    // In place: the optimizer goes on with this model.
    for (std::size_t i = 0; i < training.optimizer.parameters().size(); ++i)
      CHECK(&training.optimizer.parameters()[i].node() == &training.model.parameters()[i].node());
  }
}

TEST_CASE("a callback sees every epoch, and may stop", "[fit]") {
  scripted training({5, 4, 3, 6, 7, 8});
  std::vector<std::int64_t> first, second;
  const auto past = training.run({.epochs = 6,
                                  .stop = early_stopping{.patience = 100},
                                  .callbacks = {[&](const epoch& now) {
                                                  first.push_back(now.number);
                                                  CHECK(now.measured.at(0).name == "script");
                                                  return now.number == 4 ? next::stop : next::go_on;
                                                },
                                                [&](const epoch& now) {
                                                  second.push_back(now.number);
                                                  return next::go_on;
                                                }}});
  CHECK(first == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK(second == first);
  CHECK(past.end == reason::callback);
  CHECK(past.epochs.size() == 4);
  CHECK(past.best == 3);
  CHECK(numbers_of(training.model) == training.after[2]);
  REQUIRE(past.epochs[3].measured.size() == 2);
  CHECK(past.epochs[3].measured[0].value == 6);
}

TEST_CASE("gradients may be clipped before a step", "[fit]") {
  scripted training({1, 1});
  xtape::optim::clip_by_norm clip(1e-3);
  training.run({.epochs = 2, .before_step = [&] { clip(training.optimizer.parameters()); }});
  CHECK(clip.calls() == 8);
  CHECK(clip.clips() == 8);
  scripted alike({1, 1});
  alike.run({.epochs = 2});
  CHECK(numbers_of(alike.model) != numbers_of(training.model));
}

TEST_CASE("what is measured is measured in evaluation", "[fit]") {
  const xtape::tape outer;  // of the program's: nothing is recorded on it
  scripted training({1, 1});
  const auto samples = xtape::data::make_moons<double>({.n_samples = 30});
  const auto past =
      fit::train(training.model, training.optimizer, batches(training.samples, 16),
                 [&](const auto& batch) {
                   CHECK(nn::is_training());
                   return xtape::softmax_cross_entropy(training.model(batch.x), batch.labels);
                 },
                 {.epochs = 2,
                  .measure =
                      [&] {
                        CHECK(!nn::is_training());
                        return measurements{
                            {"accuracy", nn::accuracy(training.model(samples.x), samples.labels)}};
                      },
                  .progress = false});
  CHECK(outer.size() == 0);
  CHECK(past.epochs[0].measured[0].value >= 0);
}

TEST_CASE("evaluate is the mean over samples, not over batches", "[fit]") {
  xtape::data::dataset<double> samples{xtape::zeros<double>({5, 1}), {0, 0, 0, 0, 1}, 2};
  for (std::size_t i = 0; i < 5; ++i) samples.x(i, 0) = static_cast<double>(i);
  const auto mean_of_x = [](const auto& batch) { return xtape::mean(batch.x); };
  CHECK(fit::evaluate(batches(samples, 4), mean_of_x) == 2);
  CHECK(fit::evaluate(batches(samples, 3), [](const auto& batch) {
          CHECK(!nn::is_training());
          return batch.labels.back();
        }) == 0.4);
  const xtape::tape outer;
  const nn::training mode;
  const xtape::parameter<double> w(array<double>{2.0});
  CHECK(fit::evaluate(batches(samples, 4), [&](const auto& batch) {
          CHECK(!nn::is_training());
          return xtape::mean(batch.x * w);
        }) == 4);
  CHECK(outer.size() == 0);
  CHECK_THROWS_MATCHES(fit::evaluate(std::vector<xtape::data::batch<double>>(), mean_of_x, nowhere),
                       domain_error, Message("fit::evaluate: there are no batches"));
}

TEST_CASE("a loss that is not finite ends the training with an error", "[fit][errors]") {
  const bool stopping = GENERATE(false, true);
  scripted training({3, 2, 4, 1});
  int calls = 0;
  std::vector<double> before;
  const auto run = [&] {
    fit::train(
        training.model, training.optimizer, batches(training.samples, 16, training.random),
        [&](const auto& batch) {
          const auto loss = xtape::softmax_cross_entropy(training.model(batch.x), batch.labels);
          const bool last = ++calls == 14;  // the second batch of the fourth epoch
          return last ? loss / 0.0 : loss;
        },
        {.epochs = 4,
         .measure =
             [&] {
               training.after.push_back(numbers_of(training.model));
               return measurements{{"script", training.script.at(training.after.size() - 1)}};
             },
         .stop = stopping ? std::optional(early_stopping{}) : std::nullopt,
         .progress = false},
        nowhere);
  };
  CHECK_THROWS_MATCHES(run(), domain_error,
                       Message("fit::train: epoch 4, batch 2: the loss is not finite"));
  REQUIRE(training.after.size() == 3);
  if (stopping)
    CHECK(numbers_of(training.model) == training.after[1]);
  else
    for (const double number : numbers_of(training.model)) CHECK(std::isfinite(number));
}

TEST_CASE("errors of train", "[fit][errors]") {
  scripted training({1});
  const auto text = [&](const fit::options& how) {
    try {
      fit::train(
          training.model, training.optimizer, batches(training.samples, 16),
          [&](const auto& batch) { return xtape::mean(training.model(batch.x)); }, how, nowhere);
    } catch (const xtape::error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const auto measure = [] { return measurements{{"a", 1}}; };
  CHECK(text({.epochs = 0}) == "fit::train: epochs = 0: at least 1 is needed");
  CHECK(text({.measure = measure, .stop = early_stopping{.patience = 0}}) ==
        "fit::train: patience = 0: at least 1 is needed");
  CHECK(text({.measure = measure, .stop = early_stopping{.min_delta = -1}}) ==
        "fit::train: min_delta = -1: must be finite and not negative");
  CHECK(text({.stop = early_stopping{}}) ==
        "fit::train: early stopping watches what options.measure returns: there is none");
  CHECK(text({.measure = measure, .stop = early_stopping{.watch = "b"}, .progress = false}) ==
        "fit::train: early stopping watches 'b': not measured in epoch 1");
  CHECK(text({.measure = [] { return measurements(); },
              .stop = early_stopping{},
              .progress = false}) ==
        "fit::train: early stopping watches the first measurement: not measured in epoch 1");
  CHECK(text({.log = "/nowhere/log.csv"}) ==
        "epoch_log: /nowhere/log.csv: No such file or directory");
  CHECK_THROWS_MATCHES(
      fit::train(
          training.model, training.optimizer, std::vector<xtape::data::batch<double>>(),
          [&](const auto& batch) { return xtape::mean(batch.x); }, {}, nowhere),
      domain_error, Message("fit::train: there are no batches"));
}

TEST_CASE("fit::train learns numbers from mini-batches", "[fit]") {
  const auto made = xtape::data::make_regression<double>(
      {.n_samples = 200, .n_features = 3, .n_informative = 3, .bias = 4, .seed = 2});
  rng random(1);
  const auto [train, validation, test] = xtape::data::split(made.samples(), random, {});
  nn::linear<double> model(3, 1, xtape::init::zeros(), random);
  xtape::optim::sgd<double> optimizer(nn::parameters<double>(model), {.learning_rate = 0.1});
  const auto loss = [&](const auto& b) {
    return xtape::mse(model(b.x), xtape::reshape(b.y, {-1, 1}));
  };
  fit::train(model, optimizer, batches(train, 16, random), loss, {.epochs = 60, .progress = false});
  CHECK(fit::evaluate(batches(test, 40), loss) < 1e-18);
  for (std::size_t j = 0; j < 3; ++j)
    CHECK_THAT(model.weight.value()(j, 0), WithinRel(made.coefficients(j), 1e-9));
  CHECK_THAT(model.bias.value()(0), WithinRel(4.0, 1e-9));
}
