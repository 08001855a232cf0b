// A curve through measured points, with error bars. For y_i = f(x_i) + e_i with normal errors e_i
// of known deviation s_i the most likely coefficients c minimize  chi^2/2 = sum ((f(x_i) - y_i) /
// s_i)^2 / 2,  and their covariance is the inverse of its Hessian there. f is a polynomial, so both
// also have a closed form: (A^T A)^-1 with A_ij = x_i^j / s_i.
#include <xtape/xtape.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace xp = xtape;
using variable = xp::variable<double>;

int main() {
  const std::size_t n = 60, terms = 4;
  const xp::array<double> truth{1, -2, 0.5, 3};
  xp::rng random(5);
  auto powers = xp::empty<double>({n, terms}), y = xp::empty<double>({n}), s = y;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = random.uniform(-1, 1);
    s(i) = 0.1 + 0.2 * random.uniform();
    y(i) = s(i) * random.normal();
    for (std::size_t j = 0; j < terms; ++j) {
      powers(i, j) = std::pow(x, static_cast<double>(j));
      y(i) += truth(j) * powers(i, j);
    }
  }

  const auto half_chi_squared = [&](const variable& c) {
    return 0.5 * xp::sum(xp::square((xp::matmul(powers, c) - y) / s));
  };

  // Newton's method; one step would do here, as the function is a parabola. The last Hessian is
  // that at the minimum.
  const xp::parameter<double> c(xp::zeros<double>({terms}), "c");
  xp::array<double> covariance;
  for (int step = 0; step < 3; ++step) {
    const xp::tape tape;
    const variable chi = half_chi_squared(c);
    const auto gradient = xp::grad(chi, {c})[0].value();
    covariance = xp::inverse(xp::hessian(chi, {c})[0][0]).value();
    std::printf("step %d  chi^2 = %.6f\n", step, 2 * chi.item());
    c.mutable_value() -= xp::matmul(covariance, variable(gradient)).value();
  }

  const auto a = powers / xp::expand_dims(s, {1});
  const auto closed = xp::inverse(xp::matmul(xp::transpose(a), a)).value();
  double difference = 0, farthest = 0;
  for (std::size_t j = 0; j < terms; ++j) {
    const double deviation = std::sqrt(covariance(j, j));
    std::printf("c%zu = %7.4f +- %.4f   true %4.1f\n", j, c.value()(j), deviation, truth(j));
    farthest = std::max(farthest, std::fabs(c.value()(j) - truth(j)) / deviation);
    for (std::size_t k = 0; k < terms; ++k)
      difference = std::max(difference, std::fabs(covariance(j, k) - closed(j, k)));
  }
  std::printf("covariance differs from the closed form by %.1e at most\n", difference);
  std::printf("the farthest coefficient is %.2f deviations from the truth\n", farthest);
  return difference < 1e-12 && farthest < 4 ? 0 : 1;
}
