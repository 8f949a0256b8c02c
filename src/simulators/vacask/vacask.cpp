#include "simulators/vacask/vacask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "core/atomic_file.hpp"
#include "core/cache_folder.hpp"
#include "core/number_text.hpp"
#include "core/process.hpp"
#include "core/temporary_folder.hpp"
#include "core/utf8.hpp"
#include "data/readers/spice_raw.hpp"
#include "hdl/verilog_a_compiler.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/reached_end.hpp"
#include "simulators/vacask/circuit_netlist.hpp"
#include "simulators/vacask/netlist.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "vacask";
constexpr const char* kVariable = "PSI_VACASK";

// What one run left: the plot called `result`.raw, or why there is none.
struct Answer : SimulationEnd {
  RawPlot plot;
  std::string output;  ///< What it said.

  const std::vector<double>* column(const std::vector<std::vector<double>>& of,
                                    const std::string& name) const {
    const auto& names = plot.header.names;
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? nullptr : &of[static_cast<std::size_t>(found - names.begin())];
  }

  // Column `name`; where there is none, that is the reason and the values are empty.
  std::vector<double> take(const std::string& name) {
    const std::vector<double>* const values = column(plot.real, name);
    if (values != nullptr && !values->empty()) return *values;
    if (usable()) reason = fmt::format("VACASK gave no values of {}", name);
    return {};
  }

  // The current into the device, which leaves the source at its first terminal.
  std::vector<double> current() {
    std::vector<double> values = take("vin1:flow(br)");
    for (double& value : values) value = -value;
    return values;
  }
};

Answer failed(std::string reason, bool out_of_time = false) {
  Answer answer;
  answer.reason = std::move(reason);
  answer.out_of_time = out_of_time;
  return answer;
}

Answer read_plot(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return failed("VACASK wrote no result");
  try {
    std::vector<RawPlot> plots = raw_plots(read_file(file), "result of VACASK");
    Answer answer;
    answer.plot = std::move(plots.front());
    return answer;
  } catch (const DataError& e) {
    return failed(e.what());
  }
}

// What it says after its banner, whose last line is the third of its counts of processors.
std::string problem_of(const ProgramOutcome& outcome) {
  const std::string said = outcome.errors + outcome.output;
  const std::size_t banner = said.rfind("OpenBLAS CPUs:");
  const std::size_t from = banner == said.npos ? said.npos : said.find('\n', banner);
  const std::size_t begin = from == said.npos ? from : said.find_first_not_of(" \n", from);
  if (begin == said.npos) return outcome.problem();
  return printable(said.substr(begin, said.find('\n', begin) - begin));
}

// Runs `netlist` on `model` and reads the plot of its analysis "result". `libraries` are compiled
// models of the user's own.
Answer run(const fs::path& program,
           const EmittedModel& model,
           const std::string& netlist,
           double time_limit_s,
           const std::vector<fs::path>& libraries = {}) {
  const TemporaryFolder folder("vacask");
  fs::create_symlink(fs::absolute(model.library()), folder.path() / "device.osdi");
  for (std::size_t k = 0; k < libraries.size(); ++k) {
    fs::create_symlink(fs::absolute(libraries[k]), folder.path() / vacask::library_name(k + 1));
  }
  write_file(folder.path() / "circuit.sim", netlist);
  const ProgramOutcome outcome =
      run_program({program.string(), "-sp", "-qp", "-n", "1", "circuit.sim"}, "", time_limit_s,
                  {.folder = folder.path(), .temporary = folder.path()});
  if (outcome.start_error == 0 && !outcome.status && !outcome.too_much) {
    return failed(fmt::format("VACASK did not finish within {} s", time_limit_s), true);
  }
  if (!outcome.succeeded()) return failed("VACASK: " + problem_of(outcome));
  Answer answer = read_plot(folder.path() / "result.raw");
  answer.output = outcome.output;
  return answer;
}

// The number behind `words` in its statistics; 0 where they are not there.
double counted(const std::string& output, const std::string& words) {
  const std::size_t at = output.find(words);
  return at == output.npos ? 0 : std::strtod(output.c_str() + at + words.size(), nullptr);
}

