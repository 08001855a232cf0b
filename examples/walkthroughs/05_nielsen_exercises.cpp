// Exercises to chapter 5 of Nielsen's book: where a neuron does not shrink the gradient; a neuron that does nothing.
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;

static parameter number(double value) { return parameter(xp::full<double>({}, value)); }

// For the neuron y = sigmoid(w a + b): an end of the interval of inputs a where |dy/da| >= 1, and its derivative by w.
static std::pair<double, double> find_end(double w_value, double b, int side) {
  // Newton's method, from where the sigmoid's slope falls fastest: from there it never overshoots.
  const double start = side * std::log(2 + std::sqrt(3.)) / std::abs(w_value) - b / w_value;
  const parameter w = number(w_value), a = number(start);
  for (int step = 1;; ++step) {
    const xp::tape tape;
    const variable y = xp::sigmoid(w * a + b);
    const variable excess = xp::abs(xp::grad(y, {a}, {.create_graph = true})[0]) - 1;
    const auto by = xp::grad(excess, {a, w});  // second derivatives of the neuron
    const double move = -excess.item() / by[0].item();
    if (std::abs(move) < 1e-12 || step == 100) return {a.item(), -by[1].item() / by[0].item()};
    a.mutable_value()() += move;
  }
}

// The closed formula for |w| of at least 4.
static variable width(const variable& w) {
  return 2 / w * xp::log(w * (1 + xp::sqrt(1 - 4 / w)) / 2 - 1);
}

// The identity neuron of the weights w1, b and w2.
static variable neuron(const std::vector<variable>& p, const array& x) {
  return p[2] * xp::sigmoid(p[0] * x + p[1]);
}
// The source's, exact at 1/2 and 1: b and w2 follow from w1.
static std::vector<variable> by_hand(const variable& w1) {
  const variable b = xp::log(xp::exp(-0.5 * w1) - 2 * xp::exp(-w1));
  return {w1, b, 1 + xp::exp(-(w1 + b))};
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);

  page.section("weights from N(0, 1)");
  xp::rng random(5);
  const variable size = xp::abs(xp::init::normal(0, 1).make<double>({1000, 1000}, random));
  page.figure("mean |w| of a million weights", xp::mean(size).item(), 0.796, 0.800, "%.3f");
  page.figure("sqrt(2/pi)", std::sqrt(2 / std::acos(-1)), 0.7978, 0.7979, "%.4f");
  page.figure("geometric mean", xp::exp(xp::mean(xp::log(size))).item(), 0.525, 0.534, "%.2f");
  const double beyond = xp::sum(xp::relu(xp::sign(size - 4))).item();  // counts
  page.figure("weights with |w| above 4", beyond, 40, 90, "%.0f");

  page.section("the interval");
  page.print("     w     b     from       to    width   formula\n");
  double greatest = 0, apart = 0;
  for (const auto& [w, b] : std::vector<std::pair<double, double>>{
           {4.1, 0}, {5, 0}, {7, 0}, {-7, 0}, {20, 0}, {7, 2}, {7, -3.5}}) {
    const double low = find_end(w, b, -1).first, high = find_end(w, b, 1).first;
    const double formula = width(variable(std::abs(w))).item();
    greatest = std::max(greatest, std::abs(high - low - formula));
    page.print("%6.1f %5.1f %8.4f %8.4f %8.4f  %8.4f\n", w, b, low, high, high - low, formula);
  }
  page.figure("greatest difference to the formula", greatest, 0, 1e-10, "below 1e-10");

  page.section("the widest interval");
  const parameter w = number(5);
  xp::optim::sgd<double> ascent({w}, {.learning_rate = 20});
  page.print("step      |w|     width     slope, formula   slope, ends\n");
  for (int step = 0; step <= 30; ++step) {
    const xp::tape tape;
    const variable now = width(w);
    ascent.zero_grad();
    (-now).backward();  // the optimizer goes down
    const double slope = -w.grad()(), ends = 2 * find_end(w.item(), 0, 1).second;
    apart = std::max(apart, std::abs(slope - ends));
    if (step < 4 || step % 10 == 0)
      page.print("%4d %8.4f %9.5f %18.1e %13.1e\n", step, w.item(), now.item(), slope, ends);
    if (step < 30) ascent.step();
  }
  page.figure("|w| of the widest interval", w.item(), 6.893, 6.895, "%.3f");
  page.figure("greatest width", width(w).item(), 0.4467, 0.4487, "%.4f");
  page.figure("greatest difference of the slopes", apart, 0, 1e-10, "below 1e-10");
  auto widths = page.open_table("widths", {"|w|", "from the ends", "formula"});
  // Points closer together near 4, where the width rises steeply.
  for (double at = 4.0025; at < 20.5; at += 0.1 * std::sqrt(at - 4))
    widths.row({at, 2 * find_end(at, 0, 1).first, width(variable(at)).item()});

  page.section("the identity neuron");
  array x = xp::empty<double>({100});  // 0.005, 0.015, ..., 0.995
  for (std::size_t i = 0; i < x.size(); ++i) x(i) = (static_cast<double>(i) + 0.5) / 100;
  const auto root_mean_square = [&](const variable& y) { return std::sqrt(xp::mse(y, x).item()); };
  const auto train = [&](const std::vector<variable>& what, const auto& made) {
    xp::optim::sgd<double> optimizer(what, {.learning_rate = 1, .momentum = 0.9});
    for (int step = 0; step < 2000; ++step) {
      const xp::tape tape;
      optimizer.zero_grad();
      xp::mse(neuron(made(), x), x).backward();
      optimizer.step();
    }
  };
  const parameter alone = number(6);
  train({alone}, [&] { return by_hand(alone); });
  const std::vector<variable> hand = by_hand(variable(6.)), plain{number(1), number(0), number(1)},
                              own{number(6), number(hand[1].item()), number(hand[2].item())};
  for (const auto& all : {plain, own}) train(all, [&] { return all; });
  const auto report = [&](const std::string& how, const auto& p, double low, double high) {
    page.print("w1 %6.3f   b %6.3f   w2 %6.3f\n", p[0].item(), p[1].item(), p[2].item());
    page.figure("RMS error, " + how, root_mean_square(neuron(p, x)), low, high, "%.4f");
  };
  report("by hand", hand, 0.0601, 0.0603);
  report("by hand with w1 trained", by_hand(alone), 0.0330, 0.0340);
  report("all trained from 1, 0, 1", plain, 0.0262, 0.0272);
  report("all trained from those by hand", own, 0.0262, 0.0272);
  page.figure("the trained w1", own[0].item(), 4.40, 4.50, "%.2f");
  const variable four = 40 * xp::sigmoid(0.1 * variable(x) - 0.05) - 19.5;
  page.figure("RMS error with a constant added", root_mean_square(four), 3e-5, 5e-5, "%.1e");
  auto curves = page.open_table("identity", {"x", "by hand", "trained"});
  for (std::size_t i = 0; i < x.size(); ++i)
    curves.row({x(i), neuron(hand, x).value()(i), neuron(own, x).value()(i)});
  return page.finish();
}
