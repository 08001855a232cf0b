// Why gradients vanish: an account of every layer's part in it.
#include <xtape/inspect/inspect.hpp>
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using activation = xp::inspect::activation;

namespace {

constexpr std::int64_t width = 64, samples = 128;

// A net of equal layers and a quadratic loss at its end; values[0] is the data.
template <xp::real T>
struct deep_net {
  using function = xp::variable<T> (*)(const xp::operand<T>&);
  deep_net(int depth, const xp::init::initializer& weights, function phi, std::uint64_t seed) {
    xp::rng random(seed);
    values.push_back(
        xp::parameter<T>(xp::init::normal(0, 1).make<T>({samples, width}, random), "data"));
    for (int l = 1; l <= depth; ++l) {
      const xp::nn::linear<T> layer(width, width, weights, random);
      values.push_back(phi(layer(values.back())).named("layer " + std::to_string(l)));
    }
    loss = xp::mean(xp::square(values.back() - T(1)));
  }
  xp::tape tape;
  std::vector<xp::variable<T>> values;
  xp::variable<T> loss{T(0)};
};

double share(std::size_t part, const xp::inspect::statistics& of) {
  return 100 * static_cast<double>(part) / static_cast<double>(of.count);
}

}  // namespace

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  const auto glorot = xp::init::glorot_normal(), he = xp::init::he_normal();

  page.section("the account");
  const deep_net<double> sigmoids(8, glorot, xp::sigmoid, 1);
  const auto account = xp::inspect::gradient_ledger(sigmoids.loss, sigmoids.values);
  page.print("%s", account.text().c_str());
  double error = 0;
  for (const auto& row : account.rows())
    error = std::max(error, std::abs(row.activation * row.weight * row.alignment / row.ratio - 1));
  page.figure("error of the products", error, 0, 1e-12, "below 1e-12");
  const double end = account.rows()[0].gradient, begin = end * account.total(),
               measured = xp::inspect::statistics_of(
                              xp::grad(sigmoids.loss, {sigmoids.values[0]})[0].value())
                              .rms *
                          std::sqrt(static_cast<double>(samples * width));
  page.figure("error against backward", std::abs(begin / measured - 1), 0, 1e-12, "below 1e-12");
  const auto predicted = xp::inspect::predict_propagation({64, 64, 64}, glorot, xp::sigmoid)[1];
  page.figure("predicted ratio of a middle layer", predicted.gradient_factor, 0.23, 0.24, "%.3f");
  page.figure("left of the gradient after 8 layers", account.total(), 5e-6, 1e-5, "%.2g");

  page.section("saturation");
  page.print("   gain  saturated  activation  weight  alignment  ratio\n");
  auto curve = page.open_table("saturation", {"gain", "activation", "weight", "ratio"});
  for (const double gain : {0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0}) {
    const deep_net<double> net(8, xp::init::glorot_normal(gain), xp::tanh, 2);
    const auto flow = xp::inspect::gradient_flow(net.loss);
    const auto& middle = xp::inspect::gradient_ledger(net.loss, net.values).rows()[3];
    const double saturated = 100 * flow["layer 5"].saturated.value();
    page.print("%7g %8.1f%%  %10.3f  %6.2f  %9.2f  %5.3f\n", gain, saturated, middle.activation,
               middle.weight, middle.alignment, middle.ratio);
    curve.row({gain, middle.activation, middle.weight, middle.ratio});
    if (gain == 32) page.figure("saturated at gain 32 in percent", saturated, 85, 99, "%.0f");
  }

  page.section("depth");
  struct kind {
    const char* name;
    xp::init::initializer weights;
    activation phi;
  };
  const std::vector<kind> kinds{{"sigmoid, Glorot", glorot, xp::sigmoid},
                                {"tanh, Glorot", glorot, xp::tanh},
                                {"ReLU, Glorot", glorot, xp::relu},
                                {"ReLU, He", he, xp::relu}};
  auto lines = page.open_table(
      "depth", {"depth", kinds[0].name, kinds[1].name, kinds[2].name, kinds[3].name});
  page.print("  depth");
  for (const kind& each : kinds) page.print("  %15s", each.name);
  page.print("\n");
  std::vector<double> deepest;
  for (int depth = 1; depth <= 50; ++depth) {
    std::vector<double> row{static_cast<double>(depth)};
    for (const kind& each : kinds) {
      const deep_net<double> net(depth, each.weights, each.phi, 3);
      row.push_back(xp::inspect::gradient_ledger(net.loss, net.values).total());
    }
    lines.row(row);
    if (depth != 1 && depth != 2 && depth != 5 && depth % 10 != 0) continue;
    page.print("%7d", depth);
    for (std::size_t k = 1; k < row.size(); ++k) page.print("  %15.2g", row[k]);
    page.print("\n");
    deepest.assign(row.begin() + 1, row.end());
  }
  page.figure("left after 50 sigmoid layers", deepest[0], 1e-33, 1e-30, "%.0e");
  page.figure("left after 50 tanh layers", deepest[1], 0.01, 1, "%.1g");
  page.figure("left after 50 ReLU layers with He", deepest[3], 1, 100, "%.0f");

  page.section("underflow");
  const xp::init::initializer small = xp::init::normal(0, 0.01);
  const deep_net<float> single(36, small, xp::sigmoid, 4);
  const deep_net<double> twice(36, small, xp::sigmoid, 4);
  const auto in_float = xp::inspect::gradient_flow(single.loss);
  const auto in_double = xp::inspect::gradient_flow(twice.loss);
  page.print("           gradient, RMS          of float's elements\n");
  page.print("  layer    double      float   subnormal   zero\n");
  auto under = page.open_table("underflow", {"layer", "double", "float"});
  int lost = 0;
  for (int l = 36; l >= 1; --l) {
    const auto &f = in_float["layer " + std::to_string(l)].gradient,
               &d = in_double["layer " + std::to_string(l)].gradient;
    under.row({static_cast<double>(l), d.rms, f.rms});
    if (f.zeros == f.count) lost = std::max(lost, l);
    if (l % 4 == 0 || (f.subnormals > 0 && l > 2))
      page.print("%7d  %8.1e   %8.1e   %6.0f %%  %4.0f %%\n", l, d.rms, f.rms,
                 share(f.subnormals, f), share(f.zeros, f));
  }
  page.figure("last layer without any gradient in float", lost, 5, 12);
  return page.finish();
}
