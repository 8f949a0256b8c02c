#pragma once

/// @file
/// Where trainings start. A network of the relaxation convention starts as something like the model
/// it has to become: features of the voltage behind output gates or fast memories, relaxations with
/// time constants spread evenly over the logarithm, from one microsecond to ten milliseconds.

#include <vector>

#include "core/rng.hpp"
#include "kernels/simd/network_shape.hpp"

namespace psi_xlstm::models {

/// Start values of a network of the published convention in the order of parameter_blocks: weights
/// of standard deviation 1 / sqrt(inputs), recurrent weights zero, forget-gate biases evenly from 3
/// to 6 (2 to 7 with clusters), as in the released code of the study.
std::vector<double> published_start(const kernels::NetworkShape& shape, Rng& rng);

/// Start values of a network of the relaxation convention whose inputs are a voltage [V] and the
/// logarithm of a conductance. `dt0` is its reference step [s].
std::vector<double> relaxation_start(const kernels::NetworkShape& shape, double dt0, Rng& rng);

}  // namespace psi_xlstm::models
