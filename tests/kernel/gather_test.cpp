#include "kernel/gather.hpp"

#include "catch.hpp"

#include <algorithm>
#include <random>

using namespace xtape::kernel;

namespace {

// The axes of y, outermost first, each a list of runs, and the offsets they stand for one by one.
struct layout {
  std::vector<std::vector<run>> axes;
  std::ptrdiff_t origin;

  places compiled() const {
    places result(origin);
    for (std::size_t axis = axes.size(); axis-- > 0;) {
      axis_runs runs;
      for (const run& r : axes[axis]) runs.add(r);
      result.add_axis(runs);
    }
    return result;
  }

  std::vector<std::ptrdiff_t> offsets() const {
    std::vector<std::ptrdiff_t> all = {origin};
    for (const std::vector<run>& axis : axes) {
      std::vector<std::ptrdiff_t> next;
      for (const std::ptrdiff_t outer : all)
        for (const run& r : axis)
          for (std::size_t i = 0; i < r.size; ++i)
            next.push_back(outer == nowhere || r.offset == nowhere
                               ? nowhere
                               : outer + r.offset + static_cast<std::ptrdiff_t>(i) * r.step);
      all = next;
    }
    return all;
  }
};

// Offsets are in -170 .. 170 an axis.
layout draw(std::mt19937& random) {
  const auto number = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  layout result{{}, number(600, 700)};
  const int style = number(0, 2);  // anything, short runs, axes that often go on evenly
  for (int axis = number(0, 3); axis > 0; --axis) {
    std::vector<run>& runs = result.axes.emplace_back();
    for (int count = style == 2 ? 1 : number(0, 4); count > 0; --count)
      runs.push_back({static_cast<std::size_t>(style == 1 ? number(0, 2) : number(0, 20)),
                      number(0, 9) == 0 && style != 2 ? nowhere : number(-50, 50),
                      style == 2 ? number(0, 3) : number(-5, 5)});
  }
  return result;
}

}  // namespace

TEST_CASE("places are those of the runs one by one", "[kernel][gather]") {
  std::mt19937 random(1);
  std::size_t elements = 0;
  for (int round = 0; round < 3000; ++round) {
    const layout l = draw(random);
    const places compiled = l.compiled();
    const std::vector<std::ptrdiff_t> offsets = l.offsets();
    CAPTURE(round);
    REQUIRE(compiled.size() == offsets.size());
    elements += offsets.size();

    std::vector<double> x(1500), y(offsets.size()), expected(offsets.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
    for (std::size_t i = 0; i < y.size(); ++i)
      expected[i] = offsets[i] == nowhere ? -1 : x[static_cast<std::size_t>(offsets[i])];
    gather(compiled, x.data(), -1.0, y.data());
    REQUIRE((y == expected));

    if (compiled.outer_is_distinct() && l.axes.size() == 1) {
      std::vector<std::ptrdiff_t> once = offsets;
      once.erase(std::remove(once.begin(), once.end(), nowhere), once.end());
      std::sort(once.begin(), once.end());
      REQUIRE((std::adjacent_find(once.begin(), once.end()) == once.end()));
    }
    // Whole numbers: the order of additions does not matter.
    std::vector<double> sums = x;
    for (std::size_t i = 0; i < y.size(); ++i)
      if (offsets[i] != nowhere) sums[static_cast<std::size_t>(offsets[i])] += y[i];
    if (y.size() < 32768) {  // with random places, threads would meet
      scatter_add(compiled, y.data(), x.data());
      REQUIRE((x == sums));
    }
  }
  CHECK(elements > 100000);
}
