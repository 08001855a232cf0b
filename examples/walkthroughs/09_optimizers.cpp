// Momentum, decaying rates, initial weights, dropout: one net, trained by eight recipes.
#include <xtape/xtape.hpp>

#include <functional>
#include <valarray>

#include "walkthrough.hpp"

namespace xp = xtape;
using schedule = std::function<double(double)>;  // time -> learning rate

// Sixty steps down a valley 25 times as steep across as along. And where the sums of the same
// gradients lead, with the newest rate before the sum or, inside it, the rate of each one's time.
static void descend(walkthrough& page, const std::string& name, double mu, const schedule& rate,
                    bool inside = false) {
  auto table = page.open_table(name, {"t", "w1", "w2", "w1 by the sums", "w2 by the sums"});
  xp::array<double> by_sums{-4, 1};
  const xp::parameter<double> w(by_sums, "w");
  xp::optim::sgd<double> optimizer({w}, {.learning_rate = rate(0), .momentum = mu});
  std::vector<xp::array<double>> g;
  double greatest = 0;
  for (int t = 0; t < 60; ++t) {
    table.row({double(t), w.value()(0), w.value()(1), by_sums(0), by_sums(1)});
    const xp::tape tape;
    const auto loss = xp::sum(xp::array<double>{0.5, 12.5} * xp::square(w));
    optimizer.set_learning_rate(rate(t));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    g.push_back(w.grad());
    for (int k = 0; k <= t; ++k)  // g_t + mu g_(t-1) + mu^2 g_(t-2) + ...
      by_sums -= rate(inside ? t - k : t) * std::pow(mu, k) * g[std::size_t(t - k)];
    greatest = std::max(greatest, xt::amax(xt::abs(w.value() - by_sums))());
  }
  page.figure(name + ": distance to the sums", greatest, inside ? 1.49 : 0, inside ? 1.51 : 1e-12,
              inside ? "%.2f" : "below 1e-12");
}

struct recipe {
  const char* name;
  bool cross_entropy;  // or the squared error of sigmoids
  double momentum;
  schedule rate;  // time in epochs
  xp::init::initializer init;
  double keep;  // the share of the hidden units that dropout leaves
};

// The test accuracy after training, in %.
static double accuracy(const recipe& how, const xp::data::train_test<float>& data, int epochs,
                       std::uint64_t seed) {
  xp::rng random(seed), order = random.split(1), drops = random.split(2);
  const xp::nn::linear<float> first(784, 89, how.init, random), last(89, 10, how.init, random);
  xp::optim::sgd<float> optimizer({first.weight, first.bias, last.weight, last.bias},
                                  {.learning_rate = how.rate(0), .momentum = how.momentum});
  auto batches = xp::data::batches(data.train, 60, order);
  double step = 0;
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (const auto& [x, labels] : batches) {
      auto mask = drops.uniform<float>({labels.size(), 89});
      for (float& m : mask) m = m < how.keep ? float(1 / how.keep) : 0;  // its mean is 1
      const xp::tape tape;
      const auto z = last(xp::tanh(first(x)) * mask);
      const auto loss = how.cross_entropy
                            ? xp::softmax_cross_entropy(z, labels)
                            : 10 * xp::mse(xp::sigmoid(z), xp::data::one_hot<float>(labels, 10));
      optimizer.set_learning_rate(how.rate(step++ / double(batches.size())));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
  return 100 * xp::nn::accuracy(last(xp::tanh(first(data.test.x))), data.test.labels);
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  page.section("momentum is a sum");
  descend(page, "plain", 0, xp::schedule::constant(0.02));
  descend(page, "momentum", 0.9, xp::schedule::constant(0.02));
  descend(page, "falling rate", 0.9, xp::schedule::exponential_decay(0.04, 0.004, 60));
  descend(page, "rates inside", 0.9, xp::schedule::exponential_decay(0.04, 0.004, 60), true);

  page.section("two ways to decay");
  const xp::schedule::linear_decay linear(0.2, 0.05, 25);
  const xp::schedule::exponential_decay exponential(0.2, 0.05, 25);
  auto rates = page.open_table("rates", {"t", "linear", "exponential"});
  double off = 0;
  for (int t = 0; t <= 25; ++t) {
    rates.row({double(t), linear(t), exponential(t)});
    off = std::max({off, std::abs(linear(t) - (0.2 - (0.2 - 0.05) * t / 25)),
                    std::abs(exponential(t) - 0.2 * std::pow(std::pow(0.05 / 0.2, 1.0 / 25), t))});
  }
  page.figure("greatest difference to the formulas", off, 0, 1e-15, "below 1e-15");

  page.section("the ladder", walkthrough::kind::takes_long);
  auto data = xp::data::fashion_mnist<float>();
  const auto mean = xp::mean(data.train.x), deviation = xp::stddev(data.train.x);  // of all pixels
  for (auto* x : {&data.train.x, &data.test.x}) *x = ((*x - mean) / deviation).value();
  const int epochs = page.budget(12, 1);
  const xp::schedule::constant rate(0.03), greater(0.3);
  const xp::schedule::linear_decay line(0.045, 0.015, epochs);
  const xp::schedule::exponential_decay curve(0.06, 0.015, epochs);
  auto results = page.open_table("ladder", {"mean", "lowest", "highest"});
  std::vector<double> means;
  page.print("test accuracy in %%           mean   range\n");
  for (const recipe& how :
       {recipe{"squared error", false, 0, rate, xp::init::normal(0, 1), 1},
        {"cross-entropy", true, 0, rate, xp::init::normal(0, 1), 1},
        {"... and momentum 0.9", true, 0.9, rate, xp::init::normal(0, 1), 1},
        {"... and linear decay", true, 0.9, line, xp::init::normal(0, 1), 1},
        {"... or exponential decay", true, 0.9, curve, xp::init::normal(0, 1), 1},
        {"... and Glorot", true, 0.9, curve, xp::init::glorot_normal(), 1},
        {"... and dropout", true, 0.9, curve, xp::init::glorot_normal(), 0.8},
        {"no momentum, 10 x the rate", true, 0, greater, xp::init::normal(0, 1), 1}}) {
    std::valarray<double> runs(page.budget(3U, 1U));
    for (std::size_t k = 0; k < runs.size(); ++k) runs[k] = accuracy(how, data, epochs, k);
    means.push_back(runs.sum() / double(runs.size()));
    page.print("%-27s %5.1f   %.1f .. %.1f\n", how.name, means.back(), runs.min(), runs.max());
    results.row({means.back(), runs.min(), runs.max()});
  }
  page.figure("cross-entropy over squared error", means[1] - means[0], 10, 60, "%.1f");
  page.figure("momentum over none", means[2] - means[1], 3, 20, "%.1f");
  page.figure("momentum over ten times the rate", means[2] - means[7], -4, 4, "%.1f");
  page.figure("exponential decay over none", means[4] - means[2], -2, 4, "%.1f");
  page.figure("Glorot over N(0,1)", means[5] - means[4], 3, 15, "%.1f");
  page.figure("dropout over none", means[6] - means[5], -2, 2, "%.1f");
  return page.finish();
}
