#include "simulators/ngspice/ngspice.hpp"

#include <fmt/format.h>

#include "core/utf8.hpp"
#include "hdl/osdi/version.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "simulators/spice_netlist.hpp"

namespace psi_xlstm {
namespace {

const std::string kCurrent = "i(vmeter)";

NumericOptions tolerances(const StaticSettings& settings) {
  return {{"vntol", settings.voltage_tolerance}, {"abstol", settings.current_tolerance}};
}

template <class Result>
SimulationEnd end_of(const Result& run) {
  return {.reason = run.reason, .out_of_time = run.out_of_time};
}

}  // namespace

std::string Ngspice::version() const {
  const SimulatorInfo info = simulator_info(options_);
  std::vector<std::string> releases;
  for (const hdl::OsdiRelease release : loaded_releases(options_)) {
    releases.push_back(hdl::version_of(release).text());
  }
  std::string text =
      fmt::format("{}, {}, OSDI: {}", info.version, info.library,
                  releases.empty() ? "no" : fmt::to_string(fmt::join(releases, ", ")));
  for (const std::string& other : info.passed_over) text += "; not used: " + other;
  return text;
}

std::vector<EmittedForm> Ngspice::forms() const {
  std::vector<EmittedForm> forms = {EmittedForm::kSubcircuit, EmittedForm::kOsdi};
  if (hdl::verilog_a_compiler(options_.verilog_a_compiler)) forms.push_back(EmittedForm::kVerilogA);
  return forms;
}

EmittedModel Ngspice::prepared(const ir::Network& network, EmittedForm form) const {
  check_own_libraries();
  if (form == EmittedForm::kSubcircuit) return {network, form};
  const std::string no_osdi = problem_with_osdi(options_);
  if (!no_osdi.empty()) throw SpiceError(no_osdi);
  std::string problem;
  for (const hdl::OsdiRelease release : {hdl::OsdiRelease::k03, hdl::OsdiRelease::k04}) {
    EmittedModel model(network, form, options_.verilog_a_compiler, release);
    const std::string refusal = problem_with_model(model, options_);
    if (refusal.empty()) return model;
    if (problem.empty()) problem = refusal;
    if (form == EmittedForm::kVerilogA) break;  // the compiler knows one release
  }
  throw SpiceError(problem);
}

void Ngspice::check_own_libraries() const {
  for (const std::filesystem::path& library : options_.osdi) {
    SimulatorOptions alone = options_;
    alone.osdi = {library};
    const std::string refusal = device_library_refusal(alone);
    if (refusal.empty()) continue;
    throw SpiceError(fmt::format("ngspice cannot load {}, which is of OSDI {}: {}",
                                 printable(library.filename().string()),
                                 hdl::osdi_version(library).text(), refusal));
  }
}

SimulatorOptions Ngspice::options_for(const EmittedModel& model, double time_limit_s) const {
  SimulatorOptions options = with_library(model, options_);
  options.time_limit_s = time_limit_s;
  return options;
}

DeviceTransient Ngspice::transient(const EmittedModel& model,
                                   const TestCircuit& circuit,
                                   const TransientSettings& settings) const {
  TransientOptions options;
  options.stop_time = settings.stop_time;
  options.max_step = settings.max_step;
  options.relative_tolerance = settings.relative_tolerance;
  if (settings.step_error_ratio > 0) options.options["trtol"] = settings.step_error_ratio;
  options.vectors = {kCurrent};
  options.external = circuit.stimulus.tables("vin");
  TransientResult run = psi_xlstm::transient(
      spice_netlist(model, circuit, settings.stop_time, TableSource::kExternal), options,
      options_for(model, settings.time_limit_s));
  DeviceTransient out{end_of(run)};
  out.counters = run.counters;
  if (!out.usable()) return out;
  out.time = std::move(run.time);
  out.current = std::move(run.vectors.at(kCurrent));
  return out;
}

DevicePoint Ngspice::operating_point(const EmittedModel& model,
                                     const TestCircuit& circuit,
                                     int states,
                                     const StaticSettings& settings) const {
  OperatingPointOptions options{.relative_tolerance = settings.relative_tolerance,
                                .options = tolerances(settings),
                                .vectors = {kCurrent}};
  for (int s = 0; s < states; ++s) options.vectors.push_back(model.state_vector("1", s));
  const OperatingPointResult run =
      psi_xlstm::operating_point(spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear),
                                 options, options_for(model, settings.time_limit_s));
  DevicePoint out{end_of(run)};
  if (!out.usable()) return out;
  out.current = run.values.at(kCurrent);
  for (int s = 0; s < states; ++s) {
    out.states.push_back(run.values.at(options.vectors[static_cast<std::size_t>(s) + 1]));
  }
  return out;
}

