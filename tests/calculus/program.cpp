#include "calculus/program.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <xtape/ops/ops.hpp>

using namespace xtape;

namespace programs {
namespace {

constexpr std::size_t most_elements = 36, most_axes = 4;

class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  bool chance(std::size_t in) { return below(in) == 0; }
  double number(double low, double high) {
    return low + (high - low) * static_cast<double>(random_()) / 4294967296.0;
  }
  array<double> some(const shape_type& shape) {
    array<double> result = empty<double>(shape);
    for (double& v : result.storage()) v = number(-1.5, 1.5);
    return result;
  }
  shape_type shape() {
    shape_type result;
    for (std::size_t axes = below(4); axes > 0; --axes) result.push_back(1 + below(4));
    return result;
  }

 private:
  std::mt19937 random_;
};

template <class F>
step make(std::string text, std::vector<std::size_t> from, F f) {
  return {std::move(text), std::move(from), f, f};
}

step one_to_one(generator& random, std::size_t a) {
  const auto op = [a](const char* text, auto f) {
    return make(text, {a}, [f](const auto& x) { return f(x[0]); });
  };
  switch (random.below(24)) {
    case 0:
      return op("tanh", [](const auto& x) { return tanh(x); });
    case 1:
      return op("sin", [](const auto& x) { return sin(x); });
    case 2:
      return op("cos", [](const auto& x) { return cos(x); });
    case 3:
      return op("sigmoid", [](const auto& x) { return sigmoid(x); });
    case 4:
      return op("exp(x / 2)", [](const auto& x) { return exp(x * 0.5); });
    case 5:
      return op("log(1 + x^2)", [](const auto& x) { return log(1 + square(x)); });
    case 6:
      return op("sqrt(1 + x^2)", [](const auto& x) { return sqrt(1 + square(x)); });
    case 7:
      return op("softplus", [](const auto& x) { return softplus(x); });
    case 8:
      return op("atan", [](const auto& x) { return atan(x); });
    case 9:
      return op("erf", [](const auto& x) { return erf(x); });
    case 10:
      return op("silu", [](const auto& x) { return silu(x); });
    case 11:
      return op("gelu", [](const auto& x) { return gelu(x); });
    case 12:
      return op("gelu_tanh", [](const auto& x) { return gelu_tanh(x); });
    case 13:
      return op("mish", [](const auto& x) { return mish(x); });
    case 14:
      return op("relu", [](const auto& x) { return relu(x); });
    case 15:
      return op("abs", [](const auto& x) { return abs(x); });
    case 16:
      return op("leaky_relu", [](const auto& x) { return leaky_relu(x, 0.2); });
    case 17:
      return op("elu", [](const auto& x) { return elu(x); });
    case 18:
      return op("softsign", [](const auto& x) { return softsign(x); });
    case 19:
      return op("pow 3", [](const auto& x) { return pow(x, 3); });
    case 20:
      return op("rsqrt(1 + x^2)", [](const auto& x) { return rsqrt(1 + square(x)); });
    case 21:
      return op("expm1(x / 2)", [](const auto& x) { return expm1(x * 0.5); });
    case 22:
      return op("clip", [](const auto& x) { return clip(x, -1.2, 0.9); });
    default:
      return op("log_sigmoid", [](const auto& x) { return log_sigmoid(x); });
  }
}

step two_to_one(generator& random, std::size_t a, std::size_t b) {
  const auto op = [a, b](const char* text, auto f) {
    return make(text, {a, b}, [f](const auto& x) { return f(x[0], x[1]); });
  };
  switch (random.below(9)) {
    case 0:
      return op("add", [](const auto& x, const auto& y) { return x + y; });
    case 1:
      return op("subtract", [](const auto& x, const auto& y) { return x - y; });
    case 2:
    case 3:
      return op("multiply", [](const auto& x, const auto& y) { return x * y; });
    case 4:
      return op("x / (0.5 + y^2)",
                [](const auto& x, const auto& y) { return x / (0.5 + square(y)); });
    case 5:
      return op("maximum", [](const auto& x, const auto& y) { return maximum(x, y); });
    case 6:
      return op("minimum", [](const auto& x, const auto& y) { return minimum(x, y); });
    case 7:
      // Without a jump where x is 0.
      return op("where(relu(x), x y, x)",
                [](const auto& x, const auto& y) { return where(relu(x), x * y, x); });
    default:
      return op("pow(0.5 + x^2, y)",
                [](const auto& x, const auto& y) { return pow(0.5 + square(x), y); });
  }
}

axis_list some_axes(generator& random, std::size_t rank) {
  axis_list axes;
  for (std::size_t axis = 0; axis < rank; ++axis)
    if (random.chance(2)) axes.push_back(static_cast<std::ptrdiff_t>(axis));
  if (axes.empty() && rank > 0)
    axes.push_back(-1 - static_cast<std::ptrdiff_t>(random.below(rank)));
  return axes;
}

step reduction_of(generator& random, std::size_t a, const shape_type& shape) {
  const axis_list axes = some_axes(random, shape.size());
  const bool keep = random.chance(2);
  const auto op = [&](const char* text, auto f) {
    return make(text, {a}, [f, axes, keep](const auto& x) { return f(x[0], axes, keep); });
  };
  switch (random.below(9)) {
    case 0:
      return op("sum", [](const auto& x, const auto& over, bool k) {
        return sum(x, over, {.keep_dims = k});
      });
    case 1:
      return op("mean", [](const auto& x, const auto& over, bool k) {
        return mean(x, over, {.keep_dims = k});
      });
    case 2:
      return op("logsumexp", [](const auto& x, const auto& over, bool k) {
        return logsumexp(x, over, {.keep_dims = k});
      });
    case 3:
      return op("prod", [](const auto& x, const auto& over, bool k) {
        return prod(x, over, {.keep_dims = k});
      });
    case 4:
      return op("max", [](const auto& x, const auto& over, bool k) {
        return max(x, over, {.keep_dims = k});
      });
    case 5:
      return op("min", [](const auto& x, const auto& over, bool k) {
        return min(x, over, {.keep_dims = k});
      });
    case 6:
      return op("var", [](const auto& x, const auto& over, bool k) {
        return var(x, over, {.keep_dims = k});
      });
    case 7:
      return op("norm", [](const auto& x, const auto& over, bool k) {
        return norm(x, 2, over, {.keep_dims = k});
      });
    default:
      return op("stddev", [](const auto& x, const auto& over, bool k) {
        return sqrt(1 + var(x, over, {.keep_dims = k}));
      });
  }
}

step along_axis(generator& random, std::size_t a, const shape_type& shape) {
  const auto axis = static_cast<std::ptrdiff_t>(random.below(shape.size()));
  const auto op = [&](const char* text, auto f) {
    return make(text, {a}, [f, axis](const auto& x) { return f(x[0], axis); });
  };
  switch (random.below(7)) {
    case 0:
      return op("softmax", [](const auto& x, auto at) { return softmax(x, at); });
    case 1:
      return op("log_softmax", [](const auto& x, auto at) { return log_softmax(x, at); });
    case 2:
      return op("cumsum", [](const auto& x, auto at) { return cumsum(x, at); });
    case 3:
      return op("flip", [](const auto& x, auto at) { return flip(x, {at}); });
    case 4:
      return op("roll", [](const auto& x, auto at) { return roll(x, 1, at); });
    case 5:
      return op("repeat", [](const auto& x, auto at) { return repeat(x, 2, at); });
    default:
      return op("take", [](const auto& x, auto at) {
        return take(x, std::vector<int>{0, -1, 0}, at);
      });
  }
}

step movement(generator& random, std::size_t a, const shape_type& shape) {
  switch (random.below(7)) {
    case 0:
      return make("flatten", {a}, [](const auto& x) { return flatten(x[0]); });
    case 1: {
      axis_list order;
      for (std::size_t i = 0; i < shape.size(); ++i)
        order.push_back(static_cast<std::ptrdiff_t>(i));
      for (std::size_t i = shape.size(); i > 1; --i)
        std::swap(order[i - 1], order[random.below(i)]);
      return make("transpose", {a}, [order](const auto& x) { return transpose(x[0], order); });
    }
    case 2: {
      std::vector<range> ranges;
      for (const std::size_t n : shape) {
        const auto start = static_cast<std::ptrdiff_t>(random.below(n));
        ranges.push_back(random.chance(3)   ? at(start)
                         : random.chance(2) ? range{.start = start}
                                            : range{.start = start, .stop = {}, .step = -1});
      }
      return make("slice", {a}, [ranges](const auto& x) { return slice(x[0], ranges); });
    }
    case 3: {
      shape_type to = shape;
      to.insert(to.begin(), 2);
      return make("broadcast_to", {a}, [to](const auto& x) { return broadcast_to(x[0], to); });
    }
    case 4:
      return make("pad", {a}, [](const auto& x) { return pad(x[0], {{1, 0}}, 0.3); });
    case 5:
      return make("squeeze", {a}, [](const auto& x) { return squeeze(x[0]); });
    default:
      return make("tile", {a}, [](const auto& x) { return tile(x[0], {2}); });
  }
}

step product(generator& random, std::size_t a, const shape_type& shape, std::size_t b,
             const shape_type& other) {
  if (shape.size() > 1 && random.chance(3))
    return make("matmul(x, x^T)", {a},
                [](const auto& x) { return matmul(x[0], swap_axes(x[0], -1, -2)) * 0.5; });
  if (shape.size() > 1 && random.chance(4))
    return make("inverse(2 + x x^T)", {a}, [](const auto& x) {
      const auto square_matrix = matmul(x[0], swap_axes(x[0], -1, -2));
      const std::size_t n = square_matrix.shape().back();
      auto two = zeros<typename std::decay_t<decltype(x[0])>::value_type>({n, n});
      for (std::size_t i = 0; i < n; ++i) two(i, i) = 2;
      return inverse(square_matrix + two);
    });
  if (shape.size() > 1 && shape[shape.size() - 2] == shape.back() && random.chance(2))
    return make("diagonal", {a}, [](const auto& x) { return diagonal(x[0], 0, -2, -1); });
  if (!shape.empty() && shape == other && random.chance(2))
    return make("concatenate", {a, b}, [](const auto& x) { return concatenate({x[0], x[1]}, -1); });
  if (shape.size() == 1 && other.size() == 1)
    return make("outer", {a, b}, [](const auto& x) { return outer(x[0], x[1]); });
  return make("matmul", {a, b}, [](const auto& x) { return matmul(x[0], x[1]); });
}

// Whether a value is fit to go on with: neither large, nor tiny, nor without elements.
bool fit(const array<double>& value) {
  double most = 0;
  for (const double v : value) {
    if (!std::isfinite(v) || std::abs(v) > 8) return false;
    most = std::max(most, std::abs(v));
  }
  return value.size() > 0 && value.size() <= most_elements && value.dimension() <= most_axes &&
         most > 0.01;
}

}  // namespace

