#include <xtape/ops/loss.hpp>

#include <xtape/array/text.hpp>
#include <xtape/ops/activation.hpp>
#include <xtape/ops/arithmetic.hpp>
#include <xtape/ops/elementary.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/shape.hpp>

#include "kernel/softmax.hpp"
#include "ops/axes.hpp"
#include "ops/lanes.hpp"
#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

// The mean over labels. The forward pass has every exponential that the gradient needs, so it leaves the
// gradient behind for the first backward to take away.
template <real T>
struct cross_entropy_rule : structural {
  static constexpr std::string_view name = "softmax_cross_entropy";
  static constexpr saves saved = saves::inputs;
  std::vector<int, pool_allocator<int>> labels;
  bool wants_gradient = false;
  std::optional<variable<T>> gradient = {};

  variable<T> forward(const array_view<T>& z) {
    if (wants_gradient) gradient = blank<T>(z.shape());
    return variable<T>(
        kernel::softmax_cross_entropy<T>(z.shape()[0], z.shape()[1], z.data(), labels.data(),
                                         wants_gradient ? gradient->node().data() : nullptr));
  }
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& z) {
    if (tape::current() == nullptr) {
      if (!gradient) forward(z.node().view());
      const variable<T> sent = *std::exchange(gradient, std::nullopt);
      if (const kernel::lane<T> by(g.item()); g.item() != 1)
        kernel::map<T, 1>(z.shape(), sent.node().data(), std::false_type{},
                          std::array{sent.node().view()}, [by](const auto& v) { return v * by; });
      return sent;
    }
    array<T> onehot = zeros<T>(z.shape());
    for (std::size_t i = 0; i < labels.size(); ++i)
      onehot(i, static_cast<std::size_t>(labels[i])) = T(1);
    return (softmax(z) - onehot) * (g / static_cast<double>(labels.size()));
  }
};

// One loss a row, against a weight for every class.
struct row_cross_entropy_rule : structural {
  static constexpr std::string_view name = "softmax_cross_entropy";
  static constexpr saves saved = saves::inputs;

  template <real T>
  variable<T> forward(const array_view<T>& z, const array_view<T>& t) const {
    const variable<T> y = blank<T>({z.shape()[0]});
    kernel::softmax_cross_entropy<T>(z.shape()[0], z.shape()[1], z.data(), t.data(),
                                     y.node().data());
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& z, const variable<T>& t) const {
    return (softmax(z) * sum(t, {1}, {.keep_dims = true}) - t) * reshape(g, {-1, 1});
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& z, const variable<T>&) const {
    return log_softmax(z) * reshape(-g, {-1, 1});
  }
};

struct nll_rule : structural {
  static constexpr std::string_view name = "nll";
  static constexpr saves saved = saves::inputs;
  std::vector<std::size_t, pool_allocator<std::size_t>> labels;

  template <real T>
  variable<T> forward(const array_view<T>& x) const {
    const variable<T> y = blank<T>({labels.size()});
    const std::size_t classes = x.shape()[1];
    for (std::size_t i = 0; i < labels.size(); ++i)
      y.node().data()[i] = -x.data()[i * classes + labels[i]];
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& x) const {
    array<T> chosen = zeros<T>(x.shape());
    for (std::size_t i = 0; i < labels.size(); ++i) chosen(i, labels[i]) = T(-1);
    return chosen * reshape(g, {-1, 1});
  }
};

// Losses of one element.
// Prediction and target have one shape: no code for broadcasting is made.
struct paired : elementwise {
  static constexpr bool even(std::size_t) { return true; }
};

struct squared_error_rule : paired {
  static constexpr std::string_view name = "mse";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& p, const auto& t) { return (p - t) * (p - t); }
  static auto vjp(arg<0>, const auto& g, const auto& p, const auto& t) { return 2 * g * (p - t); }
  static auto vjp(arg<1>, const auto& g, const auto& p, const auto& t) { return 2 * g * (t - p); }
};

struct absolute_error_rule : paired {
  static constexpr std::string_view name = "l1";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& p, const auto& t) { return abs(p - t); }
  static auto vjp(arg<0>, const auto& g, const auto& p, const auto& t) { return g * sign(p - t); }
  static auto vjp(arg<1>, const auto& g, const auto& p, const auto& t) { return g * sign(t - p); }
};

