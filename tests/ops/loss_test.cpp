// Losses at their ends and kinks, their options, and what they refuse.

#include "catch.hpp"

#include <cmath>
#include <limits>

#include <xtape/array/rng.hpp>
#include <xtape/calculus/grad.hpp>
#include <xtape/ops/ops.hpp>

#include "ops/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();
using labels = std::vector<int>;

/// A loss of elements with its derivatives by both arguments.
template <class F>
void at(const char* name, const F& f, const array<double>& p, const array<double>& t,
        const std::vector<double>& value, const std::vector<double>& by_p,
        const std::vector<double>& by_t) {
  INFO(name);
  const parameter<double> a(p), b(t);
  const tape recording;
  const variable<double> y = f(a, b);
  y.backward(full<double>(p.shape(), 1));
  const auto same = [](const char* what, const array<double>& found,
                       const std::vector<double>& expected) {
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(what << " at " << i << ": " << found(i) << ", expected " << expected[i]);
      CHECK(((std::isnan(expected[i]) && std::isnan(found(i))) || found(i) == expected[i] ||
             std::abs(found(i) - expected[i]) <= 1e-15 * std::abs(expected[i])));
    }
  };
  same("value", y.value(), value);
  same("by the first", a.grad(), by_p);
  same("by the second", b.grad(), by_t);
}

}  // namespace

TEST_CASE("losses of elements at kinks and ends", "[ops][loss]") {
  at("l1", [](const auto& p, const auto& t) { return l1(p, t, reduction::none); }, {1, 1, 0, none},
     {1, 3, -inf, 1}, {0, 2, inf, none}, {0, -1, 1, none}, {0, 1, -1, none});
  at("mse", [](const auto& p, const auto& t) { return mse(p, t, reduction::none); },
     {1, 1e200, none}, {3, 0, 1}, {4, inf, none}, {-4, 2e200, none}, {4, -2e200, none});
  at("huber", [](const auto& p, const auto& t) { return huber(p, t, 2, reduction::none); },
     {0, 2, 3, -5, 1e200, none}, {0, 0, 0, 0, 0, 0}, {0, 2, 4, 8, 2e200, none},
     {0, 2, 2, -2, 2, none}, {0, -2, -2, 2, -2, none});
  // log(1 + e^-50) is 1.9e-22, not 0.
  at("binary_cross_entropy_with_logits",
     [](const auto& z, const auto& t) {
       return binary_cross_entropy_with_logits(z, t, reduction::none);
     },
     {0, 50, -50, 1000, -1000, 1000, none}, {0.5, 1, 0, 0, 1, 1, 0.5},
     {std::log(2.0), std::exp(-50.0), std::exp(-50.0), 1000, 1000, 0, none},
     {0, 0, std::exp(-50.0), 1, -1, 0, none}, {0, -50, 50, -1000, 1000, -1000, none});
  at("hinge", [](const auto& s, const auto& t) { return hinge(s, t, reduction::none); },
     {0.5, 1, 2, -3, 1, none}, {1, 1, 1, 1, -1, 1}, {0.5, 0, 0, 4, 2, none}, {-1, 0, 0, -1, 1, 0},
     {-0.5, 0, 0, 3, -1, none});
}

TEST_CASE("kl_divergence of distributions with zeros, and of equal ones", "[ops][loss]") {
  const parameter<double> q(array<double>{{0, -inf}, {std::log(0.5), std::log(0.5)}});
  const array<double> p{{1, 0}, {0.5, 0.5}};
  const tape recording;
  const variable<double> each = kl_divergence(q, p, reduction::none);
  CHECK((each.value() == array<double>{0, 0}));
  sum(each).backward();
  CHECK((q.grad() == array<double>{{-1, 0}, {-0.5, -0.5}}));
  CHECK(kl_divergence(q, array<double>{{0, 1}, {1, 0}}).item() == inf);
  const variable<double> uneven = kl_divergence(array<double>{std::log(0.25), std::log(0.75)},
                                                variable<double>(array<double>{0.5, 0.5}));
  CHECK(uneven.item() == Approx(0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75)));
}

