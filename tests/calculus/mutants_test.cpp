// A catalogue of wrong derivatives. Each stands in the middle of a small program, its value right, its derivative
// wrong in one way; the checker must convict every one, and name it.

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include <xtape/calculus/check.hpp>
#include <xtape/ops/ops.hpp>

using namespace xtape;

namespace {

using value = variable<double>;
using variables = std::vector<value>;
using verdict = gradient_report::verdict;
using vjp_function =
    std::function<value(std::size_t, const value&, const variables&, const value&)>;

/// An operation as it should be.
struct operation {
  std::string name;
  std::vector<shape_type> shapes;
  std::function<value(const variables&)> forward;
  vjp_function vjp;
};

value sum_like(const value& v, const value& x) { return sum_to(v, x.shape()); }

const std::vector<int> labels{2, 0, 1};

array<double> onehot() { return {{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}}; }

const std::vector<operation> operations{
    {"square",
     {{2, 3}},
     [](const auto& x) { return square(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) { return 2 * g * x[0]; }},
    {"sigmoid",
     {{2, 3}},
     [](const auto& x) { return sigmoid(x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) { return g * y * (1 - y); }},
    {"tanh",
     {{2, 3}},
     [](const auto& x) { return tanh(x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) { return g * (1 - y * y); }},
    {"relu",
     {{2, 3}},
     [](const auto& x) { return relu(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) { return gate(g, x[0]); }},
    {"exp",
     {{5}},
     [](const auto& x) { return exp(x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) { return g * y; }},
    {"log",
     {{5}},
     [](const auto& x) { return log(4 + x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) { return g / (4 + x[0]); }},
    {"sqrt",
     {{5}},
     [](const auto& x) { return sqrt(4 + x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) { return g / (2 * y); }},
    {"erf",
     {{5}},
     [](const auto& x) { return erf(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) {
       return g * exp(-square(x[0])) * 1.1283791670955126;
     }},
    {"silu",
     {{5}},
     [](const auto& x) { return silu(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) {
       const value s = sigmoid(x[0]);
       return g * s * (1 + x[0] * (1 - s));
     }},
    {"multiply",
     {{2, 3}, {3}},
     [](const auto& x) { return x[0] * x[1]; },
     [](auto k, const auto& g, const auto& x, const auto&) {
       return sum_like(g * x[1 - k], x[k]);
     }},
    {"divide",
     {{2, 3}, {2, 1}},
     [](const auto& x) { return x[0] / (4 + x[1]); },
     [](auto k, const auto& g, const auto& x, const auto& y) {
       return sum_like(k == 0 ? g / (4 + x[1]) : -(g * y) / (4 + x[1]), x[k]);
     }},
    {"maximum",
     {{2, 3}, {2, 3}},
     [](const auto& x) { return maximum(x[0], x[1]); },
     [](auto k, const auto& g, const auto& x, const auto&) { return prefer(g, x[k], x[1 - k]); }},
    {"matmul",
     {{2, 3}, {3, 2}},
     [](const auto& x) { return matmul(x[0], x[1]); },
     [](auto k, const auto& g, const auto& x, const auto&) {
       return k == 0 ? matmul(g, transpose(x[1])) : matmul(transpose(x[0]), g);
     }},
    {"affine",
     {{4, 3}, {3, 2}, {2}},
     [](const auto& x) { return affine(x[0], x[1], x[2]); },
     [](auto k, const auto& g, const auto& x, const auto&) {
       return k == 0   ? matmul(g, transpose(x[1]))
              : k == 1 ? matmul(transpose(x[0]), g)
                       : sum(g, {0});
     }},
    {"inverse",
     {{3, 3}},
     [](const auto& x) {
       return inverse(x[0] + 4 * array<double>{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
     },
     [](auto, const auto& g, const auto&, const auto& y) {
       const value t = transpose(y);
       return -matmul(matmul(t, g), t);
     }},
    {"sum",
     {{2, 3}},
     [](const auto& x) { return sum(x[0], {0}); },
     [](auto, const auto& g, const auto& x, const auto&) { return broadcast_to(g, x[0].shape()); }},
    {"mean",
     {{2, 3}},
     [](const auto& x) { return mean(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) {
       return broadcast_to(g / 6, x[0].shape());
     }},
    {"prod",
     {{3}},
     [](const auto& x) { return prod(x[0]); },
     [](auto, const auto& g, const auto& x, const auto& y) { return g * y / x[0]; }},
    {"max",
     {{2, 3}},
     [](const auto& x) { return max(x[0], {1}, {.keep_dims = true}); },
     [](auto, const auto& g, const auto& x, const auto& y) {
       return prefer(broadcast_to(2 * g, x[0].shape()), x[0], broadcast_to(y, x[0].shape()));
     }},
    {"var",
     {{4}},
     [](const auto& x) { return var(x[0]); },
     [](auto, const auto& g, const auto& x, const auto&) { return g * (x[0] - mean(x[0])) / 2; }},
    {"norm",
     {{4}},
     [](const auto& x) { return norm(x[0]); },
     [](auto, const auto& g, const auto& x, const auto& y) { return g * x[0] / y; }},
    {"logsumexp",
     {{2, 3}},
     [](const auto& x) { return logsumexp(x[0], {1}, {.keep_dims = true}); },
     [](auto, const auto& g, const auto& x, const auto&) { return g * softmax(x[0]); }},
    {"softmax",
     {{2, 3}},
     [](const auto& x) { return softmax(x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) {
       return y * (g - sum(g * y, {1}, {.keep_dims = true}));
     }},
    {"log_softmax",
     {{2, 3}},
     [](const auto& x) { return log_softmax(x[0]); },
     [](auto, const auto& g, const auto&, const auto& y) {
       return g - exp(y) * sum(g, {1}, {.keep_dims = true});
     }},
    {"cumsum",
     {{2, 3}},
     [](const auto& x) { return cumsum(x[0], 1); },
     [](auto, const auto& g, const auto&, const auto&) {
       return flip(cumsum(flip(g, {1}), 1), {1});
     }},
    {"cross_entropy",
     {{3, 4}},
     [](const auto& x) { return softmax_cross_entropy(x[0], labels); },
     [](auto, const auto& g, const auto& x, const auto&) {
       return g * (softmax(x[0]) - onehot()) / 3;
     }},
    {"mse",
     {{2, 3}, {2, 3}},
     [](const auto& x) { return mse(x[0], x[1]); },
     [](auto k, const auto& g, const auto& x, const auto&) { return g * (x[k] - x[1 - k]) / 3; }},
    {"bce",
     {{4}, {4}},
     [](const auto& x) { return binary_cross_entropy_with_logits(x[0], x[1]); },
     [](auto k, const auto& g, const auto& x, const auto&) {
       return g * (k == 0 ? sigmoid(x[0]) - x[1] : -x[0]) / 4;
     }},
    {"transpose",
     {{2, 3}},
     [](const auto& x) { return transpose(x[0]); },
     [](auto, const auto& g, const auto&, const auto&) { return transpose(g); }},
    {"slice",
     {{4, 2}},
     [](const auto& x) {
       return slice(x[0], {{1, 3}});
     },
     [](auto, const auto& g, const auto&, const auto&) {
       return pad(g, {{1, 1}, {0, 0}});
     }},
    {"take",
     {{3}},
     [](const auto& x) {
       return take(x[0], {0, 2, 0, 1});
     },
     [](auto, const auto& g, const auto&, const auto&) {
       return scatter_add(g, {0, 2, 0, 1}, 3);
     }},
    {"concatenate",
     {{2}, {3}},
     [](const auto& x) {
       return concatenate({x[0], x[1]});
     },
     [](auto k, const auto& g, const auto&, const auto&) {
       return k == 0 ? slice(g, {{0, 2}}) : slice(g, {{2, 5}});
     }},
};

/// A wrong vjp: of which operation, in which way.
struct mutant {
  std::string name;
  const operation* of;
  vjp_function vjp;
  int order = 1;  // 2: the gradient is right, its own derivative is not
};

/// v with its greatest element multiplied.
value with_one_element(const value& v, double factor) {
  const array<double>& x = v.value();
  const auto less = [](double a, double b) { return std::abs(a) < std::abs(b); };
  array<double> each = full<double>(v.shape(), 1);
  each.data()[std::max_element(x.data(), x.data() + x.size(), less) - x.data()] = factor;
  return v * each;
}

const operation& named(const std::string& name) {
  for (const operation& each : operations)
    if (each.name == name) return each;
  throw domain_error("no operation " + name, {});
}

std::vector<mutant> catalogue() {
  std::vector<mutant> found;
  // What may happen to any rule.
  for (const operation& op : operations) {
    const auto wrong = [&](const std::string& how, auto change) {
      found.push_back({op.name + ": " + how, &op,
                       [vjp = op.vjp, change](auto k, const auto& g, const auto& x, const auto& y) {
                         return change(vjp(k, g, x, y), k);
                       }});
    };
    wrong("sign", [](const value& v, std::size_t) { return -v; });
    wrong("factor 2", [](const value& v, std::size_t) { return 2 * v; });
    wrong("0.1 % too great", [](const value& v, std::size_t) { return 1.001 * v; });
    wrong("0.1 % too small in the last argument", [&op](const value& v, std::size_t k) {
      return k + 1 == op.shapes.size() ? 0.999 * v : v;
    });
    wrong("nothing comes back", [](const value& v, std::size_t) { return 0 * v; });
    wrong("1 % at one index",
          [](const value& v, std::size_t) { return with_one_element(v, 1.01); });
    wrong("one element left out",
          [](const value& v, std::size_t) { return with_one_element(v, 0); });
  }
  // What happens to one.
  const auto wrong = [&](const std::string& op, const std::string& how, vjp_function vjp,
                         int order = 1) {
    found.push_back({op + ": " + how, &named(op), std::move(vjp), order});
  };
  wrong("relu", "mask y >= 0", [](auto, const auto& g, const auto&, const auto&) { return 1 * g; });
  wrong("relu", "no mask but the value's",
        [](auto, const auto& g, const auto&, const auto& y) { return g * y; });
  wrong("sigmoid", "without 1 - y",
        [](auto, const auto& g, const auto&, const auto& y) { return g * y; });
  wrong("sigmoid", "of x for y",
        [](auto, const auto& g, const auto& x, const auto&) { return g * x[0] * (1 - x[0]); });
  wrong("tanh", "1 - y",
        [](auto, const auto& g, const auto&, const auto& y) { return g * (1 - y); });
  wrong("tanh", "1 - x^2",
        [](auto, const auto& g, const auto& x, const auto&) { return g * (1 - square(x[0])); });
  wrong("exp", "of x for y",
        [](auto, const auto& g, const auto& x, const auto&) { return g * x[0]; });
  wrong("log", "without the inner derivative's place",
        [](auto, const auto& g, const auto& x, const auto&) { return g / (3 + x[0]); });
  wrong("sqrt", "without the half",
        [](auto, const auto& g, const auto&, const auto& y) { return g / y; });
  wrong("silu", "sigmoid only",
        [](auto, const auto& g, const auto& x, const auto&) { return g * sigmoid(x[0]); });
  wrong("multiply", "the factors exchanged", [](auto k, const auto& g, const auto& x, const auto&) {
    return sum_like(g * broadcast_to(x[k], g.shape()), x[k]);
  });
  wrong("multiply", "one row instead of the sum over rows",
        [](auto k, const auto& g, const auto& x, const auto&) {
          return k == 0 ? g * x[1] : slice(g * x[0], {at(0)});
        });
  wrong("multiply", "mean instead of the sum over rows",
        [](auto k, const auto& g, const auto& x, const auto&) {
          return k == 0 ? g * x[1] : mean(g * x[0], {0});
        });
  wrong("divide", "sign of the divisor's", [](auto k, const auto& g, const auto& x, const auto& y) {
    return sum_like(k == 0 ? g / (4 + x[1]) : g * y / (4 + x[1]), x[k]);
  });
  wrong("divide", "not divided twice", [](auto k, const auto& g, const auto& x, const auto& y) {
    return sum_like(k == 0 ? g / (4 + x[1]) : -(g * y), x[k]);
  });
  wrong("maximum", "all to the first",
        [](auto k, const auto& g, const auto&, const auto&) { return k == 0 ? 1 * g : 0 * g; });
  wrong("maximum", "half to each",
        [](auto, const auto& g, const auto&, const auto&) { return 0.5 * g; });
  wrong("maximum", "to the lesser", [](auto k, const auto& g, const auto& x, const auto&) {
    return prefer(g, x[1 - k], x[k]);
  });
  wrong("matmul", "missing transpose of b", [](auto k, const auto& g, const auto& x, const auto&) {
    return k == 0 ? matmul(g, reshape(x[1], {2, 3})) : matmul(transpose(x[0]), g);
  });
  wrong("matmul", "missing transpose of a", [](auto k, const auto& g, const auto& x, const auto&) {
    return k == 0 ? matmul(g, transpose(x[1])) : matmul(reshape(x[0], {3, 2}), g);
  });
  wrong("matmul", "transposed cotangent", [](auto k, const auto& g, const auto& x, const auto&) {
    return k == 0 ? matmul(transpose(g), transpose(x[1])) : matmul(transpose(x[0]), g);
  });
  wrong("affine", "bias of one row", [](auto k, const auto& g, const auto& x, const auto&) {
    return k == 0   ? matmul(g, transpose(x[1]))
           : k == 1 ? matmul(transpose(x[0]), g)
                    : slice(g, {at(0)});
  });
  wrong("affine", "bias by the batch's mean",
        [](auto k, const auto& g, const auto& x, const auto&) {
          return k == 0   ? matmul(g, transpose(x[1]))
                 : k == 1 ? matmul(transpose(x[0]), g)
                          : mean(g, {0});
        });
  wrong("affine", "weight by the batch's mean",
        [](auto k, const auto& g, const auto& x, const auto&) {
          return k == 0   ? matmul(g, transpose(x[1]))
                 : k == 1 ? matmul(transpose(x[0]), g) / 4
                          : sum(g, {0});
        });
  wrong("inverse", "without transposes",
        [](auto, const auto& g, const auto&, const auto& y) { return -matmul(matmul(y, g), y); });
  wrong("sum", "off by the number of rows", [](auto, const auto& g, const auto& x, const auto&) {
    return broadcast_to(g / 2, x[0].shape());
  });
  wrong("mean", "off by the batch size", [](auto, const auto& g, const auto& x, const auto&) {
    return broadcast_to(g, x[0].shape());
  });
  wrong("mean", "divided by rows only", [](auto, const auto& g, const auto& x, const auto&) {
    return broadcast_to(g / 2, x[0].shape());
  });
  wrong("prod", "product of all",
        [](auto, const auto& g, const auto& x, const auto& y) { return g * y * (0 * x[0] + 1); });
  wrong("max", "to every element", [](auto, const auto& g, const auto& x, const auto&) {
    return broadcast_to(g, x[0].shape());
  });
  wrong("var", "without the mean",
        [](auto, const auto& g, const auto& x, const auto&) { return g * x[0] / 2; });
  wrong("var", "ddof 1", [](auto, const auto& g, const auto& x, const auto&) {
    return g * (x[0] - mean(x[0])) * (2 / 3.0);
  });
  wrong("norm", "not divided",
        [](auto, const auto& g, const auto& x, const auto&) { return g * x[0]; });
  wrong("norm", "of the square",
        [](auto, const auto& g, const auto& x, const auto&) { return 2 * g * x[0]; });
  wrong("logsumexp", "even weights", [](auto, const auto& g, const auto& x, const auto&) {
    return broadcast_to(g / 3, x[0].shape());
  });
  wrong("logsumexp", "softmax along the other axis",
        [](auto, const auto& g, const auto& x, const auto&) { return g * softmax(x[0], 0); });
  wrong("softmax", "without cross terms",
        [](auto, const auto& g, const auto&, const auto& y) { return g * y * (1 - y); });
  wrong("softmax", "summed over the batch",
        [](auto, const auto& g, const auto&, const auto& y) { return y * (g - sum(g * y)); });
  wrong("softmax", "summed over the other axis",
        [](auto, const auto& g, const auto&, const auto& y) { return y * (g - sum(g * y, {0})); });
  wrong("log_softmax", "softmax's", [](auto, const auto& g, const auto&, const auto& y) {
    return exp(y) * (g - sum(g * exp(y), {1}, {.keep_dims = true}));
  });
  wrong("log_softmax", "without the sum",
        [](auto, const auto& g, const auto&, const auto& y) { return g - exp(y); });
  wrong("cumsum", "not from the end",
        [](auto, const auto& g, const auto&, const auto&) { return cumsum(g, 1); });
  wrong("cross_entropy", "off by the batch size",
        [](auto, const auto& g, const auto& x, const auto&) {
          return g * (softmax(x[0]) - onehot());
        });
  wrong("cross_entropy", "S without Y",
        [](auto, const auto& g, const auto& x, const auto&) { return g * softmax(x[0]) / 3; });
  wrong("cross_entropy", "the loss of two terms has S - Y",
        [](auto, const auto& g, const auto& x, const auto&) {
          // -sum y log s + (1 - y) log(1 - s) has another gradient at the softmax's input than S - Y.
          const value s = softmax(x[0]);
          const value by_s = (s - onehot()) / (s * (1 - s));
          return g * s * (by_s - sum(by_s * s, {1}, {.keep_dims = true})) / 3;
        });
  wrong("mse", "off by the batch size", [](auto k, const auto& g, const auto& x, const auto&) {
    return g * (x[k] - x[1 - k]) * 2;
  });
  wrong("mse", "without the 2", [](auto k, const auto& g, const auto& x, const auto&) {
    return g * (x[k] - x[1 - k]) / 6;
  });
  wrong("mse", "the target's has the prediction's sign",
        [](auto, const auto& g, const auto& x, const auto&) { return g * (x[0] - x[1]) / 3; });
  wrong("bce", "squared error's sigmoid'", [](auto k, const auto& g, const auto& x, const auto&) {
    const value s = sigmoid(x[0]);
    return g * (k == 0 ? (s - x[1]) * s * (1 - s) : -x[0]) / 4;
  });
  wrong("transpose", "reshaped", [](auto, const auto& g, const auto&, const auto&) {
    return reshape(g, {2, 3});
  });
  wrong("slice", "put back one row off", [](auto, const auto& g, const auto&, const auto&) {
    return pad(g, {{0, 2}, {0, 0}});
  });
  wrong("take", "the last of repeated rows only",
        [](auto, const auto& g, const auto&, const auto&) {
          return scatter_add(g * array<double>{0, 1, 1, 1}, {0, 2, 0, 1}, 3);
        });
  wrong("concatenate", "the parts exchanged", [](auto k, const auto& g, const auto&, const auto&) {
    return k == 0 ? slice(g, {{3, 5}}) : slice(g, {{0, 3}});
  });
  // Right in the first order, and wrong when it is differentiated again.
  for (const char* const name :
       {"square",  "sigmoid",     "tanh",      "exp",           "log",     "sqrt", "erf",
        "silu",    "multiply",    "divide",    "matmul",        "inverse", "var",  "norm",
        "softmax", "log_softmax", "logsumexp", "cross_entropy", "mse",     "bce"})
    wrong(
        name, "a history is dropped",
        [vjp = named(name).vjp](auto k, const auto& g, const auto& x, const auto& y) {
          variables detached;
          for (const value& each : x) detached.push_back(each.detach());
          return vjp(k, g, detached, y.detach());
        },
        2);
  for (const operation& op : operations) {
    wrong(
        op.name, "the cotangent's history is dropped",
        [vjp = op.vjp](auto k, const auto& g, const auto& x, const auto& y) {
          return vjp(k, g.detach(), x, y);
        },
        2);
    wrong(
        op.name, "the whole history is dropped",
        [vjp = op.vjp](auto k, const auto& g, const auto& x, const auto& y) {
          return vjp(k, g, x, y).detach();
        },
        2);
  }
  return found;
}

/// The operation between others: its arguments and its result are not ends of the tape.
value program(const custom_rule<double>& rule, const variables& inputs) {
  variables x;
  for (const value& input : inputs) x.push_back(1.1 * input);
  const value y = custom_op(rule, x);
  return y + 0.3 * square(y) + 0.01 * sum(square(inputs[0]));
}

std::vector<array<double>> points(const operation& op, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<array<double>> result;
  for (const shape_type& shape : op.shapes) {
    result.push_back(empty<double>(shape));
    for (double& v : result.back().storage()) do
        v = static_cast<double>(random()) / 2147483648.0 - 1;
      while (std::abs(v) < 0.1);
  }
  return result;
}

}  // namespace

TEST_CASE("the operations of the catalogue are right", "[calculus][mutants]") {
  for (const operation& op : operations) {
    const custom_rule<double> rule{op.name, op.forward, op.vjp};
    for (unsigned seed = 1; seed <= 3; ++seed) {
      const gradient_report report =
          check_gradients([&](const variables& x) { return program(rule, x); }, points(op, seed),
                          {.order = 2, .seed = seed});
      INFO(op.name << ", seed " << seed << "\n" << report);
      CHECK(report.ok());
    }
  }
}

TEST_CASE("every wrong derivative of the catalogue is convicted, and named",
          "[calculus][mutants][long]") {
  const std::vector<mutant> mutants = catalogue();
  CHECK(mutants.size() >= 60);
  for (const mutant& each : mutants) {
    const custom_rule<double> rule{each.of->name, each.of->forward, each.vjp};
    const gradient_report report =
        check_gradients([&](const variables& x) { return program(rule, x); }, points(*each.of, 1),
                        {.order = each.order});
    INFO(each.name << "\n" << report);
    CHECK(report.result() == verdict::failed);
    CHECK(report.wrong().operation == each.of->name);
  }
}

// A value used twice, of which only one use comes back: the operation that lost it is right for its other argument.
TEST_CASE("a dropped fan-out is convicted, and named", "[calculus][mutants]") {
  const custom_rule<double> twice{"twice", [](const variables& x) { return x[0] * x[1]; },
                                  [](std::size_t k, const value& g, const variables& x,
                                     const value&) { return k == 0 ? g * x[1] : 0 * g; }};
  const gradient_report report = check_gradients(
      [&](const value& x) {
        const value h = tanh(x);
        return custom_op(twice, {h, h}) + h;
      },
      {array<double>{0.3, -0.7}});
  INFO(report);
  CHECK(report.result() == verdict::failed);
  CHECK(report.wrong().operation == "twice");
  CHECK(report.wrong().input == 1);
}

// -sum y log s + (1 - y) log(1 - s) over the outputs of a softmax is a loss of its own; S - Y is the
// derivative of -sum y log s only.
TEST_CASE("S - Y does not belong to the loss of two terms", "[calculus][mutants]") {
  const array<double> y{{0, 0, 1}, {1, 0, 0}};
  const auto loss = [&](const value& z) {
    const value s = softmax(z);
    return -sum(y * log(s) + (1 - y) * log(1 - s)) / 2;
  };
  const std::vector<array<double>> z{array<double>{{0.3, -0.7, 1.1}, {0.2, 0.9, -0.4}}};
  CHECK(check_gradients(loss, z).ok());
  const custom_rule<double> mismatched{"two_terms", [&](const variables& x) { return loss(x[0]); },
                                       [&](std::size_t, const value& g, const variables& x,
                                           const value&) { return g * (softmax(x[0]) - y) / 2; }};
  const gradient_report report =
      check_gradients([&](const value& x) { return custom_op(mismatched, {x}); }, z);
  INFO(report);
  CHECK(report.result() == verdict::failed);
  CHECK(report.wrong().operation == "two_terms");
}
