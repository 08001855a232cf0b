// A program outside the project, built against the installed tree alone: a product through BLAS, its
// gradient, and an error caught by its type across the library's border.
#include <iostream>

#include <xtape/xtape.hpp>

namespace xp = xtape;

int main() {
  const xp::parameter<float> weight(xp::full<float>({2, 1}, 3.0f));
  const xp::variable<float> x(xp::full<float>({1, 2}, 1.5f));
  const xp::tape tape;
  const xp::variable<float> y = xp::matmul(x, weight);
  y.backward();
  std::cout << y.item() << ' ' << weight.grad()(1, 0) << ' ';
  try {
    xp::matmul(y, weight);
  } catch (const xp::shape_error& caught) {
    std::cout << caught.where().text() << '\n';
  }
}
