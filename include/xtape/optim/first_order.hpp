#pragma once

#include <xtape/optim/optimizer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xtape::optim {

/// An optimizer that moves every number by its own gradient and by what it remembers of earlier ones. Which of them it
/// is, and by what equations it moves, is a matter of its options: see sgd, adam, adamw, rmsprop and adagrad.
///
/// Parameters may be in groups, each with options of its own:
///
///     xp::optim::sgd<float> optimizer(encoder.parameters(), {.learning_rate = 0.01});
///     optimizer.add_group(head.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
template <real T, class Options>
class XTAPE_API first_order : public optimizer<T> {
 public:
  /// Throws domain_error for an option outside its domain, for no parameters, and for a parameter that is listed
  /// twice; tape_error for a variable that is no parameter.
  explicit first_order(std::vector<variable<T>> parameters, const Options& options = {},
                       location where = location::current());

  /// Adds parameters with options of their own; returns the group's number. What the constructor was given is
  /// group 0. Throws as the constructor does; nothing has changed then.
  std::size_t add_group(std::vector<variable<T>> parameters, const Options& options,
                        location where = location::current());
  std::size_t groups() const noexcept { return groups_.size(); }

  /// As given, with the learning rate of now. Throws domain_error for a group that is not there.
  const Options& options(std::size_t group = 0, location where = location::current()) const;
  double learning_rate(std::size_t group = 0, location where = location::current()) const {
    return options(group, where).learning_rate;
  }
  /// The rate of every group, or of one, from the next step on. Throws domain_error unless it is finite and 0 or
  /// greater, and for a group that is not there.
  void set_learning_rate(double rate, location where = location::current());
  void set_learning_rate(double rate, std::size_t group, location where = location::current());

  /// Moves every parameter, in one pass over memory. Gradients are left bitwise as they are; nothing is allocated.
  /// A parameter that no backward reached since zero_grad is left alone, and this is no step of its. Throws
  /// shape_error, before anything has moved, where a parameter no longer has the shape of its gradient or the one
  /// it had at first.
  void step(location where = location::current());

  /// The learning rate of each group; the number of steps of each parameter, and what is remembered of its gradients.
  std::vector<state_slot<T>> state() override;
  std::string explain() const override;

 private:
  struct parameter_group {
    std::size_t begin, end;  // of the parameters
    Options options;
  };
  struct memory {
    std::uint64_t steps = 0;
    std::vector<array<T>> kept;
  };

  void check_rate(double rate, location where) const;
  void check_group(std::size_t group, location where) const;
  void check_shapes(std::size_t i, const Options& options, location where) const;

  std::vector<parameter_group> groups_;
  std::vector<memory> memories_;  // one a parameter
};

}  // namespace xtape::optim
