#include <xtape/optim/optimizer.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <string>
#include <unordered_map>
#include <utility>

namespace xtape::optim {
namespace {

/// "parameter 2 ('1.weight')"
template <real T>
std::string text_of(const variable<T>& p, std::size_t index) {
  const std::string number = "parameter " + std::to_string(index);
  return p.name().empty() ? number : number + " ('" + std::string(p.name()) + "')";
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

}  // namespace

template <real T>
void optimizer<T>::add(std::vector<variable<T>> parameters, location where) {
  const std::string begin = std::string(name_) + ": ";
  if (parameters.empty()) throw domain_error(begin + "there are no parameters to change", where);
  std::unordered_map<const void*, std::size_t> listed;
  for (std::size_t i = 0; i < parameters_.size(); ++i) listed.emplace(&parameters_[i].node(), i);
  std::vector<variable<T>> all = parameters_;
  for (variable<T>& p : parameters) {
    const std::size_t i = all.size();
    if (!p.node().parameter)
      throw tape_error(
          begin + text_of(p, i) + " is a variable, not a parameter: only parameters can be changed",
          where);
    if (const auto [first, is_new] = listed.emplace(&p.node(), i); !is_new)
      throw domain_error(begin + text_of(p, i) + " is also parameter " +
                             std::to_string(first->second) + ": each must be listed once",
                         where);
    all.push_back(std::move(p));
  }
  parameters_ = std::move(all);
}

template <real T>
void optimizer<T>::check_option(const char* option, double value, bool fits, const char* domain,
                                location where) const {
  if (!fits)
    throw domain_error(
        std::string(name_) + ": " + option + " = " + number_text(value) + ": " + domain, where);
}

template <real T>
void optimizer<T>::throw_misshapen(std::size_t i, location where) const {
  const variable<T>& p = parameters_[i];
  throw shape_error("step: " + parameter_text(i) + " has shape " + to_string(p.shape()) +
                        ", its gradient " + to_string(detail::as<T>(*p.node().grad()).shape()) +
                        ": the value was replaced after backward",
                    where);
}

template <real T>
std::string optimizer<T>::parameter_text(std::size_t i) const {
  return text_of(parameters_[i], i);
}

template <real T>
std::string optimizer<T>::count_text(std::size_t begin, std::size_t end) const {
  std::size_t numbers = 0;
  for (std::size_t i = begin; i < end; ++i) numbers += parameters_[i].size();
  return counted(end - begin, "parameter") + ", " + counted(numbers, "number");
}

template <real T>
void optimizer<T>::zero_grad() {
  for (const variable<T>& p : parameters_) p.zero_grad();
}

template class optimizer<float>;
template class optimizer<double>;

}  // namespace xtape::optim
