// Back propagation, step by step: a net of 2, 3 and 2 units, its tape, and the tape walked backwards.
#include <xtape/inspect/graph.hpp>
#include <xtape/xtape.hpp>

#include <map>
#include <sstream>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;

static std::string text(const array& x) {
  std::ostringstream out;
  out.precision(4);
  const std::size_t columns = x.dimension() == 2 ? x.shape()[1] : x.size();
  for (std::size_t i = 0; i < x.size(); ++i)
    out << (i == 0 ? "" : i % columns == 0 ? "; " : "  ") << x.data()[i];
  return '[' + out.str() + ']';
}

// What an operation sends to its arguments, in symbols: g is the gradient that came to its result y.
static const std::map<std::string, std::vector<std::string>> rules{
    {"matmul", {"g b^T", "a^T g"}}, {"add", {"g", "sum of g's rows"}},
    {"sigmoid", {"g y (1 - y)"}},   {"subtract", {"g", "-g"}},
    {"square", {"2 g x"}},          {"sum", {"g, repeated"}},
    {"multiply", {"g b", "g a"}},
};

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  const array x{{0.6, -1.0}}, target{{0.0, 1.0}};
  const parameter w1(array{{0.5, -0.3, 0.8}, {0.2, 0.7, -0.6}}, "W1"),
      b1(array{0.1, 0.0, -0.2}, "b1"), w2(array{{1.0, -0.5}, {-0.7, 0.4}, {0.3, 0.9}}, "W2"),
      b2(array{0.0, 0.1}, "b2");

  page.section("the tape");
  xp::tape tape;
  tape.keep_intermediates();  // the drawing shows every value
  const variable z1 = (xp::matmul(x, w1) + b1).named("z1");
  const variable h = xp::sigmoid(z1).named("h");
  const variable z2 = (xp::matmul(h, w2) + b2).named("z2");
  const variable y = xp::sigmoid(z2).named("y");
  const variable loss = xp::sum(xp::square(y - target)).named("loss");
  std::ostringstream table;
  table << tape;
  page.print("%s", table.str().c_str());
  page.graph("01_tape", xp::inspect::dot(loss, {.values = 6, .gradients = true}));

  page.section("backwards");
  for (const auto& step : xp::walk(loss)) {
    const xp::entry& e = *step.operation;
    const std::string operation(e.operation()), name(e.name());
    page.print("%%%zu %s%s%s   %s\n     g = %s\n", e.index(), operation.c_str(),
               name.empty() ? "" : " -> ", name.c_str(), e.where().text().c_str(),
               text(step.cotangent).c_str());
    for (const auto& sent : step.contributions)
      page.print("     to %-3s  %-16s = %s\n", e.input_text(sent.input).c_str(),
                 rules.at(operation)[sent.input].c_str(), text(sent.value).c_str());
  }

  page.section("the same by hand");
  loss.backward();
  // dL/dz2 = 2 (y - t) y (1 - y), and from there on: times W^T, times h (1 - h).
  const array &yv = y.value(), &hv = h.value();
  const array at_z2 = 2 * (yv - target) * yv * (1 - yv);
  array at_h = xp::zeros<double>({1, 3});
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 2; ++j) at_h(0, i) += at_z2(0, j) * w2.value()(i, j);
  const array at_z1 = at_h * hv * (1 - hv);
  double greatest = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      greatest = std::max(greatest, std::abs(x(0, i) * at_z1(0, j) - w1.grad()(i, j)));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      greatest = std::max(greatest, std::abs(hv(0, i) * at_z2(0, j) - w2.grad()(i, j)));
  page.print("dL/dz2 = %s\ndL/dz1 = %s\n", text(at_z2).c_str(), text(at_z1).c_str());
  page.print("dL/dW1 = x^T dL/dz1 = %s\n", text(w1.grad()).c_str());
  page.figure("greatest difference to the tape's gradients", greatest, 0, 1e-15, "below 1e-15");

  // Of a larger net, a box a layer.
  using layer = xp::nn::linear<double>;
  xp::rng random(1);
  const auto weights = xp::init::glorot_normal();
  const xp::nn::sequential<double> deep{layer(2, 8, weights, random), xp::sigmoid,
                                        layer(8, 8, weights, random), xp::sigmoid,
                                        layer(8, 2, weights, random), xp::sigmoid};
  const auto options = xp::inspect::graph_options{.gradients = true, .collapse = true};
  page.graph("01_layers", xp::inspect::dot(xp::mse(deep(x), target).named("loss"), options));

  page.section("the sigmoid and its derivative");
  auto curve = page.open_table("sigmoid", {"x", "sigmoid", "derivative"});
  const auto both = [](double at) {
    const parameter point(xp::full<double>({}, at));
    const xp::tape own;
    const variable s = xp::sigmoid(point);
    s.backward();
    return std::pair(s.item(), point.grad()());
  };
  page.print("      x     sigmoid(x)   sigmoid'(x)\n");
  for (const double at : {0.01, 0.1, 0.5, 1.0, 10.0, 50.0})
    page.print("%7g %14.10f   %11.4g\n", at, both(at).first, both(at).second);
  for (int i = -600; i <= 600; ++i)
    curve.row({i / 100.0, both(i / 100.0).first, both(i / 100.0).second});
  page.figure("derivative at 0", both(0).second, 0.25, 0.25);
  page.figure("derivative at 50", both(50).second, 0, 0);
  page.figure("derivative at -50", both(-50).second, 1.92e-22, 1.94e-22, "%.3g");
  return page.finish();
}
