#include <xtape/fit/progress.hpp>

#include "catch.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

using xtape::fit::epoch;
using xtape::fit::progress_bar;
using xtape::fit::standing;

namespace {

/// What stands to be read at a descriptor right now.
std::string read_all(int descriptor) {
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  std::string all;
  char buffer[4096];
  for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;)
    all.append(buffer, static_cast<std::size_t>(got));
  return all;
}

/// Two batches and the end of an epoch.
void show(int descriptor, bool wanted) {
  progress_bar bar(2, 2, wanted, descriptor);
  for (const std::size_t samples : {10u, 20u}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    bar.batch_done(samples, 0.5);
  }
  bar.epoch_done({.number = 1, .loss = 0.5, .seconds = 0.25, .samples_per_second = 80});
  bar.batch_done(10, 0.25);  // at once: not drawn
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
  bar.batch_done(20, 0.25);
}

}  // namespace

TEST_CASE("the line of a progress bar", "[fit][progress]") {
  CHECK(text(standing{.epoch = 3,
                      .epochs = 20,
                      .batch = 124,
                      .batches = 469,
                      .loss = 0.43214321,
                      .samples_per_second = 81234.4,
                      .seconds_left = 64.2}) ==
        "epoch  3/20 [=====>              ] 124/469  loss 0.432143  81234 samples/s  1:05 left");
  CHECK(text(standing{.batch = 0, .batches = 1, .samples_per_second = 1}) ==
        "epoch 1/1 [>                   ] 0/1  loss 0  1 samples/s");
  CHECK(text(standing{.batch = 10, .batches = 10, .seconds_left = 0}) ==
        "epoch 1/1 [====================] 10/10  loss 0  0 samples/s  0:00 left");
  CHECK(text(standing{.batch = 9, .batches = 10, .seconds_left = 7384}) ==
        "epoch 1/1 [==================> ]  9/10  loss 0  0 samples/s  2:03:04 left");
  CHECK(text(standing{.epoch = 2, .epochs = 9, .batch = 77, .loss = 2}) ==
        "epoch 2/9  batch 77  loss 2  0 samples/s");
  CHECK(text(epoch{.number = 3,
                   .loss = 0.25,
                   .measured = {{"validation_loss", 0.5}, {"accuracy", 0.875}},
                   .seconds = 0.74,
                   .samples_per_second = 81234.4},
             20) ==
        "epoch  3/20  loss 0.25  validation_loss 0.5  accuracy 0.875  81234 samples/s  0.7 s");
}

TEST_CASE("a progress bar is drawn on a terminal only", "[fit][progress]") {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return;  // a system without
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  show(terminal, true);
  const std::string shown = read_all(master);
  CAPTURE(shown);
  const std::string one = "\repoch 1/2 [==========>         ] 1/2  loss 0.5  ",
                    two = "\repoch 1/2 [====================] 2/2  loss 0.5  ",
                    end = "\repoch 1/2  loss 0.5  80 samples/s  0.2 s\x1b[K\r\n",
                    next = "\repoch 2/2 [====================] 2/2  loss 0.25  ";
  const auto at_one = shown.find(one), at_two = shown.find(two), at_end = shown.find(end),
             at_next = shown.find(next);
  CHECK(at_one == 0);
  REQUIRE(at_next != std::string::npos);
  CHECK(at_one < at_two);
  CHECK(at_two < at_end);
  CHECK(at_end + end.size() == at_next);
  CHECK(shown.find("0:01 left") < at_two);   // 0.11 s are gone, a quarter
  CHECK(shown.ends_with("left\x1b[K\r\n"));  // the line that was begun is ended
  show(terminal, false);
  CHECK(read_all(master).empty());
  close(terminal);
  close(master);

  int ends[2];
  REQUIRE(pipe(ends) == 0);
  show(ends[1], true);
  CHECK(read_all(ends[0]).empty());
  close(ends[0]);
  close(ends[1]);
}
