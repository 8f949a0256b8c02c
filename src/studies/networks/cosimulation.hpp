#pragma once

/// @file
/// The co-simulation of a recurrent network: hundreds of states cost too much for all the stimuli
/// of a compact student, so a short piece of the training-like waveform decides.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cosimulation/cosimulation.hpp"
#include "model/model.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// What was compared, and what it cost.
struct NetworkCosimReport {
  CosimReport report;
  std::vector<std::string> costs;  ///< A sentence for every simulation whose iterations are known.
};

/// Compares the recurrent `model` with its own equation, integrated by CVODE, over 50 us with a
/// jump of the published waveform from `conductance` [S]:
///
///   osdi, ...   in every simulator, in every form among `paths` (path_of(); empty: compiled C
///               alone), and once in each frozen, in one of them: it must fail
///   inference   what the network computed in training, at steps of the reference step: the
///               discretisation, not judged
///
/// `config` gives tolerance, step and the limit of the training-like stimulus. Throws what the
/// printers and circuit_network() throw; a form that cannot be run is among what was not run, a
/// simulation that fails a warning of the report.
NetworkCosimReport cosimulate_network(const model::Model& model,
                                      const CosimConfig& config,
                                      double conductance,
                                      std::span<const std::unique_ptr<Simulator>> simulators,
                                      const std::vector<std::string>& paths = {});

}  // namespace psi_xlstm
