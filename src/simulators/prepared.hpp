#pragma once

#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "metrics/results.hpp"
#include "psi_xlstm/ir/network.hpp"
#include "simulators/simulator.hpp"

namespace psi_xlstm {

/// `network` in the forms that `simulator` can run here, the subcircuit first, among `paths`
/// (path_of(); empty: those that it reads and whose compiler is there). What cannot be run is added
/// to `not_run`. Throws SpiceError where a path has another name.
std::vector<EmittedModel> prepared_models(const ir::Network& network,
                                          const Simulator& simulator,
                                          const std::vector<std::string>& paths,
                                          std::vector<NotRun>& not_run);

/// The paths of all forms.
std::vector<std::string> all_paths();

}  // namespace psi_xlstm
