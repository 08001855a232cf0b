#include <xtape/optim/rmsprop.hpp>

#include "optim/first_order.hpp"

namespace xtape::optim {

template <>
struct detail::update_rule<rmsprop_options> {
  static constexpr const char* name = "rmsprop";

  static void check(const rmsprop_options& o, const auto& value) {
    value("alpha", o.alpha, is_share(o.alpha), share);
    value("epsilon", o.epsilon, is_size(o.epsilon), size);
    value("momentum", o.momentum, is_share(o.momentum), share);
    value("weight_decay", o.weight_decay, is_size(o.weight_decay), size);
  }

  static std::vector<const char*> kept(const rmsprop_options& o) {
    std::vector<const char*> names{"square"};
    if (o.centered) names.push_back("mean");
    if (o.momentum != 0) names.push_back("velocity");
    return names;
  }

  template <real T>
  static void move(const rmsprop_options& o, double, const elements<T>& all) {
    const lane<T> rate = lanes<T>(o.learning_rate), alpha = lanes<T>(o.alpha),
                  rest = lanes<T>(1 - o.alpha), epsilon = lanes<T>(o.epsilon),
                  mu = lanes<T>(o.momentum), lambda = lanes<T>(o.weight_decay), zero(T(0));
    // g over its size, or over its deviation from the mean m
    const auto scaled = [=](const auto& g, auto& v) {
      v = alpha * v + rest * g * g;
      return g / (sqrt(v) + epsilon);
    };
    const auto centered = [=](const auto& g, auto& v, auto& m) {
      v = alpha * v + rest * g * g;
      m = alpha * m + rest * g;
      const lane<T> variance = v - m * m;
      return g / (sqrt(select(variance < zero, zero, variance)) + epsilon);  // NaN stays NaN
    };
    if (o.momentum == 0 && !o.centered)
      update<1>(all,
                [=](const auto& g, auto& w, auto& v) { w -= rate * scaled(g + lambda * w, v); });
    else if (o.momentum == 0)
      update<2>(all, [=](const auto& g, auto& w, auto& v, auto& m) {
        w -= rate * centered(g + lambda * w, v, m);
      });
    else if (!o.centered)
      update<2>(all, [=](const auto& g, auto& w, auto& v, auto& b) {
        b = mu * b + scaled(g + lambda * w, v);
        w -= rate * b;
      });
    else
      update<3>(all, [=](const auto& g, auto& w, auto& v, auto& m, auto& b) {
        b = mu * b + centered(g + lambda * w, v, m);
        w -= rate * b;
      });
  }

  static explanation explain(const rmsprop_options& o, double) {
    explanation now;
    if (o.weight_decay != 0) now.equations.push_back("g = g + lambda w");
    now.equations.push_back("v = alpha v + (1 - alpha) g^2");
    if (o.centered) now.equations.push_back("m = alpha m + (1 - alpha) g");
    const std::string quotient =
        o.centered ? "g / (sqrt(v - m^2) + epsilon)" : "g / (sqrt(v) + epsilon)";
    if (o.momentum == 0)
      now.equations.push_back("w = w - rate " + quotient);
    else
      now.equations.insert(now.equations.end(), {"b = mu b + " + quotient, "w = w - rate b"});
    now.figures = {{"alpha", o.alpha}, {"epsilon", o.epsilon}};
    if (o.momentum != 0) now.figures.push_back({"mu", o.momentum});
    if (o.weight_decay != 0) now.figures.push_back({"lambda", o.weight_decay});
    return now;
  }
};

template class first_order<float, rmsprop_options>;
template class first_order<double, rmsprop_options>;

}  // namespace xtape::optim
