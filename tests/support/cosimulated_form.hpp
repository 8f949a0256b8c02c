#pragma once

/// @file
/// One form of a network, prepared and compared.

#include "cosimulation/cosimulation.hpp"

namespace psi_xlstm::testing {

/// cosimulate() of `network` in `form`.
inline CosimReport cosimulated_form(const ir::Network& network,
                                    const CosimConfig& config,
                                    const CosimCase& training_like,
                                    double conductance,
                                    const Simulator& simulator,
                                    EmittedForm form) {
  const EmittedModel model = simulator.prepared(network, form);
  return cosimulate(network, {config, training_like, conductance}, simulator, model);
}

}  // namespace psi_xlstm::testing
