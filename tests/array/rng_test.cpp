#include <xtape/array/rng.hpp>

#include "catch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

using Catch::Matchers::Message;
using xtape::domain_error;
using xtape::rng;

static_assert(std::uniform_random_bit_generator<rng>);

namespace {

/// One number for many, in which every bit of every value counts.
template <class Bits, class Values>
std::uint64_t digest(const Values& values) {
  std::uint64_t hash = 0;
  for (const auto value : values) hash = hash * 1099511628211u + std::bit_cast<Bits>(value);
  return hash;
}

double standard_normal_cdf(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

/// sqrt(n) times the greatest distance between the values' distribution and `cdf`: beyond 1.95 with
/// probability 0.001 (Kolmogorov).
template <class F>
double kolmogorov_smirnov(std::vector<double> values, const F& cdf) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]), rank = static_cast<double>(i);
    distance = std::max({distance, p - rank / n, (rank + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

struct moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0;
};

template <class Values>
moments moments_of(const Values& values) {
  const auto n = static_cast<double>(values.size());
  moments m;
  for (const double x : values) m.mean += x / n;
  double third = 0, fourth = 0;
  for (const double x : values) {
    const double d = x - m.mean;
    m.variance += d * d / n;
    third += d * d * d / n;
    fourth += d * d * d * d / n;
  }
  m.skewness = third / std::pow(m.variance, 1.5);
  m.kurtosis = fourth / (m.variance * m.variance);
  return m;
}

}  // namespace

TEST_CASE("philox4x32 gives the known answers of its authors", "[rng]") {
  // The three lines "philox4x32 10" of kat_vectors in Random123, the authors' library.
  using block = std::array<std::uint32_t, 4>;
  constexpr std::uint32_t ones = 0xFFFFFFFF;
  CHECK(xtape::philox4x32({0, 0, 0, 0}, {0, 0}) ==
        block{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8});
  CHECK(xtape::philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
        block{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD});
  CHECK(xtape::philox4x32({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                          {0xA4093822, 0x299F31D0}) ==
        block{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1});
}

TEST_CASE("the generator's draws are the blocks of counters 0, 1, 2, ...", "[rng]") {
  constexpr std::uint64_t seed = 0x0123456789ABCDEF;
  rng random(seed);
  for (std::uint32_t counter = 0; counter < 5; ++counter) {
    const auto block = xtape::philox4x32({counter, 0, 0, 0}, {0x89ABCDEF, 0x01234567});
    CHECK(random() == (block[0] | std::uint64_t{block[1]} << 32));
    CHECK(random() == (block[2] | std::uint64_t{block[3]} << 32));
  }
}

TEST_CASE("the numbers are these, to the bit, on every compiler and machine", "[rng]") {
  // Seen with g++ 12 at -O0 and at -O3 -march=native, and with clang 14. A contracted multiply-add
  // (-ffp-contract=fast) breaks the normals below.
  rng bits(42);
  CHECK(bits() == 0x77F5493B9CEAF053);
  CHECK(bits() == 0x5742B3D712BF50AD);
  CHECK(bits() == 0x53BA6CFDFCDB2127);
  CHECK(bits.bits32() == 0x744E06FB);

  rng uniform(42);
  CHECK(uniform.uniform() == 0x1.dfd524ee73abcp-2);
  CHECK(uniform.uniform() == 0x1.5d0acf5c4afd4p-2);
  CHECK(uniform.uniform(-1, 3) == -1 + 4 * 0x1.4ee9b3f7f36c8p-2);

  rng normal(42);
  for (const double z :
       {0x1.42dc65ce0ff8bp-4, 0x1.a3f4a5b3e5028p-2, 0x1.caca1d20ed486p-2, 0x1.d61412d6e26a2p-4,
        -0x1.005c13c20659bp+0, -0x1.343a4868da36cp-1, -0x1.e73d53e139934p-1, 0x1.3b29da9b3fb79p-2})
    CHECK(normal.normal() == z);

  rng child = rng(42).split(3);
  CHECK(child() == 0xEBFB9363B2B78368);
  CHECK(child() == 0x7C07B38DEA6848E9);

  rng integers(42);
  for (const std::uint64_t k : {468u, 340u, 327u, 454u, 658u, 773u, 670u, 379u})
    CHECK(integers.below(1000) == k);

  std::vector<int> order{0, 1, 2, 3, 4, 5, 6, 7};
  rng(42).shuffle(order);
  CHECK(order == std::vector<int>{0, 5, 7, 4, 6, 1, 2, 3});

  rng arrays(42);
  CHECK(digest<std::uint32_t>(arrays.normal<float>({1000, 100}, 1, 2.5)) == 0x7832CFE21B62F2AF);
  CHECK(digest<std::uint64_t>(arrays.normal<double>({1000, 100}, 1, 2.5)) == 0x2D866FBA566F2EAD);
  CHECK(digest<std::uint64_t>(arrays.uniform<double>({1000, 100}, -1, 2.3)) == 0x146127E57F5D8E5A);
}

TEST_CASE("filling gives the numbers of single calls, from any position", "[rng]") {
  const std::size_t size = GENERATE(0u, 1u, 2u, 255u, 256u, 257u, 1000u);
  const std::uint64_t skipped = GENERATE(0u, 1u, 2u);
  rng one(7), many(7), floats(7);
  one.discard(skipped);
  many.discard(skipped);
  floats.discard(skipped);
  std::vector<double> normals(size), uniforms(size);
  std::vector<float> normal_floats(size), uniform_floats(size);
  many.fill_normal(normals, 1, 2);
  many.fill_uniform(uniforms, -3, 5);
  floats.fill_normal(normal_floats, 1, 2);
  floats.fill_uniform(uniform_floats, -3, 5);
  for (std::size_t i = 0; i < size; ++i) {
    REQUIRE(one.normal(1, 2) == normals[i]);
    REQUIRE(normal_floats[i] == static_cast<float>(normals[i]));
  }
  for (std::size_t i = 0; i < size; ++i) {
    REQUIRE(one.uniform(-3, 5) == uniforms[i]);
    REQUIRE(uniform_floats[i] == static_cast<float>(uniforms[i]));
  }
  CHECK(one == many);
  CHECK(one() == many());
  CHECK(one == many);
}

TEST_CASE("copies, comparison and discard", "[rng]") {
  rng a(1);
  a.discard(3);
  rng b = a;
  CHECK(a == b);
  CHECK(a() == b());
  CHECK(a == b);
  b();
  CHECK(a != b);
  a();
  CHECK(a == b);
  CHECK(rng(1) != rng(2));
  CHECK(rng(1) != rng(1).split(0));

  rng stepped(9), jumped(9);
  for (int i = 0; i < 1001; ++i) stepped();
  jumped.discard(1001);
  CHECK(stepped == jumped);
  CHECK(stepped() == jumped());
  CHECK(stepped() == jumped());
}

TEST_CASE("streams do not depend on what was drawn, and share no number", "[rng]") {
  const rng parent(5);
  rng drawn(5);
  drawn();
  CHECK(drawn.split(2) == parent.split(2));

  std::set<std::uint64_t> seen;
  std::size_t draws = 0;
  std::vector<rng> family{parent, rng(6)};
  for (std::uint64_t stream = 0; stream < 20; ++stream) {
    family.push_back(parent.split(stream));
    for (std::uint64_t second = 0; second < 5; ++second)
      family.push_back(parent.split(stream).split(second));
  }
  for (rng& member : family)
    for (int i = 0; i < 100; ++i, ++draws) seen.insert(member());
  CHECK(seen.size() == draws);
}

TEST_CASE("streams are uncorrelated", "[rng]") {
  constexpr std::size_t n = 100'000;
  const auto x = rng(5).split(0).normal<double>({n});
  const auto y = rng(5).split(1).normal<double>({n});
  double correlation = 0;
  for (std::size_t i = 0; i < n; ++i) correlation += x(i) * y(i) / static_cast<double>(n);
  CHECK(std::fabs(correlation) < 4 / std::sqrt(static_cast<double>(n)));
}

TEST_CASE("uniform numbers are uniform", "[rng]") {
  constexpr std::size_t n = 1'000'000;
  const auto values = rng(2024).uniform<double>({n});
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  CHECK(*low >= 0);
  CHECK(*low < 2e-5);
  CHECK(*high < 1);
  CHECK(*high > 1 - 2e-5);
  const double root_n = std::sqrt(static_cast<double>(n));
  const moments m = moments_of(values);
  CHECK(std::fabs(m.mean - 0.5) < 4 * std::sqrt(1.0 / 12) / root_n);
  CHECK(std::fabs(m.variance - 1.0 / 12) < 4 * std::sqrt(1.0 / 180) / root_n);
  CHECK(kolmogorov_smirnov({values.begin(), values.end()}, [](double x) { return x; }) < 1.95);
}

TEST_CASE("normal numbers are normal", "[rng]") {
  constexpr std::size_t n = 1'000'000;
  const auto values = rng(2024).normal<double>({n});
  const double root_n = std::sqrt(static_cast<double>(n));
  const moments m = moments_of(values);  // standard errors of the four: 1, sqrt 2, sqrt 6, sqrt 24
  CHECK(std::fabs(m.mean) < 4 / root_n);
  CHECK(std::fabs(m.variance - 1) < 4 * std::sqrt(2.0) / root_n);
  CHECK(std::fabs(m.skewness) < 4 * std::sqrt(6.0) / root_n);
  CHECK(std::fabs(m.kurtosis - 3) < 4 * std::sqrt(24.0) / root_n);
  CHECK(kolmogorov_smirnov({values.begin(), values.end()}, standard_normal_cdf) < 1.95);

  for (const double z : {1.0, 2.0, 3.0, 4.0}) {  // both tails, as counts of a Poisson variable
    const double expected = static_cast<double>(n) * standard_normal_cdf(-z);
    const auto above = std::count_if(values.begin(), values.end(), [&](double x) { return x > z; });
    const auto below =
        std::count_if(values.begin(), values.end(), [&](double x) { return x < -z; });
    CAPTURE(z, expected, above, below);
    CHECK(std::fabs(static_cast<double>(above) - expected) < 4 * std::sqrt(expected));
    CHECK(std::fabs(static_cast<double>(below) - expected) < 4 * std::sqrt(expected));
  }
}

TEST_CASE("consecutive normals are uncorrelated", "[rng]") {
  constexpr std::size_t n = 200'000;
  const auto x = rng(11).normal<double>({n});
  for (const std::size_t lag : {1u, 2u, 3u, 4u, 256u}) {
    double correlation = 0;
    for (std::size_t i = lag; i < n; ++i) correlation += x(i) * x(i - lag) / static_cast<double>(n);
    CAPTURE(lag);
    CHECK(std::fabs(correlation) < 4 / std::sqrt(static_cast<double>(n)));
  }
}

TEST_CASE("the normal quantile inverts the cumulative distribution", "[rng]") {
  CHECK(xtape::standard_normal_quantile(0.5) == 0);
  // Values of Python's statistics.NormalDist().inv_cdf, from the same algorithm and libm's log.
  CHECK(xtape::standard_normal_quantile(0.3) == -0x1.0c7e39582c5fap-1);
  CHECK(xtape::standard_normal_quantile(1e-5) == -0x1.10f3f8843a3dap+2);
  CHECK(xtape::standard_normal_quantile(1e-20) == -0x1.2865170b43a4bp+3);
  CHECK(xtape::standard_normal_quantile(0.9) == -xtape::standard_normal_quantile(1 - 0.9));
  // An error e of the quantile is a relative error of about z e in the tail's probability.
  for (double p = 1e-300; p < 0.5; p *= 1.25) {
    const double z = xtape::standard_normal_quantile(p);
    CAPTURE(p, z);
    REQUIRE(std::fabs(standard_normal_cdf(z) / p - 1) < 2e-15 * std::max(1.0, z * z));
  }
}

TEST_CASE("bounded integers are unbiased", "[rng]") {
  // For n = 5 * 2^61 plain scaling is biased beyond doubt: of any five neighbours three are the
  // image of two of the 2^64 numbers, and two of one.
  constexpr std::uint64_t n = 5 * (std::uint64_t{1} << 61);
  constexpr int draws = 30'000;
  rng random(3);
  std::array<int, 5> residues{}, fifths{};
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t k = random.below(n);
    REQUIRE(k < n);
    ++residues[k % 5];
    ++fifths[k / (n / 5)];
  }
  const double error = std::sqrt(draws * 0.2 * 0.8);
  for (const int count : residues) CHECK(std::abs(count - draws / 5) < 4 * error);
  for (const int count : fifths) CHECK(std::abs(count - draws / 5) < 4 * error);

  std::array<double, 10> digits{};
  for (int i = 0; i < draws; ++i) ++digits[random.below(10)];
  double chi_squared = 0;  // nine degrees of freedom: beyond 27.9 with probability 0.001
  for (const double count : digits) chi_squared += std::pow(count - draws / 10., 2) / (draws / 10.);
  CHECK(chi_squared < 27.9);
  for (int i = 0; i < 10; ++i) CHECK(random.below(1) == 0);
}

TEST_CASE("all orders of a shuffle are equally likely", "[rng]") {
  constexpr int draws = 24'000;
  rng random(8);
  std::vector<double> counts(4 * 4 * 4 * 4);
  for (int i = 0; i < draws; ++i) {
    std::array<std::size_t, 4> order{0, 1, 2, 3};
    random.shuffle(order);
    ++counts[order[0] * 64 + order[1] * 16 + order[2] * 4 + order[3]];
  }
  int orders = 0;
  double chi_squared = 0;  // 23 degrees of freedom: beyond 49.7 with probability 0.001
  for (const double count : counts)
    if (count > 0) {
      ++orders;
      chi_squared += std::pow(count - draws / 24., 2) / (draws / 24.);
    }
  CHECK(orders == 24);
  CHECK(chi_squared < 49.7);

  std::vector<int> values{1, 2, 3};
  random.shuffle(std::span(values).subspan(0, 0));
  random.shuffle(std::span(values).subspan(0, 1));
  CHECK(values == std::vector<int>{1, 2, 3});
}

TEST_CASE("a random array has the shape asked for", "[rng]") {
  rng random(1);
  CHECK(random.normal<float>({3, 4}).shape() == xtape::shape_type{3, 4});
  CHECK(random.uniform<double>({}).size() == 1);
  CHECK(random.normal<double>({0, 5}).size() == 0);
  const auto constant = random.normal<double>({5}, 2, 0);
  CHECK(std::all_of(constant.begin(), constant.end(), [](double x) { return x == 2; }));
  for (const float x : random.uniform<float>({1000}, -0.25, 0.5)) {
    REQUIRE(x >= -0.25f);
    REQUIRE(x <= 0.5f);
  }
}

TEST_CASE("the generator's errors", "[rng][errors]") {
  rng random(1);
  const rng before = random;
  constexpr double inf = std::numeric_limits<double>::infinity();
  const xtape::location nowhere;
  CHECK_THROWS_MATCHES(random.below(0, nowhere), domain_error,
                       Message("below: n = 0: there is no integer below 0"));
  CHECK_THROWS_MATCHES(random.uniform(2, 1, nowhere), domain_error,
                       Message("uniform: a = 2, b = 1: a must not be greater than b"));
  CHECK_THROWS_MATCHES(
      random.uniform(std::nan(""), 1, nowhere), domain_error,
      Message("uniform: a = nan, b = 1: both and their difference must be finite"));
  CHECK_THROWS_MATCHES(
      random.uniform<double>({2}, -1e308, 1e308, nowhere), domain_error,
      Message("uniform: a = -1e+308, b = 1e+308: both and their difference must be finite"));
  CHECK_THROWS_MATCHES(random.uniform<float>({2}, 0, 1e39, nowhere), domain_error,
                       Message("uniform: a = 0, b = 1e+39: too large for a float"));
  CHECK_THROWS_MATCHES(random.normal(0, -1, nowhere), domain_error,
                       Message("normal: mean = 0, std = -1: std must not be negative"));
  CHECK_THROWS_MATCHES(random.normal<float>({2}, inf, 1, nowhere), domain_error,
                       Message("normal: mean = inf, std = 1: both must be finite"));
  CHECK_THROWS_MATCHES(
      random.normal<float>({2}, 0, 1e38, nowhere), domain_error,
      Message("normal: mean = 0, std = 1e+38: the numbers would not fit the element type"));
  CHECK_THROWS_MATCHES(xtape::standard_normal_quantile(1, nowhere), domain_error,
                       Message("standard_normal_quantile: p = 1: must lie between 0 and 1"));
  CHECK_THROWS_AS(xtape::standard_normal_quantile(0), domain_error);
  CHECK_THROWS_AS(xtape::standard_normal_quantile(std::nan("")), domain_error);
  CHECK(random == before);

  const auto call = [&] { random.below(0); };
  const std::string line = std::to_string(__LINE__ - 1);
  CHECK_THROWS_MATCHES(
      call(), domain_error,
      Message("below: n = 0: there is no integer below 0  [rng_test.cpp:" + line + "]"));
}

TEST_CASE("a generator goes on from its state", "[rng]") {
  for (const std::uint64_t drawn : std::vector<std::uint64_t>{0, 1, 2, 7}) {
    rng random = rng(42).split(3);
    random.discard(drawn);
    rng other(0);
    other.discard(5);
    other.set_state(random.state());
    CHECK(other == random);
    CHECK(other.state() == random.state());
    CHECK(random.state()[2] == drawn);
    for (int i = 0; i < 5; ++i) CHECK(other() == random());
    CHECK(other.split(1)() == random.split(1)());
  }
  CHECK(rng(42).state() == rng::state_type{42, 0, 0});
}
