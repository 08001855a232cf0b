#pragma once
// Is a derivative right? Compared with differences of the function itself.

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/calculus/grad.hpp>

namespace xtape {

/// How check_gradients measures. The numeric derivative is the central difference
/// (f(x + h) - f(x - h)) / 2h with h = step * max(1, |x|), x being the input element. It errs by
/// h^2 |f'''| / 6 because f is not a parabola, and by eps |f| / h because f is rounded (eps =
/// 2^-52). Both are of the size of eps^(2/3) = 4e-11 where step is the cube root of eps, the
/// default. The default tolerances are 100 times what these two come to for the step chosen, 7e-9
/// for the default one: room for third derivatives and sums of that size.
struct check_options {
  double step = 6.0554544523933429e-6;  ///< 2^(-52/3)
  /// Of the greater of the two derivatives.
  double relative = 100 * (step * step + 2.220446049250313e-16 / step);
  /// Of max(1, |f|), f being the output element: what rounding may make of it.
  double absolute = relative;
};

/// What check_gradients found.
class XTAPE_API gradient_report {
 public:
  /// One entry of the Jacobian: d(output element) / d(input element).
  struct entry {
    std::size_t input = 0;    ///< which input, from 0
    shape_type input_index;   ///< the element of that input
    shape_type output_index;  ///< the element of the output
    double analytic = 0;      ///< what backward says
    double numeric = 0;       ///< what the differences say
    double difference = 0;    ///< |analytic - numeric|
    double tolerance = 0;     ///< what it may be
  };

  /// Whether every entry agrees, and the check could have failed: something was compared, and not
  /// zeros only.
  bool ok() const { return refusal_.empty() && failed_ == 0; }
  explicit operator bool() const { return ok(); }
  /// How many entries of the Jacobian were compared, and how many of them differ by more than the
  /// tolerance.
  std::size_t compared() const { return compared_; }
  std::size_t failed() const { return failed_; }
  /// The entry whose difference is the greatest multiple of its tolerance; one that is not a
  /// number, or infinite on either side, before any other. All zeros where nothing was compared.
  const entry& worst() const { return worst_; }
  /// The verdict in a line, and in a second line the worst entry.
  std::string text() const;
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const gradient_report& report);

 private:
  friend class gradient_check;
  std::size_t compared_ = 0;
  std::size_t failed_ = 0;
  entry worst_;
  std::string refusal_;  // why nothing can be concluded; empty otherwise
};

namespace detail {

using vector_function = std::function<variable<double>(const std::vector<variable<double>>&)>;

XTAPE_API gradient_report check_gradients(const vector_function& f,
                                          const std::vector<array<double>>& inputs,
                                          const check_options& options, location where);
[[noreturn]] XTAPE_API void throw_argument_count(std::size_t inputs, location where);

template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<const F&,
                             decltype((void)I, std::declval<const variable<double>&>())...>;
}
template <class F, std::size_t N>
inline constexpr bool takes_variables = takes<F>(std::make_index_sequence<N>());
template <class F>
inline constexpr bool takes_some_variables =
    takes_variables<F, 1> || takes_variables<F, 2> || takes_variables<F, 3> ||
    takes_variables<F, 4> || takes_variables<F, 5> || takes_variables<F, 6>;

template <class F, std::size_t N>
void set_if_taken(vector_function& to, const F& f, std::size_t count) {
  if constexpr (takes_variables<F, N>) {
    if (count == N)
      to = [&f](const std::vector<variable<double>>& x) -> variable<double> {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return f(x[I]...); }
        (std::make_index_sequence<N>());
      };
  }
}

}  // namespace detail

/// Compares the derivatives that backward computes for f with central differences, in double, at
/// `inputs`: the full Jacobian, every element of the output with respect to every element of every
/// input. f takes one to six variables, or all of them as one std::vector<variable<double>>, and
/// returns a variable of any shape; called more than once, it must return the same. One tape is
/// alive while f runs, and its arguments are tracked, so that f may itself call grad with
/// create_graph: that checks second derivatives. A report that is not ok names the worst entry; one
/// that could not have failed, because nothing was compared or f does not react to its inputs, is
/// not ok either. Throws domain_error for a step that is not positive or an f of another number of
/// arguments, shape_error where f's result changes its shape; what f throws passes through.
template <class F>
gradient_report check_gradients(const F& f, const std::vector<array<double>>& inputs,
                                const check_options& options = {},
                                location where = location::current()) {
  detail::vector_function all;
  if constexpr (detail::takes_some_variables<F>) {
    [&]<std::size_t... N>(std::index_sequence<N...>) {
      (detail::set_if_taken<F, N + 1>(all, f, inputs.size()), ...);
    }
    (std::make_index_sequence<6>());
    if (!all) detail::throw_argument_count(inputs.size(), where);
  } else {
    all = std::cref(f);
  }
  return detail::check_gradients(all, inputs, options, where);
}

}  // namespace xtape
