#include <xtape/inspect/propagation.hpp>

#include <cmath>
#include <string>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

namespace xtape::inspect {
namespace {

// Expectations over a standard normal variable by the midpoint rule: exact to rounding for smooth functions; and a
// kink at 0 lies between two nodes.
struct normal_grid {
  static constexpr std::size_t nodes = 20'000;
  static constexpr double reach = 10;
  array<double> at = empty<double>({nodes}), weight = empty<double>({nodes});

  normal_grid() {
    double total = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      const double x = reach * ((2.0 * static_cast<double>(i) + 1) / nodes - 1);
      at(i) = x;
      weight(i) = std::exp(-x * x / 2);
      total += weight(i);
    }
    for (double& w : weight.storage()) w /= total;
  }
  template <class F>
  double mean(const F& f) const {
    double sum = 0;
    for (std::size_t i = 0; i < nodes; ++i) sum += weight(i) * f(i);
    return sum;
  }
};

}  // namespace

std::vector<predicted_layer> predict_propagation(const std::vector<std::size_t>& widths,
                                                 const init::initializer& weights, activation phi,
                                                 double second_moment, double bias,
                                                 location where) {
  const auto refuse = [&](const std::string& why) {
    throw domain_error("predict_propagation: " + why, where);
  };
  if (widths.size() < 2)
    refuse(std::to_string(widths.size()) + " widths: there must be inputs and a layer");
  for (const std::size_t width : widths)
    if (width == 0) refuse("a width is 0");
  if (!(second_moment >= 0) || !(bias >= 0))
    refuse("second moment " + number_text(second_moment) + ", bias " + number_text(bias) +
           ": neither may be negative");
  const normal_grid normal;
  std::vector<predicted_layer> layers;
  for (std::size_t l = 1; l < widths.size(); ++l) {
    const double deviation = weights.standard_deviation(widths[l - 1], widths[l], where);
    predicted_layer layer{};
    layer.pre_activation = std::sqrt(
        static_cast<double>(widths[l - 1]) * deviation * deviation * second_moment + bias * bias);
    const parameter<double> z(array<double>(normal.at * layer.pre_activation));
    const tape recording;
    const variable<double> h = phi(z);
    h.backward(full<double>(h.shape(), 1));
    const double* const value = h.value().data();
    const double* const slope = z.grad().data();
    layer.mean = normal.mean([&](std::size_t i) { return value[i]; });
    layer.second_moment = normal.mean([&](std::size_t i) { return value[i] * value[i]; });
    layer.standard_deviation = std::sqrt(normal.mean(
        [&](std::size_t i) { return (value[i] - layer.mean) * (value[i] - layer.mean); }));
    layer.slope = std::sqrt(normal.mean([&](std::size_t i) { return slope[i] * slope[i]; }));
    layer.gradient_factor = std::sqrt(static_cast<double>(widths[l])) * deviation * layer.slope;
    second_moment = layer.second_moment;
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace xtape::inspect
