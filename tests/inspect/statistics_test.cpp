#include "catch.hpp"

#include <cmath>
#include <limits>

#include <xtape/inspect/statistics.hpp>

using Catch::Matchers::ContainsSubstring, Catch::Matchers::StartsWith;
using namespace xtape;
using namespace xtape::inspect;

TEST_CASE("statistics of an array", "[inspect][statistics]") {
  const statistics s = statistics_of(array<double>{3, -1, 0, -4, 2});
  CHECK(s.count == 5);
  CHECK(s.zeros == 1);
  CHECK(s.subnormals == 0);
  CHECK(s.not_finite == 0);
  CHECK(s.mean == 0);
  CHECK(s.mean_magnitude == 2);
  CHECK(s.rms == Approx(std::sqrt(6)).epsilon(1e-15));
  CHECK(s.standard_deviation == Approx(std::sqrt(6)).epsilon(1e-15));
  CHECK(s.least == -4);
  CHECK(s.greatest == 3);
  CHECK(s.max_magnitude() == 4);
  CHECK(s.cancellation() == 0);
  const statistics t = statistics_of(array<float>{1, 2, 3, 6});
  CHECK(t.mean == 3);
  CHECK(t.rms == Approx(std::sqrt(12.5)));
  CHECK(t.standard_deviation == Approx(std::sqrt(3.5)));
  CHECK(t.cancellation() == 1);
  CHECK(statistics_of(array<double>{-1, -1, -1, 2}).cancellation() == Approx(0.2));
}

TEST_CASE("statistics of what is very large, very small, or no number", "[inspect][statistics]") {
  const double huge = 1e300, tiny = 1e-310;
  CHECK(statistics_of(array<double>{huge, -huge}).rms == Approx(huge));
  CHECK(statistics_of(array<double>{huge, huge}).mean == Approx(huge));
  const statistics small = statistics_of(array<double>{tiny, 0, 3 * tiny, 0});
  CHECK(small.subnormals == 2);
  CHECK(small.zeros == 2);
  CHECK(small.rms == Approx(std::sqrt(2.5) * tiny).epsilon(1e-12));
  const float least = std::numeric_limits<float>::denorm_min();
  CHECK(statistics_of(array<float>{least, -least}).subnormals == 2);
  CHECK(statistics_of(array<double>{static_cast<double>(least)}).subnormals == 0);
  const double infinity = std::numeric_limits<double>::infinity();
  const statistics odd = statistics_of(array<double>{infinity, std::nan(""), -5, -7});
  CHECK(odd.count == 4);
  CHECK(odd.not_finite == 2);
  CHECK(odd.mean == -6);
  CHECK(odd.least == -7);
  CHECK(odd.greatest == -5);
  CHECK(odd.standard_deviation == 1);
}

TEST_CASE("statistics of nothing", "[inspect][statistics]") {
  for (const statistics& s : {statistics_of(empty<double>({0})), statistics_of(zeros<double>({3})),
                              statistics_of(array<double>{std::nan("")})}) {
    CHECK(s.mean == 0);
    CHECK(s.rms == 0);
    CHECK(s.greatest == 0);
    CHECK(s.cancellation() == 0);
  }
  CHECK(statistics_of(zeros<double>({2, 3})).zeros == 6);
}

TEST_CASE("histograms", "[inspect][statistics]") {
  const double infinity = std::numeric_limits<double>::infinity();
  const histogram h = histogram_of(
      array<double>{-1.5, -1, -0.6, -0.5, 0, 0.49, 1, 1.01, infinity, std::nan("")}, -1, 1, 4);
  CHECK(h.counts == std::vector<std::size_t>{2, 1, 2, 1});
  CHECK(h.below == 1);
  CHECK(h.above == 2);
  CHECK(histogram_of(empty<float>({0}), 0, 1, 3).counts == std::vector<std::size_t>(3));
  CHECK_THROWS_WITH(
      histogram_of(array<double>{1}, 2, 1, 3),
      StartsWith("histogram_of: 3 bins from 2 to 1: there must be a bin, and the ends "
                 "must be finite and in order  [statistics_test.cpp:"));
  CHECK_THROWS_AS(histogram_of(array<double>{1}, 0, 1, 0), domain_error);
  CHECK_THROWS_AS(histogram_of(array<double>{1}, 0, infinity, 1), domain_error);
}
