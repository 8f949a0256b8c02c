#include "psi_xlstm/spice/emitted_model.hpp"

#include <fmt/format.h>

#include "psi_xlstm/core/number_text.hpp"
#include "psi_xlstm/hdl/subcircuit.hpp"
#include "psi_xlstm/spice/simulator.hpp"

namespace psi_xlstm {

EmittedModel::EmittedModel(const ir::Network& network, EmittedForm form)
    : name_(network.name),
      tied_(network.state_count() > 0 && network.start != ir::Start::kRest),
      has_states_(network.state_count() > 0) {
  if (form == EmittedForm::kSubcircuit) {
    definition_ = hdl::subcircuit(network);
    return;
  }
  library_ = std::make_unique<hdl::OsdiLibrary>(network);
  definition_ = fmt::format(".model compiled_{0} {0}\n", name_);
}

SimulatorOptions EmittedModel::with_library(SimulatorOptions simulator) const {
  if (library_) simulator.osdi.push_back(library_->file());
  return simulator;
}

std::string EmittedModel::element(const std::string& instance,
                                  const std::string& plus,
                                  const std::string& minus,
                                  const InstanceParameters& parameters) const {
  std::string line = fmt::format("{}{} {} {} {}{}", library_ ? 'n' : 'x', instance, plus, minus,
                                 library_ ? "compiled_" : "", name_);
  if (tied_ && parameters.conductance) line += " g0=" + shortest(*parameters.conductance);
  if (has_states_ && parameters.hold) line += *parameters.hold ? " hold=1" : " hold=0";
  if (library_ && has_states_ && parameters.max_step) {
    line += " dtmax=" + shortest(*parameters.max_step);
  }
  return line + "\n";
}

std::string EmittedModel::state_vector(const std::string& instance, int state) const {
  return library_ ? fmt::format("v(n{}#x_{})", instance, state + 1)
                  : fmt::format("v(x{}.x{})", instance, state + 1);
}

std::string problem_with_osdi(const SimulatorOptions& simulator) {
  if (!hdl::c_compiler()) return "there is no C compiler (CC, cc, gcc or clang)";
  const SimulatorInfo info = simulator_info(simulator);
  if (info.has_osdi) return "";
  return fmt::format("{} ({}) has no OSDI; scripts/ngspice_osdi.sh builds one that has",
                     info.version, info.library);
}

}  // namespace psi_xlstm
