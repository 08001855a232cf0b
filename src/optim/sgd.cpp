#include <xtape/optim/sgd.hpp>

#include "optim/first_order.hpp"

namespace xtape::optim {

template <>
struct detail::update_rule<sgd_options> {
  static constexpr const char* name = "sgd";

  static void check(const sgd_options& o, const auto& value) {
    value("momentum", o.momentum, is_share(o.momentum), share);
    value("momentum", o.momentum, !o.nesterov || o.momentum > 0, "nesterov needs momentum");
    value("weight_decay", o.weight_decay, is_size(o.weight_decay), size);
  }

  static std::vector<const char*> kept(const sgd_options& o) {
    if (o.momentum == 0) return {};
    return {"velocity"};
  }

  template <real T>
  static void move(const sgd_options& o, double, const elements<T>& all) {
    const lane<T> rate = lanes<T>(o.learning_rate), mu = lanes<T>(o.momentum),
                  lambda = lanes<T>(o.weight_decay);
    if (o.momentum == 0)
      update<0>(all, [=](const auto& g, auto& w) { w -= rate * (g + lambda * w); });
    else if (o.nesterov)
      update<1>(all, [=](const auto& gradient, auto& w, auto& v) {
        const lane<T> g = gradient + lambda * w;
        v = mu * v + g;
        w -= rate * (g + mu * v);
      });
    else
      update<1>(all, [=](const auto& g, auto& w, auto& v) {
        v = mu * v + (g + lambda * w);
        w -= rate * v;
      });
  }

  static explanation explain(const sgd_options& o, double) {
    explanation now;
    if (o.weight_decay != 0) now.equations.push_back("g = g + lambda w");
    if (o.momentum != 0) now.equations.push_back("v = mu v + g");
    now.equations.push_back(o.momentum == 0 ? "w = w - rate g"
                            : o.nesterov    ? "w = w - rate (g + mu v)"
                                            : "w = w - rate v");
    if (o.momentum != 0) now.figures.push_back({"mu", o.momentum});
    if (o.weight_decay != 0) now.figures.push_back({"lambda", o.weight_decay});
    return now;
  }
};

template class first_order<float, sgd_options>;
template class first_order<double, sgd_options>;

}  // namespace xtape::optim
