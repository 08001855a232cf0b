#pragma once

#include <xtape/array/array.hpp>
#include <xtape/array/rng.hpp>

#include <cstddef>
#include <string>

/// Initial weights. An initializer is a small value, made by one of the functions below, that makes
/// an array of any shape:
///
///     xp::rng random(42);
///     auto w = xp::init::he_normal().make<float>({784, 128}, random);
///
/// Why their scale matters: a unit that adds n independent terms w x has n Var(w) Var(x) of
/// variance. With Var(w) = 1 / fan_in the activations keep their variance going forward; with 1 /
/// fan_out the gradients keep theirs going backward; Glorot's mean of the two is the compromise,
/// and He's factor 2 makes up for the half of its input that a ReLU drops.
namespace xtape::init {

/// The number of terms each output of a layer adds, and each input's gradient adds.
struct fans {
  std::size_t in = 0;
  std::size_t out = 0;
};

/// The fans of a weight of that shape; layers compute x W + b with W of shape (n_in, n_out), and convolutions
/// have kernels of shape (n_out, n_in, k1, ...). Of a convolution in groups n_in is that of one group, as it
/// should be, and fan_out that of all groups together, as in PyTorch: a shape does not tell.
///
///     ()                        in = out = 1
///     (n)                       in = out = n
///     (n_in, n_out)             in = n_in, out = n_out
///     (n_out, n_in, k1, ...)    in = n_in k, out = n_out k, with the receptive field k = k1 k2 ...
XTAPE_API fans fans_of(const shape_type& shape) noexcept;

/// A distribution of initial weights, perhaps scaled by the fans of the shape it is asked to fill.
class XTAPE_API initializer {
 public:
  /// An array of that shape, filled with the generator's next numbers (one draw an element; none
  /// for zeros, constant and identity). Float arrays hold the roundings of the double ones of the
  /// same generator. Throws domain_error where a fan the formula divides by is 0, or a number does
  /// not fit T; shape_error where the shape is none that the initializer can fill.
  template <real T>
  array<T> operator()(const shape_type& shape, rng& random,
                      location where = location::current()) const;

  /// The same, spelled as an expression: `init::glorot_uniform().make<float>({3, 4}, random)`.
  template <real T>
  array<T> make(const shape_type& shape, rng& random, location where = location::current()) const {
    return operator()<T>(shape, random, where);
  }

  /// The standard deviation of the weights that the formula predicts for those fans: 0 for zeros
  /// and constant; of identity and orthogonal, for a matrix, the root of the mean square. Throws
  /// domain_error where a fan the formula divides by is 0.
  double standard_deviation(std::size_t fan_in, std::size_t fan_out,
                            location where = location::current()) const;

  /// The formula with its numbers, on one line:
  /// "glorot_normal: N(0, std^2), std = gain sqrt(2 / (fan_in + fan_out)) = 1 * sqrt(2 / (784 +
  /// 128)) = 0.0468293". Throws as standard_deviation does.
  std::string explain(std::size_t fan_in, std::size_t fan_out,
                      location where = location::current()) const;

  /// "he_normal", "uniform", ...: the name of the function that made it.
  std::string name() const;

 private:
  enum class distribution {
    zeros,
    constant,
    normal,
    uniform,
    truncated_normal,
    orthogonal,
    identity
  };
  enum class scaling { none, lecun, glorot, he };

  initializer(distribution law, double first, double second)
      : law_(law), first_(first), second_(second) {}
  initializer(distribution law, scaling scale, double gain, location where);

  double scaled_deviation(fans of, location where) const;
  std::string law_name() const;
  std::string law_text(std::size_t fan_in, std::size_t fan_out, location where) const;
  template <real T>
  array<T> drawn(const shape_type& shape, rng& random, location where) const;

  distribution law_;
  scaling scale_ = scaling::none;
  bool identical_ = false;
  double first_;       // the constant, the mean or the lower bound; the gain of a scaled one
  double second_ = 0;  // the standard deviation or the upper bound
  double cut_ = 0;     // of truncated_normal, in standard deviations

