#include <xtape/array/rng.hpp>

#include <xtape/array/text.hpp>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <string>

// Every promise of portability rests on each + - * / and square root being rounded once, on its
// own: src/meson.build compiles it with -ffp-contract=off.
static_assert(FLT_EVAL_METHOD == 0, "double arithmetic must be done in double precision");
#if defined(__FAST_MATH__)
#error "rng.cpp must not be compiled with -ffast-math"
#endif

namespace xtape {
namespace {

constexpr std::uint32_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}
constexpr std::uint64_t join(std::uint32_t low_half, std::uint32_t high_half) {
  return low_half | (std::uint64_t{high_half} << 32);
}

// Writes that many consecutive blocks of two draws each. The ten rounds are unrolled, so that the
// compiler runs the loop over the blocks in vector lanes.
void philox_blocks(std::uint64_t key, std::uint64_t stream, std::uint64_t first_block,
                   std::uint64_t* words, std::size_t count) {
  for (std::size_t block = 0; block < count; ++block) {
    std::uint32_t x0 = low(first_block + block), x1 = high(first_block + block);
    std::uint32_t x2 = low(stream), x3 = high(stream);
    std::uint32_t key_0 = low(key), key_1 = high(key);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t product_0 = std::uint64_t{multiplier_0} * x0;
      const std::uint64_t product_1 = std::uint64_t{multiplier_1} * x2;
      x0 = high(product_1) ^ x1 ^ key_0;
      x1 = low(product_1);
      x2 = high(product_0) ^ x3 ^ key_1;
      x3 = low(product_0);
      key_0 += weyl_0;
      key_1 += weyl_1;
    }
    words[2 * block] = join(x0, x1);
    words[2 * block + 1] = join(x2, x3);
  }
}

// ln x for normal positive x: x = 2^e m with m in [1/sqrt 2, sqrt 2), and ln m = 2 artanh s for
// s = (m - 1) / (m + 1), |s| < 0.172, whose series to s^23 is exact to the last bit or two.
double logarithm(double x) {
  constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCD;  // the bits of sqrt(1/2)
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto shifted = static_cast<std::int64_t>(bits - sqrt_half) >> 52;
  const auto exponent = static_cast<double>(static_cast<std::int32_t>(shifted));
  const auto m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(shifted) << 52));
  const double s = (m - 1) / (m + 1);
  const double t = s * s;
  double series = 1.0 / 23;
  series = series * t + 1.0 / 21;
  series = series * t + 1.0 / 19;
  series = series * t + 1.0 / 17;
  series = series * t + 1.0 / 15;
  series = series * t + 1.0 / 13;
  series = series * t + 1.0 / 11;
  series = series * t + 1.0 / 9;
  series = series * t + 1.0 / 7;
  series = series * t + 1.0 / 5;
  series = series * t + 1.0 / 3;
  series = series * t * s;
  // ln 2 in two parts: the first has 21 trailing zero bits, so its product with e is exact.
  constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
  return exponent * ln2_high + (2 * s + (2 * series + exponent * ln2_low));
}

// Horner's rule on eight coefficients, written out: a loop here would keep its callers from being
// vectorised.
double polynomial(const double (&c)[8], double x) {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x +
         c[0];
}

constexpr double centre = 0.425;  // |p - 1/2| up to which AS 241 uses its central approximation

// The quantile of 1/2 + q for 0 <= q <= 0.425.
double central_quantile(double q) {
  constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                          1.9715909503065514427e+3, 1.3731693765509461125e+4,
                          4.5921953931549871457e+4, 6.7265770927008700853e+4,
                          3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr double b[] = {1.0,
                          4.2313330701600911252e+1,
                          6.8718700749205790830e+2,
                          5.3941960214247511077e+3,
                          2.1213794301586595867e+4,
                          3.9307895800092710610e+4,
                          2.8729085735721942674e+4,
                          5.2264952788528545610e+3};
  const double r = 0.180625 - q * q;
  return q * polynomial(a, r) / polynomial(b, r);
}

