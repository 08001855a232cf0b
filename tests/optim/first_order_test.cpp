#include <xtape/optim/optim.hpp>

#include <xtape/array/pool.hpp>
#include <xtape/array/rng.hpp>
#include <xtape/ops/ops.hpp>

#include "catch.hpp"
#include "gradients.hpp"
#include "torch_golden.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <variant>
#include <vector>

using Catch::Matchers::Message;
using namespace xtape;
using namespace xtape::optim;

namespace {

constexpr location nowhere;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Every method with every branch of its update.
template <class F>
void for_each_method(const F& f) {
  f(sgd_options{.learning_rate = 0.1});
  f(sgd_options{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01});
  f(sgd_options{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
  f(adam_options{.learning_rate = 0.1, .weight_decay = 0.01});
  f(adamw_options{.learning_rate = 0.1});
  f(rmsprop_options{.weight_decay = 0.01});
  f(rmsprop_options{.momentum = 0.9});
  f(rmsprop_options{.alpha = 0.9, .epsilon = 0.1, .centered = true});
  f(rmsprop_options{.alpha = 0.9, .epsilon = 0.1, .momentum = 0.9, .centered = true});
  f(adagrad_options{.weight_decay = 0.01});
}

template <class Options>
void compare(const char* name, const std::vector<torch_golden::trajectory<Options>>& trajectories) {
  const array<double> x{{1, 2, -1}, {0.5, -1, 2}, {3, 0.25, 1}, {-1, 1.5, 0.5}};
  const array<double> y = reshape(array<double>{1, -2, 0.5, 3}, {4, 1}).value();
  for (std::size_t i = 0; i < trajectories.size(); ++i) {
    CAPTURE(name, i);
    const parameter<double> w(zeros<double>({3, 1}), "w");
    first_order<double, Options> optimizer({w}, trajectories[i].options);
    auto point = trajectories[i].points.begin();
    for (int t = 1; t <= 100; ++t) {
      const tape recording;
      optimizer.zero_grad();
      sum(pow(abs(matmul(x, w) - y), 3)).backward();
      optimizer.set_learning_rate(trajectories[i].rate(t - 1));
      optimizer.step();
      if (point->step != t) continue;
      CAPTURE(t);
      for (std::size_t k = 0; k < 3; ++k)
        CHECK(std::abs(w.value()(k, 0) - point->w[k]) <= 1e-10 * std::abs(point->w[k]));
      ++point;
    }
    CHECK(point == trajectories[i].points.end());
  }
}

/// The value of w after each of `steps` steps on f(w) = a/2 w^2, or on f(w) = a w.
template <class Options>
std::vector<double> descend(const Options& options, double start, double a, int steps,
                            bool quadratic) {
  const parameter<double> w(array<double>{start});
  first_order<double, Options> optimizer({w}, options);
  std::vector<double> values;
  for (int t = 0; t < steps; ++t) {
    const tape recording;
    optimizer.zero_grad();
    sum(quadratic ? a / 2 * square(w) : a * w).backward();
    optimizer.step();
    values.push_back(w.value()(0));
  }
  return values;
}

void check_equal(const std::vector<double>& found, const auto& expected, double tolerance = 1e-12) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    const double value = expected(static_cast<int>(i) + 1);
    CHECK(std::abs(found[i] - value) <= tolerance * (1 + std::abs(value)));
  }
}

template <real T>
void copy_state(optimizer<T>& from, optimizer<T>& to) {
  const std::vector<state_slot<T>> source = from.state(), target = to.state();
  REQUIRE(source.size() == target.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    REQUIRE(source[i].name == target[i].name);
    REQUIRE(source[i].value.index() == target[i].value.index());
    std::visit([&](auto* value) { *value = *std::get<decltype(value)>(source[i].value); },
               target[i].value);
  }
}

}  // namespace

TEST_CASE("a hundred steps of every method are those of PyTorch", "[optim][torch]") {
  compare("sgd", torch_golden::sgd);
  compare("adam", torch_golden::adam);
  compare("adamw", torch_golden::adamw);
  compare("rmsprop", torch_golden::rmsprop);
  compare("adagrad", torch_golden::adagrad);
}

