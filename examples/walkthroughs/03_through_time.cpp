// Recurrent nets unrolled over 5 to 200 steps: what is left of the gradient, an LSTM's, and clipping.
#include <xtape/xtape.hpp>

#include "walkthrough.hpp"

namespace xp = xtape;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;
using variables = std::vector<variable>;
constexpr std::size_t sequences = 32, units = 50;

static double rms(const variable& x) { return xp::sqrt(xp::mean(xp::square(x))).item(); }

// The greatest |eigenvalue| is the limit of ||W^k||^(1/k). W is squared again and again, each time at norm 1.
static double radius(xp::array<double> w) {
  double logarithm = 0;
  for (double power = 1; power < 1e4; power *= 2) {
    const double size = xp::norm(w).item();
    logarithm += std::log(size) / power;
    w = xp::matmul(w / size, w / size).value();
  }
  return std::exp(logarithm);
}

struct net {
  std::string kind;    // linear, tanh, LSTM, or cell: an LSTM whose gates send no gradient back
  double size, input;  // W's radius, or the bias of the forget gates; the deviation of U
  parameter u, w, b;
  variables z{}, h{}, forget{};  // a value a step, from step 0 on; h is made of tanh(z)
  void unroll(const variables& inputs) {
    z = h = forget = {parameter(xp::zeros<double>({sequences, units}))};
    for (const variable& x : inputs) {
      const variable last = kind == "cell" ? h.back().detach() : h.back();
      const variable sum = xp::matmul(x, u) + xp::affine(last, w, b);
      if (kind == "linear" || kind == "tanh") {
        z.push_back(sum);
        h.push_back(kind == "tanh" ? xp::tanh(sum) : sum);
      } else {
        const variables gates = xp::split(sum, 4, 1);
        forget.push_back(xp::sigmoid(gates[1] + size));
        z.push_back(forget.back() * z.back() + xp::sigmoid(gates[0]) * xp::tanh(gates[2]));
        h.push_back(xp::sigmoid(gates[3]) * xp::tanh(z.back()));
      }
    }
  }
};

static net make(const std::string& kind, double size, double input, std::uint64_t seed = 1) {
  const bool simple = kind == "linear" || kind == "tanh";
  const std::size_t columns = simple ? units : 4 * units;
  parameter u(xp::rng(seed).split(1).normal<double>({1, columns}, 0, input)),
      w(xp::rng(seed).normal<double>({units, columns}, 0, std::sqrt(1.0 / units)));
  if (simple) w.mutable_value() *= size / radius(w.value());
  return {kind, size, input, std::move(u), std::move(w), parameter(xp::zeros<double>({columns}))};
}

int main(int argc, char** argv) {
  walkthrough page(argc, argv);
  page.section("what is left");
  xp::rng random(7);
  variables inputs;
  while (inputs.size() < 200) inputs.push_back(parameter(random.normal<double>({sequences, 1})));
  const variable r = random.normal<double>({sequences, units});
  std::vector<net> nets;
  for (const auto& [kind, input] : {std::pair("linear", 0.06), {"tanh", 0.06}, {"tanh", 1.0}})
    for (const double size : {0.8, 1.0, 1.3}) nets.push_back(make(kind, size, input));
  for (const std::string kind : {"cell", "LSTM"})
    for (const double bias : {1.0, 3.0, 5.3}) nets.push_back(make(kind, bias, 0.14));
  page.print("size, U      5 steps      20      50     100     200    step   gate   rest\n");
  auto curves = page.open_table("gradients", {"at z", "at x"});  // of 200 steps, net by net
  std::vector<double> step;
  for (std::size_t i = 0; i < nets.size(); ++i) {
    net& n = nets[i];
    variables x, z, h;  // the gradients at every step of 200
    page.print("%-7s%.1f%5.2f  ", n.kind.c_str(), n.size, n.input);
    for (const int steps : {5, 20, 50, 100, 200}) {
      const xp::tape tape;
      n.unroll({inputs.begin(), inputs.begin() + steps});
      const variable end = xp::sum(n.h.back() * r);  // the gradient begins with RMS 1 at the last h
      page.print("%8.1e", rms(xp::grad(end, {inputs[0]})[0]));
      if (steps < 200) continue;
      x = xp::grad(end, inputs), z = xp::grad(end, n.z), h = xp::grad(end, n.h);
    }
    for (std::size_t t = 1; t <= 200; ++t) curves.row({rms(z[t]), rms(x[t - 1])});
    double gate = 1;
    for (std::size_t t = 11; t <= 150; ++t)
      gate *= std::pow(i < 9 ? rms(z[t]) / rms(h[t]) : xp::mean(n.forget[t]).item(), 1 / 140.0);
    step.push_back(std::pow(rms(z[10]) / rms(z[150]), 1 / 140.0));
    page.print("%8.4f%7.4f%7.4f\n", step[i], gate, step[i] / gate);
  }
  page.figure("factor, linear", step[2], 1.295, 1.305, "%.4f");
  page.figure("factor, tanh, large U", step[8], 0.65, 0.85, "%.3f");
  page.figure("sqrt(n) std", rms(nets[1].w) * std::sqrt(1.0 * units), 0.9, 0.93, "%.3f");
  page.figure("factor, cell", step[11], 0.994, 0.996, "%.4f");
  page.figure("factor, LSTM", step[14], 1.01, 1.07, "%.3f");

  page.section("clipping", walkthrough::kind::takes_long);
  auto table = page.open_table("updates", {"limit", "seed", "k", "asked", "made", "loss"});
  const int seeds = page.budget(6, 2), updates = 60;
  for (const double limit : {1e99, 1.0}) {
    double late = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
      xp::rng noise(static_cast<std::uint64_t>(seed));
      net n = make("LSTM", 4.6, 0.14, noise());
      const parameter v(noise.normal<double>({units, 1}, 0, 0.14));
      const variables weights{n.u, n.w, n.b, v};
      xp::optim::sgd<double> descent(weights, {.learning_rate = 0.03});
      for (int k = 1; k <= updates; ++k) {
        variables x{xp::sign(noise.normal<double>({sequences, 1}))};  // to be remembered
        while (x.size() < 100) x.push_back(noise.normal<double>({sequences, 1}, 0, 0.2));
        const xp::tape tape;
        n.unroll(x);
        const variable loss = xp::mse(xp::matmul(n.h.back(), v), x[0]);
        descent.zero_grad();
        loss.backward();
        double length = 0;
        for (const variable& p : weights) length = std::hypot(length, xp::norm(p.grad()).item());
        const double made = 0.03 * std::min(length, limit);
        descent.set_learning_rate(made / length);
        descent.step();
        table.row({limit, 1.0 * seed, 1.0 * k, 0.03 * length, made, loss.item()});
        if (k > updates - 20) late += loss.item() / (20 * seeds);
        const double spread = xp::mean(xp::stddev(n.h.back(), {0})).item();
        if (seed == 1 && k < 5)
          page.print("step %.3f  loss %.3f  spread %.3f\n", made, loss.item(), spread);
      }
    }
    page.figure(limit == 1 ? "late loss, limit 1" : "late loss, no limit", late,
                limit == 1 ? 0 : 0.75, limit == 1 ? 0.6 : 1.6, "%.2f");
  }
  return page.finish();
}
