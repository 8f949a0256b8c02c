#pragma once

/// @file
/// A user's circuit with every emitted form of a model in it, in every simulator: each against the
/// reference where that knows every element, and all against the first.
///
/// An error is that of a current or a voltage over its own full scale, which is its largest size,
/// but at least a thousandth of the largest of its kind in the circuit.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "config/cosim.hpp"
#include "cosimulation/circuit_reference.hpp"
#include "cosimulation/cosimulation.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// Simulates `circuit` with `model` at its devices; `max_step` [s] is taken where the deck has
/// none. Throws as Simulator::circuit().
CircuitRun run_circuit(const Circuit& circuit,
                       const EmittedModel& model,
                       double max_step,
                       const CosimConfig& config,
                       const Simulator& simulator);

/// The largest error over full scale of several quantities, and which of them has it.
struct LargestError {
  std::size_t quantity = 0;
  double over_full_scale = 0;
};

/// Compares `found` with `expected`, both [quantities][N]; see above for the full scale. An error
/// of NaN counts as infinite. Throws ShapeError where the sizes differ or there is nothing.
LargestError largest_error(const std::vector<std::vector<double>>& expected,
                           const std::vector<std::vector<double>>& found);

/// `values` [N] at `time` [N], at other times: a cubic through the nearest four points on the same
/// side of every breakpoint [s]. Throws ShapeError where there is no point.
std::vector<double> resampled(std::span<const double> time,
                              std::span<const double> values,
                              std::span<const double> breakpoints,
                              std::span<const double> wanted);

/// Everything about one circuit: every simulator in every form among `paths` that it can run
/// (prepared_models()), and a negative control with a frozen state. The transients hold the device
/// that is worst. Throws SpiceError where there is nothing to compare with: an element that the
/// reference does not know, and one run only; ShapeError where `network` is not one conductance.
CosimReport cosimulate_circuit(const ir::Network& network,
                               const Circuit& circuit,
                               const CosimConfig& config,
                               std::span<const std::unique_ptr<Simulator>> simulators,
                               const std::vector<std::string>& paths = {});

}  // namespace psi_xlstm
