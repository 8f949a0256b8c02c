#pragma once

/// @file
/// What the analyses of simulator.hpp share: one analysis in ngspice's words, run in a worker.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "circuit/voltage_table.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {

/// One analysis, in ngspice's words.
struct SpiceAnalysis {
  std::string command;
  std::string scale;  ///< End of the name of the axis; empty: there is none.
  std::string option_line;
  std::vector<std::string> vectors;
  std::map<std::string, VoltageTable> external;
};

/// What came back: the axis, where there is one, and the wanted vectors in their order; complex
/// ones as pairs.
struct SpiceAnswer {
  std::string reason;
  bool out_of_time = false;
  std::vector<std::string> messages;
  std::vector<double> axis;
  std::map<std::string, std::vector<double>> vectors;
  nlohmann::json counters;  ///< What ngspice counted, by its own names.
};

/// Checks `netlist` and `analysis`, runs them in a worker and sorts what came back. A failure of
/// ngspice is a `reason`. Throws SpiceError on wrong input, or if the worker, libngspice or a
/// device library is not there.
SpiceAnswer run_analysis(const std::string& netlist,
                         const SpiceAnalysis& analysis,
                         const SimulatorOptions& simulator);

/// Throws SpiceError if libngspice or a device library could not be loaded; else the sentence for
/// the state in the header of a worker's `reply`, empty if all is well.
std::string reason_of_reply(const nlohmann::json& reply);

}  // namespace psi_xlstm
