#include <xtape/optim/adam.hpp>

#include <cmath>
#include <utility>

#include "kernel/update.hpp"

namespace xtape::optim {

template <real T>
adam<T>::adam(std::vector<variable<T>> parameters, const adam_options& options, location where)
    : optimizer<T>("adam", std::move(parameters), options.learning_rate, where), options_(options) {
  const auto share = [&](const char* name, double value) {
    this->check_option(name, value, value >= 0 && value < 1, "must be at least 0 and less than 1",
                       where);
  };
  const auto size = [&](const char* name, double value) {
    this->check_option(name, value, std::isfinite(value) && value >= 0,
                       "must be finite and not negative", where);
  };
  share("beta1", options.beta1), share("beta2", options.beta2);
  size("epsilon", options.epsilon), size("weight_decay", options.weight_decay);
  means_ = this->zeros_alike();
  squares_ = this->zeros_alike();
  steps_.resize(means_.size());
}

template <real T>
void adam<T>::step(location where) {
  this->check_shapes("mean gradient", means_, where);
  const double rate = this->learning_rate(), decay = options_.weight_decay;
  for (std::size_t i = 0; i < this->parameters_.size(); ++i) {
    const variable<T>& p = this->parameters_[i];
    if (!p.has_grad()) continue;
    const auto t = static_cast<double>(++steps_[i]);
    const double of_mean = 1 - std::pow(options_.beta1, t),
                 of_square = 1 - std::pow(options_.beta2, t);
    kernel::adam_update<T>(p.size(),
                           {.keep = static_cast<T>(options_.decoupled ? 1 - rate * decay : 1),
                            .decay = static_cast<T>(options_.decoupled ? 0 : decay),
                            .beta1 = static_cast<T>(options_.beta1),
                            .rest1 = static_cast<T>(1 - options_.beta1),
                            .beta2 = static_cast<T>(options_.beta2),
                            .rest2 = static_cast<T>(1 - options_.beta2),
                            .rate = static_cast<T>(rate / of_mean),
                            .root = static_cast<T>(1 / std::sqrt(of_square)),
                            .epsilon = static_cast<T>(options_.epsilon)},
                           this->gradient(p), p.mutable_value().data(), means_[i].data(),
                           squares_[i].data());
  }
}

template <real T>
adam_options adam<T>::options() const noexcept {
  adam_options now = options_;
  now.learning_rate = this->learning_rate();
  return now;
}

template class adam<float>;
template class adam<double>;

}  // namespace xtape::optim
