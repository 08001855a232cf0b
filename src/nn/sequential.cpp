#include <xtape/nn/sequential.hpp>

namespace xtape::nn {

template <real T>
sequential<T>::sequential(std::initializer_list<layer> layers) {
  const sequential* const only = layers.size() == 1 ? layers.begin()->as_sequential() : nullptr;
  layers_ = only != nullptr ? only->layers_ : std::vector<layer>(layers);
  parameters();  // gives them their names
}

template <real T>
sequential<T>& sequential<T>::operator=(const sequential& other) {
  if (layers_.size() == other.layers_.size())
    for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i] = other.layers_[i];
  else
    layers_ = std::vector<layer>(other.layers_);
  return *this;
}

template <real T>
void sequential<T>::add(layer next) {
  layers_.push_back(std::move(next));
  parameters();  // gives them their names
}

template <real T>
std::vector<variable<T>> sequential<T>::parameters() const {
  return nn::parameters<T>(*this);
}

template <real T>
auto sequential<T>::listed() const -> std::vector<named_state> {
  std::vector<named_state> found;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    for (const named_state& each : layers_[i].state())
      found.push_back({joined_path(std::to_string(i), each.path), each.member});
  return found;
}

template <real T>
variable<T> sequential<T>::operator()(const operand<T>& x) const {
  if (layers_.empty()) return xtape::detail::held(x);
  const at_line line(x.where());
  variable<T> result = layers_.front()(x);
  for (std::size_t i = 1; i < layers_.size(); ++i) result = layers_[i](result);
  return result;
}

template <real T>
variable<T> sequential<T>::describe(xtape::detail::summary_rows& rows, const std::string& path,
                                    const variable<T>& x) const {
  variable<T> result = x;
  for (std::size_t i = 0; i < layers_.size(); ++i)
    result = layers_[i].describe(rows, joined_path(path, std::to_string(i)), result);
  return result;
}

template class sequential<float>;
template class sequential<double>;
template struct sequential<float>::layer::holds<linear<float>>;
template struct sequential<double>::layer::holds<linear<double>>;
template struct sequential<float>::layer::holds<sequential<float>::layer::function>;
template struct sequential<double>::layer::holds<sequential<double>::layer::function>;

}  // namespace xtape::nn
