#include <xtape/optim/optimizer.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <cmath>
#include <string>
#include <unordered_map>
#include <utility>

namespace xtape::optim {
namespace {

/// "parameter 2 ('1.weight')"
template <real T>
std::string parameter_text(const variable<T>& p, std::size_t index) {
  const std::string number = "parameter " + std::to_string(index);
  return p.name().empty() ? number : number + " ('" + std::string(p.name()) + "')";
}

// Of a parameter that has one, without making an xtensor array of it.
template <real T>
array_view<T> gradient_view(const variable<T>& p) {
  return detail::as<T>(*p.node().grad()).view();
}

}  // namespace

template <real T>
optimizer<T>::optimizer(const char* name, std::vector<variable<T>> parameters, double rate,
                        location where)
    : parameters_(std::move(parameters)), name_(name) {
  set_learning_rate(rate, where);
  const std::string begin = std::string(name) + ": ";
  if (parameters_.empty()) throw domain_error(begin + "there are no parameters to change", where);
  std::unordered_map<const void*, std::size_t> listed;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const variable<T>& p = parameters_[i];
    if (!p.node().parameter)
      throw tape_error(begin + parameter_text(p, i) +
                           " is a variable, not a parameter: only parameters can be changed",
                       where);
    if (const auto [first, is_new] = listed.emplace(&p.node(), i); !is_new)
      throw domain_error(begin + parameter_text(p, i) + " is also parameter " +
                             std::to_string(first->second) + ": each must be listed once",
                         where);
  }
}

template <real T>
void optimizer<T>::check_option(const char* option, double value, bool fits, const char* domain,
                                location where) const {
  if (!fits)
    throw domain_error(
        std::string(name_) + ": " + option + " = " + number_text(value) + ": " + domain, where);
}

template <real T>
void optimizer<T>::check_shapes(const char* what, const std::vector<array<T>>& kept,
                                location where) const {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const variable<T>& p = parameters_[i];
    if (!p.has_grad()) continue;
    if (gradient_view(p).shape() != p.shape())
      throw shape_error("step: " + parameter_text(p, i) + " has shape " + to_string(p.shape()) +
                            ", its gradient " + to_string(gradient_view(p).shape()) +
                            ": the value was replaced after backward",
                        where);
    if (!kept.empty() && kept[i].shape() != p.shape())
      throw shape_error("step: " + parameter_text(p, i) + " has shape " + to_string(p.shape()) +
                            ", its " + what + ' ' + to_string(kept[i].shape()) +
                            ": make a new optimizer for a new shape",
                        where);
  }
}

template <real T>
std::vector<array<T>> optimizer<T>::zeros_alike() const {
  std::vector<array<T>> all;
  all.reserve(parameters_.size());
  for (const variable<T>& p : parameters_) all.push_back(zeros<T>(p.shape()));
  return all;
}

template <real T>
const T* optimizer<T>::gradient(const variable<T>& p) {
  return gradient_view(p).data();
}

template <real T>
void optimizer<T>::zero_grad() {
  for (const variable<T>& p : parameters_) p.zero_grad();
}

template <real T>
void optimizer<T>::set_learning_rate(double rate, location where) {
  check_option("learning_rate", rate, std::isfinite(rate) && rate >= 0,
               "must be given, finite and not negative", where);
  rate_ = rate;
}

template class optimizer<float>;
template class optimizer<double>;

}  // namespace xtape::optim
