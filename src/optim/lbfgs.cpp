#include <xtape/optim/lbfgs.hpp>

#include <xtape/array/error.hpp>
#include <xtape/array/text.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "optim/line_search.hpp"

namespace xtape::optim {
namespace {

using row = std::vector<double>;  // a number for each of all parameters

template <class A, class B>
double dot(std::size_t count, const A* a, const B* b) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// y = y + a x
template <class X>
void add_scaled(double a, const X* x, row& y) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * static_cast<double>(x[i]);
}

double greatest(const row& values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  return most;
}

template <real T>
std::size_t all_numbers(const std::vector<variable<T>>& parameters) {
  return std::accumulate(parameters.begin(), parameters.end(), std::size_t{0},
                         [](std::size_t sum, const variable<T>& p) { return sum + p.size(); });
}

}  // namespace

/// One step: the parameters and their gradients as rows, and the iterations over them.
template <real T>
class lbfgs<T>::run {
 public:
  run(lbfgs& of, const std::function<double()>& loss, location where)
      : of_(of), loss_(loss), where_(where), size_(all_numbers(of.parameters_)), x_(size_) {
    for (const array<T>* kept : {&of.moves_, &of.changes_})
      if (kept->shape() != shape_type{of.options_.history, size_})
        throw shape_error("lbfgs: the parameters hold " + std::to_string(size_) +
                              " numbers, the history is of shape " + to_string(kept->shape()) +
                              ": make a new optimizer for a new shape",
                          where_);
    read_parameters();
  }

  lbfgs_result iterate() try {
    using end = lbfgs_result::end;
    detail::trial here = evaluate(0, row(size_));
    check_start(here);
    lbfgs_result result;
    bool hardly_fell = false;
    for (;; ++result.iterations, ++of_.iterations_) {
      result.loss = here.loss;
      result.gradient = greatest(here.gradient);
      const auto stopped = [&](end reason) {
        result.reason = reason;
        result.evaluations = evaluations_;
        return result;
      };
      if (result.gradient <= of_.options_.gradient_tolerance) return stopped(end::gradient);
      if (hardly_fell) return stopped(end::change);
      if (result.iterations == of_.options_.max_iterations) return stopped(end::iterations);

      row d = direction(here.gradient);
      std::optional<detail::trial> next = search(here, d);
      if (!next && of_.pairs_ > 0) {  // perhaps the history misleads: straight downhill
        of_.pairs_ = 0;
        d = direction(here.gradient);
        next = search(here, d);
      }
      if (!next) {
        write_parameters(0, d);
        return stopped(end::line);
      }
      const double fell = here.loss - next->loss;
      hardly_fell = fell <= of_.options_.change_tolerance *
                                std::max({std::fabs(here.loss), std::fabs(next->loss), 1.0});
      accept(d, here, *next);
      here = std::move(*next);
    }
  } catch (...) {
    write_parameters(0, x_);
    throw;
  }

 private:
  void read_parameters() {
    auto to = x_.begin();
    for (const variable<T>& p : of_.parameters_) to = std::copy_n(p.node().data(), p.size(), to);
  }

  /// The parameters become x + at d, each number rounded to T.
  void write_parameters(double at, const row& d) {
    std::size_t i = 0;
    for (const variable<T>& p : of_.parameters_) {
      T* to = p.mutable_value().data();
      for (const std::size_t end = std::min(i + p.size(), size_); i < end; ++i)
        *to++ = static_cast<T>(x_[i] + at * d[i]);
    }
  }

  detail::trial evaluate(double at, const row& d) {
    write_parameters(at, d);
    of_.zero_grad();
    ++evaluations_, ++of_.evaluations_;
    detail::trial now{.at = at, .loss = loss_(), .slope = 0, .gradient = row(size_)};
    if (all_numbers(of_.parameters_) != size_)
      throw shape_error("lbfgs: a parameter was given another shape by the function of the loss",
                        where_);
    std::size_t begin = 0;
    bool any = false;
    for (std::size_t j = 0; j < of_.parameters_.size(); begin += of_.parameters_[j++].size()) {
      const variable<T>& p = of_.parameters_[j];
      if (!p.has_grad()) continue;  // the loss does not depend on it: zeros
      of_.check_gradient(j, where_);
      std::copy_n(xtape::detail::as<T>(*p.node().grad()).data(), p.size(),
                  now.gradient.begin() + static_cast<std::ptrdiff_t>(begin));
      any = true;
    }
    if (!any)
      throw tape_error(
          "lbfgs: no parameter has a gradient: the function of the loss must call backward",
          where_);
    now.slope = dot(size_, now.gradient.data(), d.data());
    return now;
  }

  void check_start(const detail::trial& start) const {
    if (!std::isfinite(start.loss))
      throw domain_error("lbfgs: the loss is " + number_text(start.loss) + " at the start", where_);
    std::size_t i = 0;
    for (std::size_t j = 0; j < of_.parameters_.size(); ++j)
      for (const std::size_t end = i + of_.parameters_[j].size(); i < end; ++i)
        if (!std::isfinite(start.gradient[i]))
          throw domain_error("lbfgs: the gradient of " + of_.parameter_text(j) + " holds " +
                                 number_text(start.gradient[i]) + " at the start",
                             where_);
  }

  /// Rows of the history, the newest first: the n-th from the last.
  const T* move(std::uint64_t n) const { return of_.moves_.data() + place(n) * size_; }
  const T* change(std::uint64_t n) const { return of_.changes_.data() + place(n) * size_; }
  std::uint64_t place(std::uint64_t n) const { return (of_.pairs_ - 1 - n) % of_.options_.history; }