TEST_CASE("options of softmax_cross_entropy", "[ops][loss]") {
  const parameter<double> z({{1, 2, 3}, {0, 0, 5}, {-1, 1, 0}});
  const tape recording;
  const array<double> each = softmax_cross_entropy(z, {0, 2, 1}, {.how = reduction::none}).value();
  const auto mean = [&](const cross_entropy_options& options, const labels& y = {0, 2, 1}) {
    return softmax_cross_entropy(z, y, options).item();
  };
  CHECK(mean({}) == Approx((each(0) + each(1) + each(2)) / 3).epsilon(1e-15));
  CHECK(mean({.how = reduction::sum}) == Approx(each(0) + each(1) + each(2)).epsilon(1e-15));
  CHECK(mean({.ignore_index = -1}, {0, -1, 1}) == Approx((each(0) + each(2)) / 2).epsilon(1e-15));
  CHECK(mean({.ignore_index = 1}) == Approx((each(0) + each(1)) / 2).epsilon(1e-15));
  CHECK(mean({.class_weights = {2, 1, 4}}) ==
        Approx((2 * each(0) + 4 * each(1) + each(2)) / 7).epsilon(1e-15));
  CHECK(mean({.how = reduction::sum, .class_weights = {2, 1, 4}, .ignore_index = 0}) ==
        Approx(4 * each(1) + each(2)).epsilon(1e-15));
  CHECK(mean({.label_smoothing = 0}) == mean({}));
  // Smoothed all the way, every label gives the same.
  CHECK(mean({.label_smoothing = 1}) ==
        Approx(mean({.label_smoothing = 1}, {1, 1, 1})).epsilon(1e-15));
  // An ignored row sends nothing back.
  softmax_cross_entropy(z, {0, 7, 1}, {.ignore_index = 7}).backward();
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(z.grad()(1, j) == 0);
    CHECK(z.grad()(0, j) != 0);
  }
  // Targets that are the labels, one-hot, under the same options.
  const array<double> onehot{{1, 0, 0}, {0, 0, 1}, {0, 1, 0}};
  for (const double smoothing : {0.0, 0.3})
    for (const reduction how : {reduction::mean, reduction::sum})
      CHECK(softmax_cross_entropy(z, onehot, {.how = how, .label_smoothing = smoothing}).item() ==
            Approx(mean({.how = how, .label_smoothing = smoothing})).epsilon(1e-15));
}

TEST_CASE("softmax_cross_entropy can be gone back through again and again", "[ops][loss]") {
  xtape::rng random(2);
  const parameter<float> z(random.normal<float>({5, 7}));
  tape recording;
  const variable<float> loss = softmax_cross_entropy(z, {0, 6, 3, 3, 1});
  // The first sweep takes what the forward pass left behind; the others compute the same.
  const array<float> first = grad(loss, {z})[0].value();
  CHECK((grad(loss, {z})[0].value() == first));
  loss.backward();
  CHECK((z.grad() == first));
  loss.backward();
  CHECK((z.grad() == array<float>(2 * first)));
  z.zero_grad();
  loss.backward(full<float>({}, 0.5F));
  CHECK((z.grad() == array<float>(0.5F * first)));
  // A gradient that is itself recorded is made of other operations.
  const array<float> recorded = grad(loss, {z}, {.create_graph = true})[0].value();
  CHECK(xt::amax(xt::abs(recorded - first))() < 1e-7F);
}

TEST_CASE("nll of log_softmax is softmax_cross_entropy", "[ops][loss]") {
  const parameter<double> z({{1, 2, 3}, {0, 0, 5}});
  const tape recording;
  const variable<double> a = nll(log_softmax(z), {0, 2}), b = softmax_cross_entropy(z, {0, 2});
  CHECK(a.item() == Approx(b.item()).epsilon(1e-15));
  const array<double> ga = grad(a, {z})[0].value(), gb = grad(b, {z})[0].value();
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(ga.data()[i] == Approx(gb.data()[i]).epsilon(1e-13).margin(1e-16));
  CHECK(nll(array<double>{{-inf, -1}}, {1}).item() == 1);
}

TEST_CASE("cosine_similarity of zero, huge and tiny vectors", "[ops][loss]") {
  const parameter<double> a({{3e200, 4e200}, {3e-200, -4e-200}, {0, 0}, {1, 2}, {none, 1}});
  const parameter<double> b({{4e-300, 3e-300}, {-3e100, 4e100}, {1, 1}, {0, 0}, {1, 1}});
  const tape recording;
  const variable<double> y = cosine_similarity(a, b);
  CHECK(y.value()(0) == Approx(0.96).epsilon(1e-15));
  CHECK(y.value()(1) == Approx(-1).epsilon(1e-15));
  CHECK(y.value()(2) == 0);
  CHECK(y.value()(3) == 0);
  CHECK(std::isnan(y.value()(4)));
  y.backward(full<double>({5}, 1));
  // g (b/|b| - y a/|a|) / |a|
  CHECK(a.grad()(0, 0) == Approx((0.8 - 0.96 * 0.6) / 5e200).epsilon(1e-13));
  CHECK(a.grad()(0, 1) == Approx((0.6 - 0.96 * 0.8) / 5e200).epsilon(1e-13));
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK(a.grad()(2, j) == 0);
    CHECK(b.grad()(3, j) == 0);
    CHECK(b.grad()(2, j) == 0);
  }
}