TEST_CASE("on a quadratic, momentum oscillates by its formula", "[optim]") {
  // w_(t+1) = p w_t - q w_(t-1): w_t = c k^t + c' k'^t with the roots of k^2 - p k + q.
  const double a = 2, rate = 0.3, mu = 0.8, start = 5;
  const auto formula = [&](double p, double q, double first) {
    using complex = std::complex<double>;
    const complex root = std::sqrt(complex(p * p - 4 * q)), k1 = (p + root) / 2.0,
                  k2 = (p - root) / 2.0, c = (first - start * k2) / (k1 - k2);
    return [=](int t) { return (c * std::pow(k1, t) + (start - c) * std::pow(k2, t)).real(); };
  };
  check_equal(descend(sgd_options{.learning_rate = rate, .momentum = mu}, start, a, 40, true),
              formula(1 + mu - rate * a, mu, start * (1 - rate * a)));
  check_equal(
      descend(sgd_options{.learning_rate = rate, .momentum = mu, .nesterov = true}, start, a, 40,
              true),
      formula((1 + mu) * (1 - rate * a), mu * (1 - rate * a), start * (1 - rate * a * (1 + mu))));
}

TEST_CASE("on a quadratic, methods without memory take steps of the rate", "[optim]") {
  const auto line = [](int t) { return 5 - 0.1 * t; };
  check_equal(descend(adam_options{.learning_rate = 0.1, .beta1 = 0, .beta2 = 0, .epsilon = 0}, 5,
                      2, 40, true),
              line);
  check_equal(
      descend(rmsprop_options{.learning_rate = 0.1, .alpha = 0, .epsilon = 0}, 5, 2, 40, true),
      line);
  // w = w (1 - rate lambda) - rate
  check_equal(
      descend(
          adamw_options{
              .learning_rate = 0.1, .beta1 = 0, .beta2 = 0, .epsilon = 0, .weight_decay = 0.5},
          5, 2, 20, true),
      [](int t) { return (5 + 1 / 0.5) * std::pow(1 - 0.1 * 0.5, t) - 1 / 0.5; });
}

TEST_CASE("under a constant gradient, every memory follows its formula", "[optim]") {
  const auto sum_of = [](double start, double rate, const auto& size) {
    return [=](int t) {
      double w = start;
      for (int k = 1; k <= t; ++k) w -= rate / size(k);
      return w;
    };
  };
  // Both means are exact from the first step on: their corrections cancel.
  check_equal(descend(adam_options{.learning_rate = 0.1, .epsilon = 0}, 5, 3, 50, false),
              [](int t) { return 5 - 0.1 * t; });
  check_equal(
      descend(rmsprop_options{.learning_rate = 0.1, .alpha = 0.9, .epsilon = 0}, 5, 3, 50, false),
      sum_of(5, 0.1, [](int k) { return std::sqrt(1 - std::pow(0.9, k)); }));
  check_equal(
      descend(rmsprop_options{.learning_rate = 0.1, .alpha = 0.9, .epsilon = 0, .centered = true},
              5, 3, 50, false),
      sum_of(5, 0.1, [](int k) { return std::sqrt((1 - std::pow(0.9, k)) * std::pow(0.9, k)); }));
  check_equal(descend(adagrad_options{.learning_rate = 0.1, .epsilon = 0}, 5, 3, 50, false),
              sum_of(5, 0.1, [](int k) { return std::sqrt(k); }));
}

TEST_CASE("arrays of every size take the same step, and gradients stay bitwise", "[optim]") {
  for_each_method([]<class Options>(const Options& options) {
    for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 67u, 100003u}) {
      rng random(7);
      const array<double> start = random.normal<double>({size});
      const std::size_t last = size == 0 ? 0 : size - 1;
      const parameter<float> w(start);
      const parameter<double> exact(start),
          end(size == 0 ? zeros<double>({1}) : array<double>{start(last)});
      first_order<float, Options> optimizer({w}, options);
      first_order<double, Options> in_double({exact}, options), of_last({end}, options);
      CAPTURE(optimizer.explain(), size);
      double worst = 0;
      for (int t = 0; t < 3; ++t) {
        const array<double> g = random.normal<double>({size});
        const array<float> rounded = g;
        send_gradient(w, rounded);
        send_gradient(exact, g);
        send_gradient(end, size == 0 ? zeros<double>({1}) : array<double>{g(last)});
        optimizer.step(), in_double.step(), of_last.step();
        REQUIRE(same_bits(w.grad(), rounded));
        REQUIRE(same_bits(exact.grad(), g));
        for (std::size_t i = 0; i < size; ++i)
          worst = std::max(worst, std::abs(static_cast<double>(w.value()(i)) - exact.value()(i)));
        if (size > 0) REQUIRE(exact.value()(last) == end.value()(0));  // wherever it stands
      }
      CHECK(worst <= 1e-5);
    }
  });
}

