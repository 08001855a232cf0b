#include <xtape/optim/adam.hpp>

#include <cmath>
#include <type_traits>

#include "optim/first_order.hpp"

namespace xtape::optim {
namespace detail {

/// Adam, and with decoupled decay AdamW.
template <class Options>
struct adam_rule {
  static constexpr bool decoupled = std::is_same_v<Options, adamw_options>;
  static constexpr const char* name = decoupled ? "adamw" : "adam";

  static void check(const Options& o, const auto& value) {
    value("beta1", o.beta1, is_share(o.beta1), share);
    value("beta2", o.beta2, is_share(o.beta2), share);
    value("epsilon", o.epsilon, is_size(o.epsilon), size);
    value("weight_decay", o.weight_decay, is_size(o.weight_decay), size);
  }

  static std::vector<const char*> kept(const Options&) { return {"mean", "square"}; }

  template <real T>
  static void move(const Options& o, double t, const elements<T>& all) {
    const double of_mean = 1 - std::pow(o.beta1, t), of_square = 1 - std::pow(o.beta2, t);
    const lane<T> keep = lanes<T>(decoupled ? 1 - o.learning_rate * o.weight_decay : 1),
                  lambda = lanes<T>(decoupled ? 0 : o.weight_decay), beta1 = lanes<T>(o.beta1),
                  rest1 = lanes<T>(1 - o.beta1), beta2 = lanes<T>(o.beta2),
                  rest2 = lanes<T>(1 - o.beta2), rate = lanes<T>(o.learning_rate / of_mean),
                  root = lanes<T>(1 / std::sqrt(of_square)), epsilon = lanes<T>(o.epsilon);
    update<2>(all, [=](const auto& gradient, auto& w, auto& m, auto& v) {
      const lane<T> g = gradient + lambda * w;
      m = beta1 * m + rest1 * g;
      v = beta2 * v + rest2 * g * g;
      w = keep * w - rate * m / (root * sqrt(v) + epsilon);
    });
  }

  static explanation explain(const Options& o, double t) {
    explanation now;
    if (o.weight_decay != 0)
      now.equations.push_back(decoupled ? "w = w - rate lambda w" : "g = g + lambda w");
    now.equations.insert(
        now.equations.end(),
        {"m = beta1 m + (1 - beta1) g", "v = beta2 v + (1 - beta2) g^2",
         "w = w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)"});
    if (o.weight_decay != 0) now.figures.push_back({"lambda", o.weight_decay});
    now.figures.insert(now.figures.end(), {{"beta1", o.beta1},
                                           {"beta2", o.beta2},
                                           {"epsilon", o.epsilon},
                                           {"t", t},
                                           {"1 - beta1^t", 1 - std::pow(o.beta1, t)},
                                           {"1 - beta2^t", 1 - std::pow(o.beta2, t)}});
    return now;
  }
};

template <>
struct update_rule<adam_options> : adam_rule<adam_options> {};
template <>
struct update_rule<adamw_options> : adam_rule<adamw_options> {};

}  // namespace detail

template class first_order<float, adam_options>;
template class first_order<double, adam_options>;
template class first_order<float, adamw_options>;
template class first_order<double, adamw_options>;

}  // namespace xtape::optim