program::program(unsigned seed) {
  generator random(seed);
  std::vector<variable<double>> values;
  for (std::size_t count = 1 + random.below(3); count > 0; --count) {
    inputs_.push_back(random.some(random.shape()));
    values.emplace_back(inputs_.back());
  }
  const std::size_t wanted = 3 + random.below(10);
  for (std::size_t tries = 0; tries < 500 && steps_.size() < wanted; ++tries) {
    // Young values more often than old ones.
    const auto pick = [&] {
      return values.size() - 1 - std::min(random.below(values.size()), random.below(values.size()));
    };
    const std::size_t a = pick(), b = pick();
    const shape_type &shape = values[a].shape(), &other = values[b].shape();
    const std::size_t kind = random.below(10);
    try {
      step next = kind < 3                      ? one_to_one(random, a)
                  : kind < 6                    ? two_to_one(random, a, b)
                  : kind == 6                   ? reduction_of(random, a, shape)
                  : kind == 7 && !shape.empty() ? along_axis(random, a, shape)
                  : kind == 8                   ? movement(random, a, shape)
                                                : product(random, a, shape, b, other);
      std::vector<variable<double>> arguments;
      for (const std::size_t k : next.from) arguments.push_back(values[k]);
      const variable<double> value = next.in_double(arguments);
      if (!fit(value.value())) continue;
      values.push_back(value);
      steps_.push_back(std::move(next));
    } catch (const error&) {
      // The shapes do not fit: another try.
    }
  }
}

