#include "simulators/ngspice/forms.hpp"

#include <fmt/format.h>

#include "hdl/osdi/version.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {
namespace {

// A conductor of 1 S.
ir::Network smallest_device() {
  ir::Network network;
  network.name = "conductor";
  network.nodes = {{.op = ir::Op::kPorts, .width = 1, .arguments = {}, .elements = {}}};
  network.current_node = 0;
  return network;
}

}  // namespace

SimulatorOptions with_library(const EmittedModel& model, SimulatorOptions simulator) {
  if (model.is_compiled()) simulator.osdi.push_back(model.library());
  return simulator;
}

std::string problem_with_osdi(const SimulatorOptions& simulator) {
  if (!hdl::c_compiler()) return "there is no C compiler (CC, cc, gcc or clang)";
  const SimulatorInfo info = simulator_info(simulator);
  if (info.has_osdi) return "";
  return fmt::format("{} ({}) has no OSDI; scripts/ngspice_osdi.sh builds one that has",
                     info.version, info.library);
}

std::vector<hdl::OsdiRelease> loaded_releases(const SimulatorOptions& simulator) {
  std::vector<hdl::OsdiRelease> loaded;
  if (!problem_with_osdi(simulator).empty()) return loaded;
  for (const hdl::OsdiRelease release : {hdl::OsdiRelease::k03, hdl::OsdiRelease::k04}) {
    const EmittedModel device(smallest_device(), EmittedForm::kOsdi, {}, release);
    if (device_library_refusal(with_library(device, simulator)).empty()) loaded.push_back(release);
  }
  return loaded;
}

std::string problem_with_model(const EmittedModel& model, const SimulatorOptions& simulator) {
  if (!model.is_compiled()) return "";
  const SimulatorInfo info = simulator_info(simulator);
  if (!info.has_osdi) return problem_with_osdi(simulator);
  const std::string refusal = device_library_refusal(with_library(model, simulator));
  if (refusal.empty()) return "";
  return fmt::format("the {} compiler made an OSDI {} library, which {} cannot load: {}",
                     model.form() == EmittedForm::kVerilogA ? "Verilog-A" : "C",
                     hdl::osdi_version(model.library()).text(), info.version, refusal);
}

}  // namespace psi_xlstm
