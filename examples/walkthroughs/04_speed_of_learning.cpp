// The speed of learning, layer by layer, of sigmoid nets: predicted, measured at the start, and while they learn.
#include <xtape/inspect/propagation.hpp>
#include <xtape/xtape.hpp>

#include <cstdlib>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<float>;
using net = std::vector<xp::nn::linear<float>>;

constexpr int units = 30, images = 1000;
constexpr std::size_t seeds = 100;

static net random_net(std::size_t hidden, std::uint64_t seed) {
  xp::rng random(seed);
  net layers;
  for (std::size_t l = 0; l <= hidden; ++l) {
    const int n_in = l == 0 ? 784 : units, n_out = l == hidden ? 10 : units;
    layers.emplace_back(n_in, n_out, xp::init::lecun_normal(), random);
    layers[l].bias.mutable_value() = random.normal<float>(layers[l].bias.shape());
  }
  return layers;
}

// Of each hidden layer: the length of dL/db; the RMS length of what one image alone would give; and the differences
// between images, in the layer's output.
struct speeds {
  double loss = 0;
  std::vector<double> all, one, differ;
};
static speeds measure(const net& layers, const array& x, const array& targets) {
  const xp::tape tape;
  xp::variable<float> h = x;
  std::vector<xp::variable<float>> z;
  speeds found;
  for (const auto& layer : layers) {
    z.push_back(layer(h).keep_grad());
    h = xp::sigmoid(z.back());
    found.differ.push_back(xp::sqrt(xp::mean(xp::var(h, {0}))).item());
  }
  const auto sum = xp::binary_cross_entropy_with_logits(z.back(), targets, xp::reduction::sum);
  found.loss = sum.item() / images;
  (sum / images).backward();
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    found.all.push_back(xp::norm(layers[l].bias.grad()).item());
    found.one.push_back(xp::norm(z[l].grad()).item() * std::sqrt(1.0 * images));
  }
  return found;
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  const char* const folder = std::getenv("XTAPE_MNIST");
  const auto data = folder ? xp::data::mnist<float>(folder) : xp::data::fashion_mnist<float>();
  const array x = xp::slice(data.train.x, {{0, images}}).value();
  const array labels = xp::data::one_hot<float>(data.train.labels, 10);
  const array targets = xp::slice(labels, {{0, images}}).value();

  page.section("predicted");
  page.print("layer   variance of z   RMS sigma'   growth\n");
  const auto theory =
      xp::inspect::predict_propagation({784, units, units, units, units}, xp::init::lecun_normal(),
                                       xp::sigmoid, xp::mean(xp::square(x)).item(), 1);
  std::vector<double> growth;
  for (const auto& layer : theory) {
    growth.push_back(1 / layer.slope);
    page.print("%5zu %15.3f %12.4f %8.2f\n", growth.size(), std::pow(layer.pre_activation, 2),
               layer.slope, growth.back());
  }
  page.figure("predicted growth", growth[2], 4.87, 4.89, "%.2f");
  const xp::parameter<double> z(xp::rng(1).normal<double>({1000000}, 0, theory[2].pre_activation));
  {
    const xp::tape tape;
    xp::sigmoid(z).backward(xp::full<double>(z.shape(), 1));  // makes sigma' the gradient
  }
  const double second = xp::mean(xp::pow(z.grad(), 2)).item(),
               fourth = xp::mean(xp::pow(z.grad(), 4)).item();
  page.figure("predicted spread", std::sqrt((3 * fourth / (second * second) - 1) / units) / 2,
              0.145, 0.147, "%.3f");

  page.section("at the start");
  page.print("hidden layer   all images   one image   differences\n");
  const speeds start = measure(random_net(4, 1), x, targets);
  for (std::size_t l = 0; l < 4; ++l)
    page.print("%12zu %12.4f %11.4f %13.5f\n", l + 1, start.all[l], start.one[l], start.differ[l]);

  page.section("over 100 seeds");
  auto table = page.open_table("growth", {"1 to 2", "2 to 3", "3 to 4", "predicted", "", ""});
  for (const unsigned hidden : {2u, 3u, 4u}) {
    xp::array<double> logs = xp::empty<double>({seeds, hidden - 1});
    for (std::size_t s = 0; s < seeds; ++s) {
      const std::vector<double> all = measure(random_net(hidden, s + 1), x, targets).all;
      for (std::size_t l = 0; l + 1 < hidden; ++l) logs(s, l) = std::log(all[l + 1] / all[l]);
      if (hidden == 4)
        table.row({logs(s, 0), logs(s, 1), logs(s, 2), growth[0], growth[1], growth[2]});
    }
    const xp::array<double> mean = xp::exp(xp::mean(logs, {0})).value();
    for (std::size_t l = 0; l + 1 < hidden; ++l)
      page.figure(std::to_string(hidden) + " hidden layers, growth from " + std::to_string(l + 1) +
                      " to " + std::to_string(l + 2),
                  mean(l), 0.92 * growth[l], 1.08 * growth[l], "%.2f");
    page.figure("spread of " + std::to_string(hidden), xp::mean(xp::stddev(logs, {0})).item(), 0.12,
                0.17, "%.3f");
  }

  page.section("while they learn", walkthrough::kind::takes_long);
  page.print("layers   epoch    loss     first     last   growth   one image\n");
  const int epochs = page.budget(500, 100);
  for (const unsigned hidden : {2u, 3u, 4u}) {
    const net layers = random_net(hidden, 1);
    std::vector<xp::variable<float>> weights;
    for (const auto& layer : layers) weights.insert(weights.end(), {layer.weight, layer.bias});
    xp::optim::sgd<float> descent(weights, {.learning_rate = 0.1});
    const std::vector<std::string> columns(2 * hidden, "length");
    auto curves = page.open_table("hidden" + std::to_string(hidden), columns);
    for (int epoch = 0; epoch <= epochs; ++epoch) {
      descent.zero_grad();
      const auto [loss, all, one, differ] = measure(layers, x, targets);
      descent.step();
      std::vector<double> row = all;
      row.insert(row.end(), one.begin(), one.end());
      curves.row(row);
      const double root = 1.0 / (hidden - 1.0), of_all = std::pow(all.back() / all[0], root),
                   of_one = std::pow(one.back() / one[0], root);
      if (epoch == 0 || epoch == 20 || epoch == 100 || epoch == 500)
        page.print("%6u %7d %8.2f  %8.1e %8.1e %8.2f %9.2f\n", hidden, epoch, loss, all[0],
                   all.back(), of_all, of_one);
      if (epoch < epochs || hidden < 4) continue;
      page.figure("growth at the end", of_all, 0.8, 2.5, "%.1f");
      page.figure("growth of one image at the end", of_one, 4.4, 5.3, "%.2f");
    }
  }
  return page.finish();
}
