#include "kernel/softmax.hpp"

#include "kernel/lane.hpp"

#include "catch.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <omp.h>

using namespace xtape::kernel;

namespace {

using sizes = std::vector<std::size_t>;

template <class T>
constexpr T inf = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

template <class T>
std::vector<T> random_values(std::size_t size, unsigned seed, double span = 5) {
  std::mt19937 generator(seed);
  std::vector<T> values(size);
  for (T& value : values)
    value = static_cast<T>(span * (static_cast<double>(generator() % 2001) / 1000 - 1));
  return values;
}

/// Element j of slice (o, i) of (outer, n, inner).
struct layout {
  std::size_t outer;
  std::size_t n;
  std::size_t inner;
  std::size_t size() const { return outer * n * inner; }
  std::size_t at(std::size_t o, std::size_t j, std::size_t i) const {
    return (o * n + j) * inner + i;
  }
};

/// Wider than double: with logits of 1e4 the reference loses four digits.
using wide = long double;

template <class T>
wide reference_logsumexp(const layout& l, const std::vector<T>& x, std::size_t o, std::size_t i) {
  wide max = -inf<wide>;
  for (std::size_t j = 0; j < l.n; ++j) max = std::max(max, static_cast<wide>(x[l.at(o, j, i)]));
  if (std::isinf(max)) return max;
  wide sum = 0;
  for (std::size_t j = 0; j < l.n; ++j) sum += std::exp(static_cast<wide>(x[l.at(o, j, i)]) - max);
  return max + std::log(sum);
}

template <class T>
constexpr wide tolerance = 40 * static_cast<wide>(std::numeric_limits<T>::epsilon());

/// Within `tolerance` of the expected value relative to max(scale, |expected|); where that is beyond
/// T's range, infinite.
template <class T>
bool close(T value, wide expected, wide scale = 1) {
  if (std::isinf(static_cast<T>(expected))) return value == static_cast<T>(expected);
  return std::abs(static_cast<wide>(value) - expected) <=
         tolerance<T> * std::max(scale, std::abs(expected));
}

template <class T>
int wrong_elements(const layout& l, const std::vector<T>& x) {
  std::vector<T> soft(l.size() + 1, T(77));
  std::vector<T> log_soft(l.size() + 1, T(77));
  std::vector<T> lse(l.outer * l.inner + 1, T(77));
  softmax(l.outer, l.n, l.inner, x.data(), soft.data());
  log_softmax(l.outer, l.n, l.inner, x.data(), log_soft.data());
  logsumexp(l.outer, l.n, l.inner, x.data(), lse.data());
  int wrong = (soft.back() != T(77)) + (log_soft.back() != T(77)) + (lse.back() != T(77));
  for (std::size_t o = 0; o < l.outer; ++o)
    for (std::size_t i = 0; i < l.inner; ++i) {
      const wide expected = reference_logsumexp(l, x, o, i);
      if (!close(lse[o * l.inner + i], expected)) ++wrong;
      for (std::size_t j = 0; j < l.n; ++j) {
        const std::size_t k = l.at(o, j, i);
        const wide log_p = static_cast<wide>(x[k]) - expected;
        if (!close(soft[k], std::exp(log_p))) ++wrong;
        if (!close(log_soft[k], log_p)) ++wrong;
      }
    }
  std::vector<T> in_place = x;
  softmax(l.outer, l.n, l.inner, in_place.data(), in_place.data());
  in_place.push_back(T(77));
  if (in_place != soft) ++wrong;
  in_place = x;
  log_softmax(l.outer, l.n, l.inner, in_place.data(), in_place.data());
  in_place.push_back(T(77));
  if (in_place != log_soft) ++wrong;
  return wrong;
}

std::vector<layout> layouts() {
  std::vector<layout> all = {{600, 100, 1}, {7000, 10, 1}, {3, 50, 500}, {1, 70, 33}};
  for (std::size_t n = 0; n <= 40; ++n)
    for (const std::size_t outer : sizes{0, 1, 3, 5, 16, 33}) all.push_back({outer, n, 1});
  for (const std::size_t n : sizes{64, 65, 100, 127, 1000}) all.push_back({3, n, 1});
  for (const std::size_t n : sizes{1, 2, 4, 7, 13})
    for (const std::size_t inner : sizes{0, 2, 3, 8, 15, 16, 17, 40}) all.push_back({2, n, inner});
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("softmax, log_softmax and logsumexp agree with sums in double",
                   "[kernel][softmax]", float, double) {
  using T = TestType;
  for (const layout& l : layouts()) {
    INFO("outer " << l.outer << " n " << l.n << " inner " << l.inner);
    REQUIRE(wrong_elements<T>(l, random_values<T>(l.size(), 1)) == 0);
    REQUIRE(wrong_elements<T>(l, random_values<T>(l.size(), 2, 1e4)) == 0);
  }
}

TEMPLATE_TEST_CASE("softmax of infinite and NaN logits", "[kernel][softmax]", float, double) {
  using T = TestType;
  const layout l = GENERATE(layout{1, 3, 1}, layout{20, 10, 1}, layout{2, 50, 1}, layout{2, 100, 1},
                            layout{2, 9, 5}, layout{1, 9, 20});
  INFO("outer " << l.outer << " n " << l.n << " inner " << l.inner);
  const std::size_t o = l.outer - 1;
  const std::size_t i = l.inner - 1;

  SECTION("-inf has probability 0") {
    auto x = random_values<T>(l.size(), 3);
    x[l.at(o, 1, i)] = -inf<T>;
    x[l.at(0, l.n - 1, 0)] = -inf<T>;
    CHECK(wrong_elements<T>(l, x) == 0);
  }
  SECTION("the ends of the range") {
    auto x = random_values<T>(l.size(), 3);
    x[l.at(o, 0, i)] = std::numeric_limits<T>::lowest();
    x[l.at(o, 1, i)] = std::numeric_limits<T>::max();
    CHECK(wrong_elements<T>(l, x) == 0);
  }
  SECTION("a slice that is -inf throughout, or holds +inf or NaN, leaves the others alone") {
    const T bad = GENERATE(-inf<T>, inf<T>, nan_of<T>);
    const std::size_t place = GENERATE(0u, 1u, 2u);
    INFO("bad " << bad << " place " << place);
    auto x = random_values<T>(l.size(), 4);
    for (std::size_t j = 0; j < l.n; ++j)
      if (bad == -inf<T> || j == (place == 2 ? l.n - 1 : place)) x[l.at(o, j, i)] = bad;
    std::vector<T> soft(l.size());
    std::vector<T> log_soft(l.size());
    std::vector<T> lse(l.outer * l.inner);
    softmax(l.outer, l.n, l.inner, x.data(), soft.data());
    log_softmax(l.outer, l.n, l.inner, x.data(), log_soft.data());
    logsumexp(l.outer, l.n, l.inner, x.data(), lse.data());
    for (std::size_t p = 0; p < l.outer; ++p)
      for (std::size_t q = 0; q < l.inner; ++q) {
        const bool hit = p == o && q == i;
        if (hit && bad == -inf<T>)
          CHECK(lse[p * l.inner + q] == -inf<T>);
        else
          CHECK(std::isnan(lse[p * l.inner + q]) == hit);
        for (std::size_t j = 0; j < l.n; ++j) {
          CHECK(std::isnan(soft[l.at(p, j, q)]) == hit);
          CHECK(std::isnan(log_soft[l.at(p, j, q)]) == hit);
        }
      }
  }
  SECTION("-inf beside NaN is NaN") {
    std::vector<T> x(l.size(), -inf<T>);
    for (std::size_t k = 0; k < l.size(); k += l.n * l.inner) x[k] = nan_of<T>;
    std::vector<T> y(l.size());
    softmax(l.outer, l.n, l.inner, x.data(), y.data());
    for (const T value : y) CHECK(std::isnan(value));
  }
}

TEMPLATE_TEST_CASE("the vjps of softmax and log_softmax", "[kernel][softmax]", float, double) {
  using T = TestType;
  for (const layout& l : layouts())
    for (const bool accumulate : {false, true}) {
      INFO("outer " << l.outer << " n " << l.n << " inner " << l.inner << " " << accumulate);
      const auto g = random_values<T>(l.size(), 5, 1);
      const auto x = random_values<T>(l.size(), 6);
      std::vector<T> y(l.size());
      std::vector<T> log_y(l.size());
      softmax(l.outer, l.n, l.inner, x.data(), y.data());
      log_softmax(l.outer, l.n, l.inner, x.data(), log_y.data());
      const wide start = accumulate ? 0.5 : 0;
      const std::vector<T> before(l.size() + 1, accumulate ? T(0.5) : nan_of<T>);
      std::vector<T> gx = before;
      std::vector<T> log_gx = before;
      gx.back() = log_gx.back() = T(77);
      softmax_vjp(l.outer, l.n, l.inner, g.data(), y.data(), accumulate, gx.data());
      log_softmax_vjp(l.outer, l.n, l.inner, g.data(), log_y.data(), accumulate, log_gx.data());
      int wrong = (gx.back() != T(77)) + (log_gx.back() != T(77));
      for (std::size_t o = 0; o < l.outer; ++o)
        for (std::size_t i = 0; i < l.inner; ++i) {
          wide product = 0;
          wide sum = 0;
          for (std::size_t j = 0; j < l.n; ++j) {
            const std::size_t k = l.at(o, j, i);
            product += static_cast<wide>(g[k]) * static_cast<wide>(y[k]);
            sum += static_cast<wide>(g[k]);
          }
          for (std::size_t j = 0; j < l.n; ++j) {
            const std::size_t k = l.at(o, j, i);
            const wide g_j = static_cast<wide>(g[k]);
            if (!close(gx[k], start + static_cast<wide>(y[k]) * (g_j - product))) ++wrong;
            const wide expected = start + g_j - std::exp(static_cast<wide>(log_y[k])) * sum;
            if (!close(log_gx[k], expected, static_cast<wide>(l.n) / 8)) ++wrong;
          }
        }
      REQUIRE(wrong == 0);
      if (!accumulate) {
        std::vector<T> in_place = g;
        softmax_vjp(l.outer, l.n, l.inner, in_place.data(), y.data(), false, in_place.data());
        gx.pop_back();
        REQUIRE(in_place == gx);
      }
    }
}

namespace {

template <class T>
struct loss_and_gradient {
  wide loss = 0;
  std::vector<wide> gradient;
};

template <class T>
loss_and_gradient<T> reference_loss(std::size_t b, std::size_t c, const std::vector<T>& x,
                                    const std::vector<T>& t) {
  const layout l{b, c, 1};
  const auto rows = static_cast<wide>(b);
  loss_and_gradient<T> result;
  result.gradient.resize(b * c);
  for (std::size_t i = 0; i < b; ++i) {
    const wide lse = reference_logsumexp(l, x, i, 0);
    wide weight = 0;
    for (std::size_t j = 0; j < c; ++j) {
      const wide t_j = static_cast<wide>(t[i * c + j]);
      weight += t_j;
      if (t_j != 0) result.loss += t_j * (lse - static_cast<wide>(x[i * c + j])) / rows;
    }
    for (std::size_t j = 0; j < c; ++j)
      result.gradient[i * c + j] = (std::exp(static_cast<wide>(x[i * c + j]) - lse) * weight -
                                    static_cast<wide>(t[i * c + j])) /
                                   rows;
  }
  return result;
}

/// How many of the loss, the loss without a gradient and the gradient's elements are off.
template <class T>
int wrong_loss(std::size_t b, std::size_t c, const std::vector<T>& x, const std::vector<T>& t,
               const std::function<T(T*)>& loss) {
  const auto expected = reference_loss(b, c, x, t);
  std::vector<T> gradient(b * c + 1, nan_of<T>);
  gradient.back() = T(77);
  int wrong = close(loss(gradient.data()), expected.loss) ? 0 : 1;
  if (!close(loss(nullptr), expected.loss)) ++wrong;
  if (gradient.back() != T(77)) ++wrong;
  for (std::size_t k = 0; k < b * c; ++k)
    if (!(std::abs(static_cast<wide>(gradient[k]) - expected.gradient[k]) <=
          tolerance<T> / static_cast<wide>(b)))
      ++wrong;
  return wrong;
}

std::vector<std::pair<std::size_t, std::size_t>> batches() {
  std::vector<std::pair<std::size_t, std::size_t>> all = {{4096, 10}, {700, 100}, {2, 1000}};
  for (std::size_t c = 1; c <= 40; ++c)
    for (const std::size_t b : sizes{1, 3, 4, 8, 16, 17, 40}) all.emplace_back(b, c);
  for (const std::size_t c : sizes{63, 64, 65, 129}) all.emplace_back(5, c);
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("softmax_cross_entropy with labels", "[kernel][softmax]", float, double) {
  using T = TestType;
  for (const auto& [b, c] : batches())
    for (const double span : {5.0, 1e4}) {
      INFO("b " << b << " c " << c << " span " << span);
      const auto x = random_values<T>(b * c, 7, span);
      std::vector<int> labels(b);
      std::vector<T> t(b * c);
      for (std::size_t i = 0; i < b; ++i) {
        labels[i] = static_cast<int>((i * 7 + c - 1) % c);
        t[i * c + static_cast<std::size_t>(labels[i])] = T(1);
      }
      REQUIRE(wrong_loss<T>(b, c, x, t, [&, rows = b, classes = c](T* gradient) {
                return softmax_cross_entropy(rows, classes, x.data(), labels.data(), gradient);
              }) == 0);
    }
}

TEMPLATE_TEST_CASE("softmax_cross_entropy with weights", "[kernel][softmax]", float, double) {
  using T = TestType;
  for (const auto& [b, c] : batches()) {
    INFO("b " << b << " c " << c);
    const auto x = random_values<T>(b * c, 8);
    auto t = random_values<T>(b * c, 9, 1);
    for (T& value : t) value = std::abs(value) / static_cast<T>(c);
    std::vector<T> losses(b + 1, T(77));
    softmax_cross_entropy(b, c, x.data(), t.data(), losses.data());
    CHECK(losses[b] == T(77));
    for (std::size_t i = 0; i < b; ++i) {
      const auto row = [&, classes = c](const std::vector<T>& all) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(i * classes);
        return std::vector<T>(first, first + static_cast<std::ptrdiff_t>(classes));
      };
      REQUIRE(close(losses[i], reference_loss(1, c, row(x), row(t)).loss));
    }
  }
}

TEMPLATE_TEST_CASE("softmax_cross_entropy of infinite logits", "[kernel][softmax]", float, double) {
  using T = TestType;
  const std::size_t c = GENERATE(3u, 10u, 50u);
  const std::size_t b = 6;
  auto x = random_values<T>(b * c, 10);
  std::vector<int> labels(b, 1);
  std::vector<T> t(b * c);
  for (std::size_t i = 0; i < b; ++i) t[i * c + 1] = T(1);
  const auto label_loss = [&](T* g) {
    return softmax_cross_entropy(b, c, x.data(), labels.data(), g);
  };
  const auto row_losses = [&] {
    std::vector<T> losses(b);
    softmax_cross_entropy(b, c, x.data(), t.data(), losses.data());
    return losses;
  };
  const auto mean_of_rows = [&] {
    wide total = 0;
    for (const T loss : row_losses()) total += loss;
    return static_cast<T>(total / b);
  };

  SECTION("-inf off the label changes nothing but its own probability") {
    x[2] = -inf<T>;
    CHECK(wrong_loss<T>(b, c, x, t, label_loss) == 0);
    CHECK(close(mean_of_rows(), reference_loss(b, c, x, t).loss));
  }
  SECTION("-inf at the label is an infinite loss with a finite gradient") {
    x[1] = -inf<T>;
    CHECK(wrong_loss<T>(b, c, x, t, label_loss) == 0);
    CHECK(close(mean_of_rows(), reference_loss(b, c, x, t).loss));
    CHECK(label_loss(nullptr) == inf<T>);
  }
  SECTION("NaN and +inf give a NaN loss and a NaN gradient in their row alone") {
    const T bad = GENERATE(inf<T>, nan_of<T>);
    x[c + 2] = bad;
    std::vector<T> gradient(b * c);
    CHECK(std::isnan(label_loss(gradient.data())));
    for (std::size_t k = 0; k < b * c; ++k) CHECK(std::isnan(gradient[k]) == (k / c == 1));
    for (std::size_t i = 0; i < b; ++i) CHECK(std::isnan(row_losses()[i]) == (i == 1));
  }
}

TEMPLATE_TEST_CASE("softmax kernels have the same bits for any number of threads",
                   "[kernel][softmax]", float, double) {
  using T = TestType;
  const int threads_before = omp_get_max_threads();
  const layout all[] = {{700, 100, 1}, {5003, 10, 1}, {3, 50, 501}};
  for (const layout& l : all) {
    const auto x = random_values<T>(l.size(), 11);
    const auto g = random_values<T>(l.size(), 12);
    const std::vector<int> labels(l.outer * l.inner, 3);
    std::vector<std::vector<T>> expected;
    for (const int threads : {1, 2, 3, 4}) {
      omp_set_num_threads(threads);
      std::vector<std::vector<T>> got(5, std::vector<T>(l.size()));
      softmax(l.outer, l.n, l.inner, x.data(), got[0].data());
      softmax_vjp(l.outer, l.n, l.inner, g.data(), got[0].data(), false, got[1].data());
      logsumexp(l.outer, l.n, l.inner, x.data(), got[2].data());
      const std::size_t rows = l.outer * l.inner;
      got[4].assign(rows + 1, T(0));
      softmax_cross_entropy(rows, l.n, x.data(), g.data(), got[4].data());
      got[4][rows] = softmax_cross_entropy(rows, l.n, x.data(), labels.data(), got[3].data());
      if (expected.empty())
        expected = got;
      else
        CHECK(got == expected);
    }
  }
  omp_set_num_threads(threads_before);
}

TEMPLATE_TEST_CASE("the greatest and the sum of a register, wherever a NaN stands in it",
                   "[kernel]", float, double) {
  using T = TestType;
  T values[lane_size<T>];
  for (std::size_t i = 0; i < lane_size<T>; ++i) values[i] = static_cast<T>(i);
  const T last = static_cast<T>(lane_size<T> - 1);
  CHECK(horizontal_max(load(values)) == last);
  CHECK(horizontal_sum(load(values)) == last * (last + 1) / 2);
  for (T& v : values) {
    const T before = std::exchange(v, nan_of<T>);
    CHECK(std::isnan(horizontal_max(load(values))));
    CHECK(std::isnan(horizontal_sum(load(values))));
    v = before;
  }
}