template <class T, class Run>
variable<T> program::run(const std::vector<variable<T>>& inputs, const Run& run_step) const {
  std::vector<variable<T>> values = inputs;
  std::vector<bool> used(inputs.size() + steps_.size(), false);
  for (const step& each : steps_) {
    std::vector<variable<T>> arguments;
    for (const std::size_t k : each.from) {
      arguments.push_back(values[k]);
      used[k] = true;
    }
    values.push_back(run_step(each, arguments));
  }
  variable<T> result = values.back();
  for (std::size_t k = 0; k + 1 < values.size(); ++k)
    if (!used[k]) result = result + mean(values[k]);
  return result;
}

variable<double> program::operator()(const std::vector<variable<double>>& inputs) const {
  return run<double>(inputs, [](const step& s, const auto& x) { return s.in_double(x); });
}
variable<float> program::in_float(const std::vector<variable<float>>& inputs) const {
  return run<float>(inputs, [](const step& s, const auto& x) { return s.in_float(x); });
}

std::string program::text() const {
  std::string result;
  for (std::size_t k = 0; k < inputs_.size(); ++k)
    result += "v" + std::to_string(k) + " = input " + to_string(inputs_[k].shape()) + "\n";
  for (std::size_t k = 0; k < steps_.size(); ++k) {
    result += "v" + std::to_string(inputs_.size() + k) + " = " + steps_[k].text + " of";
    for (const std::size_t from : steps_[k].from) result += " v" + std::to_string(from);
    result += "\n";
  }
  return result;
}

}  // namespace programs
