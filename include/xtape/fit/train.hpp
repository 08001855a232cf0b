#pragma once

#include <xtape/array/error.hpp>
#include <xtape/fit/history.hpp>
#include <xtape/fit/log.hpp>
#include <xtape/fit/progress.hpp>
#include <xtape/nn/mode.hpp>
#include <xtape/tape/tape.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

/// A training loop for programs that need nothing else: `train` below, to be used, or to be copied
/// and changed. Nothing else in the library knows of it.
namespace xtape::fit {

/// When to stop before the last epoch: once what is watched has not got better for so long. The
/// model then gets back what it was after its best epoch, as it also does when training ends for
/// another reason.
struct early_stopping {
  std::string watch = {};  ///< which measurement; empty: the first
  std::int64_t patience =
      10;  ///< so many epochs in a row that are no better end the training: at least 1
  double min_delta = 0;   ///< better is what is smaller by more than this: finite, 0 or greater
  bool maximize = false;  ///< better is what is greater: an accuracy
};

/// What a callback wants.
enum class next { go_on, stop };

struct options {
  std::int64_t epochs = 10;  ///< at most so many: at least 1
  /// A schedule, asked with 0, 1, ... before each epoch. None: the optimizer keeps its rate.
  std::function<double(double)> learning_rate = {};
  /// Called between backward and step: to clip gradients, or to look at them.
  std::function<void()> before_step = {};
  /// Called after each epoch, without a tape: what to measure of the model, under the same names
  /// each time.
  std::function<measurements()> measure = {};
  std::optional<early_stopping> stop = {};  ///< none: all epochs are run
  /// Called after each epoch, one after the other, all of them.
  std::vector<std::function<next(const epoch&)>> callbacks = {};
  std::string log = {};  ///< a file for the figures, *.csv or *.jsonl (see epoch_log); empty: none
  bool progress = true;  ///< a progress bar on standard error, where that is a terminal
};

/// Throws domain_error for options outside of their domains, or early stopping without anything
/// measured.
XTAPE_API void check(const options& how, location where);
/// The value that early stopping watches, negative where greater is better. Throws domain_error where
/// nothing of that name was measured.
XTAPE_API double watched(const epoch& done, const early_stopping& stop, location where);
/// Throws the domain_error of a loss that is not finite; `batch` counts from 1.
[[noreturn]] XTAPE_API void throw_not_finite(const epoch& now, std::size_t batch, location where);

/// A mean over samples of what is known of each batch: its own mean, a number or a variable of one
/// element.
class batch_mean {
 public:
  template <class Value>
  void add(const Value& value, std::size_t samples) {
    double number = 0;
    if constexpr (requires { value.item(); })
      number = static_cast<double>(value.item());
    else
      number = static_cast<double>(value);
    total_ += number * static_cast<double>(samples);
    samples_ += samples;
    ++batches_;
  }
  std::size_t samples() const { return samples_; }
  std::size_t batches() const { return batches_; }
  /// Throws domain_error, naming the call, where there are no batches.
  double value(const char* call, location where) const {
    if (samples_ == 0) throw domain_error(std::string(call) + ": there are no batches", where);
    return total_ / static_cast<double>(samples_);
  }

 private:
  double total_ = 0;
  std::size_t samples_ = 0, batches_ = 0;
};

/// Trains a model: epochs over the batches, a step of the optimizer for each.
///
///     const auto history = xp::fit::train(
///         model, optimizer, xp::data::batches(train, 32, random),
///         [&](const auto& b) { return xp::softmax_cross_entropy(model(b.x), b.labels); },
///         {.epochs = 100,
///          .learning_rate = xp::schedule::cosine_decay(0.1, 0.001, 100),
///          .measure = [&] { return xp::fit::measurements{{"validation_loss", ...}}; },
///          .stop = xp::fit::early_stopping{.patience = 10}});
///
/// model: a module; it is copied where early stopping keeps the best one, parameters and buffers,
/// and copied back in place, so that the optimizer goes on with it. batches: a range that may be
/// run through once an epoch, of elements with an x whose first axis counts samples. loss: takes an
/// element, returns a variable of one element, the mean over the batch's samples.
///
/// Throws domain_error for options outside of their domains, a range without batches, and a loss
/// that is not finite: the model is then as it was after its best epoch, or, without early
/// stopping, before the step that this loss asked for.
/// Throws io_error where the log cannot be written; and whatever the functions given throw.
template <class Model, class Optimizer, class Batches, class Loss>
history train(Model& model, Optimizer& optimizer, Batches&& batches, const Loss& loss,
              const options& how = {}, location where = location::current()) {
  check(how, where);
  std::size_t batches_each = 0;
  if constexpr (requires { batches.size(); }) batches_each = batches.size();
  progress_bar bar(how.epochs, batches_each, how.progress);
  std::optional<epoch_log> log;
  if (!how.log.empty()) log.emplace(how.log, where);

  history past;
  std::optional<Model> best;
  double best_value = std::numeric_limits<double>::infinity();
  for (bool done = false; !done;) {
    epoch now{.number = static_cast<std::int64_t>(past.epochs.size()) + 1};
    if (how.learning_rate)
      optimizer.set_learning_rate(how.learning_rate(static_cast<double>(now.number - 1)));
    now.learning_rate = optimizer.learning_rate();

    const auto start = std::chrono::steady_clock::now();
    batch_mean losses;
    for (auto& batch : batches) {
      const tape recording;  // layers train as long as it lives
      const auto value = loss(batch);
      if (!std::isfinite(value.item())) {
        if (best) model = *best;
        throw_not_finite(now, losses.batches() + 1, where);
      }
      optimizer.zero_grad();
      value.backward();
      if (how.before_step) how.before_step();
      optimizer.step();
      losses.add(value, batch.x.shape()[0]);
      bar.batch_done(losses.samples(), losses.value("fit::train", where));
    }
    now.loss = losses.value("fit::train", where);
    now.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    now.samples_per_second = static_cast<double>(losses.samples()) / now.seconds;
    if (how.measure) {
      const no_grad quiet;  // also where a tape of the program's is alive
      now.measured = how.measure();
    }
    done = now.number == how.epochs;
    if (how.stop) {
      const double value = watched(now, *how.stop, where);
      if (value < best_value - how.stop->min_delta) {  // a NaN is never better
        best_value = value;
        best = model;
        past.best = now.number;
      } else if (now.number - past.best >= how.stop->patience) {
        past.end = reason::patience;
        done = true;
      }
    }
    if (log) log->write(now, where);
    bar.epoch_done(now);
    past.epochs.push_back(now);
    for (const auto& callback : how.callbacks)
      if (callback(now) == next::stop) {
        past.end = reason::callback;
        done = true;
      }
  }
  if (!best) past.best = past.epochs.back().number;
  if (past.best != past.epochs.back().number) model = *best;
  return past;
}

/// The mean over all samples of what `measure` gives for each batch, its mean over the batch's
/// samples: a number, or a variable of one element. Without a tape, and with layers in evaluation.
///
///     xp::fit::evaluate(xp::data::batches(test, 256),
///                       [&](const auto& b) { return xp::nn::accuracy(model(b.x), b.labels); })
///
/// Throws domain_error for a range without batches, and whatever `measure` throws.
template <class Batches, class Measure>
double evaluate(Batches&& batches, const Measure& measure, location where = location::current()) {
  const no_grad quiet;
  const nn::evaluation mode;
  batch_mean all;
  for (auto& batch : batches) all.add(measure(batch), batch.x.shape()[0]);
  return all.value("fit::evaluate", where);
}

}  // namespace xtape::fit
