#pragma once

#include <xtape/tape/variable.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What changes parameters so that a loss falls. The methods that move every number by its own gradient (sgd,
/// adam, adamw, rmsprop, adagrad) differ in their options only, and are one class template: first_order. lbfgs
/// looks at all numbers together.
namespace xtape::optim {

/// A piece of what an optimizer remembers: a number, a count or an array, under a name that no other piece of that
/// optimizer has: "groups.0.learning_rate", "parameters.3.steps", "parameters.3.velocity".
template <real T>
struct state_slot {
  std::string name;
  std::variant<double*, std::uint64_t*, array<T>*> value;
};

/// What all optimizers share. An optimizer refers to its parameters, and goes on doing so when the model is moved
/// or assigned to.
template <real T>
class XTAPE_API optimizer {
 public:
  virtual ~optimizer() = default;

  /// Forgets the gradients of all its parameters.
  void zero_grad();

  /// All parameters it changes, in the order in which they were given.
  const std::vector<variable<T>>& parameters() const noexcept { return parameters_; }

  /// Everything that later steps depend on besides the parameters and the options, to be read or set. An optimizer
  /// made with the same options for parameters of the same shapes has the same slots, in the same order; one that
  /// is given another's values goes on bitwise as the other would. The pointers hold until the optimizer is
  /// moved, assigned to or given another group. An array of another shape is a shape_error of the next step.
  virtual std::vector<state_slot<T>> state() = 0;

  /// The update in use, as equations, with its figures of now: several lines, without one at the end.
  virtual std::string explain() const = 0;

 protected:
  /// `name` is what errors and explain call it.
  explicit optimizer(const char* name) : name_(name) {}
  optimizer(const optimizer&) = default;
  optimizer(optimizer&&) noexcept = default;
  optimizer& operator=(const optimizer&) = default;
  optimizer& operator=(optimizer&&) noexcept = default;

  /// Adds parameters. Throws domain_error for none, and for one that is listed twice; tape_error for a variable that
  /// is no parameter. Nothing has changed then.
  void add(std::vector<variable<T>> parameters, location where);

  /// Throws "name: option = value: domain" unless it fits.
  void check_option(const char* option, double value, bool fits, const char* domain,
                    location where) const;
  /// Throws shape_error where the gradient of parameter i, which has one, has not its shape.
  void check_gradient(std::size_t i, location where) const {
    const variable<T>& p = parameters_[i];
    if (xtape::detail::as<T>(*p.node().grad()).shape() != p.shape()) throw_misshapen(i, where);
  }
  /// "parameter 2 ('1.weight')"
  std::string parameter_text(std::size_t i) const;
  /// "2 parameters, 101632 numbers", of the parameters [begin, end).
  std::string count_text(std::size_t begin, std::size_t end) const;

  const char* name_;
  std::vector<variable<T>> parameters_;

 private:
  [[noreturn]] void throw_misshapen(std::size_t i, location where) const;
};

extern template class optimizer<float>;
extern template class optimizer<double>;

}  // namespace xtape::optim