// The quantile of 1 - p for 0 < p < 0.075.
double tail_quantile(double p) {
  constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                          5.76949722146069140550e0,  3.64784832476320460504e0,
                          1.27045825245236838258e0,  2.41780725177450611770e-1,
                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double d[] = {1.0,
                          2.05319162663775882187e0,
                          1.67638483018380384940e0,
                          6.89767334985100004550e-1,
                          1.48103976427480074590e-1,
                          1.51986665636164571966e-2,
                          5.47593808499534494600e-4,
                          1.05075007164441684324e-9};
  constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                          1.78482653991729133580e0,  2.96560571828504891230e-1,
                          2.65321895265761230930e-2, 1.24266094738807843860e-3,
                          2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double f[] = {1.0,
                          5.99832206555887937690e-1,
                          1.36929880922735805310e-1,
                          1.48753612908506148525e-2,
                          7.86869131145613259100e-4,
                          1.84631831751005468180e-5,
                          1.42151175831644588870e-7,
                          2.04426310338993978564e-15};
  const double r = std::sqrt(-logarithm(p));
  if (r <= 5) return polynomial(c, r - 1.6) / polynomial(d, r - 1.6);
  return polynomial(e, r - 5) / polynomial(f, r - 5);
}

// A draw's first bit is the sign, its next 52 bits m the distance q = 1/2 - (m + 1/2) / 2^53 from
// the median: every step is exact.
double distance_from_median(std::uint64_t word) {
  const std::uint64_t mantissa = (word << 1) >> 12;
  const auto one_to_two = std::bit_cast<double>(mantissa | 0x3FF0000000000000);
  return 0.5 - ((one_to_two - 1) * 0.5 + 0x1p-54);
}
double with_sign(double value, std::uint64_t word) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) |
                               (word & (std::uint64_t{1} << 63)));
}
double tail_normal(std::uint64_t word, double q) { return with_sign(tail_quantile(0.5 - q), word); }

// How many draws are turned into numbers at a time: both stay in the first cache.
constexpr std::size_t chunk = 256;

// The central formula for all, without a branch, then the one draw in seven that lies in a tail.
void normals(const std::uint64_t* words, double* values, std::size_t count) {
  double distances[chunk];
  std::uint16_t tails[chunk];
  for (std::size_t i = 0; i < count; ++i) {
    distances[i] = distance_from_median(words[i]);
    values[i] = with_sign(central_quantile(distances[i]), words[i]);
  }
  std::size_t n_tails = 0;
  for (std::size_t i = 0; i < count; ++i) {
    tails[n_tails] = static_cast<std::uint16_t>(i);
    n_tails += distances[i] > centre ? 1 : 0;
  }
  for (std::size_t j = 0; j < n_tails; ++j)
    values[tails[j]] = tail_normal(words[tails[j]], distances[tails[j]]);
}

void check_uniform(double a, double b, double limit, location where) {
  const std::string call = "uniform: a = " + number_text(a) + ", b = " + number_text(b) + ": ";
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(b - a))
    throw domain_error(call + "both and their difference must be finite", where);
  if (a > b) throw domain_error(call + "a must not be greater than b", where);
  if (std::fabs(a) > limit || std::fabs(b) > limit)
    throw domain_error(call + "too large for a float", where);
}

void check_normal(double mean, double std, double limit, location where) {
  const std::string call =
      "normal: mean = " + number_text(mean) + ", std = " + number_text(std) + ": ";
  if (!std::isfinite(mean) || !std::isfinite(std))
    throw domain_error(call + "both must be finite", where);
  if (std < 0) throw domain_error(call + "std must not be negative", where);
  if (std::fabs(mean) + 9 * std > limit)
    throw domain_error(call + "the numbers would not fit the element type", where);
}

template <class T>
constexpr double largest = static_cast<double>(std::numeric_limits<T>::max());

}  // namespace

std::array<std::uint32_t, 4> philox4x32(const std::array<std::uint32_t, 4>& counter,
                                        const std::array<std::uint32_t, 2>& key) noexcept {
  std::uint64_t words[2];
  philox_blocks(join(key[0], key[1]), join(counter[2], counter[3]), join(counter[0], counter[1]),
                words, 1);
  return {low(words[0]), high(words[0]), low(words[1]), high(words[1])};
}

