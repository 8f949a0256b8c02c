#pragma once

/// @file
/// The student made for circuits: a gated relaxation with rates and targets that depend on bias and
/// state (a liquid time constant), written as an ir::Network.
///
///   phi_j    = tanh(w_j V + r_j.c + b_j)                        j = 1..m features
///   lambda_k = softplus(-(a_k.phi + a0_k)) / dt0                K rates
///   z_s      = tanh(d_s.phi + d0_s)                             S targets
///   dc_s/dt  = lambda_k(s) (z_s - c_s)
///   y        = e + k.c + sum_l a_l (tanh(u_l V + q_l) - tanh(q_l))
///   I        = V gs exp(y)            head `exp`  (`softplus`: softplus(y), `affine`: y)
///
/// V is in units of the network's voltage scale. With the heads exp and softplus the start is tied
/// to the head (ir::initial_state); with affine the device starts at rest.

#include <string>

#include "config/fit.hpp"
#include "core/rng.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// The scales of the data a student is built for.
struct StudentScales {
  double conductance = 1;  ///< gs [S].
  double voltage = 1;      ///< Largest |V| of the training data [V].
  double step = 1;         ///< dt0, the sample step of the training data [s].
};

/// What is known of the device before anything is fitted; makes a starting point good.
struct StartHint {
  double log_conductance_low = -1;   ///< ln(G/gs), lowest of the training data.
  double log_conductance_high = 1;   ///< ln(G/gs), highest of the training data.
  double time_constant = 1;          ///< Relaxation time at 0 V to start from [s].
  double fastest_time_constant = 0;  ///< Constant rates are spread from here to time_constant [s].
};

/// The network of this shape with all parameters zero. Throws ConfigError on an unknown head.
ir::Network build_compact_student(const StudentShape& shape,
                                  const StudentScales& scales,
                                  const std::string& name);

/// Fills in a random starting point: feature knots spread over the voltage range, long relaxation
/// times that shorten with |V|, readout over the conductance range of the hint.
void randomise(ir::Network& network, const StudentShape& shape, const StartHint& hint, Rng& rng);

}  // namespace psi_xlstm::fit