struct huber_rule : paired {
  static constexpr std::string_view name = "huber";
  static constexpr saves saved = saves::inputs;
  double delta;
  auto forward(const auto& p, const auto& t) const {
    const auto near = clip(p - t, -delta, delta);
    return near * (p - t - scaled(near, 0.5));
  }
  auto vjp(arg<0>, const auto& g, const auto& p, const auto& t) const {
    return g * clip(p - t, -delta, delta);
  }
  auto vjp(arg<1>, const auto& g, const auto& p, const auto& t) const {
    return g * clip(t - p, -delta, delta);
  }
};

struct binary_cross_entropy_rule : paired {
  static constexpr std::string_view name = "binary_cross_entropy_with_logits";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& z, const auto& t) {
    return log1p(exp(-abs(z))) + t * gate(-z, -z) + (1 - t) * gate(z, z);
  }
  static auto vjp(arg<0>, const auto& g, const auto& z, const auto& t) {
    return g * (sigmoid(z) - t);
  }
  static auto vjp(arg<1>, const auto& g, const auto& z, const auto&) { return -g * z; }
};

struct kl_divergence_rule : paired {
  static constexpr std::string_view name = "kl_divergence";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& log_q, const auto& p) {
    return where(p, p * (log(p) - log_q), 0);
  }
  static auto vjp(arg<0>, const auto& g, const auto&, const auto& p) { return -g * p; }
  static auto vjp(arg<1>, const auto& g, const auto& log_q, const auto& p) {
    return g * (log(p) + 1 - log_q);
  }
};

struct hinge_rule : paired {
  static constexpr std::string_view name = "hinge";
  static constexpr saves saved = saves::inputs;
  static auto forward(const auto& s, const auto& t) { return relu(1 - t * s); }
  static auto vjp(arg<0>, const auto& g, const auto& s, const auto& t) {
    return gate(-g, 1 - t * s) * t;
  }
  static auto vjp(arg<1>, const auto& g, const auto& s, const auto& t) {
    return gate(-g, 1 - t * s) * s;
  }
};

// The vectors are first divided by their greatest elements, so that no square overflows or vanishes.
struct cosine_rule : structural {
  static constexpr std::string_view name = "cosine_similarity";
  static constexpr saves saved = saves::both;
  std::size_t axis;

  template <real T>
  variable<T> forward(const array_view<T>& a, const array_view<T>& b) const {
    const slices s(a.shape(), axis, axis);
    shape_type result = a.shape();
    result.erase(result.begin() + static_cast<std::ptrdiff_t>(axis));
    const variable<T> y = blank<T>(result);
    for (std::size_t i = 0; i < s.outer; ++i)
      for (std::size_t j = 0; j < s.inner; ++j) {
        const auto at = [&](const array_view<T>& x, std::size_t k) {
          return static_cast<double>(x.data()[(i * s.n + k) * s.inner + j]);
        };
        double most_a = 0, most_b = 0, aa = 0, bb = 0, ab = 0;
        for (std::size_t k = 0; k < s.n; ++k) {
          most_a = std::max(most_a, std::abs(at(a, k)));
          most_b = std::max(most_b, std::abs(at(b, k)));
        }
        const double by_a = most_a > 0 ? most_a : 1, by_b = most_b > 0 ? most_b : 1;
        for (std::size_t k = 0; k < s.n; ++k) {
          const double u = at(a, k) / by_a, v = at(b, k) / by_b;
          aa += u * u, bb += v * v, ab += u * v;
        }
        y.node().data()[i * s.inner + j] =
            static_cast<T>(aa == 0 || bb == 0 ? ab : ab / std::sqrt(aa) / std::sqrt(bb));
      }
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& y, const variable<T>& a,
           const variable<T>& b) const {
    const axis_list at{static_cast<std::ptrdiff_t>(axis)};
    const auto length = [&](const variable<T>& x) { return norm(x, 2, at, {.keep_dims = true}); };
    const auto or_one = [](const variable<T>& n) { return where(n, n, 1); };
    const variable<T> of_a = length(a);
    const variable<T> unit_a = a / or_one(of_a), unit_b = b / or_one(length(b));
    const variable<T> change = where(of_a, expand_dims(g, at) / or_one(of_a), 0);
    return change * (unit_b - expand_dims(y, at) * unit_a);
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& y, const variable<T>& a,
           const variable<T>& b) const {
    return vjp(arg<0>{}, g, y, b, a);
  }
};

// The mean or the sum of squared errors, in one pass: nearly every net of regression ends in it.
struct mse_rule : structural {
  static constexpr std::string_view name = "mse";
  static constexpr saves saved = saves::inputs;
  static constexpr bool fused = true;
  double count;  // by which the sum is divided