  friend XTAPE_API initializer zeros();
  friend XTAPE_API initializer constant(double value, location where);
  friend XTAPE_API initializer normal(double mean, double std, location where);
  friend XTAPE_API initializer uniform(double a, double b, location where);
  friend XTAPE_API initializer lecun_normal(double gain, location where);
  friend XTAPE_API initializer lecun_uniform(double gain, location where);
  friend XTAPE_API initializer glorot_normal(double gain, location where);
  friend XTAPE_API initializer glorot_uniform(double gain, location where);
  friend XTAPE_API initializer he_normal(double gain, location where);
  friend XTAPE_API initializer he_uniform(double gain, location where);
  friend XTAPE_API initializer truncated_normal(double mean, double std, double cut,
                                                location where);
  friend XTAPE_API initializer orthogonal(double gain, location where);
  friend XTAPE_API initializer identity(double gain, location where);
  friend XTAPE_API initializer identical(const initializer& one);
};

/// Every element 0: for biases. Weights that are all alike stay alike for ever.
XTAPE_API initializer zeros();

/// Every element `value`. Throws domain_error unless it is finite.
XTAPE_API initializer constant(double value, location where = location::current());

/// N(mean, std^2), whatever the fans. Throws domain_error unless both are finite and std >= 0.
XTAPE_API initializer normal(double mean, double std, location where = location::current());

/// U(a, b), whatever the fans: std = (b - a) / sqrt 12. Throws domain_error unless a <= b are
/// finite and so is b - a.
XTAPE_API initializer uniform(double a, double b, location where = location::current());

/// N(0, std^2) with std = gain sqrt(1 / fan_in): activations of a linear (or tanh, near 0) layer
/// keep their variance. gain: finite and positive, else domain_error, as in all that follow.
/// Source: LeCun, Bottou, Orr, Mueller, "Efficient backprop" (1998), section 4.6, equation 16.
XTAPE_API initializer lecun_normal(double gain = 1, location where = location::current());

/// U(-a, a) with a = gain sqrt(3 / fan_in), so that std = gain sqrt(1 / fan_in). Source: as above.
XTAPE_API initializer lecun_uniform(double gain = 1, location where = location::current());

/// N(0, std^2) with std = gain sqrt(2 / (fan_in + fan_out)): the compromise between keeping the
/// variance of activations and that of gradients. Also named after Xavier.
/// Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
/// networks", AISTATS 2010, equation 12.
XTAPE_API initializer glorot_normal(double gain = 1, location where = location::current());

/// U(-a, a) with a = gain sqrt(6 / (fan_in + fan_out)). Source: as above, equation 16.
XTAPE_API initializer glorot_uniform(double gain = 1, location where = location::current());

/// N(0, std^2) with std = gain sqrt(2 / fan_in): for layers followed by a ReLU; the 2 is in the
/// formula, so the gain stays 1. Also named after Kaiming.
/// Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.
XTAPE_API initializer he_normal(double gain = 1, location where = location::current());

/// U(-a, a) with a = gain sqrt(6 / fan_in), so that std = gain sqrt(2 / fan_in). Source: as above.
XTAPE_API initializer he_uniform(double gain = 1, location where = location::current());

/// N(mean, std^2) without its tails: all weights lie in [mean - cut std, mean + cut std], whatever
/// the fans. With phi and Phi the standard normal density and distribution, their deviation is
/// std sqrt(1 - 2 cut phi(cut) / (2 Phi(cut) - 1)): for a cut of 2, 0.87963 std. Throws domain_error
/// unless mean and std are finite and std >= 0, and cut is finite and positive.
XTAPE_API initializer truncated_normal(double mean, double std, double cut = 2,
                                       location where = location::current());

/// gain Q: a matrix W of which W^T W = gain^2 I if it has no more columns than rows, else
/// W W^T = gain^2 I, each such matrix equally likely (Haar measure): signals and gradients keep their
/// norm through any number of square linear layers. The first axis of a shape is the rows, all others together the
/// columns, so that each output channel of a convolution is a row; shape_error for fewer than two axes. n m
/// min(n, m) steps: (512, 512) takes 0.12 s, (1024, 1024) 0.8 s, on one thread of the project machine.
/// Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
/// linear neural networks", ICLR 2014; Mezzadri, "How to generate random matrices from the classical
/// compact groups", Notices of the AMS 54 (2007), for the signs.
XTAPE_API initializer orthogonal(double gain = 1, location where = location::current());

/// gain on the diagonal of a matrix, 0 elsewhere: a layer that passes its input on. shape_error
/// unless the shape has two axes.
XTAPE_API initializer identity(double gain = 1, location where = location::current());

/// What not to do: all units of a layer the same. Each gets the weights that `one` gives to the first, along axis 1
/// of a matrix, axis 0 of a bias or of a convolution's kernels. They see the same, are told the same, and stay
/// the same for ever: a layer of one unit, at the price of many.
XTAPE_API initializer identical(const initializer& one);

}  // namespace xtape::init
