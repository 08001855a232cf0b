#include <xtape/fit/train.hpp>

#include <xtape/array/text.hpp>

#include <algorithm>

namespace xtape::fit {

void check(const options& how, location where) {
  const std::string call = "fit::train: ";
  if (how.epochs < 1)
    throw domain_error(call + "epochs = " + std::to_string(how.epochs) + ": at least 1 is needed",
                       where);
  if (!how.stop) return;
  if (how.stop->patience < 1)
    throw domain_error(
        call + "patience = " + std::to_string(how.stop->patience) + ": at least 1 is needed",
        where);
  if (!std::isfinite(how.stop->min_delta) || how.stop->min_delta < 0)
    throw domain_error(call + "min_delta = " + number_text(how.stop->min_delta) +
                           ": must be finite and not negative",
                       where);
  if (!how.measure)
    throw domain_error(call + "early stopping watches what options.measure returns: there is none",
                       where);
}

double watched(const epoch& done, const early_stopping& stop, location where) {
  const auto found = std::find_if(
      done.measured.begin(), done.measured.end(),
      [&](const measurement& each) { return stop.watch.empty() || each.name == stop.watch; });
  if (found == done.measured.end())
    throw domain_error(
        "fit::train: early stopping watches " +
            (stop.watch.empty() ? "the first measurement" : '\'' + stop.watch + '\'') +
            ": not measured in epoch " + std::to_string(done.number),
        where);
  return stop.maximize ? -found->value : found->value;
}

void throw_not_finite(const epoch& now, std::size_t batch, location where) {
  throw domain_error("fit::train: epoch " + std::to_string(now.number) + ", batch " +
                         std::to_string(batch) + ": the loss is not finite",
                     where);
}

}  // namespace xtape::fit
