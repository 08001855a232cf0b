// Random programs: backward, the recorded derivatives of second order, and the checker agree on all of them.

#include "catch.hpp"

#include <cmath>
#include <cstdlib>
#include <random>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/ops.hpp>

#include "calculus/program.hpp"

using namespace xtape;
using programs::program;

namespace {

using variables = std::vector<variable<double>>;

/// How many: XTAPE_PROGRAMS, which the nightly run sets; fewer where every one takes long.
unsigned count() {
  if (const char* wanted = std::getenv("XTAPE_PROGRAMS"))
    return static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 60;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return 60;
#endif
#endif
  return 500;
}

double greatest(const array<double>& x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

/// Greatest difference, as a part of the greatest element.
double distance(const array<double>& a, const array<double>& b) {
  REQUIRE(a.shape() == b.shape());
  const array<double> difference = a - b;
  return greatest(difference) / std::max({1.0, greatest(a), greatest(b)});
}

double inner(const array<double>& a, const array<double>& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a.data()[i] * b.data()[i];
  return total;
}

}  // namespace

TEST_CASE("random programs", "[calculus][programs]") {
  std::size_t passed = 0, compared = 0;
  const unsigned programs = count();
  for (unsigned seed = 1; seed <= programs; ++seed) {
    const program f(seed);
    INFO("seed " << seed << "\n" << f.text());
    const gradient_report report = check_gradients(f, f.inputs(), {.seed = seed});
    {
      INFO(report);
      REQUIRE(report.result() != gradient_report::verdict::failed);
    }
    passed += report.ok() ? 1 : 0;
    compared += report.count().agreed;

    variables x, v;
    std::mt19937 random(seed);
    for (const array<double>& input : f.inputs()) {
      x.push_back(parameter<double>(input));
      array<double> direction = empty<double>(input.shape());
      for (double& d : direction.storage()) d = static_cast<double>(random()) / 2147483648.0 - 1;
      v.push_back(direction);
    }
    const tape recording;
    const variable<double> y = f(x);
    array<double> r = empty<double>(y.shape());
    for (double& each : r.storage()) each = static_cast<double>(random()) / 2147483648.0 - 1;

    // <r, J v> = <J^T r, v>
    const array<double> forward = jvp(y, x, v).value();
    const variables backward = vjp(y, variable<double>(r), x);
    double there = inner(r, forward), back = 0;
    for (std::size_t k = 0; k < x.size(); ++k) back += inner(backward[k].value(), v[k].value());
    CHECK(std::abs(there - back) <= 1e-11 * std::max({1.0, std::abs(there), std::abs(back)}));

    // H v in three ways: both sweeps backward; the gradient's Jacobian times v; its derivative along v.
    const variable<double> loss = sum(y * r);
    const variables g = grad(loss, x, {.create_graph = true});
    const variables hv = hvp(loss, x, v);
    const auto blocks = hessian(loss, x);
    for (std::size_t k = 0; k < x.size(); ++k) {
      CHECK(distance(g[k].value(), backward[k].value()) < 1e-12);
      CHECK(distance(jvp(g[k], x, v).value(), hv[k].value()) < 1e-9);
      array<double> product = zeros<double>(x[k].shape());
      for (std::size_t j = 0; j < x.size(); ++j)
        for (std::size_t row = 0; row < product.size(); ++row)
          for (std::size_t i = 0; i < x[j].size(); ++i)
            product.data()[row] +=
                blocks[k][j].value().data()[row * x[j].size() + i] * v[j].value().data()[i];
      CHECK(distance(product, hv[k].value()) < 1e-9);
    }

    if (seed % 10 == 0) {
      const gradient_report second = check_gradients(f, f.inputs(), {.order = 2, .seed = seed});
      INFO(second);
      REQUIRE(second.result() != gradient_report::verdict::failed);
    }
    if (seed % 5 == 0) {
      std::vector<array<float>> inputs;
      for (const array<double>& input : f.inputs()) inputs.push_back(xt::cast<float>(input));
      const gradient_report in_float = check_gradients<float>(
          [&](const std::vector<variable<float>>& z) { return f.in_float(z); }, inputs,
          {.seed = seed});
      INFO(in_float);
      REQUIRE(in_float.result() != gradient_report::verdict::failed);
    }
  }
  // Most can be decided; the rest have an input that moves nothing, or a derivative differences do not tell.
  INFO(passed << " of " << programs << " programs passed, " << compared << " derivatives compared");
  CHECK(passed * 10 > programs * 9);
  CHECK(compared > 50 * programs);
}
