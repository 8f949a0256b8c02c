#include "simulators/ngspice/forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hdl/osdi/version.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {

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

std::vector<EmittedModel> emitted_models(const ir::Network& network,
                                         const SimulatorOptions& simulator,
                                         std::string& left_out,
                                         const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path == "subcircuit" || path == "osdi" || path == "verilog_a") continue;
    throw SpiceError(
        fmt::format("path: expected subcircuit, osdi or verilog_a, found \"{}\"", path));
  }
  const auto named = [&](const char* path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  const auto wanted = [&](const char* path) { return paths.empty() || named(path); };
  std::vector<EmittedModel> models;
  if (wanted("subcircuit")) models.emplace_back(network, EmittedForm::kSubcircuit);
  const auto add = [&](EmittedForm form, const char* path) {
    try {
      const std::string first = problem_with_osdi(simulator);
      if (!first.empty()) throw SpiceError(first);
      EmittedModel model(network, form, simulator.verilog_a_compiler);
      const std::string problem = problem_with_model(model, simulator);
      if (!problem.empty()) throw SpiceError(problem);
      models.push_back(std::move(model));
    } catch (const Error& e) {  // the other paths are kept
      if (!left_out.empty()) left_out += "; ";
      left_out += fmt::format("the {} path is left out: {}", path, e.what());
    }
  };
  if (wanted("osdi")) add(EmittedForm::kOsdi, "OSDI");
  const bool compiler = hdl::verilog_a_compiler(simulator.verilog_a_compiler).has_value();
  if (named("verilog_a") || (wanted("verilog_a") && compiler)) {
    add(EmittedForm::kVerilogA, "Verilog-A");
  }
  return models;
}

}  // namespace psi_xlstm
