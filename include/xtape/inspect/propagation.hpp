#pragma once
// What an initializer and an activation will do to signals and gradients, before any training: mean-field theory.

#include <xtape/init/init.hpp>
#include <xtape/ops/operand.hpp>

#include <cstddef>
#include <vector>

namespace xtape::inspect {

/// One layer of fan_in inputs: z = x W + b, h = phi(z), of independent weights with mean 0.
struct predicted_layer {
  double pre_activation;      ///< standard deviation of z, sqrt(fan_in Var(W) E[x^2] + Var(b))
  double mean;                ///< E[h], h = phi(z) for normal z
  double second_moment;       ///< E[h^2]; what the next layer's pre_activation depends on
  double standard_deviation;  ///< sqrt(E[h^2] - E[h]^2)
  double slope;               ///< sqrt(E[phi'(z)^2])
  double gradient_factor;     ///< RMS of dL/dx over that of dL/dh: sqrt(fan_out Var(W)) slope
};

using activation = variable<double> (*)(const operand<double>&);

/// The layers of a net with these widths (inputs, layer 1, ..., layer n), all weights from one initializer,
/// biases with standard deviation `bias`, inputs with E[x^2] = `second_moment`. E over a normal z is the midpoint rule with
/// 20,000 nodes over ten standard deviations to either side; phi' comes from the tape. phi is called on
/// parameters. Throws domain_error for fewer than two widths, a width of 0, or a second moment or bias that is
/// negative, and as the initializer does.
/// Source: Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli, "Exponential expressivity in deep neural networks through
/// transient chaos", NIPS 2016; Schoenholz et al., "Deep information propagation", ICLR 2017.
XTAPE_API std::vector<predicted_layer> predict_propagation(const std::vector<std::size_t>& widths,
                                                           const init::initializer& weights,
                                                           activation phi, double second_moment = 1,
                                                           double bias = 0,
                                                           location where = location::current());

}  // namespace xtape::inspect
