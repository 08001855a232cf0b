#pragma once

#include <xtape/tape/variable.hpp>

#include <vector>

namespace xtape::optim {

/// What all optimizers share: the parameters they change, and the learning rate. An optimizer refers to the
/// parameters, and goes on doing so when the model is moved or assigned to.
template <real T>
class XTAPE_API optimizer {
 public:
  /// Forgets the gradients of all its parameters.
  void zero_grad();

  double learning_rate() const noexcept { return rate_; }
  /// The rate from the next step on. Throws domain_error unless it is finite and 0 or greater.
  void set_learning_rate(double rate, location where = location::current());

 protected:
  /// `name` is what errors call it. Throws domain_error for a rate outside its domain, for no parameters, and
  /// for a parameter that is listed twice; tape_error for a variable that is no parameter.
  optimizer(const char* name, std::vector<variable<T>> parameters, double rate, location where);
  ~optimizer() = default;

  /// Throws "name: option = value: domain" unless it fits.
  void check_option(const char* option, double value, bool fits, const char* domain,
                    location where) const;
  /// Before a step: throws shape_error where a parameter that has a gradient no longer has its shape, or that of
  /// what the optimizer keeps of it, `kept`: one array a parameter, or none.
  void check_shapes(const char* what, const std::vector<array<T>>& kept, location where) const;
  /// Arrays of zeros like the parameters.
  std::vector<array<T>> zeros_alike() const;
  /// The elements of a parameter's gradient.
  static const T* gradient(const variable<T>& p);

  std::vector<variable<T>> parameters_;

 private:
  const char* name_;
  double rate_ = 0;
};

extern template class optimizer<float>;
extern template class optimizer<double>;

}  // namespace xtape::optim