TEST_CASE("a constant gradient never makes a centered RMSProp's root NaN", "[optim]") {
  // Its variance falls to 0, and by rounding below.
  const parameter<float> w(zeros<float>({1000}));
  rmsprop<float> optimizer({w}, {.learning_rate = 1e-12, .epsilon = 1, .centered = true});
  rng random(5);
  array<float> g = random.normal<float>({1000});
  send_gradient(w, g);
  for (int t = 0; t < 5000; ++t) optimizer.step();
  CHECK(std::all_of(w.value().begin(), w.value().end(), [](float x) { return std::isfinite(x); }));
  g(1) = std::nanf("");
  send_gradient(w, g);
  optimizer.step();
  CHECK(std::isnan(w.value()(1)));  // but no NaN is hidden
}

TEST_CASE("a parameter that no backward reached makes no step; a step allocates nothing",
          "[optim]") {
  for_each_method([]<class Options>(const Options& options) {
    const parameter<double> used(array<double>{1}), idle(array<double>{1}), alone(array<double>{1});
    first_order<double, Options> both({used, idle}, options), one({alone}, options);
    CAPTURE(both.explain());
    send_gradient(used, array<double>{2});
    both.step();
    CHECK(idle.value()(0) == 1);
    // Its first step comes now, and is a first one.
    send_gradient(idle, array<double>{3});
    send_gradient(alone, array<double>{3});
    both.step(), one.step();
    CHECK(idle.value()(0) == alone.value()(0));
    const std::size_t before = pool_stats().allocations;
    both.step();
    CHECK(pool_stats().allocations == before);
  });
}

TEST_CASE("an optimizer that is given another's state goes on bitwise as that one", "[optim]") {
  for_each_method([]<class Options>(const Options& options) {
    rng random(3);
    const parameter<float> a(random.normal<float>({5, 7}), "a"), b(random.normal<float>({3}), "b");
    Options slower = options;
    slower.learning_rate /= 10;
    const auto made = [&](const parameter<float>& first, const parameter<float>& second) {
      first_order<float, Options> optimizer({first}, options);
      optimizer.add_group({second}, slower);
      return optimizer;
    };
    const auto moved = [&](auto& optimizer, const parameter<float>& first,
                           const parameter<float>& second, std::uint64_t seed) {
      rng gradients(seed);
      send_gradient(first, gradients.normal<float>({5, 7}));
      second.zero_grad();
      if (seed % 2 == 0) send_gradient(second, gradients.normal<float>({3}));
      optimizer.step();
    };
    auto optimizer = made(a, b);
    CAPTURE(optimizer.explain());
    for (std::uint64_t t = 0; t < 5; ++t) moved(optimizer, a, b, t);
    optimizer.set_learning_rate(0.03, 1);

    const parameter<float> c(a), d(b);
    auto fresh = made(c, d);
    copy_state(optimizer, fresh);
    CHECK(fresh.learning_rate(1) == 0.03);
    CHECK(fresh.explain() == optimizer.explain());
    for (std::uint64_t t = 5; t < 10; ++t) {
      moved(optimizer, a, b, t);
      moved(fresh, c, d, t);
      REQUIRE(same_bits(a.value(), c.value()));
      REQUIRE(same_bits(b.value(), d.value()));
    }
  });
}

TEST_CASE("state has a name for every piece", "[optim]") {
  const parameter<double> a(array<double>{1}), b(array<double>{1, 2});
  const auto names = [](auto&& optimizer) {
    std::string text;
    for (const auto& slot : optimizer.state()) text += (text.empty() ? "" : " ") + slot.name;
    return text;
  };
  sgd<double> optimizer({a}, {.learning_rate = 0.1});
  optimizer.add_group({b}, {.learning_rate = 0.2, .momentum = 0.5});
  CHECK(names(optimizer) ==
        "groups.0.learning_rate groups.1.learning_rate parameters.0.steps "
        "parameters.1.steps parameters.1.velocity");
  CHECK(names(adamw<double>({a})) ==
        "groups.0.learning_rate parameters.0.steps parameters.0.mean parameters.0.square");
  CHECK(names(rmsprop<double>({a}, {.momentum = 0.5, .centered = true})) ==
        "groups.0.learning_rate parameters.0.steps parameters.0.square parameters.0.mean "
        "parameters.0.velocity");
  CHECK(names(adagrad<double>({a})) ==
        "groups.0.learning_rate parameters.0.steps parameters.0.sum");
}

