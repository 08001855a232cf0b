// How weights should begin: too small, too large, all alike, and just right.
#include <xtape/inspect/inspect.hpp>
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using initializer = xp::init::initializer;
using function = xp::variable<float> (*)(const xp::operand<float>&);

namespace {

double squared(double x) { return x * x; }

// Five settings of ten layers of 500 units, after the class exercise: means of every layer's figures over seeds.
struct setting {
  std::string name;
  initializer weights;
  function phi;
  double low, high;    // of the histograms
  double first, last;  // standard deviations of layers 1 and 10 in the source
};

void run(walkthrough& page, const setting& s, int seeds) {
  std::vector<double> mean(10), deviation(10), extreme(10);
  std::vector<std::vector<double>> shares(10, std::vector<double>(50));
  for (int seed = 1; seed <= seeds; ++seed) {
    xp::rng random(static_cast<std::uint64_t>(seed));
    xp::variable<float> h(xp::init::normal(0, 1).make<float>({1000, 500}, random));
    for (std::size_t l = 0; l < 10; ++l) {
      h = s.phi(xp::matmul(h, s.weights.make<float>({500, 500}, random)));
      const auto figures = xp::inspect::statistics_of(h.value());
      const auto bars = xp::inspect::histogram_of(h.value(), s.low, s.high, 50);
      mean[l] += figures.mean / seeds;
      deviation[l] += figures.standard_deviation / seeds;
      for (std::size_t b = 0; b < 50; ++b)
        shares[l][b] += static_cast<double>(bars.counts[b]) / (500e3 * seeds);
      for (const float v : h.value()) extreme[l] += std::abs(v) > 0.99f ? 1 / (500e3 * seeds) : 0;
    }
  }
  const std::string file = s.name.substr(0, s.name.find(':'));
  auto layers = page.open_table(file + "_layers", {"layer", "mean", "deviation"});
  auto bars =
      page.open_table(file + "_bars", {"low", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"});
  page.print("%s\n   std of layers 1 to 10:", s.name.c_str());
  for (std::size_t l = 0; l < 10; ++l) {
    page.print(" %.2g", deviation[l]);
    layers.row({static_cast<double>(l + 1), mean[l], deviation[l]});
  }
  page.print("\n");
  for (std::size_t b = 0; b < 50; ++b) {
    std::vector<double> row{s.low + (s.high - s.low) * static_cast<double>(b) / 50};
    for (const auto& of_layer : shares) row.push_back(of_layer[b]);
    bars.row(row);
  }
  page.figure(file + ", std of layer 1", deviation[0], s.first * 0.85, s.first * 1.15, "%.2g");
  page.figure(file + ", std of layer 10", deviation[9], s.last * 0.85, s.last * 1.15, "%.2g");
  if (file == "large")
    page.figure("large, beyond 0.99 in percent", 100 * extreme[9], 86, 94, "%.0f");
}

// A net whose hidden units all begin alike, but for `jitter`, after 100 steps: how far apart they are.
double apart_after_training(double jitter) {
  xp::rng random(5);
  const auto x = xp::init::normal(0, 1).make<double>({100, 10}, random),
             targets = xp::init::uniform(0, 1).make<double>({100, 1}, random);
  const xp::nn::linear<double> hidden(10, 16, xp::init::normal(0.1, jitter), random),
      last(16, 1, xp::init::constant(0.1), random);
  xp::optim::sgd<double> optimizer({hidden.weight, hidden.bias, last.weight, last.bias},
                                   {.learning_rate = 1, .momentum = 0.9});
  for (int step = 0; step < 100; ++step) {
    const xp::tape tape;
    optimizer.zero_grad();
    xp::mse(last(xp::tanh(hidden(x))), targets).backward();
    optimizer.step();
  }
  const xp::array<double>& w = hidden.weight.value();
  double apart = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    apart = std::max(apart, std::abs(w(i / 16, i % 16) - w(i / 16, 0)));
  return apart;
}

double rms(const xp::array<double>& x) { return xp::inspect::statistics_of(x).rms; }

}  // namespace

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  xp::rng random(1);
  const auto normal = [&](double deviation, const xp::shape_type& shape) {
    return xp::init::normal(0, deviation).make<double>(shape, random);
  };

  page.section("variances");
  const auto x = normal(2, {2000, 500}), y = normal(3, {2000, 500});
  page.figure("variance of x y", squared(rms(xp::array<double>(x * y))), 35, 37, "%.1f");
  const auto left = normal(1, {2000, 500}), right = normal(1, {500, 500});
  const auto dot = xp::matmul(left, right);
  page.figure("variance of a dot product of 500 terms", squared(rms(dot.value())), 490, 510,
              "%.0f");

  page.section("one layer of 200 inputs and 800 outputs");
  page.print("  weights               std forwards   std backwards\n");
  const struct {
    const char* name;
    initializer weights;
  } choices[]{{"N(0, 1)", xp::init::normal(0, 1)},
              {"N(0, 1 / n_in)", xp::init::lecun_normal()},
              {"N(0, 1 / n_out)", xp::init::normal(0, std::sqrt(1.0 / 800))},
              {"Glorot", xp::init::glorot_normal()}};
  for (const auto& [name, weights] : choices) {
    const xp::parameter<double> in(normal(1, {500, 200}));
    const xp::tape tape;
    const auto z = xp::matmul(in, weights.make<double>({200, 800}, random));
    z.backward(normal(1, {500, 800}));
    page.print("  %-18s %14.2f %15.2f\n", name, rms(z.value()), rms(in.grad()));
  }

  page.section("ten layers of 500", walkthrough::kind::takes_long);
  for (const setting& s :
       {setting{"small: tanh, N(0, 0.01^2)", xp::init::normal(0, 0.01), xp::tanh, -1, 1, 0.21,
                3e-7},
        setting{"large: tanh, N(0, 1)", xp::init::normal(0, 1), xp::tanh, -1, 1, 0.98, 0.98},
        setting{"xavier: tanh, N(0, 1/n_in)", xp::init::lecun_normal(), xp::tanh, -1, 1, 0.63,
                0.23},
        setting{"relu_xavier: ReLU, N(0, 1/n_in)", xp::init::lecun_normal(), xp::relu, 0, 3, 0.58,
                0.026},
        setting{"relu_he: ReLU, N(0, 2/n_in)", xp::init::he_normal(), xp::relu, 0, 3, 0.83, 0.76}})
    run(page, s, page.budget(10, 2));

  page.section("all alike");
  page.figure("distance of identical units after 100 steps", apart_after_training(0), 0, 0);
  page.figure("distance of units that differed by 0.001", apart_after_training(0.001), 0.01, 10,
              "%.0f");
  return page.finish();
}
