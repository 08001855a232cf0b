#pragma once
// Is a derivative right? Compared with differences of the function itself.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/calculus/grad.hpp>

namespace xtape {

/// What check_gradients does. No tolerance is among it: that follows from what is measured.
struct check_options {
  /// 2: the second derivatives as well.
  int order = 1;
  /// Of the random cotangents, directions and samples. The report prints it.
  std::uint64_t seed = 1;
  /// Of the inputs' entries up to so many are checked one by one; of more, a random sample of so many,
  /// and in every input `directions` random directions, along which all its entries change at once.
  std::size_t entries = 1000;
  std::size_t directions = 8;
  /// Up to so many elements of the result get a unit cotangent each; of more, a random sample of 8.
  std::size_t outputs = 64;
  /// Of the inputs, in their order, for the report; those that are missing are numbered.
  std::vector<std::string> names = {};
};

/// What check_gradients found.
class XTAPE_API gradient_report {
 public:
  enum class verdict {
    passed,        ///< every derivative compared agrees, and in every input some could have failed
    failed,        ///< a derivative differs, or the function contradicts itself
    inconclusive,  ///< nothing is known to be wrong, but the check could not have found it
  };

  /// How the derivatives compared came out. One derivative is that of one output element, or of one
  /// random combination of them, with respect to one input entry, or along one direction.
  struct counts {
    std::size_t agreed = 0;        ///< to within the tolerance, at most 1/2000 of the derivative
    std::size_t small = 0;         ///< so too, but only beside its neighbours: it is 0 or nearly so
    std::size_t at_kink = 0;       ///< between the slopes on both sides, which differ
    std::size_t unmoved = 0;       ///< the output does not move, and the derivative is 0
    std::size_t undetermined = 0;  ///< differences of the function do not tell: nothing compared
    std::size_t failed = 0;        ///< differ by more than the tolerance
    std::size_t total() const { return agreed + small + at_kink + unmoved + undetermined + failed; }
  };

  /// One derivative.
  struct entry {
    std::string text;         ///< what it is: "input 0 (w) at (1, 2), output at (0)"
    std::size_t input = 0;    ///< which input, from 0
    shape_type input_index;   ///< the element of that input; of a direction nothing
    shape_type output_index;  ///< the element of the output; of a random cotangent nothing
    double analytic = 0;      ///< what backward says
    double numeric = 0;       ///< what the differences say
    double difference = 0;    ///< |analytic - numeric|; at a kink, how far outside of the slopes
    double error = 0;         ///< what the differences may be wrong by, as estimated
    double tolerance = 0;     ///< what the difference may be
  };

  /// The operation that first goes wrong, when the way from the inputs to the result is followed. Wrong may be its
  /// derivative for an argument, that derivative's own one (in the second order), or that it uses a value which is
  /// not on the tape.
  struct culprit {
    std::string operation;  ///< its name; empty where none was found
    std::size_t entry = 0;  ///< its place on the tape
    std::size_t input =
        0;           ///< the argument whose derivative is wrong; 0 for a value not on the tape
    location where;  ///< the line that called it
  };

  verdict result() const { return result_; }
  bool ok() const { return result_ == verdict::passed; }
  explicit operator bool() const { return ok(); }

  const counts& count() const { return count_; }
  std::size_t compared() const { return count_.total(); }
  std::size_t failed() const { return count_.failed; }
  /// The derivatives whose difference is the greatest multiple of their tolerance, worst first, five
  /// at most; of a report that is inconclusive, undetermined ones before others.
  const std::vector<entry>& worst() const { return worst_; }
  const culprit& wrong() const { return wrong_; }
  /// The verdict and its reasons, what was compared, the worst derivatives, the wrong operation; a
  /// line each.
  std::string text() const;
  friend XTAPE_API std::ostream& operator<<(std::ostream& out, const gradient_report& report);

 private:
  template <real T>
  friend class gradient_check;
  verdict result_ = verdict::inconclusive;
  counts count_;
  std::vector<entry> worst_;
  culprit wrong_;
  std::vector<std::string> reasons_, notes_;
};

namespace detail {

template <real T>
using vector_function = std::function<variable<T>(const std::vector<variable<T>>&)>;

template <real T>
XTAPE_API gradient_report check_gradients(const vector_function<T>& f,
                                          const std::vector<array<T>>& inputs,
                                          const check_options& options, location where);
[[noreturn]] XTAPE_API void throw_argument_count(std::size_t inputs, location where);

template <class F, real T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_v<const F&, decltype((void)I, std::declval<const variable<T>&>())...>;
}
template <class F, real T, std::size_t N>
inline constexpr bool takes_variables = takes<F, T>(std::make_index_sequence<N>());
template <class F, real T>
inline constexpr bool takes_some_variables =
    takes_variables<F, T, 1> || takes_variables<F, T, 2> || takes_variables<F, T, 3> ||
    takes_variables<F, T, 4> || takes_variables<F, T, 5> || takes_variables<F, T, 6>;

template <class F, real T, std::size_t N>
void set_if_taken(vector_function<T>& to, const F& f, std::size_t count) {
  if constexpr (takes_variables<F, T, N>) {
    if (count == N)
      to = [&f](const std::vector<variable<T>>& x) -> variable<T> {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return f(x[I]...); }
        (std::make_index_sequence<N>());
      };
  }
}

}  // namespace detail

