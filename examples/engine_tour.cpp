// The program behind docs/engine.md: every print-out shown there is this program's.
#include <xtape/calculus/check.hpp>
#include <xtape/xtape.hpp>

#include <iostream>
#include <sstream>
#include <string>

namespace xp = xtape;
using array = xp::array<double>;
using variable = xp::variable<double>;
using parameter = xp::parameter<double>;

static std::string text(const array& values) {
  std::ostringstream out;
  for (const double value : values) out << (out.tellp() == 0 ? "" : " ") << value;
  return '[' + out.str() + ']';
}

// y = sigmoid(x * w): what is written down, and how it is read backwards.
static void one_neuron() {
  std::cout << "-- one neuron\n";
  const parameter w(array{0.5, -1.0}, "w");
  const array x{2.0, 3.0};

  xp::tape tape;
  const variable z = x * w;
  const variable y = xp::sigmoid(z).named("y");
  const variable loss = xp::sum(y);
  std::cout << tape;

  for (const auto& step : xp::walk(loss)) {
    std::cout << '%' << step.operation->index() << ' ' << step.operation->operation()
              << ": cotangent " << text(step.cotangent);
    for (const auto& sent : step.contributions)
      std::cout << ", sends " << text(sent.value) << " to "
                << step.operation->input_text(sent.input);
    std::cout << '\n';
  }

  loss.backward();
  std::cout << "w.grad() = " << text(w.grad()) << '\n';
  loss.backward();
  std::cout << "after a second backward: " << text(w.grad()) << '\n';
  w.zero_grad();
  std::cout << "after zero_grad: " << text(w.grad()) << '\n';
}

// A bias of shape (2) used in three rows: the engine sums its gradient back to (2).
static void broadcasting() {
  std::cout << "-- broadcasting\n";
  const parameter b(array{10.0, 20.0}, "b");
  xp::tape tape;
  const variable y = xp::square(xp::zeros<double>({3, 2}) + b);
  xp::sum(y).backward();
  std::cout << "b.grad() = " << text(b.grad()) << '\n';
}

// A sweep that is recorded can be differentiated again.
static void second_derivative() {
  std::cout << "-- second derivative\n";
  const parameter x(xp::full<double>({}, 0.5), "x");
  xp::tape tape;
  const variable y = xp::tanh(x);
  const variable slope = xp::grad(y, {x}, {.create_graph = true})[0];
  std::cout << tape;
  const variable curvature = xp::grad(slope, {x})[0];
  std::cout << "tanh''(0.5) = " << curvature.item() << '\n';
  std::cout << "-2 y (1 - y^2) = " << -2 * y.item() * (1 - y.item() * y.item()) << '\n';
}

// To an inner tape the values of an outer one are leaves.
static void nested_tapes() {
  std::cout << "-- nested tapes\n";
  const parameter w(xp::full<double>({}, 3.0), "w");
  xp::tape outer;
  const variable a = xp::square(w).named("a");
  {
    xp::tape inner;
    const variable b = xp::square(a);
    std::cout << inner;
    b.backward();
    std::cout << "a.grad() = " << text(a.grad()) << ", w.has_grad() = " << w.has_grad() << '\n';
  }
  a.backward(a.grad());
  std::cout << "w.grad() = " << text(w.grad()) << '\n';
}

// A function of several operations keeps its own lines out of the tape.
static variable half_square(const xp::operand<double>& x) {
  const xp::at_line line(x.where());
  return 0.5 * xp::square(x);
}

static void lines_and_pauses() {
  std::cout << "-- lines and pauses\n";
  const parameter w(array{1.0, 2.0}, "w");
  xp::tape tape;
  const variable loss = xp::sum(half_square(w));
  std::cout << tape;
  {
    const xp::no_grad quiet;
    std::cout << "recorded while paused: " << (w * 2).tracked() << '\n';
  }
  w.mutable_value() += 1;
  try {
    loss.backward();
  } catch (const xp::tape_error& e) {
    std::cout << e.what() << '\n';
  }
}

// Once a loop of fixed shapes is warm, it asks the system for nothing.
static void steady_state() {
  std::cout << "-- steady state\n";
  const parameter w(xp::full<double>({50, 20}, 0.1), "w");
  const array x = xp::full<double>({30, 50}, 1.0);
  for (int step = 0; step < 4; ++step) {
    const auto before = xp::pool_stats();
    {
      xp::tape tape;
      xp::sum(xp::tanh(xp::matmul(x, w))).backward();
    }
    w.zero_grad();
    const auto after = xp::pool_stats();
    std::cout << "step " << step
              << ": blocks asked of the system: " << after.system_calls - before.system_calls
              << '\n';
  }
}

// Derivatives against differences of the function itself; the second function hides a use of x.
static void gradient_check() {
  std::cout << "-- gradient check\n";
  const array x{{0.1, -0.4}, {0.7, 0.2}};
  const array w{{1.0, -2.0}, {0.5, 3.0}};
  const auto layer = [](const variable& a, const variable& b) {
    return xp::tanh(xp::matmul(a, b));
  };
  std::cout << xp::check_gradients(layer, {x, w}) << '\n';
  const auto wrong = [](const variable& a) { return a * a.detach(); };
  std::cout << xp::check_gradients(wrong, {x}) << '\n';
}

int main() {
  one_neuron();
  broadcasting();
  second_derivative();
  nested_tapes();
  lines_and_pauses();
  steady_state();
  gradient_check();
}
