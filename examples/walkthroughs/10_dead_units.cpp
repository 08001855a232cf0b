// Units that die in training, and how much of a net can be taken away: pruning and lottery tickets.
#include <xtape/inspect/flow.hpp>
#include <xtape/xtape.hpp>

#include <valarray>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<float>;
using operand = xp::operand<float>;
using parameter = xp::parameter<float>;

// One hidden layer. The units' biases are the weights of a 785th pixel, which is always 1.
struct net {
  parameter in, out;                    // (785, n), (n, 10)
  array mask = xp::full<float>({}, 1);  // a weight whose mask is 0 neither acts nor learns
  auto hidden(const operand& x) const { return xp::relu(xp::matmul(x, in * mask)).named("hidden"); }
  auto operator()(const operand& x) const { return xp::matmul(hidden(x), out); }
  // The share of the samples for which each unit is active: relu gives more than 0 there.
  array activity(const operand& x) const { return xp::mean(xp::sign(hidden(x)), {0}).value(); }
};
static net fresh(std::size_t n, std::uint64_t seed) {
  xp::rng random(seed);
  const auto he = xp::init::he_normal();
  return {parameter(he.make<float>({785, n}, random)), parameter(he.make<float>({n, 10}, random))};
}
static double greatest(const array& x) { return xt::amax(xt::abs(x))(); }
static double rms(const array& x) { return xp::sqrt(xp::mean(xp::square(x))).item(); }
// Plain SGD with a rate that falls to a tenth. Returns the test accuracy in %, and files its curve.
static double train(net& n, const xp::data::train_test<float>& data, int epochs, double first_rate,
                    std::uint64_t seed, walkthrough::table& curves, double curve) {
  const xp::schedule::exponential_decay rate(first_rate, first_rate / 10, epochs);
  xp::optim::sgd<float> optimizer({n.in, n.out}, {.learning_rate = first_rate});
  xp::rng order(seed);
  auto batches = xp::data::batches(data.train, 64, order);
  double reached = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    optimizer.set_learning_rate(rate(epoch));
    for (const auto& [x, labels] : batches) {
      const xp::tape tape;
      const auto loss = xp::softmax_cross_entropy(n(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    reached = 100 * xp::nn::accuracy(n(data.test.x), data.test.labels);
    curves.row({curve, epoch + 1.0, reached});
  }
  return reached;
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  auto data = xp::data::fashion_mnist<float>();
  const auto use = [](auto& part, int count) {
    part.x = xp::pad(xp::slice(part.x, {{0, count}}), {{0, 0}, {0, 1}}, 1).value();
    part.labels.resize(part.x.shape()[0]);
  };
  use(data.train, page.budget(10000, 5000)), use(data.test, page.budget(5000, 2000));
  const int epochs = page.budget(8, 3);
  auto curves = page.open_table("curves", {"curve", "epoch", "accuracy"});
  page.section("dead units", walkthrough::kind::takes_long);
  net n = fresh(300, 1);
  train(n, data, epochs, 0.6, 1, curves, -1);
  const array in_training = n.activity(data.train.x), in_test = n.activity(data.test.x);
  n.in.zero_grad();
  std::vector<std::size_t> found;
  {
    const xp::tape tape;
    const auto loss = xp::softmax_cross_entropy(n(data.train.x), data.train.labels);
    found = *xp::inspect::gradient_flow(loss)["hidden"].dead;
    loss.backward();
  }
  auto histogram = page.open_table("activity", {"share"});
  std::vector<int> dead(found.begin(), found.end()), alive;
  double waking = 0;
  for (int u = 0; u < 300; ++u) {
    histogram.row({in_training(u)});
    const bool is_dead = std::binary_search(dead.begin(), dead.end(), u);
    if (!is_dead) alive.push_back(u);
    waking += is_dead && in_test(u) > 0;
  }
  page.figure("dead units of 300", double(dead.size()), 30, 250, "%.0f");
  page.figure("dead units that wake for a test image", waking, 0, 50, "%.0f");
  const auto into = [](const array& w, const auto& units) { return xp::take(w, units, 1).value(); };
  page.figure("gradient, dead units", greatest(into(n.in.grad(), dead)), 0, 0);
  page.figure("gradient, living units", greatest(into(n.in.grad(), alive)), 1e-3, 1, "%.2g");
  const array before = n.in.value();
  const double with = train(n, data, 1, 0.1, 2, curves, -2);
  const array change = n.in.value() - before;
  page.figure("change in an epoch, dead units", greatest(into(change, dead)), 0, 0);
  page.figure("change in an epoch, living units", greatest(into(change, alive)), 1e-3, 1, "%.2g");
  page.figure("RMS of the weights, dead units", rms(into(before, dead)), 0.04, 0.1, "%.3f");
  page.figure("RMS of the weights, living units", rms(into(before, alive)), 0.04, 0.1, "%.3f");
  const net small{parameter(into(n.in.value(), alive)), parameter(xp::take(n.out, alive).value())};
  const array off = n(data.train.x).value() - small(data.train.x).value();
  const double without = 100 * xp::nn::accuracy(small(data.test.x), data.test.labels);
  page.figure("greatest difference of an output", greatest(off), 0, 1e-4, "below 1e-4");
  page.figure("test accuracy with dead units", with, 55, 90, "%.1f");
  page.figure("test accuracy without", without, with - 0.5, with + 0.5, "%.1f");

  page.section("tickets", walkthrough::kind::takes_long);
  const char* names[]{"all weights", "ticket", "new weights", "new, as large", "narrow", "dead"};
  const double seeds = page.budget(5, 1);
  for (const double kept : {0.1, 0.02}) {
    std::vector<std::valarray<double>> last(6, std::valarray<double>(std::size_t(seeds)));
    for (std::size_t seed = 0; seed < last[0].size(); ++seed) {
      net dense = fresh(300, seed), ticket = dense, redrawn = fresh(300, seed + 100);
      const auto run = [&](net& each, std::size_t k) {
        last[k][seed] = train(each, data, epochs, 0.1, seed, curves, double(k) + kept);
      };
      run(dense, 0);
      array sizes = xt::abs(dense.in.value());
      const auto border = sizes.end() - std::ptrdiff_t(kept * double(sizes.size()));
      std::nth_element(sizes.begin(), border, sizes.end());
      ticket.mask = redrawn.mask = xp::sign(xp::relu(xp::abs(dense.in) - *border)).value();
      const auto size = [](const net& of) { return float(rms(of.in.value() * of.mask)); };
      net larger = redrawn, narrow = fresh(std::size_t(300 * kept), seed + 200);
      larger.in.mutable_value() *= size(ticket) / size(redrawn);
      run(ticket, 1), run(redrawn, 2), run(larger, 3), run(narrow, 4);
      const array active = narrow.activity(data.train.x);
      last[5][seed] = double(std::count(active.begin(), active.end(), 0.0F));
    }
    page.print("%g %% of the weights   mean   range\n", 100 * kept);
    for (const char* const* name = names; const auto& r : last)
      page.print("%-20s %5.1f   %.1f .. %.1f\n", *name++, r.sum() / seeds, r.min(), r.max());
    const auto gain = [&](std::size_t over) { return (last[1] - last[over]).sum() / seeds; };
    const std::string at = kept == 0.1 ? "10 %: ticket over " : "2 %: ticket over ";
    page.figure(at + "new weights", gain(2), 0.5, 15, "%.1f");
    page.figure(at + "new weights as large", gain(3), 0.5, 15, "%.1f");
    page.figure(at + "a narrow net", gain(4), kept == 0.1 ? -4 : 1, kept == 0.1 ? 4 : 70, "%.1f");
  }
  return page.finish();
}
