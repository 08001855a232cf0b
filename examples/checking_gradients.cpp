// check_gradients at work: what passes, what fails and where, what cannot be said.

#include <iostream>
#include <vector>

#include <xtape/calculus/check.hpp>
#include <xtape/xtape.hpp>

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;

// log(1 + e^x), with a derivative that forgets the last of its terms for large x.
static variable softplus(const variable& x) {
  return xp::custom_op<double>(
      {.name = "softplus",
       .forward = [](const std::vector<variable>& a) { return xp::log1p(xp::exp(a[0])); },
       .vjp = [](std::size_t, const variable& g, const std::vector<variable>& a,
                 const variable&) { return g * xp::clip(xp::sigmoid(a[0]), 0, 0.75); }},
      {x});
}

int main() {
  const array x{{0.3, -1.2, 2.0}, {0.7, 1.5, -0.4}};
  const array w{{0.5, 1.0}, {-1.5, 0.3}, {0.2, -0.7}};

  std::cout << "-- a layer, with its second derivatives\n";
  const auto layer = [](const variable& a, const variable& b) {
    return xp::tanh(xp::matmul(a, b));
  };
  std::cout << xp::check_gradients(layer, {x, w}, {.order = 2, .names = {"x", "w"}}) << '\n';

  std::cout << "-- an operation with a wrong derivative\n";
  const auto net = [](const variable& a, const variable& b) {
    return xp::sum(xp::square(softplus(xp::matmul(a, b) * 2)));
  };
  std::cout << xp::check_gradients(net, {x, w}) << '\n';

  std::cout << "-- a kink at x\n";
  std::cout << xp::check_gradients([](const variable& a) { return xp::relu(a); }, {array{1, 0, -1}})
            << '\n';

  std::cout << "-- an input behind a mask\n";
  const auto masked = [](const variable& a, const variable& b) { return a * a + xp::relu(b); };
  std::cout << xp::check_gradients(masked, {array{1, 2}, array{-3, -4}}) << '\n';
}