DeviceCurve Ngspice::dc_sweep(const EmittedModel& model,
                              const TestCircuit& circuit,
                              const VoltageSweep& sweep,
                              const StaticSettings& settings) const {
  DcResult run =
      psi_xlstm::dc_sweep(spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear),
                          {.source = "vin",
                           .start = sweep.start,
                           .stop = sweep.stop,
                           .step = (sweep.stop - sweep.start) / sweep.steps,
                           .relative_tolerance = settings.relative_tolerance,
                           .options = tolerances(settings),
                           .vectors = {kCurrent}},
                          options_for(model, settings.time_limit_s));
  DeviceCurve out{end_of(run)};
  if (!out.usable()) return out;
  out.voltage = std::move(run.sweep);
  out.current = std::move(run.vectors.at(kCurrent));
  return out;
}

DeviceResponse Ngspice::ac(const EmittedModel& model,
                           const TestCircuit& circuit,
                           const FrequencySweep& sweep,
                           const StaticSettings& settings) const {
  AcResult run =
      psi_xlstm::ac(spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear, true),
                    {.start = sweep.start,
                     .stop = sweep.stop,
                     .points_per_decade = sweep.points_per_decade,
                     .relative_tolerance = settings.relative_tolerance,
                     .options = tolerances(settings),
                     .vectors = {kCurrent}},
                    options_for(model, settings.time_limit_s));
  DeviceResponse out{end_of(run)};
  if (!out.usable()) return out;
  out.frequency = std::move(run.frequency);
  out.admittance = std::move(run.vectors.at(kCurrent));
  return out;
}

CircuitRun Ngspice::circuit(const Circuit& circuit,
                            const EmittedModel& model,
                            const TransientSettings& settings) const {
  TransientOptions options{.stop_time = settings.stop_time,
                           .max_step = settings.max_step,
                           .print_step = circuit.print_step,
                           .use_initial_conditions = circuit.use_initial_conditions,
                           .relative_tolerance = settings.relative_tolerance};
  for (const CircuitDevice& d : circuit.devices) options.vectors.push_back(d.current_vector());
  for (const CircuitElement* const source : voltage_sources(circuit)) {
    options.vectors.push_back(source->current_vector());
  }
  for (const std::string& node : circuit.nodes) {
    options.vectors.push_back(fmt::format("v({})", node));
  }
  TransientResult run = psi_xlstm::transient(circuit.netlist(model, settings.max_step), options,
                                             options_for(model, settings.time_limit_s));
  CircuitRun out{end_of(run)};
  out.reason = circuit.in_lines_of_the_deck(run.reason);
  out.time = std::move(run.time);
  out.counters = run.counters;
  if (!out.usable()) return out;
  std::size_t next = 0;
  const auto take = [&](std::size_t count, std::vector<std::vector<double>>& to) {
    for (std::size_t i = 0; i < count; ++i) {
      to.push_back(std::move(run.vectors.at(options.vectors[next++])));
    }
  };
  take(circuit.devices.size(), out.devices);
  take(voltage_sources(circuit).size(), out.sources);
  take(circuit.nodes.size(), out.nodes);
  return out;
}

}  // namespace psi_xlstm