  /// -H g, by the two loops of algorithm 7.4; -g where there is no history, or where it does not lead downhill.
  row direction(const row& g) {
    row d(size_);
    add_scaled(-1, g.data(), d);
    const std::uint64_t known = std::min(of_.pairs_, of_.options_.history);
    if (known == 0) return d;
    row alpha(known);
    const auto product = [&](std::uint64_t n) { return dot(size_, move(n), change(n)); };
    for (std::uint64_t n = 0; n < known; ++n) {
      alpha[n] = dot(size_, move(n), d.data()) / product(n);
      add_scaled(-alpha[n], change(n), d);
    }
    const double gamma = product(0) / dot(size_, change(0), change(0));
    for (double& each : d) each *= gamma;
    for (std::uint64_t n = known; n-- > 0;)
      add_scaled(alpha[n] - dot(size_, change(n), d.data()) / product(n), move(n), d);
    if (dot(size_, g.data(), d.data()) < 0) return d;
    of_.pairs_ = 0;
    return direction(g);
  }

  std::optional<detail::trial> search(const detail::trial& here, const row& d) {
    detail::trial start = here;
    start.at = 0;
    start.slope = dot(size_, here.gradient.data(), d.data());
    double first = 1;
    if (of_.pairs_ == 0) {  // nothing is known of the scale
      double sum = 0;
      for (const double each : d) sum += std::fabs(each);
      first = std::min(1.0, 1 / sum);
    }
    return detail::line_search(
        [&](double at) { return evaluate(at, d); }, start, first, of_.options_.c1, of_.options_.c2,
        4 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::fabs(start.loss),
        of_.options_.max_evaluations);
  }

  /// Goes to x + next.at d, and remembers the pair, if the curvature along it is positive.
  void accept(const row& d, const detail::trial& here, const detail::trial& next) {
    row s(size_), y(size_);
    add_scaled(-1, x_.data(), s);
    write_parameters(next.at, d);
    read_parameters();  // as rounded
    add_scaled(1, x_.data(), s);
    add_scaled(1, next.gradient.data(), y);
    add_scaled(-1, here.gradient.data(), y);
    const double curvature = dot(size_, s.data(), y.data());
    if (!(curvature > std::numeric_limits<double>::epsilon() * dot(size_, y.data(), y.data())))
      return;
    ++of_.pairs_;
    const auto to = static_cast<std::ptrdiff_t>(place(0) * size_);
    const auto rounded = [](double value) { return static_cast<T>(value); };
    std::transform(s.begin(), s.end(), of_.moves_.data() + to, rounded);
    std::transform(y.begin(), y.end(), of_.changes_.data() + to, rounded);
  }

  lbfgs& of_;
  const std::function<double()>& loss_;
  location where_;
  std::size_t size_;
  row x_;  // the parameters after the last whole iteration
  std::uint64_t evaluations_ = 0;
};

template <real T>
lbfgs<T>::lbfgs(std::vector<variable<T>> parameters, const lbfgs_options& options, location where)
    : optimizer<T>("lbfgs"), options_(options) {
  const auto check = [&](const char* option, auto value, bool fits, const char* domain) {
    this->check_option(option, static_cast<double>(value), fits, domain, where);
  };
  const char* const count = "must be at least 1";
  check("max_iterations", options.max_iterations, options.max_iterations >= 1, count);
  check("history", options.history, options.history >= 1 && options.history <= 1000,
        "must be 1 to 1000");
  for (const auto& [name, value] : {std::pair{"gradient_tolerance", options.gradient_tolerance},
                                    std::pair{"change_tolerance", options.change_tolerance}})
    check(name, value, std::isfinite(value) && value >= 0, "must be finite and not negative");
  check("c1", options.c1, options.c1 > 0 && options.c1 < 1,
        "must be greater than 0 and less than 1");
  check("c2", options.c2, options.c2 > options.c1 && options.c2 < 1,
        "must be greater than c1 and less than 1");
  check("max_evaluations", options.max_evaluations, options.max_evaluations >= 1, count);
  this->add(std::move(parameters), where);
  const shape_type shape{static_cast<std::size_t>(options.history), all_numbers(this->parameters_)};
  moves_ = zeros<T>(shape);
  changes_ = zeros<T>(shape);
}

template <real T>
lbfgs_result lbfgs<T>::step(const std::function<double()>& loss, location where) {
  return run(*this, loss, where).iterate();
}

template <real T>
std::vector<state_slot<T>> lbfgs<T>::state() {
  return {{"moves", &moves_},
          {"changes", &changes_},
          {"pairs", &pairs_},
          {"iterations", &iterations_},
          {"evaluations", &evaluations_}};
}

template <real T>
std::string lbfgs<T>::explain() const {
  return "lbfgs: " + this->count_text(0, this->parameters_.size()) + ", " +
         std::to_string(iterations_) + " iterations, " + std::to_string(evaluations_) +
         " evaluations\n  d = -H g, H from the last " +
         std::to_string(std::min(pairs_, options_.history)) + " of at most " +
         std::to_string(options_.history) +
         " pairs (s, y)\n  x = x + a d, f(x + a d) <= f(x) + c1 a g.d, |g(x + a d).d| <= c2 |g.d|\n"
         "  c1 = " +
         number_text(options_.c1) + ", c2 = " + number_text(options_.c2);
}

template class lbfgs<float>;
template class lbfgs<double>;

}  // namespace xtape::optim