TEST_CASE("each group moves by its own options", "[optim]") {
  const parameter<double> a(array<double>{1}, "a"), b(array<double>{1}, "b"),
      c(array<double>{1}, "c");
  sgd<double> optimizer({a}, {.learning_rate = 0.5});
  CHECK(optimizer.add_group({b, c}, {.learning_rate = 0.25, .weight_decay = 1}) == 1);
  CHECK(optimizer.groups() == 2);
  CHECK(optimizer.parameters().size() == 3);
  for (const parameter<double>* p : {&a, &b, &c}) send_gradient(*p, array<double>{1});
  optimizer.step();
  CHECK(a.value()(0) == 0.5);
  CHECK(b.value()(0) == 0.5);  // 1 - 0.25 (1 + 1)
  CHECK(c.value()(0) == 0.5);
  optimizer.set_learning_rate(1, 1);
  CHECK(optimizer.learning_rate() == 0.5);
  CHECK(optimizer.options(1).learning_rate == 1);
  optimizer.step();
  CHECK(a.value()(0) == 0);
  CHECK(b.value()(0) == -1);
  optimizer.set_learning_rate(0.125);
  CHECK(optimizer.learning_rate(0) == 0.125);
  CHECK(optimizer.learning_rate(1) == 0.125);
  optimizer.zero_grad();
  CHECK_FALSE(c.has_grad());

  const parameter<double> d(array<double>{1}, "d");
  const auto refused = [&](auto&& call, const char* text) {
    CHECK_THROWS_MATCHES(call(), domain_error, Message(text));
    CHECK(optimizer.groups() == 2);
    CHECK(optimizer.parameters().size() == 3);
  };
  refused([&] { optimizer.add_group({}, {.learning_rate = 1}, nowhere); },
          "sgd: there are no parameters to change");
  refused(
      [&] {
        optimizer.add_group({d, b}, {.learning_rate = 1}, nowhere);
      },
      "sgd: parameter 4 ('b') is also parameter 1: each must be listed once");
  refused([&] { optimizer.add_group({d}, {}, nowhere); },
          "sgd: learning_rate = nan: must be given, finite and not negative");
  refused([&] { optimizer.add_group({d}, {.learning_rate = 1, .momentum = 2}, nowhere); },
          "sgd: momentum = 2: must be at least 0 and less than 1");
  refused([&] { optimizer.options(2, nowhere); }, "sgd: group = 2: there is no such group");
  refused([&] { optimizer.learning_rate(2, nowhere); }, "sgd: group = 2: there is no such group");
  refused([&] { optimizer.set_learning_rate(1, 2, nowhere); },
          "sgd: group = 2: there is no such group");
  refused([&] { optimizer.set_learning_rate(-1, 1, nowhere); },
          "sgd: learning_rate = -1: must be given, finite and not negative");
  CHECK(optimizer.learning_rate(1) == 0.125);
}

TEST_CASE("an optimizer explains its update with the figures of now", "[optim]") {
  const parameter<double> a(array<double>{1}), b(zeros<double>({2, 3})), c(array<double>{1});
  sgd<double> plain({a, b}, {.learning_rate = 0.1});
  CHECK(plain.explain() ==
        "sgd: 2 parameters, 7 numbers, 0 steps\n"
        "  w = w - rate g\n"
        "  rate = 0.1");
  send_gradient(a, array<double>{1});
  plain.step();
  plain.add_group({c}, {.learning_rate = 0.2, .momentum = 0.9, .weight_decay = 0.01});
  plain.set_learning_rate(0.05, 0);
  CHECK(plain.explain() ==
        "sgd, group 0: 2 parameters, 7 numbers, 0 to 1 step\n"
        "  w = w - rate g\n"
        "  rate = 0.05\n"
        "sgd, group 1: 1 parameter, 1 number, 0 steps\n"
        "  g = g + lambda w\n"
        "  v = mu v + g\n"
        "  w = w - rate v\n"
        "  rate = 0.2, mu = 0.9, lambda = 0.01");
  CHECK(sgd<double>({a}, {.learning_rate = 1, .momentum = 0.5, .nesterov = true}).explain() ==
        "sgd: 1 parameter, 1 number, 0 steps\n"
        "  v = mu v + g\n"
        "  w = w - rate (g + mu v)\n"
        "  rate = 1, mu = 0.5");
  adam<double> moments({a}, {.beta2 = 0.99, .weight_decay = 0.5});
  moments.step();
  moments.step();
  CHECK(moments.explain() ==
        "adam: 1 parameter, 1 number, 2 steps\n"
        "  g = g + lambda w\n"
        "  m = beta1 m + (1 - beta1) g\n"
        "  v = beta2 v + (1 - beta2) g^2\n"
        "  w = w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)\n"
        "  rate = 0.001, lambda = 0.5, beta1 = 0.9, beta2 = 0.99, epsilon = 1e-08, t = 3, "
        "1 - beta1^t = 0.271, 1 - beta2^t = 0.029701");
  CHECK(adamw<double>({a}).explain().substr(0, 62) ==
        "adamw: 1 parameter, 1 number, 0 steps\n  w = w - rate lambda w\n");
  CHECK(rmsprop<double>({a}, {.weight_decay = 0.1}).explain() ==
        "rmsprop: 1 parameter, 1 number, 0 steps\n"
        "  g = g + lambda w\n"
        "  v = alpha v + (1 - alpha) g^2\n"
        "  w = w - rate g / (sqrt(v) + epsilon)\n"
        "  rate = 0.01, alpha = 0.99, epsilon = 1e-08, lambda = 0.1");
  CHECK(rmsprop<double>({a}, {.momentum = 0.5, .centered = true}).explain() ==
        "rmsprop: 1 parameter, 1 number, 0 steps\n"
        "  v = alpha v + (1 - alpha) g^2\n"
        "  m = alpha m + (1 - alpha) g\n"
        "  b = mu b + g / (sqrt(v - m^2) + epsilon)\n"
        "  w = w - rate b\n"
        "  rate = 0.01, alpha = 0.99, epsilon = 1e-08, mu = 0.5");
  CHECK(adagrad<double>({a}).explain() ==
        "adagrad: 1 parameter, 1 number, 0 steps\n"
        "  s = s + g^2\n"
        "  w = w - rate g / (sqrt(s) + epsilon)\n"
        "  rate = 0.01, epsilon = 1e-10");
}

