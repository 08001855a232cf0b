#include <xtape/optim/sgd.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <cmath>
#include <string>
#include <unordered_map>
#include <utility>

#include "kernel/update.hpp"

namespace xtape::optim {
namespace {

void check_option(const char* name, double value, bool fits, const char* domain, location where) {
  if (!fits)
    throw domain_error(std::string("sgd: ") + name + " = " + number_text(value) + ": " + domain,
                       where);
}

void check_rate(double rate, location where) {
  check_option("learning_rate", rate, std::isfinite(rate) && rate >= 0,
               "must be given, finite and not negative", where);
}

/// "parameter 2 ('1.weight')"
template <real T>
std::string parameter_text(const variable<T>& p, std::size_t index) {
  const std::string number = "parameter " + std::to_string(index);
  return p.name().empty() ? number : number + " ('" + std::string(p.name()) + "')";
}

// Of a parameter that has one, without making an xtensor array of it.
template <real T>
array_view<T> gradient(const variable<T>& p) {
  return detail::as<T>(*p.node().grad()).view();
}

}  // namespace

template <real T>
sgd<T>::sgd(std::vector<variable<T>> parameters, const sgd_options& options, location where)
    : options_(options), parameters_(std::move(parameters)) {
  check_rate(options.learning_rate, where);
  check_option("momentum", options.momentum, options.momentum >= 0 && options.momentum < 1,
               "must be at least 0 and less than 1", where);
  check_option("weight_decay", options.weight_decay,
               std::isfinite(options.weight_decay) && options.weight_decay >= 0,
               "must be finite and not negative", where);
  if (parameters_.empty()) throw domain_error("sgd: there are no parameters to change", where);
  std::unordered_map<const void*, std::size_t> listed;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const variable<T>& p = parameters_[i];
    if (!p.node().parameter)
      throw tape_error("sgd: " + parameter_text(p, i) +
                           " is a variable, not a parameter: only parameters can be changed",
                       where);
    if (const auto [first, is_new] = listed.emplace(&p.node(), i); !is_new)
      throw domain_error("sgd: " + parameter_text(p, i) + " is also parameter " +
                             std::to_string(first->second) + ": each must be listed once",
                         where);
  }
  if (options.momentum != 0) {
    velocities_.reserve(parameters_.size());
    for (const variable<T>& p : parameters_) velocities_.push_back(zeros<T>(p.shape()));
  }
}

template <real T>
void sgd<T>::step(location where) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const variable<T>& p = parameters_[i];
    if (!p.has_grad()) continue;
    if (gradient(p).shape() != p.shape())
      throw shape_error("step: " + parameter_text(p, i) + " has shape " + to_string(p.shape()) +
                            ", its gradient " + to_string(gradient(p).shape()) +
                            ": the value was replaced after backward",
                        where);
    if (!velocities_.empty() && velocities_[i].shape() != p.shape())
      throw shape_error("step: " + parameter_text(p, i) + " has shape " + to_string(p.shape()) +
                            ", its velocity " + to_string(velocities_[i].shape()) +
                            ": make a new optimizer for a new shape",
                        where);
  }
  const T rate = static_cast<T>(options_.learning_rate);
  const T momentum = static_cast<T>(options_.momentum);
  const T decay = static_cast<T>(options_.weight_decay);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const variable<T>& p = parameters_[i];
    if (!p.has_grad()) continue;
    kernel::sgd_update<T>(p.size(), rate, momentum, decay, gradient(p).data(),
                          p.mutable_value().data(),
                          velocities_.empty() ? nullptr : velocities_[i].data());
  }
}

template <real T>
void sgd<T>::zero_grad() {
  for (const variable<T>& p : parameters_) p.zero_grad();
}

template <real T>
void sgd<T>::set_learning_rate(double rate, location where) {
  check_rate(rate, where);
  options_.learning_rate = rate;
}

template class sgd<float>;
template class sgd<double>;

}  // namespace xtape::optim