double standard_normal_quantile(double p, location where) {
  if (!(p > 0 && p < 1))
    throw domain_error(
        "standard_normal_quantile: p = " + number_text(p) + ": must lie between 0 and 1", where);
  if (p < DBL_MIN) p = DBL_MIN;  // the logarithm knows no subnormal numbers
  const double q = p - 0.5;
  if (std::fabs(q) <= centre) return std::copysign(central_quantile(std::fabs(q)), q);
  return q < 0 ? -tail_quantile(p) : tail_quantile(1 - p);
}

rng rng::split(std::uint64_t stream) const noexcept {
  // Not the key the numbers come from: a child must not be made of its parent's numbers.
  constexpr std::uint64_t salt = 0x73706C6974206F66;
  std::uint64_t words[2];
  philox_blocks(key_ ^ salt, stream_, stream, words, 1);
  rng child(words[0]);
  child.stream_ = words[1];
  return child;
}

void rng::load() noexcept { philox_blocks(key_, stream_, position_ / 2, block_.data(), 1); }

void rng::discard(std::uint64_t draws) noexcept {
  position_ += draws;
  if (position_ & 1) load();
}

void rng::set_state(const state_type& state) noexcept {
  key_ = state[0];
  stream_ = state[1];
  position_ = 0;
  discard(state[2]);
}

void rng::fill_bits(std::span<std::uint64_t> words) noexcept {
  std::size_t done = 0;
  if (!words.empty() && (position_ & 1)) words[done++] = (*this)();
  const std::size_t blocks = (words.size() - done) / 2;
  philox_blocks(key_, stream_, position_ / 2, words.data() + done, blocks);
  position_ += 2 * blocks;
  if (done + 2 * blocks < words.size()) words.back() = (*this)();
}

double rng::uniform(double a, double b, location where) {
  check_uniform(a, b, largest<double>, where);
  return a + (b - a) * uniform();
}

double rng::normal() noexcept {
  const std::uint64_t word = (*this)();
  const double q = distance_from_median(word);
  return q > centre ? tail_normal(word, q) : with_sign(central_quantile(q), word);
}

double rng::normal(double mean, double std, location where) {
  check_normal(mean, std, largest<double>, where);
  return mean + std * normal();
}

std::uint64_t rng::below(std::uint64_t n, location where) {
  if (n == 0) throw domain_error("below: n = 0: there is no integer below 0", where);
  __extension__ using wide = unsigned __int128;
  wide product = wide{(*this)()} * n;
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t excess = (0 - n) % n;  // 2^64 mod n: so many low parts are one too many
    while (static_cast<std::uint64_t>(product) < excess) product = wide{(*this)()} * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

namespace {

template <class T, class Make>
void fill(std::span<T> values, rng& random, const Make& make) {
  std::uint64_t words[chunk];
  double numbers[chunk];
  while (!values.empty()) {
    const std::size_t count = std::min(chunk, values.size());
    random.fill_bits(std::span(words, count));
    make(words, numbers, count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(numbers[i]);
    values = values.subspan(count);
  }
}

auto uniform_maker(double a, double b) {
  return [a, width = b - a](const std::uint64_t* words, double* numbers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      numbers[i] = a + width * (static_cast<double>(words[i] >> 11) * 0x1p-53);
  };
}

auto normal_maker(double mean, double std) {
  return [mean, std](const std::uint64_t* words, double* numbers, std::size_t count) {
    normals(words, numbers, count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = mean + std * numbers[i];
  };
}

}  // namespace

void rng::fill_uniform(std::span<double> values, double a, double b, location where) {
  check_uniform(a, b, largest<double>, where);
  fill(values, *this, uniform_maker(a, b));
}
void rng::fill_uniform(std::span<float> values, double a, double b, location where) {
  check_uniform(a, b, largest<float>, where);
  fill(values, *this, uniform_maker(a, b));
}
void rng::fill_normal(std::span<double> values, double mean, double std, location where) {
  check_normal(mean, std, largest<double>, where);
  fill(values, *this, normal_maker(mean, std));
}
void rng::fill_normal(std::span<float> values, double mean, double std, location where) {
  check_normal(mean, std, largest<float>, where);
  fill(values, *this, normal_maker(mean, std));
}

}  // namespace xtape
