// Why inputs are centred and scaled: the two weights of a linear unit, and the ways that gradient descent takes.
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;

static const array best{1, -1};  // the weights that a linear unit is to find

// The unit's inputs (n, 2) and its targets (n), which the best weights meet exactly.
struct problem {
  array x, targets = xp::matmul(variable(x), best).value();
  // The loss of some samples; of all where none is named.
  variable loss(const variable& w, const std::vector<int>& samples = {}) const {
    const variable error = xp::matmul(x, w) - targets;
    return 0.5 * xp::mean(xp::square(samples.empty() ? error : xp::take(error, samples)));
  }
};

// The weights at every step, each on `batch` samples drawn at random, or on all of them (0), until the loss is `low`.
static std::vector<array> descend(const problem& p, const array& start, double rate, int batch,
                                  std::size_t steps, double low, std::uint64_t seed = 0) {
  xp::rng random(seed);
  const parameter w(start);
  xp::optim::sgd<double> optimizer({w}, {.learning_rate = rate});
  std::vector<array> way{start};
  while (way.size() <= steps && !(p.loss(w).item() <= low)) {
    std::vector<int> samples(static_cast<std::size_t>(batch));
    for (int& sample : samples) sample = static_cast<int>(random.below(p.targets.size()));
    const xp::tape tape;
    optimizer.zero_grad();
    p.loss(w, samples).backward();
    optimizer.step();
    way.push_back(w.value());
  }
  return way;
}

// For a picture: the loss around the best weights, and a way over it; weights as distances from the best.
static void tell(walkthrough& page, const std::string& name, const problem& p,
                 const std::vector<array>& way) {
  auto loss = page.open_table(name + "_loss", {"w1", "w2", "loss"});
  for (int i = -30; i <= 30; ++i)
    for (int j = -30; j <= 30; ++j)
      loss.row({0.1 * i, 0.1 * j, p.loss(array(best + array{0.1 * i, 0.1 * j})).item()});
  auto points = page.open_table(name + "_way", {"w1", "w2", "loss"});
  for (const array& w : way) points.row({w(0) - best(0), w(1) - best(1), p.loss(w).item()});
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  xp::rng random(6);
  const array positive = random.uniform<double>({200, 2}, 2 - std::sqrt(3.), 2 + std::sqrt(3.));
  const array centred = xp::data::standardizer<double>(positive)(positive), start{-1, 1};

  page.section("signs");
  const auto share = [&](const char* what, const array& x, int batch, double low, double high) {
    const auto way = descend({x}, start, 0.02, batch, 400, 0);
    int alike = 0;
    for (std::size_t k = 1; k < way.size(); ++k)
      alike += (way[k](0) - way[k - 1](0)) * (way[k](1) - way[k - 1](1)) >= 0;
    page.figure(what, alike / 4., low, high, "%.0f %%");
  };
  share("all positive, one sample a step", positive, 1, 100, 100);
  share("positive on average, one sample a step", positive - 1, 1, 55, 75);
  share("centred, one sample a step", centred, 1, 40, 60);
  share("all positive, ten samples a step", positive, 10, 10, 70);
  share("sigmoid of the centred, one sample a step", xp::sigmoid(centred).value(), 1, 100, 100);
  share("tanh of the centred, one sample a step", xp::tanh(centred).value(), 1, 40, 60);

  page.section("steps to a loss of 0.01");
  const problem offset{positive}, even{centred};
  const auto median = [&](const problem& p, double rate) {  // 1000: does not get there
    std::vector<std::size_t> steps;
    for (std::uint64_t seed = 0; seed < 51; ++seed)
      steps.push_back(descend(p, start, rate, 1, 1000, 0.01, seed).size() - 1);
    std::nth_element(steps.begin(), steps.begin() + 25, steps.end());
    return static_cast<double>(steps[25]);
  };
  page.print("rate   all positive   centred\n");
  for (const double rate : {0.04, 0.08, 0.12, 0.16, 0.2, 0.3, 0.4, 0.5})
    page.print("%.2f %14.0f %9.0f\n", rate, median(offset, rate), median(even, rate));
  page.figure("all positive, fewest", median(offset, 0.12), 20, 30, "%.0f");
  page.figure("centred, fewest", median(even, 0.3), 7, 12, "%.0f");
  tell(page, "positive", offset, descend(offset, start, 0.12, 1, 60, 0.001, 3));
  tell(page, "centred", even, descend(even, start, 0.3, 1, 60, 0.001, 3));

  const auto study = [&](const std::string& name, const array& x, double roughly) {
    page.section(name);
    const auto figure = [&](const std::string& what, double value, double expected) {
      page.figure(name + ": " + what, value, 0.94 * expected, 1.06 * expected, "%.3g");
    };
    const problem p{x};
    const parameter w(best - 1, "w");  // at a distance of 1 in both weights
    const xp::tape tape;
    const variable loss = p.loss(w);
    const array g = xp::grad(loss, {w})[0].value(), h = xp::hessian(loss, {w})[0][0].value();
    const array variance = xp::var(x, {0}).value();
    const double ratio = variance(1) / variance(0);
    const xp::no_grad pause;  // what follows has tapes of its own
    figure("ratio of variances", ratio, roughly);
    figure("ratio of gradients", g(1) / g(0), ratio);
    const double middle = (h(0, 0) + h(1, 1)) / 2,
                 half = std::hypot((h(0, 0) - h(1, 1)) / 2, h(0, 1)), greatest = middle + half;
    figure("condition number", greatest / (middle - half), ratio);  // the least is middle - half
    figure("2/lambda_max", 2 / greatest, 2 / variance(1));
    for (const bool above : {false, true}) {
      const auto way = descend(p, w.value(), (above ? 2.02 : 1.98) / greatest, 0, 100, 0);
      figure(above ? "100 steps above it" : "100 steps below it",
             p.loss(way.back()).item() / loss.item(), std::pow(above ? 1.02 : 0.98, 200));
      tell(page, name + (above ? "_above" : "_below"), p, way);
    }
    const auto way = descend(p, w.value(), 1 / middle, 0, 1000, 1e-6);
    figure("steps to a loss of 1e-6", static_cast<double>(way.size() - 1),
           std::ceil(std::log(1e-6 / loss.item()) / 2 / std::log(half / middle)));
    tell(page, name + "_best", p, way);
  };
  const array unequal = random.normal<double>({200, 2}) * array{1, 5};
  study("unequal", unequal, 25);
  study("scaled", xp::data::standardizer<double>(unequal)(unequal), 1);
  return page.finish();
}
