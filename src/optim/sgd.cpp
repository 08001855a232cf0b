#include <xtape/optim/sgd.hpp>

#include <cmath>
#include <utility>

#include "kernel/update.hpp"

namespace xtape::optim {

template <real T>
sgd<T>::sgd(std::vector<variable<T>> parameters, const sgd_options& options, location where)
    : optimizer<T>("sgd", std::move(parameters), options.learning_rate, where), options_(options) {
  this->check_option("momentum", options.momentum, options.momentum >= 0 && options.momentum < 1,
                     "must be at least 0 and less than 1", where);
  this->check_option("weight_decay", options.weight_decay,
                     std::isfinite(options.weight_decay) && options.weight_decay >= 0,
                     "must be finite and not negative", where);
  if (options.momentum != 0) velocities_ = this->zeros_alike();
}

template <real T>
void sgd<T>::step(location where) {
  this->check_shapes("velocity", velocities_, where);
  const T rate = static_cast<T>(this->learning_rate());
  const T momentum = static_cast<T>(options_.momentum);
  const T decay = static_cast<T>(options_.weight_decay);
  for (std::size_t i = 0; i < this->parameters_.size(); ++i)
    if (const variable<T>& p = this->parameters_[i]; p.has_grad())
      kernel::sgd_update<T>(p.size(), rate, momentum, decay, this->gradient(p),
                            p.mutable_value().data(),
                            velocities_.empty() ? nullptr : velocities_[i].data());
}

template <real T>
sgd_options sgd<T>::options() const noexcept {
  sgd_options now = options_;
  now.learning_rate = this->learning_rate();
  return now;
}

template class sgd<float>;
template class sgd<double>;

}  // namespace xtape::optim
