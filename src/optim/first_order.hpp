#pragma once
// What first_order does, whichever its options are. The source file of each includes this and instantiates it.

#include <xtape/optim/first_order.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "optim/explanation.hpp"
#include "optim/update.hpp"

namespace xtape::optim {
namespace detail {

/// What makes an optimizer of its options, specialized for each:
///
///     static constexpr const char* name;
///     // The options beside the learning rate: value(option, value, fits, domain) throws where it does not fit.
///     static void check(const Options&, const auto& value);
///     // The names of the arrays that are kept for each parameter.
///     static std::vector<const char*> kept(const Options&);
///     // Moves all elements, at this parameter's t-th step.
///     template <real T> static void move(const Options&, double t, const elements<T>&);
///     static explanation explain(const Options&, double t);
template <class Options>
struct update_rule;

constexpr const char* share = "must be at least 0 and less than 1";
constexpr bool is_share(double value) { return value >= 0 && value < 1; }
constexpr const char* size = "must be finite and not negative";
inline bool is_size(double value) { return std::isfinite(value) && value >= 0; }

}  // namespace detail

template <real T, class Options>
first_order<T, Options>::first_order(std::vector<variable<T>> parameters, const Options& options,
                                     location where)
    : optimizer<T>(detail::update_rule<Options>::name) {
  add_group(std::move(parameters), options, where);
}

template <real T, class Options>
std::size_t first_order<T, Options>::add_group(std::vector<variable<T>> parameters,
                                               const Options& options, location where) {
  using rule = detail::update_rule<Options>;
  check_rate(options.learning_rate, where);
  rule::check(options, [&](const char* option, double value, bool fits, const char* domain) {
    this->check_option(option, value, fits, domain, where);
  });
  std::vector<memory> fresh(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i)
    for (std::size_t k = rule::kept(options).size(); k > 0; --k)
      fresh[i].kept.push_back(zeros<T>(parameters[i].shape()));
  groups_.reserve(groups_.size() + 1);
  memories_.reserve(memories_.size() + fresh.size());
  this->add(std::move(parameters), where);  // from here on nothing throws
  std::move(fresh.begin(), fresh.end(), std::back_inserter(memories_));
  groups_.push_back({memories_.size() - fresh.size(), memories_.size(), options});
  return groups_.size() - 1;
}

template <real T, class Options>
void first_order<T, Options>::check_rate(double rate, location where) const {
  this->check_option("learning_rate", rate, detail::is_size(rate),
                     "must be given, finite and not negative", where);
}

template <real T, class Options>
void first_order<T, Options>::check_group(std::size_t group, location where) const {
  this->check_option("group", static_cast<double>(group), group < groups_.size(),
                     "there is no such group", where);
}

template <real T, class Options>
const Options& first_order<T, Options>::options(std::size_t group, location where) const {
  check_group(group, where);
  return groups_[group].options;
}

template <real T, class Options>
void first_order<T, Options>::set_learning_rate(double rate, location where) {
  check_rate(rate, where);
  for (parameter_group& g : groups_) g.options.learning_rate = rate;
}

template <real T, class Options>
void first_order<T, Options>::set_learning_rate(double rate, std::size_t group, location where) {
  check_group(group, where);
  check_rate(rate, where);
  groups_[group].options.learning_rate = rate;
}

template <real T, class Options>
void first_order<T, Options>::check_shapes(std::size_t i, const Options& options,
                                           location where) const {
  const variable<T>& p = this->parameters_[i];
  if (!p.has_grad()) return;
  this->check_gradient(i, where);
  const std::vector<array<T>>& kept = memories_[i].kept;
  for (std::size_t k = 0; k < kept.size(); ++k)
    if (kept[k].shape() != p.shape())
      throw shape_error("step: " + this->parameter_text(i) + " has shape " + to_string(p.shape()) +
                            ", its " + detail::update_rule<Options>::kept(options)[k] + ' ' +
                            to_string(kept[k].shape()) + ": make a new optimizer for a new shape",
                        where);
}

template <real T, class Options>
void first_order<T, Options>::step(location where) {
  using rule = detail::update_rule<Options>;
  for (const parameter_group& g : groups_)
    for (std::size_t i = g.begin; i < g.end; ++i) check_shapes(i, g.options, where);
  for (const parameter_group& g : groups_)
    for (std::size_t i = g.begin; i < g.end; ++i) {
      const variable<T>& p = this->parameters_[i];
      if (!p.has_grad()) continue;
      memory& m = memories_[i];
      detail::elements<T> all{
          p.size(), xtape::detail::as<T>(*p.node().grad()).data(), p.mutable_value().data(), {}};
      for (std::size_t k = 0; k < m.kept.size(); ++k) all.kept[k] = m.kept[k].data();
      rule::template move<T>(g.options, static_cast<double>(++m.steps), all);
    }
}

template <real T, class Options>
std::vector<state_slot<T>> first_order<T, Options>::state() {
  std::vector<state_slot<T>> slots;
  for (std::size_t j = 0; j < groups_.size(); ++j)
    slots.push_back(
        {"groups." + std::to_string(j) + ".learning_rate", &groups_[j].options.learning_rate});
  for (const parameter_group& g : groups_) {
    const std::vector<const char*> names = detail::update_rule<Options>::kept(g.options);
    for (std::size_t i = g.begin; i < g.end; ++i) {
      const std::string path = "parameters." + std::to_string(i) + '.';
      slots.push_back({path + "steps", &memories_[i].steps});
      for (std::size_t k = 0; k < names.size(); ++k)
        slots.push_back({path + names[k], &memories_[i].kept[k]});
    }
  }
  return slots;
}

template <real T, class Options>
std::string first_order<T, Options>::explain() const {
  std::string all;
  for (const parameter_group& g : groups_) {
    const auto begin = memories_.begin() + static_cast<std::ptrdiff_t>(g.begin);
    const auto end = memories_.begin() + static_cast<std::ptrdiff_t>(g.end);
    const auto [least, most] = std::minmax_element(
        begin, end, [](const memory& a, const memory& b) { return a.steps < b.steps; });
    const std::string group =
        groups_.size() > 1 ? ", group " + std::to_string(&g - groups_.data()) : "";
    if (!all.empty()) all += '\n';
    all += detail::text(
        this->name_ + group + ": " + this->count_text(g.begin, g.end), least->steps, most->steps,
        g.options.learning_rate,
        detail::update_rule<Options>::explain(g.options, static_cast<double>(most->steps + 1)));
  }
  return all;
}

}  // namespace xtape::optim