TEST_CASE("what losses refuse", "[ops][loss][errors]") {
  errors::witness w;
  const array<double> one = full<double>({1}, 1);
  w.check<shape_error>("l1: (2, 3) and (3): the shapes differ",
                       [&](int& line) { line = __LINE__, l1(w.a, w.b); });
  w.check<shape_error>("huber: (2, 3) and (3): the shapes differ",
                       [&](int& line) { line = __LINE__, huber(w.a, w.b); });
  w.check<shape_error>(
      "binary_cross_entropy_with_logits: (2, 3) and (): the shapes differ",
      [&](int& line) { line = __LINE__, binary_cross_entropy_with_logits(w.a, 1); });
  w.check<shape_error>("hinge: (2, 3) and (1): the shapes differ",
                       [&](int& line) { line = __LINE__, hinge(w.a, one, reduction::none); });
  w.check<shape_error>("kl_divergence: (2, 3) and (3): the shapes differ",
                       [&](int& line) { line = __LINE__, kl_divergence(w.a, w.b); });
  w.check<shape_error>("kl_divergence: (): a distribution has an axis", [&](int& line) {
    line = __LINE__, kl_divergence(variable<double>(1.0), 1);
  });
  w.check<domain_error>("huber: delta = 0: must be positive",
                        [&](int& line) { line = __LINE__, huber(w.a, w.a, 0); });
  w.check<domain_error>("huber: delta = nan: must be positive",
                        [&](int& line) { line = __LINE__, huber(w.a, w.a, none); });
  w.check<domain_error>("l1: (0) and (0): there is nothing to average", [&](int& line) {
    line = __LINE__, l1(zeros<double>({0}), zeros<double>({0}));
  });
  w.check<domain_error>("nll: label 3 at index 1: labels must be 0..2", [&](int& line) {
    line = __LINE__, nll(w.a, {0, 3});
  });
  w.check<shape_error>("nll: (3): must be (batch, classes)",
                       [&](int& line) { line = __LINE__, nll(w.b, {0}); });
  w.check<shape_error>("cosine_similarity: (2, 3) and (3): the shapes differ",
                       [&](int& line) { line = __LINE__, cosine_similarity(w.a, w.b); });
  w.check<shape_error>("cosine_similarity: (2, 3) has no axis 2",
                       [&](int& line) { line = __LINE__, cosine_similarity(w.a, w.a, 2); });
  w.check<shape_error>("cosine_distance: () has no axis -1", [&](int& line) {
    line = __LINE__, cosine_distance(variable<double>(1.0), 1);
  });
  w.check<domain_error>("cosine_distance: (0, 3): there is nothing to average", [&](int& line) {
    line = __LINE__, cosine_distance(zeros<double>({0, 3}), zeros<double>({0, 3}));
  });
  const std::string op = "softmax_cross_entropy: ";
  w.check<domain_error>(op + "label_smoothing = 1.5: must be in 0..1", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, {0, 1}, {.label_smoothing = 1.5});
  });
  w.check<domain_error>(op + "label_smoothing = nan: must be in 0..1", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, w.a, {.label_smoothing = none});
  });
  w.check<shape_error>(op + "2 class_weights for 3 classes", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, {0, 1}, {.class_weights = {1, 2}});
  });
  w.check<domain_error>(op + "label 3 at index 1: labels must be 0..2", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, {4, 3}, {.ignore_index = 4});
  });
  w.check<domain_error>(op + "every label is ignored or has weight 0: there is nothing to average",
                        [&](int& line) {
                          line = __LINE__, softmax_cross_entropy(w.a, {4, 4}, {.ignore_index = 4});
                        });
  w.check<domain_error>(op + "ignore_index is for labels, not for targets", [&](int& line) {
    line = __LINE__, softmax_cross_entropy(w.a, w.a, {.ignore_index = 4});
  });
}
