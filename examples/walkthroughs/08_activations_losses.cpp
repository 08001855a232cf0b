// Activations and losses by the tape, and a loss whose gradient is not what it is said to be.
#include <xtape/calculus/check.hpp>
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using functions = std::vector<std::pair<std::string, variable (*)(const xp::operand<double>&)>>;

// A function's value at x and its gradient; of a function element by element, all derivatives at once.
static std::pair<array, array> at(const array& x, const auto& f) {
  const xp::parameter<double> p(x);
  const xp::tape tape;
  const variable y = f(p);
  y.backward(xp::full<double>(y.shape(), 1));
  return {y.value(), p.grad()};
}

// Losses of logits z for a one-hot target y: cross-entropy, and the source's, which adds a term for every class.
static variable cross_entropy(const variable& z, const array& y) {
  return -xp::sum(y * xp::log(xp::softmax(z)));
}
static variable terms(const variable& z, const array& y) {
  const variable p = xp::softmax(z);
  return -y * xp::log(p) - (1 - y) * xp::log(1 - p);
}
static variable sum_of_terms(const variable& z, const array& y) { return xp::sum(terms(z, y)); }

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  const auto row = [&](const std::string& name, const array& values) {
    page.print("%-20s", name.c_str());
    for (const double each : values) page.print(" %9.4g", std::isnan(each) ? NAN : each);
    page.print("\n");
  };
  const auto rows = [&](const std::string& name, const array& matrix) {
    for (int i = 0; i < static_cast<int>(matrix.shape(0)); ++i)
      row(name + " " + std::to_string(i), xp::slice(matrix, {xp::at(i)}).value());
  };
  const auto both = [&](const std::string& name, const array& x, const auto& f) {
    row(name, at(x, f).first);
    row("  derivative", at(x, f).second);
  };
  const auto curves = [&](const array& few, const functions& all) {
    row("at", few);
    for (const auto& [name, f] : all) {
      both(name, few, f);
      auto table = page.open_table(name, {"x", "value", "derivative"});
      for (int i = 0; i <= 500; ++i) {
        const array x{few(0) + (few(few.size() - 1) - few(0)) * i / 500};
        table.row({x(0), at(x, f).first(0), at(x, f).second(0)});
      }
    }
  };

  page.section("activations");
  curves({-5, -1, 0, 1, 5}, {{"sigmoid", xp::sigmoid}, {"tanh", xp::tanh}, {"relu", xp::relu}});

  page.section("losses of a prediction");
  curves({0.01, 0.1, 0.5, 0.9, 0.99},
         {{"cross_entropy_y0", [](const auto& p) { return -xp::log(1 - p); }},
          {"squared_error_y0", [](const auto& p) { return xp::square(p); }},
          {"cross_entropy_y1", [](const auto& p) { return -xp::log(p); }},
          {"squared_error_y1", [](const auto& p) { return xp::square(p - 1); }}});

  page.section("losses of a logit");
  const auto squared = [](const auto& z) { return xp::square(xp::sigmoid(z) - 1); };
  curves({-8, -4, -std::log(2), 0, 8},
         {{"cross_entropy_logit", [](const auto& z) { return -xp::log_sigmoid(z); }},
          {"squared_error_logit", squared}});
  page.figure("squared error at -8", at(array{-8}, squared).second(0), -6.8e-4, -6.6e-4, "%.2g");

  const auto compare = [&](const std::string& name, const array& z, const array& y) {
    page.section(name);
    const array entropy = at(z, [&](const auto& v) { return cross_entropy(v, y); }).second;
    const array sum = at(z, [&](const auto& v) { return sum_of_terms(v, y); }).second;
    const array s = xp::softmax(z).value(), claim = s - y, r = claim / (1 - s);
    const xp::parameter<double> w(z);
    const xp::tape tape;
    const array each = xp::jacobian(terms(w, y), {w})[0].value();
    row("softmax(z) - y", claim);
    row("cross-entropy", entropy);
    rows("term", each);
    row("sum of the terms", sum);
    const auto same = [&](const char* what, const array& a, const array& b) {
      const double difference = xp::max(xp::abs(variable(a) - b)).item();
      page.figure(name + ", " + what, difference, 0, 1e-15, "below 1e-15");
    };
    same("|cross-entropy - (softmax(z) - y)|", entropy, claim);
    same("|diagonal - (softmax(z) - y)|", xp::einsum("ii->i", each).value(), claim);
    same("|sum - formula|", sum, r - s * xp::sum(r).item());
    if (z.size() == 2) same("|sum - 2 (softmax(z) - y)|", sum, 2 * claim);
    const auto check = [&](const char* loss, const auto& forward, double wrong) {
      const xp::custom_rule<double> rule{loss, [&](const auto& x) { return forward(x[0], y); },
                                         [&](auto, const auto& g, const auto& x, const auto&) {
                                           return g * (xp::softmax(x[0]) - y);
                                         }};
      const auto f = [&](const variable& v) { return xp::custom_op(rule, {v}); };
      const auto report = xp::check_gradients(f, {z});
      const std::string text = report.text();
      page.print("%s: %s\n", loss, text.substr(0, text.find('\n')).c_str());
      if (!report.ok()) page.print("wrong operation: %s\n", report.wrong().operation.c_str());
      page.figure(name + ", failed for " + loss, double(report.failed()), wrong, wrong, "%.0f");
    };
    check("cross_entropy", cross_entropy, 0);
    check("sum_of_terms", sum_of_terms, z.size() == 2 ? 6 : 9);
  };
  compare("three classes", {0.5, -1.2, 2.0}, {0, 1, 0});
  compare("two classes", {0.5, -1.2}, {0, 1});

  page.section("large logits");
  for (const double c : {0., 1000., -1000.}) {
    const array z{c, c + 1, c + 2};
    row("z", z);
    both("log(sum(exp(z)))", z, [](const auto& v) { return xp::log(xp::sum(xp::exp(v))); });
    both("logsumexp(z)", z, [](const auto& v) { return xp::logsumexp(v); });
  }
  const auto large = at({1000, 1001, 1002}, [](const auto& v) { return xp::logsumexp(v); });
  page.figure("logsumexp of 1000 to 1002", large.first(), 1002.407, 1002.408, "%.2f");

  page.section("one-hot");
  rows("sample", xp::data::one_hot<double>({0, 2, 1}, 3));
  return page.finish();
}
