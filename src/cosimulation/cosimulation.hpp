#pragma once

/// @file
/// The proof that an emitted model computes what its network computes: the standard stimuli
/// (cases.hpp), each compared with the reference (comparison.hpp), a refinement that must help, a
/// control with a frozen state that must fail, and DC and AC against their closed forms.
///
/// config.time_limit_s is that of a simulation of up to 10,000 steps; a longer one has more.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/cosim.hpp"
#include "cosimulation/cases.hpp"
#include "cosimulation/comparison.hpp"
#include "cosimulation/report.hpp"
#include "hdl/emitted_model.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// Told how much of the work is done, 0 to 1, and what is being simulated.
using CosimProgress = std::function<void(double done, const std::string& detail)>;

/// What is compared.
struct CosimQuestion {
  CosimConfig config;
  CosimCase training_like;  ///< May be without terms: then it is left out.
  double conductance = 0;   ///< At the start [S].
};

/// Compares everything that `question` asks for with `model` of `network`.
CosimReport cosimulate(const ir::Network& network,
                       const CosimQuestion& question,
                       const Simulator& simulator,
                       const EmittedModel& model,
                       const CosimProgress& progress = {});

/// The same in every simulator, in every form among `paths` that it can run (prepared_models()).
CosimReport cosimulate_all(const ir::Network& network,
                           const CosimConfig& config,
                           const CosimCase& training_like,
                           double conductance,
                           std::span<const std::unique_ptr<Simulator>> simulators,
                           const std::vector<std::string>& paths = {},
                           const CosimProgress& progress = {});

/// Operating point and DC sweep to three times the training voltage with held state, and AC at
/// several biases with the state at its equilibrium, each against its closed form:
///
///   Y(jw) = dI/dV + dI/dc (jw - A)^-1 B,   A = d(dc/dt)/dc,  B = d(dc/dt)/dV
std::vector<CosimRow> static_checks(const ir::Network& network,
                                    const EmittedModel& model,
                                    const CosimConfig& config,
                                    double conductance,
                                    const Simulator& simulator);

}  // namespace psi_xlstm
