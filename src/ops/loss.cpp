#include <xtape/ops/loss.hpp>

#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/reduce.hpp>

#include "kernel/softmax.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// to (+)= g * each, for a scalar cotangent g.
template <real T>
void add_scaled(target<T> to, const array_view<T>& g, const array_view<T>& each) {
  const kernel::lane<T> factor(*g.data());
  kernel::map<T, 1>(each.shape(), to.data, to.accumulate, std::array{each},
                    [factor](const auto& v) { return v * factor; });
}

// The forward pass has every exponential that the gradient needs, so it leaves the gradient behind
// where the tape will ask for it.
template <real T>
struct cross_entropy_rule : structural {
  static constexpr std::string_view name = "softmax_cross_entropy";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;
  std::vector<int, pool_allocator<int>> labels;
  bool wants_gradient = false;
  array<T> gradient = {};

  variable<T> forward(const array_view<T>& z) {
    if (wants_gradient) gradient = empty<T>(z.shape());
    return variable<T>(
        kernel::softmax_cross_entropy<T>(z.shape()[0], z.shape()[1], z.data(), labels.data(),
                                         wants_gradient ? gradient.data() : nullptr));
  }
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& z) const {
    array<T> onehot = zeros<T>(z.shape());
    for (std::size_t i = 0; i < labels.size(); ++i)
      onehot(i, static_cast<std::size_t>(labels[i])) = T(1);
    return (softmax(z) - onehot) * (g / static_cast<double>(labels.size()));
  }
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>&) const {
    add_scaled(to, g, array_view<T>(gradient));
  }
};

template <real T>
struct soft_cross_entropy_rule : structural {
  static constexpr std::string_view name = "softmax_cross_entropy";
  static constexpr saves saved = saves::inputs;

  variable<T> forward(const array_view<T>& z, const array_view<T>& t) const {
    return variable<T>(kernel::softmax_cross_entropy<T>(z.shape()[0], z.shape()[1], z.data(),
                                                        t.data(), static_cast<T*>(nullptr)));
  }
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& z, const variable<T>& t) const {
    return (softmax(z) * sum(t, {1}, {.keep_dims = true}) - t) *
           (g / static_cast<double>(z.shape()[0]));
  }
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& z, const variable<T>&) const {
    return log_softmax(z) * (-g / static_cast<double>(z.shape()[0]));
  }
};

struct mse_rule : structural {
  static constexpr std::string_view name = "mse";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;

  template <real T>
  variable<T> forward(const array_view<T>& p, const array_view<T>& t) const {
    const variable<T> y(T(0));
    kernel::map_sum<T, 1>(p.shape(), y.node().data(), {}, std::array{p, t},
                          [](const auto& a, const auto& b) { return (a - b) * (a - b); });
    *y.node().data() /= static_cast<T>(p.size());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& p, const variable<T>& t) const {
    return (p - t) * (g * (2 / static_cast<double>(p.size())));
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& p, const variable<T>& t) const {
    return vjp(arg<0>{}, g, t, p);
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& p,
                  const array_view<T>& t) const {
    const kernel::lane<T> factor(static_cast<T>(*g.data() * 2 / static_cast<double>(p.size())));
    kernel::map<T, 1>(p.shape(), to.data, to.accumulate, std::array{p, t},
                      [factor](const auto& a, const auto& b) { return (a - b) * factor; });
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& p,
                  const array_view<T>& t) const {
    accumulate(arg<0>{}, to, g, t, p);
  }
};

// Throws unless logits are (n, c) with n and c at least 1.
template <real T>
void check_logits(const operand<T>& logits) {
  const shape_type& shape = logits.shape();
  const location where = logits.where();
  if (shape.size() != 2)
    throw shape_error(
        "softmax_cross_entropy: " + to_string(shape) + ": logits must be (batch, classes)", where);
  if (shape[0] == 0)
    throw domain_error("softmax_cross_entropy: " + to_string(shape) + ": the batch is empty",
                       where);
  if (shape[1] == 0)
    throw domain_error("softmax_cross_entropy: " + to_string(shape) + ": there are no classes",
                       where);
}

template <real T>
variable<T> against_labels(const operand<T>& logits, const std::vector<int>& labels) {
  check_logits(logits);
  const location where = logits.where();
  const std::size_t n = logits.shape()[0], classes = logits.shape()[1];
  if (labels.size() != n)
    throw shape_error("softmax_cross_entropy: " + to_string(logits.shape()) + " logits and " +
                          std::to_string(labels.size()) + " labels",
                      where);
  for (std::size_t i = 0; i < n; ++i)
    if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= classes)
      throw domain_error("softmax_cross_entropy: label " + std::to_string(labels[i]) +
                             " at index " + std::to_string(i) + ": labels must be 0.." +
                             std::to_string(classes - 1),
                         where);
  cross_entropy_rule<T> rule;
  rule.labels.assign(labels.begin(), labels.end());
  rule.wants_gradient =
      tape::current() != nullptr && logits.node() != nullptr && recorder::tracked(*logits.node());
  return apply(std::move(rule), logits);
}

template <real T>
variable<T> against_targets(const operand<T>& logits, const operand<T>& targets) {
  check_logits(logits);
  if (targets.shape() != logits.shape())
    throw shape_error("softmax_cross_entropy: " + to_string(logits.shape()) + " logits and " +
                          to_string(targets.shape()) + " targets: the shapes differ",
                      logits.where());
  return apply(soft_cross_entropy_rule<T>{}, logits, targets);
}

template <real T>
variable<T> apply_mse(const operand<T>& prediction, const operand<T>& target) {
  const auto shapes = [&] {
    return "mse: " + to_string(prediction.shape()) + " and " + to_string(target.shape());
  };
  const location where = prediction.where();
  if (prediction.shape() != target.shape())
    throw shape_error(shapes() + ": the shapes differ", where);
  if (size_of(target.shape()) == 0)
    throw domain_error(shapes() + ": there is nothing to average", where);
  return apply(mse_rule{}, prediction, target);
}

}  // namespace

variable<float> softmax_cross_entropy(const operand<float>& logits,
                                      const std::vector<int>& labels) {
  return against_labels(logits, labels);
}
variable<double> softmax_cross_entropy(const operand<double>& logits,
                                       const std::vector<int>& labels) {
  return against_labels(logits, labels);
}
variable<float> softmax_cross_entropy(const operand<float>& logits, const operand<float>& targets) {
  return against_targets(logits, targets);
}
variable<double> softmax_cross_entropy(const operand<double>& logits,
                                       const operand<double>& targets) {
  return against_targets(logits, targets);
}

variable<float> mse(const operand<float>& prediction, const operand<float>& target) {
  return apply_mse(prediction, target);
}
variable<double> mse(const operand<double>& prediction, const operand<double>& target) {
  return apply_mse(prediction, target);
}

}  // namespace xtape