TEST_CASE("options outside their domain are refused by every method", "[optim][errors]") {
  const parameter<double> w(array<double>{1}, "w");
  const auto refused = [&]<class Options>(const Options& options, const char* text) {
    CHECK_THROWS_MATCHES((first_order<double, Options>({w}, options, nowhere)), domain_error,
                         Message(text));
  };
  const std::string share = ": must be at least 0 and less than 1";
  const std::string size = ": must be finite and not negative";
  refused(sgd_options{.learning_rate = 0.1, .nesterov = true},
          "sgd: momentum = 0: nesterov needs momentum");
  refused(adam_options{.learning_rate = -1},
          "adam: learning_rate = -1: must be given, finite and not negative");
  refused(adam_options{.beta1 = 1}, ("adam: beta1 = 1" + share).c_str());
  refused(adam_options{.beta2 = -0.5}, ("adam: beta2 = -0.5" + share).c_str());
  refused(adam_options{.epsilon = -1}, ("adam: epsilon = -1" + size).c_str());
  refused(adam_options{.weight_decay = infinity}, ("adam: weight_decay = inf" + size).c_str());
  refused(adamw_options{.beta2 = 2}, ("adamw: beta2 = 2" + share).c_str());
  refused(adamw_options{.weight_decay = -1}, ("adamw: weight_decay = -1" + size).c_str());
  refused(rmsprop_options{.learning_rate = infinity},
          "rmsprop: learning_rate = inf: must be given, finite and not negative");
  refused(rmsprop_options{.alpha = 1}, ("rmsprop: alpha = 1" + share).c_str());
  refused(rmsprop_options{.epsilon = std::nan("")}, ("rmsprop: epsilon = nan" + size).c_str());
  refused(rmsprop_options{.momentum = -0.1}, ("rmsprop: momentum = -0.1" + share).c_str());
  refused(rmsprop_options{.weight_decay = -2}, ("rmsprop: weight_decay = -2" + size).c_str());
  refused(adagrad_options{.epsilon = -1}, ("adagrad: epsilon = -1" + size).c_str());
  refused(adagrad_options{.weight_decay = -1}, ("adagrad: weight_decay = -1" + size).c_str());
  CHECK_THROWS_MATCHES(rmsprop<double>({variable<double>(1.0)}, {}, nowhere), tape_error,
                       Message("rmsprop: parameter 0 is a variable, not a parameter: only "
                               "parameters can be changed"));
}

TEST_CASE("an array of the state that has another shape is found out before a step", "[optim]") {
  const parameter<double> w(array<double>{1, 2}, "w");
  adam<double> optimizer({w});
  send_gradient(w, array<double>{1, 1});
  *std::get<array<double>*>(optimizer.state().back().value) = zeros<double>({3});
  CHECK_THROWS_MATCHES(optimizer.step(nowhere), shape_error,
                       Message("step: parameter 0 ('w') has shape (2), its square (3): make a new "
                               "optimizer for a new shape"));
  CHECK(w.value()(0) == 1);
}
