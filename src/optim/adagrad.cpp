#include <xtape/optim/adagrad.hpp>

#include "optim/first_order.hpp"

namespace xtape::optim {

template <>
struct detail::update_rule<adagrad_options> {
  static constexpr const char* name = "adagrad";

  static void check(const adagrad_options& o, const auto& value) {
    value("epsilon", o.epsilon, is_size(o.epsilon), size);
    value("weight_decay", o.weight_decay, is_size(o.weight_decay), size);
  }

  static std::vector<const char*> kept(const adagrad_options&) { return {"sum"}; }

  template <real T>
  static void move(const adagrad_options& o, double, const elements<T>& all) {
    const lane<T> rate = lanes<T>(o.learning_rate), lambda = lanes<T>(o.weight_decay),
                  epsilon = lanes<T>(o.epsilon);
    update<1>(all, [=](const auto& gradient, auto& w, auto& s) {
      const lane<T> g = gradient + lambda * w;
      s += g * g;
      w -= rate * g / (sqrt(s) + epsilon);
    });
  }

  static explanation explain(const adagrad_options& o, double) {
    explanation now;
    if (o.weight_decay != 0) now.equations.push_back("g = g + lambda w");
    now.equations.insert(now.equations.end(),
                         {"s = s + g^2", "w = w - rate g / (sqrt(s) + epsilon)"});
    now.figures = {{"epsilon", o.epsilon}};
    if (o.weight_decay != 0) now.figures.push_back({"lambda", o.weight_decay});
    return now;
  }
};

template class first_order<float, adagrad_options>;
template class first_order<double, adagrad_options>;

}  // namespace xtape::optim