// Its seconds are those of the Newton iterations.
TransientCounters counters_of(const std::string& output, std::size_t points) {
  return {.accepted_points = static_cast<int>(points),
          .rejected_points = static_cast<int>(counted(output, "Rejected timepoints:")),
          .iterations = static_cast<int>(counted(output, "NR solver iterations:")),
          .seconds = counted(output, "NR solver time:"),
          .loads = static_cast<int>(counted(output, "Eval and load calls:")),
          .load_seconds = counted(output, "Eval and load time:")};
}

// It starts of the first order, and does so again at every corner of a source, with a quarter of
// the longest step: with a hundredth (of that; of the time to the next corner) no error of it
// shows.
std::string transient_control(const TransientSettings& settings) {
  return fmt::format(
      "  options reltol={} tran_method=\"trap\" tran_fs=0.01 tran_fbr=0.01{}\n  save default\n"
      "  analysis result tran step={} stop={} maxstep={}\n  print stats\n",
      settings.relative_tolerance,
      settings.step_error_ratio > 0 ? " tran_lteratio=" + shortest(settings.step_error_ratio) : "",
      shortest(settings.max_step), shortest(settings.stop_time), shortest(settings.max_step));
}

// [s]. A measured waveform has a corner at every sample, and at each of them the order is one
// again.
double longest_step(const Stimulus& stimulus, double max_step) {
  const bool table = std::any_of(stimulus.terms.begin(), stimulus.terms.end(), [](const auto& t) {
    const auto* const points = std::get_if<VoltageTable>(&t);
    return points != nullptr && points->times.size() > 2;
  });
  return table ? max_step / 3 : max_step;
}

std::string tolerances(const StaticSettings& settings) {
  return fmt::format("  options reltol={} vntol={} abstol={}\n", settings.relative_tolerance,
                     settings.voltage_tolerance, settings.current_tolerance);
}

template <class Result>
Result ended(const Answer& answer) {
  Result result;
  result.reason = answer.reason;
  result.out_of_time = answer.out_of_time;
  return result;
}

}  // namespace

Vacask::Vacask(Options options) : options_(std::move(options)) {
  if (options_.program.empty()) options_.program = installed_program(kVariable, kProgram);
  if (options_.program.empty()) {
    throw SpiceError("VACASK is not installed; scripts/simulators.sh does it");
  }
}

bool Vacask::found() { return !installed_program(kVariable, kProgram).empty(); }

// It does not say its version.
std::string Vacask::version() const {
  const ProgramOutcome outcome = run_program({options_.program.string(), "--help"}, "", 10);
  if (!outcome.succeeded()) throw SpiceError("VACASK: " + outcome.problem());
  return options_.program.string();
}

std::vector<EmittedForm> Vacask::forms() const {
  std::vector<EmittedForm> forms = {EmittedForm::kOsdi};
  if (hdl::verilog_a_compiler(options_.verilog_a_compiler)) forms.push_back(EmittedForm::kVerilogA);
  return forms;
}

EmittedModel Vacask::prepared(const ir::Network& network, EmittedForm form) const {
  if (form == EmittedForm::kSubcircuit) throw SpiceError("VACASK reads compiled models alone");
  EmittedModel model(network, form, options_.verilog_a_compiler, hdl::OsdiRelease::k04);
  const DevicePoint trial =
      operating_point(model, {.stimulus = {{ConstantTerm{0.0}}}, .device = {.hold = true}}, 0, {});
  if (!trial.usable()) throw SpiceError(trial.reason);
  return model;
}

DeviceTransient Vacask::transient(const EmittedModel& model,
                                  const TestCircuit& circuit,
                                  const TransientSettings& settings) const {
  TransientSettings shorter = settings;
  shorter.max_step = longest_step(circuit.stimulus, settings.max_step);
  const std::string control = transient_control(shorter);
  Answer answer = run(options_.program, model, vacask::netlist(model, circuit, false, control),
                      settings.time_limit_s);
  std::vector<double> time, current;
  if (answer.usable()) time = answer.take("time");
  if (answer.usable()) current = answer.current();
  auto out = ended<DeviceTransient>(answer);
  if (!out.usable()) return out;
  out.reason = stopped_early("VACASK", time.back(), settings.stop_time, shorter.max_step);
  if (!out.usable()) return out;
  out.counters = counters_of(answer.output, time.size());
  out.time = std::move(time);
  out.current = std::move(current);
  return out;
}

