#include <xtape/ops/custom.hpp>

#include "tape/rule.hpp"

namespace xtape {

using namespace detail;

namespace {

template <real T>
class custom_entry final : public entry {
 public:
  custom_entry(variable<T>& output, location where, const custom_rule<T>& rule,
               const std::vector<variable<T>>& x)
      : entry(output.node(), where, node_base::reader), rule_(rule), x_(x) {
    slots_.reserve(x.size());
    for (const variable<T>& each : x) slots_.push_back({&each.node(), each.node().version()});
  }
  ~custom_entry() override { release(this->output_); }
  std::string_view operation() const override { return rule_.name; }

 private:
  std::span<const input_slot> inputs() const override { return slots_; }
  bool saves_inputs() const override { return true; }
  void send(std::size_t k, sweep& pass) override {
    const variable<T> contribution = rule_.vjp(k, variable<T>::share(as<T>(*output_->cotangent)),
                                               x_, variable<T>::share(as<T>(*output_)));
    if (contribution.shape() != x_[k].shape())
      throw shape_error(rule_.name + ": argument " + std::to_string(k) + " has shape " +
                            to_string(x_[k].shape()) + ", its vjp " +
                            to_string(contribution.shape()),
                        where_);
    pass.add(x_[k].node(), contribution);
  }

  custom_rule<T> rule_;
  std::vector<variable<T>> x_;
  std::vector<input_slot> slots_;
};

template <real T>
bool records(const std::vector<variable<T>>& x) {
  return tape::current() != nullptr &&
         std::any_of(x.begin(), x.end(), [](const variable<T>& v) { return v.tracked(); });
}

// The arguments as the operation sees them: while a checker probes it, one of them with other numbers.
template <real T>
std::vector<variable<T>> seen(std::vector<variable<T>> x) {
  if (probing != nullptr && records(x))
    if (const auto [i, k, numbers] = *probing; i == tape::current()->size())
      x[k] = variable<T>::adopt(
          new node<T>(array_view<T>(x[k].shape(), static_cast<const T*>(numbers))));
  return x;
}

}  // namespace

template <real T>
variable<T> custom_op(const custom_rule<T>& rule, const std::vector<variable<T>>& x,
                      location where) {
  const at_line line(where);
  if (!rule.forward || !rule.vjp)
    throw tape_error(rule.name + ": a custom_rule needs forward and vjp", where);
  variable<T> y = [&] {
    const std::vector<variable<T>> arguments = seen(x);
    const no_grad quiet;
    return rule.forward(arguments);
  }();
  // One that something else holds has a history, or is an argument: the result is a value of its own.
  if (y.node().shared() || y.node().parameter || y.node().tape != 0) y = y.detach();
  if (records(x))
    recorder::write<custom_entry<T>>(*tape::current(), y, at_line::or_else(where), rule, x);
  return y;
}

template XTAPE_API variable<float> custom_op(const custom_rule<float>&,
                                             const std::vector<variable<float>>&, location);
template XTAPE_API variable<double> custom_op(const custom_rule<double>&,
                                              const std::vector<variable<double>>&, location);

}  // namespace xtape
