#include "ops/table.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ops/rows.hpp"

namespace table {

const std::vector<operation>& operations() {
  static const std::vector<operation> all = [] {
    std::vector<operation> made;
    for (const auto add : {add_arithmetic, add_elementary, add_activation, add_reduce, add_shape,
                           add_linalg, add_convolution, add_loss})
      add(made);
    return made;
  }();
  return all;
}

array<double> draw(const shape_type& shape, const domain& from, unsigned seed) {
  std::mt19937 generator(seed);
  array<double> result = empty<double>(shape);
  for (double& x : result.storage()) do {
      x = from.low + (from.high - from.low) * static_cast<double>(generator()) / 4294967296.0;
    } while (std::abs(x) < from.gap);
  return result;
}

arrays<double> draw(const operation& op, const std::vector<shape_type>& shapes, unsigned seed) {
  arrays<double> result;
  for (std::size_t k = 0; k < shapes.size(); ++k)
    result.push_back(draw(shapes[k], op.domains[k], seed + 100 * static_cast<unsigned>(k)));
  return result;
}

void for_each_call(
    const std::function<void(const operation&, const std::vector<shape_type>&)>& use) {
  for (const operation& op : operations())
    for (const std::vector<shape_type>& shapes : op.shapes) {
      std::string text = op.name() + " of";
      for (const shape_type& shape : shapes) text += " " + to_string(shape);
      INFO(text);
      use(op, shapes);
    }
}

array<float> to_float(const array<double>& x) {
  array<float> result = empty<float>(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [](double v) { return static_cast<float>(v); });
  return result;
}

array<double> to_double(const array<float>& x) {
  array<double> result = empty<double>(x.shape());
  std::transform(x.begin(), x.end(), result.begin(),
                 [](float v) { return static_cast<double>(v); });
  return result;
}

double distance(const array<double>& a, const array<double>& b) {
  if (a.shape() != b.shape()) return std::numeric_limits<double>::infinity();
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a.data()[i], y = b.data()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double d = std::abs(x - y) / std::max(1.0, std::abs(y));
    greatest = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(greatest, d);
  }
  return greatest;
}

}  // namespace table
