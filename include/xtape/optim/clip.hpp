#pragma once

#include <xtape/tape/variable.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xtape::optim {

/// Keeps a step from going astray where gradients explode: all gradients together are scaled so that their norm is
/// at most the limit,
///
///     g = g min(1, limit / |g|)        |g|^2 = the sum of squares over all parameters
///
/// which keeps their direction. It is applied between backward and step, changes the gradients in place, and counts.
/// torch.nn.utils.clip_grad_norm_ divides by |g| + 1e-6 instead.
/// Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
/// algorithm 1.
///
///     xp::optim::clip_by_norm clip(1);
///     loss.backward();
///     clip(optimizer.parameters());
///     optimizer.step();
///     std::cout << clip.explain();   // clip_by_norm: |g| <= 1, 3 of 120 calls clipped, the last |g| = 0.52
class XTAPE_API clip_by_norm {
 public:
  /// Throws domain_error unless the limit is finite and positive.
  explicit clip_by_norm(double limit, location where = location::current());

  /// Returns the norm as it was. Each parameter is listed once; one that no backward reached since zero_grad is passed
  /// over. Throws domain_error for a gradient that is not finite; nothing has changed then, nor been counted.
  double operator()(const std::vector<variable<float>>& parameters,
                    location where = location::current());
  double operator()(const std::vector<variable<double>>& parameters,
                    location where = location::current());

  std::uint64_t calls() const noexcept { return calls_; }
  /// The calls that found more than the limit.
  std::uint64_t clips() const noexcept { return clips_; }
  std::string explain() const;

 private:
  template <real T>
  double clip(const std::vector<variable<T>>& parameters, location where);

  double limit_, last_ = 0;
  std::uint64_t calls_ = 0, clips_ = 0;
};

/// The same for each number of a gradient by itself: g = min(max(g, -limit), limit). It changes their direction. As
/// torch.nn.utils.clip_grad_value_.
class XTAPE_API clip_by_value {
 public:
  /// Throws domain_error unless the limit is finite and positive.
  explicit clip_by_value(double limit, location where = location::current());

  /// Returns how many numbers were beyond the limit. Else as clip_by_norm.
  std::uint64_t operator()(const std::vector<variable<float>>& parameters,
                           location where = location::current());
  std::uint64_t operator()(const std::vector<variable<double>>& parameters,
                           location where = location::current());

  std::uint64_t calls() const noexcept { return calls_; }
  /// The calls that found a number beyond the limit.
  std::uint64_t clips() const noexcept { return clips_; }
  std::string explain() const;

 private:
  template <real T>
  std::uint64_t clip(const std::vector<variable<T>>& parameters, location where);

  double limit_;
  std::uint64_t calls_ = 0, clips_ = 0, last_ = 0;
};

}  // namespace xtape::optim
