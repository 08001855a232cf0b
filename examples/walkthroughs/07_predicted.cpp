// What an initializer will do, before any training: theory beside nets of six layers.
#include <xtape/inspect/inspect.hpp>
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;

namespace {

// Standard deviations of z and ratios of gradients of six layers of 512, beside what theory says.
void compare(walkthrough& page, const char* name, const xp::init::initializer& weights,
             xp::inspect::activation phi, int seeds) {
  const auto predicted =
      xp::inspect::predict_propagation(std::vector<std::size_t>(7, 512), weights, phi);
  std::vector<std::vector<double>> z(6), ratio(6);
  for (int seed = 1; seed <= seeds; ++seed) {
    xp::rng random(static_cast<std::uint64_t>(100 + seed));
    const auto normal = [&] { return xp::init::normal(0, 1).make<double>({200, 512}, random); };
    std::vector<xp::variable<double>> values{xp::parameter<double>(normal())};
    const xp::tape tape;
    for (std::size_t l = 0; l < 6; ++l) {
      const auto product = xp::matmul(values.back(), weights.make<double>({512, 512}, random));
      z[l].push_back(xp::inspect::statistics_of(product.value()).rms);
      values.push_back(phi(product));
    }
    const auto gradients = xp::vjp(values.back(), xp::variable<double>(normal()), values);
    for (std::size_t l = 0; l < 6; ++l)
      ratio[l].push_back(xp::inspect::statistics_of(gradients[l].value()).rms /
                         xp::inspect::statistics_of(gradients[l + 1].value()).rms);
  }
  const std::string name_text = name;
  auto table = page.open_table(
      name_text.substr(0, name_text.find(',')),
      {"layer", "predicted", "mean", "least", "greatest", "predicted factor", "mean factor"});
  page.print(
      "%s\n  layer   std of z: predicted, mean (least to greatest)   gradient: predicted, mean\n",
      name);
  double worst = 0;
  const auto mean = [](const std::vector<double>& all) {
    double sum = 0;
    for (const double each : all) sum += each / static_cast<double>(all.size());
    return sum;
  };
  for (std::size_t l = 0; l < 6; ++l) {
    const auto [least, greatest] = std::minmax_element(z[l].begin(), z[l].end());
    const auto& p = predicted[l];
    page.print("%7zu %18.4f   %6.3f (%.3f to %.3f) %22.4f   %6.3f\n", l + 1, p.pre_activation,
               mean(z[l]), *least, *greatest, p.gradient_factor, mean(ratio[l]));
    table.row({static_cast<double>(l + 1), p.pre_activation, mean(z[l]), *least, *greatest,
               p.gradient_factor, mean(ratio[l])});
    worst = std::max({worst, std::abs(mean(z[l]) / p.pre_activation - 1),
                      std::abs(mean(ratio[l]) / p.gradient_factor - 1)});
  }
  page.figure(name_text + ": greatest difference in percent", 100 * worst, 0, 5, "%.1f");
}

}  // namespace

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  page.section("predicted and measured", walkthrough::kind::takes_long);
  const int seeds = page.budget(20, 5);
  compare(page, "tanh, Glorot", xp::init::glorot_normal(), xp::tanh, seeds);
  compare(page, "sigmoid, Glorot", xp::init::glorot_normal(), xp::sigmoid, seeds);
  compare(page, "ReLU, He", xp::init::he_normal(), xp::relu, seeds);
  return page.finish();
}
