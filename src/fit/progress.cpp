#include <xtape/fit/progress.hpp>

#include <xtape/array/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>

namespace xtape::fit {
namespace {

/// "epoch  3/20"
std::string epoch_text(std::int64_t number, std::int64_t epochs) {
  const std::string all = std::to_string(epochs), one = std::to_string(number);
  return "epoch " + std::string(all.size() - std::min(all.size(), one.size()), ' ') + one + '/' +
         all;
}

std::string rate_text(double samples_per_second) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", samples_per_second);
  return std::string(text) + " samples/s";
}

/// "0:07", "12:34", "2:03:04"
std::string time_text(double seconds) {
  const auto s = static_cast<long long>(std::min(std::ceil(seconds), 3.6e8));
  char text[32];
  if (s < 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld", s / 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  return text;
}

}  // namespace

std::string text(const standing& now) {
  std::string line = epoch_text(now.epoch, now.epochs);
  if (now.batches > 0) {
    constexpr std::size_t width = 20;
    const std::size_t done = std::min(width, now.batch * width / now.batches);
    const std::string bar = std::string(done, '=') + (done < width ? ">" : "");
    const std::string all = std::to_string(now.batches), one = std::to_string(now.batch);
    line += " [" + bar + std::string(width - std::min(width, bar.size()), ' ') + "] " +
            std::string(all.size() - std::min(all.size(), one.size()), ' ') + one + '/' + all;
  } else {
    line += "  batch " + std::to_string(now.batch);
  }
  line += "  loss " + number_text(now.loss) + "  " + rate_text(now.samples_per_second);
  if (now.seconds_left >= 0) line += "  " + time_text(now.seconds_left) + " left";
  return line;
}

std::string text(const epoch& done, std::int64_t epochs) {
  std::string line = epoch_text(done.number, epochs) + "  loss " + number_text(done.loss);
  for (const measurement& each : done.measured)
    line += "  " + each.name + ' ' + number_text(each.value);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "  %.1f s", done.seconds);
  return line + "  " + rate_text(done.samples_per_second) + seconds;
}

progress_bar::progress_bar(std::int64_t epochs, std::size_t batches, bool wanted, int descriptor)
    : shown_(wanted && isatty(descriptor) == 1),
      descriptor_(descriptor),
      start_(clock::now()),
      epoch_start_(start_),
      last_drawn_(start_) {
  now_.epochs = epochs;
  now_.batches = batches;
}

progress_bar::~progress_bar() {
  if (begun_) write("\n");
}

void progress_bar::write(const std::string& line) const {
  // What a terminal does not take is lost; training goes on.
  [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
}

void progress_bar::batch_done(std::size_t samples, double loss) {
  if (!shown_) return;
  ++now_.batch;
  const auto time = clock::now();
  if (time - last_drawn_ < std::chrono::milliseconds(100)) return;
  last_drawn_ = time;
  const auto seconds = [&](clock::time_point since) {
    return std::chrono::duration<double>(time - since).count();
  };
  now_.loss = loss;
  now_.samples_per_second = static_cast<double>(samples) / seconds(epoch_start_);
  if (now_.batches > 0) {
    // Epochs as one goes on average, measuring included.
    const double done = static_cast<double>(now_.epoch - 1) +
                        static_cast<double>(now_.batch) / static_cast<double>(now_.batches);
    now_.seconds_left = seconds(start_) / done * (static_cast<double>(now_.epochs) - done);
  }
  write('\r' + text(now_) + "\x1b[K");
  begun_ = true;
}

void progress_bar::epoch_done(const epoch& done) {
  if (!shown_) return;
  write('\r' + text(done, now_.epochs) + "\x1b[K\n");
  begun_ = false;
  ++now_.epoch;
  now_.batch = 0;
  epoch_start_ = clock::now();
}

}  // namespace xtape::fit
