#include <xtape/calculus/check.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <ostream>

#include <xtape/ops/shape.hpp>

namespace xtape {
namespace {

shape_type index_of(std::size_t element, const shape_type& shape) {
  shape_type index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

std::string number(const char* format, double value) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string entries(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

}  // namespace

class gradient_check {
 public:
  gradient_check(const detail::vector_function& f, const std::vector<array<double>>& inputs,
                 const check_options& options, location where)
      : f_(f), inputs_(inputs), options_(options), where_(where) {}

  gradient_report run() {
    if (!(options_.step > 0) || !std::isfinite(options_.step))
      throw domain_error(
          "check_gradients: step " + number("%g", options_.step) + ": must be positive", where_);
    differentiate();
    for (std::size_t k = 0; k < inputs_.size(); ++k)
      for (std::size_t i = 0; i < inputs_[k].size(); ++i) compare(k, i);
    conclude();
    return std::move(report_);
  }

 private:
  // f at `inputs_`, its arguments being tracked as they are wherever it is called, so that an f
  // that itself differentiates can.
  template <class Use>
  void evaluate(const Use& use) const {
    std::vector<variable<double>> arguments;
    arguments.reserve(inputs_.size());
    for (const array<double>& input : inputs_) arguments.push_back(parameter<double>(input));
    const tape recording;
    use(arguments, f_(arguments));
  }

  // Row by row: the derivatives of one output element with respect to every input.
  void differentiate() {
    evaluate(
        [this](const std::vector<variable<double>>& arguments, const variable<double>& result) {
          output_ = result.value();
          const shape_type& shape = output_.shape();
          // An entry of its own, so that an f which returns its argument has one too.
          const variable<double> y =
              reshape(result, dimensions<std::ptrdiff_t>(shape.begin(), shape.end()));
          tracked_ = y.tracked();
          jacobian_.reserve(output_.size());
          for (std::size_t j = 0; j < output_.size(); ++j) {
            std::vector<array<double>> row;
            row.reserve(inputs_.size());
            if (tracked_) {
              array<double> one = zeros<double>(shape);
              one.data()[j] = 1;
              for (const variable<double>& g : vjp<double>(y, std::move(one), arguments))
                row.push_back(g.value());
            } else {
              for (const array<double>& input : inputs_)
                row.push_back(zeros<double>(input.shape()));
            }
            jacobian_.push_back(std::move(row));
          }
        });
  }

  array<double> value_at(std::size_t k, std::size_t i, double x) {
    const double before = std::exchange(inputs_[k].data()[i], x);
    array<double> value;
    evaluate([&](const std::vector<variable<double>>&, const variable<double>& y) {
      value = y.value();
    });
    inputs_[k].data()[i] = before;
    if (value.shape() != output_.shape())
      throw shape_error("check_gradients: " + to_string(output_.shape()) + " and " +
                            to_string(value.shape()) +
                            ": the result's shape depends on the input's values",
                        where_);
    return value;
  }

  // One column: all output elements, one element of one input.
  void compare(std::size_t k, std::size_t i) {
    const double x = inputs_[k].data()[i];
    const double h = options_.step * std::max(1.0, std::abs(x));
    const double above = x + h;
    const double below = x - h;
    const array<double> upper = value_at(k, i, above);
    const array<double> lower = value_at(k, i, below);
    for (std::size_t j = 0; j < output_.size(); ++j) {
      gradient_report::entry e;
      e.analytic = jacobian_[j][k].data()[i];
      // The two points as they were rounded, not 2h.
      e.numeric = (upper.data()[j] - lower.data()[j]) / (above - below);
      e.difference = std::abs(e.analytic - e.numeric);
      e.tolerance = options_.absolute * std::max(1.0, std::abs(output_.data()[j])) +
                    options_.relative * std::max(std::abs(e.analytic), std::abs(e.numeric));
      const bool finite = std::isfinite(e.analytic) && std::isfinite(e.numeric);
      const bool agrees = finite && e.difference <= e.tolerance;
      const double ratio = !finite             ? std::numeric_limits<double>::infinity()
                           : e.difference == 0 ? 0
                                               : e.difference / e.tolerance;
      if (e.analytic != 0 || e.numeric != 0) moved_ = true;
      report_.failed_ += agrees ? 0 : 1;
      if (report_.compared_++ == 0 || ratio > worst_ratio_) {
        worst_ratio_ = ratio;
        e.input = k;
        e.input_index = index_of(i, inputs_[k].shape());
        e.output_index = index_of(j, output_.shape());
        report_.worst_ = e;
      }
    }
  }

  void conclude() {
    if (inputs_.empty())
      report_.refusal_ = "nothing was checked: there is no input";
    else if (report_.compared_ == 0)
      report_.refusal_ = output_.size() == 0 ? "nothing was checked: the result has no elements"
                                             : "nothing was checked: the inputs have no elements";
    else if (!tracked_)
      report_.refusal_ = "the result is not tracked: its history was dropped, or it is a constant";
    else if (!moved_)
      report_.refusal_ =
          "nothing was checked: no input moves the result, and every derivative is 0";
  }

  const detail::vector_function& f_;
  std::vector<array<double>> inputs_;
  const check_options options_;
  const location where_;
  array<double> output_;
  std::vector<std::vector<array<double>>> jacobian_;  // by output element, then by input
  bool tracked_ = false;
  bool moved_ = false;
  double worst_ratio_ = 0;
  gradient_report report_;
};

std::string gradient_report::text() const {
  std::string result = "check_gradients: ";
  if (!refusal_.empty()) result += refusal_;
  if (compared_ == 0) return result;
  if (!refusal_.empty()) result += "; ";
  result += failed_ == 0
                ? entries(compared_) + " of the Jacobian agree"
                : std::to_string(failed_) + " of " + entries(compared_) + " of the Jacobian differ";
  return result + "\n  worst: input " + std::to_string(worst_.input) + " at " +
         to_string(worst_.input_index) + ", output at " + to_string(worst_.output_index) +
         ": analytic " + number("%.12g", worst_.analytic) + ", numeric " +
         number("%.12g", worst_.numeric) + ", difference " + number("%.3g", worst_.difference) +
         ", tolerance " + number("%.3g", worst_.tolerance);
}

std::ostream& operator<<(std::ostream& out, const gradient_report& report) {
  return out << report.text();
}

gradient_report detail::check_gradients(const vector_function& f,
                                        const std::vector<array<double>>& inputs,
                                        const check_options& options, location where) {
  return gradient_check(f, inputs, options, where).run();
}

void detail::throw_argument_count(std::size_t inputs, location where) {
  throw domain_error("check_gradients: " + std::to_string(inputs) +
                         (inputs == 1 ? " input" : " inputs") +
                         ": the function takes another number of arguments",
                     where);
}

}  // namespace xtape