  template <real T>
  variable<T> forward(const array_view<T>& p, const array_view<T>& t) const {
    const variable<T> y(T(0));
    kernel::map_sum<T, 1>(p.shape(), y.node().data(), {}, std::array{p, t},
                          [](const auto& a, const auto& b) { return (a - b) * (a - b); });
    *y.node().data() /= static_cast<T>(count);
    return y;
  }
  template <real T>
  auto vjp(arg<0>, const variable<T>& g, const variable<T>& p, const variable<T>& t) const {
    return (p - t) * (g * (2 / count));
  }
  template <real T>
  auto vjp(arg<1>, const variable<T>& g, const variable<T>& p, const variable<T>& t) const {
    return vjp(arg<0>{}, g, t, p);
  }
  template <real T>
  void accumulate(arg<0>, target<T> to, const array_view<T>& g, const array_view<T>& p,
                  const array_view<T>& t) const {
    const kernel::lane<T> factor(static_cast<T>(*g.data() * 2 / count));
    kernel::map<T, 1>(p.shape(), to.data, to.accumulate, std::array{p, t},
                      [factor](const auto& a, const auto& b) { return (a - b) * factor; });
  }
  template <real T>
  void accumulate(arg<1>, target<T> to, const array_view<T>& g, const array_view<T>& p,
                  const array_view<T>& t) const {
    accumulate(arg<0>{}, to, g, t, p);
  }
};

template <real T>
void check_same(std::string_view name, const operand<T>& a, const operand<T>& b, reduction how) {
  const auto fail = [&]<class E>(const E*, const char* reason) {
    throw E(std::string(name) + ": " + to_string(a.shape()) + " and " + to_string(b.shape()) +
                ": " + reason,
            a.where());
  };
  if (a.shape() != b.shape()) fail(static_cast<shape_error*>(nullptr), "the shapes differ");
  if (how == reduction::mean && size_of(a.shape()) == 0)
    fail(static_cast<domain_error*>(nullptr), "there is nothing to average");
}

template <real T>
variable<T> reduced(const variable<T>& each, reduction how) {
  return how == reduction::none ? each : how == reduction::sum ? sum(each) : mean(each);
}

// A loss of elements.
template <class Rule, real T>
variable<T> loss(Rule rule, const operand<T>& a, const operand<T>& b, reduction how) {
  const at_line line(a.where());
  check_same(Rule::name, a, b, how);
  return reduced(apply(std::move(rule), a, b), how);
}

template <real T>
variable<T> apply_mse(const operand<T>& p, const operand<T>& t, reduction how) {
  if (how == reduction::none) return loss(squared_error_rule{}, p, t, how);
  check_same(mse_rule::name, p, t, how);
  return apply(mse_rule{{}, how == reduction::mean ? static_cast<double>(size_of(p.shape())) : 1},
               p, t);
}

template <real T>
variable<T> apply_huber(const operand<T>& p, const operand<T>& t, double delta, reduction how) {
  if (!(delta > 0))
    throw domain_error("huber: delta = " + number_text(delta) + ": must be positive", p.where());
  return loss(huber_rule{{}, delta}, p, t, how);
}

template <real T>
variable<T> apply_kl(const operand<T>& log_q, const operand<T>& p, reduction how) {
  const at_line line(p.where());
  if (log_q.shape().empty())
    throw shape_error("kl_divergence: (): a distribution has an axis", log_q.where());
  return reduced(sum(loss(kl_divergence_rule{}, log_q, p, reduction::none), {-1}), how);
}

// Throws unless x is (n, c) with n and c at least 1.
template <real T>
void check_rows(std::string_view name, const operand<T>& x) {
  const shape_type& shape = x.shape();
  if (shape.size() != 2)
    throw shape_error(std::string(name) + ": " + to_string(shape) + ": must be (batch, classes)",
                      x.where());
  if (size_of(shape) == 0)
    throw domain_error(std::string(name) + ": " + to_string(shape) +
                           (shape[0] == 0 ? ": the batch is empty" : ": there are no classes"),
                       x.where());
}

template <real T>
void check_labels(std::string_view name, const operand<T>& x, const std::vector<int>& labels,
                  std::optional<int> ignored) {
  check_rows(name, x);
  const std::size_t n = x.shape()[0], classes = x.shape()[1];
  if (labels.size() != n)
    throw shape_error(std::string(name) + ": " + to_string(x.shape()) + " and " +
                          std::to_string(labels.size()) + " labels",
                      x.where());
  for (std::size_t i = 0; i < n; ++i)
    if (static_cast<std::size_t>(labels[i]) >= classes &&
        labels[i] != ignored)  // so is one below 0
      throw domain_error(std::string(name) + ": label " + std::to_string(labels[i]) + " at index " +
                             std::to_string(i) + ": labels must be 0.." +
                             std::to_string(classes - 1),
                         x.where());
}