DevicePoint Vacask::operating_point(const EmittedModel& model,
                                    const TestCircuit& circuit,
                                    int states,
                                    const StaticSettings& settings) const {
  Answer answer =
      run(options_.program, model,
          vacask::netlist(model, circuit, false,
                          tolerances(settings) + "  save default\n  analysis result op\n"),
          settings.time_limit_s);
  std::vector<double> current;
  if (answer.usable()) current = answer.current();
  std::vector<double> found;
  for (int s = 1; s <= states && answer.usable(); ++s) {
    const std::vector<double> value = answer.take(fmt::format("device1:x_{}", s));
    if (!value.empty()) found.push_back(value.front());
  }
  auto out = ended<DevicePoint>(answer);
  if (!out.usable()) return out;
  out.current = current.front();
  out.states = std::move(found);
  return out;
}

DeviceCurve Vacask::dc_sweep(const EmittedModel& model,
                             const TestCircuit& circuit,
                             const VoltageSweep& sweep,
                             const StaticSettings& settings) const {
  const std::string control = fmt::format(
      "{}  save default\n  sweep swept instance=\"vin1\" parameter=\"dc\" from={} to={} step={}\n"
      "    analysis result op\n",
      tolerances(settings), shortest(sweep.start), shortest(sweep.stop),
      shortest((sweep.stop - sweep.start) / sweep.steps));
  Answer answer = run(options_.program, model, vacask::netlist(model, circuit, false, control),
                      settings.time_limit_s);
  std::vector<double> voltage, current;
  if (answer.usable()) voltage = answer.take("in");
  if (answer.usable()) current = answer.current();
  auto out = ended<DeviceCurve>(answer);
  out.voltage = std::move(voltage);
  out.current = std::move(current);
  return out;
}

DeviceResponse Vacask::ac(const EmittedModel& model,
                          const TestCircuit& circuit,
                          const FrequencySweep& sweep,
                          const StaticSettings& settings) const {
  const std::string control = fmt::format(
      "{}  save default\n  analysis result ac from={} to={} mode=\"dec\" points={}\n",
      tolerances(settings), shortest(sweep.start), shortest(sweep.stop), sweep.points_per_decade);
  Answer answer = run(options_.program, model, vacask::netlist(model, circuit, true, control),
                      settings.time_limit_s);
  std::vector<double> frequency, real;
  if (answer.usable()) frequency = answer.take("frequency");
  if (answer.usable()) real = answer.take("vin1:flow(br)");
  auto out = ended<DeviceResponse>(answer);
  if (!out.usable()) return out;
  const std::vector<double>* const imaginary =
      answer.column(answer.plot.imaginary, "vin1:flow(br)");
  if (imaginary == nullptr || imaginary->size() != real.size()) {
    out.reason = "VACASK gave no complex current";
    return out;
  }
  out.frequency = std::move(frequency);
  for (std::size_t k = 0; k < real.size(); ++k) {
    out.admittance.emplace_back(-real[k], -(*imaginary)[k]);
  }
  return out;
}

CircuitRun Vacask::circuit(const Circuit& circuit,
                           const EmittedModel& model,
                           const TransientSettings& settings) const {
  Answer answer = run(options_.program, model,
                      vacask::netlist(model, circuit, options_.osdi.size(), settings.max_step,
                                      transient_control(settings)),
                      settings.time_limit_s, options_.osdi);
  CircuitRun out;
  const auto take = [&](const std::string& name, std::vector<std::vector<double>>& to) {
    if (answer.usable()) to.push_back(answer.take(name));
  };
  for (std::size_t k = 0; k < circuit.devices.size(); ++k) {
    take(vacask::meter_name(k) + ":flow(br)", out.devices);
  }
  for (std::size_t k = 0; k < circuit.elements.size(); ++k) {
    if (circuit.elements[k].kind != ElementKind::kVoltageSource) continue;
    take(vacask::element_name(k) + ":flow(br)", out.sources);
  }
  for (std::size_t k = 0; k < circuit.nodes.size(); ++k) take(vacask::node_name(k), out.nodes);
  if (answer.usable()) out.time = answer.take("time");
  static_cast<SimulationEnd&>(out) = ended<SimulationEnd>(answer);
  if (!out.usable()) return out;
  out.counters = counters_of(answer.output, out.time.size());
  out.reason = stopped_early("VACASK", out.time.back(), settings.stop_time, settings.max_step);
  return out;
}

}  // namespace psi_xlstm
