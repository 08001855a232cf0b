// What the benchmark programs share: the choice of workloads on the command line, and the timing rule.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <regex>
#include <string>
#include <vector>

namespace benchmarks {

/// A line of what Linux says of this process, "VmRSS:" or "VmHWM:" (the most that VmRSS was), in MiB.
inline double memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == key && status >> kib) return kib / 1024;
  return 0;
}

/// Times a step: 5 times unmeasured, then until `seconds` or 5000 steps are over, but at least 7 times. The first
/// steps tell what memory a step takes at its height, beyond what was there before: gradients, the optimizer's state, values.
class timer {
 public:
  explicit timer(double seconds) : seconds_(seconds) {}

  template <class Step>
  void operator()(const Step& step) {
    std::ofstream("/proc/self/clear_refs") << 5;  // begins VmHWM anew
    const double before_all = memory("VmRSS:");
    for (int i = 0; i < 5; ++i) step();
    peak_ = memory("VmHWM:") - before_all;
    const auto begin = clock::now();
    const auto elapsed = [&] {
      return std::chrono::duration<double>(clock::now() - begin).count();
    };
    while (steps_.size() < 7 || (steps_.size() < 5000 && elapsed() < seconds_)) {
      const auto before = clock::now();
      step();
      const std::chrono::duration<double, std::micro> took = clock::now() - before;
      steps_.push_back(took.count());
    }
  }

  /// The median step in microseconds.
  double median() {
    const auto middle = steps_.begin() + static_cast<std::ptrdiff_t>(steps_.size() / 2);
    std::nth_element(steps_.begin(), middle, steps_.end());
    return *middle;
  }
  /// MiB.
  double peak() const { return peak_; }

 private:
  using clock = std::chrono::steady_clock;
  double seconds_, peak_ = 0;
  std::vector<double> steps_;
};

/// A named workload: `run` prepares its data and hands one step to the timer.
struct workload {
  std::string name;
  std::function<void(timer&)> run;
  std::size_t entries = 0;  ///< of the tape of a step, where the time of one is to be printed
};

inline constexpr const char* usage =
    "usage: %s [--seconds S] [--list] [WORKLOAD...]\n"
    "Prints the median time of a step of each workload, and the memory it takes at its height: of "
    "all of them, or those\n"
    "of a given name, or in whose name a given regular expression is found. A step is measured for "
    "up to S seconds (1.5).\n"
    "OMP_NUM_THREADS says how many threads are used.\n";

/// The body of main().
inline int run(int argc, char** argv, const std::vector<workload>& workloads) {
  double seconds = 1.5;
  bool list = false;
  std::vector<bool> chosen(workloads.size(), false);
  bool all = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--list") {
      list = true;
    } else if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::atof(argv[++i]);
    } else if (argument.starts_with("--")) {
      std::fprintf(argument == "--help" ? stdout : stderr, usage, argv[0]);
      return argument == "--help" ? 0 : 2;
    } else {
      all = false;
      const auto named = std::find_if(workloads.begin(), workloads.end(),
                                      [&](const workload& each) { return each.name == argument; });
      if (named != workloads.end()) {
        chosen[static_cast<std::size_t>(named - workloads.begin())] = true;
        continue;
      }
      bool found = false;
      try {
        const std::regex pattern(argument);
        for (std::size_t w = 0; w < workloads.size(); ++w)
          if (std::regex_search(workloads[w].name, pattern)) chosen[w] = found = true;
      } catch (const std::regex_error&) {
        // no expression, and no name: not found
      }
      if (!found) {
        std::fprintf(stderr, "%s: no workload \"%s\"; --list shows them\n", argv[0], argv[i]);
        return 2;
      }
    }
  }

  for (std::size_t w = 0; w < workloads.size(); ++w) {
    if (!all && !chosen[w]) continue;
    const workload& each = workloads[w];
    if (list) {
      std::printf("%s\n", each.name.c_str());
      continue;
    }
    try {
      timer time(seconds);
      each.run(time);
      const double median = time.median();
      std::printf("%-30s %12.2f us %9.2f MiB", each.name.c_str(), median, time.peak());
      if (each.entries > 0)
        std::printf("  %.1f ns an entry", 1000 * median / static_cast<double>(each.entries));
      std::printf("\n");
      std::fflush(stdout);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s: %s: %s\n", argv[0], each.name.c_str(), e.what());
      return 1;
    }
  }
  return 0;
}

}  // namespace benchmarks