/// Compares the derivatives that backward computes for f at `inputs` with differences of f's values.
/// f takes one to six variables, or all of them as one std::vector<variable<T>>, and returns a variable
/// of any shape. One tape is alive while f runs, and its arguments are tracked, so that f may itself
/// differentiate with create_graph. docs/checking_gradients.md shows a report, line by line.
///
/// *What is compared.* Cotangents: one unit cotangent an output element (every entry of the Jacobian),
/// and two random ones, away from 0 and of both signs, since a rule may treat a sparse cotangent and a
/// dense one differently. For each, every input entry. Then f runs once more (two runs must be equal
/// bit for bit), and with arguments that are no parameters but every second element of larger arrays (values must be
/// equal bit for bit, gradients to within rounding). With order = 2, also: that a recorded gradient
/// equals the plain one, and the derivatives of v = vjp(f, r), for a random r, against differences of
/// the *plain* v, with respect to the inputs and to r.
///
/// *Step and error.* An entry moves by h = s / 4, s / 32, ... (float: s / 2, s / 4, ...), s being the
/// entry's magnitude or its input's, whichever is greater. Three neighbouring central differences are
/// extrapolated to h = 0 (Ridders 1982; Numerical Recipes, 5.7). The error of that is what the last
/// extrapolation changed, plus the noise of f divided by h. The noise is measured, as the scatter of f's
/// values a few units in the last place apart (cf. More and Wild 2011), along a direction of all entries and, before
/// a derivative is found wrong, along its own; and is no less than one such unit of f, nor than what the rounding of every value on the tape makes of it. Of the windows of three
/// steps the one with the least error is chosen, among those that agree with all smaller steps: a kink
/// or a pole nearby spoils the large steps only. Windows with a step at which f is not finite are passed
/// over, and steps are added below while the result is undetermined, at a kink, or differs.
///
/// *Tolerance.* Four times the sum of that error and of the analytic value's, which is what it changes
/// by when the inputs change by a few units in the last place, and a few such units of the gradient.
/// Nothing is chosen by the caller. A derivative *agrees* if the tolerance is at most 1/2000 of it, so that
/// one wrong by 1/1000 never does. One that is smaller, but whose tolerance is at most 1/2000 of the
/// slopes around or of the input's greatest derivative, is counted as `small`; beyond, as undetermined.
/// At a kink, where the slopes on both sides of x differ by more than their errors, every value
/// between them is accepted.
///
/// *Verdict.* Failed: some derivative differs; two runs differ; the result changes where an argument is cut out of a larger array.
/// Inconclusive: the result is not tracked; nothing was checked; a derivative is undetermined; in some
/// input no derivative agrees or is at a kink, say because nothing there moves the result. Otherwise
/// passed. In the second order derivatives may all be 0; the report says so.
///
/// Where a derivative differs, the wrong operation is looked for: the first on the tape whose value moves with
/// the inputs otherwise than the tape says; in the second order the first in what the operations send back.
///
/// Throws domain_error for an order other than 1 and 2, or an f of another number of arguments;
/// shape_error where the shape of f's result changes; what f throws passes through.
/// C. Ridders, Accurate computation of F'(x) and F'(x) F''(x), Adv. Eng. Software 4 (1982); J. More, S.
/// Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011).
template <real T = double, class F>
gradient_report check_gradients(const F& f, const std::vector<array<T>>& inputs,
                                const check_options& options = {},
                                location where = location::current()) {
  detail::vector_function<T> all;
  if constexpr (detail::takes_some_variables<F, T>) {
    [&]<std::size_t... N>(std::index_sequence<N...>) {
      (detail::set_if_taken<F, T, N + 1>(all, f, inputs.size()), ...);
    }
    (std::make_index_sequence<6>());
    if (!all) detail::throw_argument_count(inputs.size(), where);
  } else {
    all = std::cref(f);
  }
  return detail::check_gradients<T>(all, inputs, options, where);
}
/// The same for a list in braces.
template <real T, class F>
gradient_report check_gradients(const F& f, std::initializer_list<array<T>> inputs,
                                const check_options& options = {},
                                location where = location::current()) {
  return check_gradients<T>(f, std::vector<array<T>>(inputs), options, where);
}

}  // namespace xtape