void check_options(std::size_t classes, const cross_entropy_options& options, location where) {
  const double s = options.label_smoothing;
  if (!(s >= 0 && s <= 1))
    throw domain_error(
        "softmax_cross_entropy: label_smoothing = " + number_text(s) + ": must be in 0..1", where);
  const std::size_t weights = options.class_weights.size();
  if (weights != 0 && weights != classes)
    throw shape_error("softmax_cross_entropy: " + std::to_string(weights) + " class_weights for " +
                          std::to_string(classes) + " classes",
                      where);
}

// w_j (1 - s) and w_j s / c: what a target is multiplied by, and what is added to it.
template <real T>
struct target_change {
  array<T> factor, offset;

  target_change(std::size_t classes, const cross_entropy_options& options)
      : factor(empty<T>({classes})), offset(empty<T>({classes})) {
    const double s = options.label_smoothing;
    for (std::size_t j = 0; j < classes; ++j) {
      const double w = options.class_weights.empty() ? 1 : options.class_weights[j];
      factor(j) = static_cast<T>(w * (1 - s));
      offset(j) = static_cast<T>(w * s / static_cast<double>(classes));
    }
  }
};

template <real T>
variable<T> against_labels(const operand<T>& logits, const std::vector<int>& labels,
                           const cross_entropy_options& options) {
  const location where = logits.where();
  const at_line line(where);
  check_labels("softmax_cross_entropy", logits, labels, options.ignore_index);
  const std::size_t n = logits.shape()[0], classes = logits.shape()[1];
  check_options(classes, options, where);

  const bool plain =
      options.label_smoothing == 0 && options.class_weights.empty() && !options.ignore_index;
  if (plain && options.how == reduction::mean) {
    cross_entropy_rule<T> rule;
    rule.labels.assign(labels.begin(), labels.end());
    rule.wants_gradient =
        tape::current() != nullptr && logits.node() != nullptr && recorder::tracked(*logits.node());
    return apply(std::move(rule), logits);
  }
  // The labels as targets, whose rows are zero where they are ignored.
  const target_change<T> change(classes, options);
  array<T> targets = zeros<T>(logits.shape());
  double total = 0;  // of the labels' weights
  for (std::size_t i = 0; i < n; ++i) {
    if (labels[i] == options.ignore_index) continue;
    const auto label = static_cast<std::size_t>(labels[i]);
    for (std::size_t j = 0; j < classes; ++j) targets(i, j) = change.offset(j);
    targets(i, label) += change.factor(label);
    total += options.class_weights.empty() ? 1 : options.class_weights[label];
  }
  if (options.how == reduction::mean && total == 0)
    throw domain_error(
        "softmax_cross_entropy: every label is ignored or has weight 0: there is "
        "nothing to average",
        where);
  const variable<T> each = apply(row_cross_entropy_rule{}, logits, operand<T>(targets));
  if (options.how != reduction::mean) return reduced(each, options.how);
  return sum(each) / total;
}

template <real T>
variable<T> against_targets(const operand<T>& logits, const operand<T>& targets,
                            const cross_entropy_options& options) {
  const location where = logits.where();
  const at_line line(where);
  check_rows("softmax_cross_entropy", logits);
  check_same("softmax_cross_entropy", logits, targets, reduction::none);
  const std::size_t classes = logits.shape()[1];
  check_options(classes, options, where);
  if (options.ignore_index)
    throw domain_error("softmax_cross_entropy: ignore_index is for labels, not for targets", where);
  if (options.label_smoothing == 0 && options.class_weights.empty())
    return reduced(apply(row_cross_entropy_rule{}, logits, targets), options.how);
  const target_change<T> change(classes, options);
  const variable<T> changed = targets * change.factor + change.offset;
  return reduced(apply(row_cross_entropy_rule{}, logits, operand<T>(changed)), options.how);
}

template <real T>
variable<T> apply_nll(const operand<T>& x, const std::vector<int>& labels, reduction how) {
  const at_line line(x.where());
  check_labels("nll", x, labels, {});
  nll_rule rule;
  rule.labels.assign(labels.begin(), labels.end());
  return reduced(apply(std::move(rule), x), how);
}

