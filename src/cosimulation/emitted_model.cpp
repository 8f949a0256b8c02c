#include "cosimulation/emitted_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/subcircuit.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/simulator.hpp"

namespace psi_xlstm {

EmittedModel::EmittedModel(const ir::Network& network,
                           EmittedForm form,
                           const std::filesystem::path& verilog_a_compiler)
    : name_(network.name),
      form_(form),
      tied_(network.state_count() > 0 && network.start != ir::Start::kRest),
      has_states_(network.state_count() > 0),
      bounds_step_(form != EmittedForm::kSubcircuit && has_states_) {
  if (form == EmittedForm::kSubcircuit) {
    definition_ = hdl::subcircuit(network);
    return;
  }
  definition_ = fmt::format(".model compiled_{0} {0}\n", name_);
  if (form == EmittedForm::kOsdi) {
    library_ = std::make_unique<hdl::OsdiLibrary>(network);
    return;
  }
  const auto compiler = hdl::verilog_a_compiler(verilog_a_compiler);
  if (!compiler) {
    throw EmitError(fmt::format(
        "model {}: expected a Verilog-A compiler (openvaf, openvaf-r or PSI_OPENVAF), found none",
        name_));
  }
  verilog_a_ = std::make_unique<hdl::VerilogALibrary>(network, *compiler);
  bounds_step_ = has_states_ && verilog_a_->bounds_step();
}

std::string EmittedModel::path() const {
  if (form_ == EmittedForm::kSubcircuit) return "subcircuit";
  return form_ == EmittedForm::kOsdi ? "osdi" : "verilog_a";
}

std::filesystem::path EmittedModel::library() const {
  if (verilog_a_) return verilog_a_->file();
  return library_ ? library_->file() : std::filesystem::path();
}

SimulatorOptions EmittedModel::with_library(SimulatorOptions simulator) const {
  if (is_compiled()) simulator.osdi.push_back(library());
  return simulator;
}

std::string EmittedModel::element(const std::string& instance,
                                  const std::string& plus,
                                  const std::string& minus,
                                  const InstanceParameters& parameters) const {
  std::string line = fmt::format("{}{} {} {} {}{}", is_compiled() ? 'n' : 'x', instance, plus,
                                 minus, is_compiled() ? "compiled_" : "", name_);
  if (tied_ && parameters.conductance) line += " g0=" + shortest(*parameters.conductance);
  if (has_states_ && parameters.hold) line += *parameters.hold ? " hold=1" : " hold=0";
  if (bounds_step_ && parameters.max_step) {
    line += " dtmax=" + shortest(*parameters.max_step);
  }
  return line + "\n";
}

std::string EmittedModel::element(const std::string& instance,
                                  const std::string& plus,
                                  const std::string& minus,
                                  const std::string& assignments,
                                  double max_step) const {
  std::string line = fmt::format("{}{} {} {} {}{}{}", is_compiled() ? 'n' : 'x', instance, plus,
                                 minus, is_compiled() ? "compiled_" : "", name_, assignments);
  if (bounds_step_) line += " dtmax=" + shortest(max_step);
  return line + "\n";
}

std::string EmittedModel::state_vector(const std::string& instance, int state) const {
  return is_compiled() ? fmt::format("v(n{}#x_{})", instance, state + 1)
                       : fmt::format("v(x{}.x{})", instance, state + 1);
}

std::string problem_with_osdi(const SimulatorOptions& simulator) {
  if (!hdl::c_compiler()) return "there is no C compiler (CC, cc, gcc or clang)";
  const SimulatorInfo info = simulator_info(simulator);
  if (info.has_osdi) return "";
  return fmt::format("{} ({}) has no OSDI; scripts/ngspice_osdi.sh builds one that has",
                     info.version, info.library);
}

std::string problem_with_version(const std::string& version, const hdl::OsdiVersion& library) {
  constexpr int kFirstWithNewer = 44;  // takes 0.4 beside 0.3
  int number = 0;
  const std::size_t at = version.find("ngspice-");
  if (at != version.npos) number = std::atoi(version.c_str() + at + 8);
  const bool known = library == hdl::OsdiVersion{0, 3} ||
                     (library == hdl::OsdiVersion{0, 4} && number >= kFirstWithNewer);
  if (known) return "";
  return fmt::format(
      "an OSDI {} library, which {} cannot load: ngspice 39 to 43 take OSDI 0.3, "
      "{} and later 0.3 and 0.4",
      library.text(), version, kFirstWithNewer);
}

std::string problem_with_verilog_a(const EmittedModel& model, const SimulatorOptions& simulator) {
  const SimulatorInfo info = simulator_info(simulator);
  if (!info.has_osdi) return problem_with_osdi(simulator);
  const std::string problem =
      problem_with_version(info.version, hdl::osdi_version(model.library()));
  return problem.empty() ? "" : "the Verilog-A compiler made " + problem;
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
  const auto add = [&](EmittedForm form, const char* path, const auto& problem_of_form) {
    try {
      const std::string first = problem_with_osdi(simulator);
      if (!first.empty()) throw SpiceError(first);
      EmittedModel model(network, form, simulator.verilog_a_compiler);
      const std::string problem = problem_of_form(model);
      if (!problem.empty()) throw SpiceError(problem);
      models.push_back(std::move(model));
    } catch (const Error& e) {  // the other paths are kept
      if (!left_out.empty()) left_out += "; ";
      left_out += fmt::format("the {} path is left out: {}", path, e.what());
    }
  };
  if (wanted("osdi")) {
    add(EmittedForm::kOsdi, "OSDI", [](const EmittedModel&) { return std::string(); });
  }
  const bool compiler = hdl::verilog_a_compiler(simulator.verilog_a_compiler).has_value();
  if (named("verilog_a") || (wanted("verilog_a") && compiler)) {
    add(EmittedForm::kVerilogA, "Verilog-A",
        [&](const EmittedModel& model) { return problem_with_verilog_a(model, simulator); });
  }
  return models;
}

}  // namespace psi_xlstm