template <real T>
variable<T> apply_cosine(const operand<T>& a, const operand<T>& b, std::ptrdiff_t axis) {
  check_same(cosine_rule::name, a, b, reduction::none);
  return apply(cosine_rule{{}, normalize_axis(cosine_rule::name, a.shape(), axis, a.where())}, a,
               b);
}

template <real T>
variable<T> apply_cosine_distance(const operand<T>& p, const operand<T>& t, reduction how) {
  const at_line line(p.where());
  check_same("cosine_distance", p, t, reduction::none);
  const std::size_t axis = normalize_axis("cosine_distance", p.shape(), -1, p.where());
  if (how == reduction::mean && slices(p.shape(), axis, axis).outer == 0)
    throw domain_error("cosine_distance: " + to_string(p.shape()) + ": there is nothing to average",
                       p.where());
  return reduced(1 - apply_cosine(p, t, -1), how);
}

}  // namespace

variable<float> softmax_cross_entropy(const operand<float>& logits, const std::vector<int>& labels,
                                      const cross_entropy_options& options) {
  return against_labels(logits, labels, options);
}
variable<double> softmax_cross_entropy(const operand<double>& logits,
                                       const std::vector<int>& labels,
                                       const cross_entropy_options& options) {
  return against_labels(logits, labels, options);
}
variable<float> softmax_cross_entropy(const operand<float>& logits, const operand<float>& targets,
                                      const cross_entropy_options& options) {
  return against_targets(logits, targets, options);
}
variable<double> softmax_cross_entropy(const operand<double>& logits,
                                       const operand<double>& targets,
                                       const cross_entropy_options& options) {
  return against_targets(logits, targets, options);
}

variable<float> nll(const operand<float>& log_probabilities, const std::vector<int>& labels,
                    reduction how) {
  return apply_nll(log_probabilities, labels, how);
}
variable<double> nll(const operand<double>& log_probabilities, const std::vector<int>& labels,
                     reduction how) {
  return apply_nll(log_probabilities, labels, how);
}

variable<float> mse(const operand<float>& prediction, const operand<float>& target, reduction how) {
  return apply_mse(prediction, target, how);
}
variable<double> mse(const operand<double>& prediction, const operand<double>& target,
                     reduction how) {
  return apply_mse(prediction, target, how);
}

variable<float> l1(const operand<float>& prediction, const operand<float>& target, reduction how) {
  return loss(absolute_error_rule{}, prediction, target, how);
}
variable<double> l1(const operand<double>& prediction, const operand<double>& target,
                    reduction how) {
  return loss(absolute_error_rule{}, prediction, target, how);
}

variable<float> huber(const operand<float>& prediction, const operand<float>& target, double delta,
                      reduction how) {
  return apply_huber(prediction, target, delta, how);
}
variable<double> huber(const operand<double>& prediction, const operand<double>& target,
                       double delta, reduction how) {
  return apply_huber(prediction, target, delta, how);
}

variable<float> binary_cross_entropy_with_logits(const operand<float>& logits,
                                                 const operand<float>& targets, reduction how) {
  return loss(binary_cross_entropy_rule{}, logits, targets, how);
}
variable<double> binary_cross_entropy_with_logits(const operand<double>& logits,
                                                  const operand<double>& targets, reduction how) {
  return loss(binary_cross_entropy_rule{}, logits, targets, how);
}

variable<float> kl_divergence(const operand<float>& log_q, const operand<float>& p, reduction how) {
  return apply_kl(log_q, p, how);
}
variable<double> kl_divergence(const operand<double>& log_q, const operand<double>& p,
                               reduction how) {
  return apply_kl(log_q, p, how);
}

variable<float> hinge(const operand<float>& scores, const operand<float>& targets, reduction how) {
  return loss(hinge_rule{}, scores, targets, how);
}
variable<double> hinge(const operand<double>& scores, const operand<double>& targets,
                       reduction how) {
  return loss(hinge_rule{}, scores, targets, how);
}

variable<float> cosine_similarity(const operand<float>& a, const operand<float>& b,
                                  std::ptrdiff_t axis) {
  return apply_cosine(a, b, axis);
}
variable<double> cosine_similarity(const operand<double>& a, const operand<double>& b,
                                   std::ptrdiff_t axis) {
  return apply_cosine(a, b, axis);
}

variable<float> cosine_distance(const operand<float>& prediction, const operand<float>& target,
                                reduction how) {
  return apply_cosine_distance(prediction, target, how);
}
variable<double> cosine_distance(const operand<double>& prediction, const operand<double>& target,
                                 reduction how) {
  return apply_cosine_distance(prediction, target, how);
}

}  // namespace xtape
