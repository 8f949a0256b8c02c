#include "simulators/neospice/neospice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/cache_folder.hpp"
#include "core/json/json_reader.hpp"
#include "core/number_text.hpp"
#include "core/process.hpp"
#include "core/utf8.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/neospice/driver.hpp"
#include "simulators/reached_end.hpp"
#include "simulators/spice_netlist.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kProgram = "neospice-python";
constexpr const char* kVariable = "PSI_NEOSPICE";

// What the driver answered.
struct Answer : SimulationEnd {
  std::vector<double> axis, current, imaginary, voltages;
  std::vector<std::vector<double>> sources, nodes;  ///< Where they were asked for.
};

struct Request {
  std::string netlist;   ///< Without title, options, analysis and end.
  std::string options;   ///< Of the line .options.
  std::string analysis;  ///< "tran", "op", "dc" or "ac".
  std::string arguments = {};
  std::vector<std::string> voltages = {};  ///< Nodes, of one point.
  std::vector<std::string> sources = {};   ///< Voltage sources, and nodes, of all points.
  std::vector<std::string> nodes = {};
};

template <class Numbers = std::vector<double>>
Numbers numbers(const json& answer, const char* key) {
  const auto found = answer.find(key);
  return found == answer.end() ? Numbers() : found->get<Numbers>();
}

void take(const std::string& output, Answer& answer) {
  try {
    const json said = parse_json(output, "neospice");
    if (const auto problem = said.find("problem"); problem != said.end()) {
      answer.reason = "neospice: " + printable(problem->get<std::string>());
      return;
    }
    answer.axis = numbers(said, "axis");
    answer.current = numbers(said, "current");
    answer.imaginary = numbers(said, "imaginary");
    answer.voltages = numbers(said, "voltages");
    answer.sources = numbers<std::vector<std::vector<double>>>(said, "sources");
    answer.nodes = numbers<std::vector<std::vector<double>>>(said, "nodes");
    if (answer.current.empty()) answer.reason = "neospice gave no current";
  } catch (const DataError& e) {
    answer.reason = fmt::format("neospice gave no result: {}", e.what());
  } catch (const json::exception& e) {
    answer.reason = fmt::format("neospice gave no result: {}", plain_reason(e));
  }
}

Answer run(const fs::path& python, const Request& request, double time_limit_s) {
  const std::string netlist =
      fmt::format("* test circuit\n{}.options {}\n.{} {}\n.end\n", request.netlist, request.options,
                  request.analysis, request.arguments);
  json asked = {
      {"netlist", netlist}, {"analysis", request.analysis}, {"voltages", request.voltages}};
  if (!request.sources.empty()) {
    asked["sources"] = request.sources;
    asked["nodes"] = request.nodes;
  }
  const ProgramOutcome outcome =
      run_program({python.string(), "-I", "-c", kNeospiceDriver}, asked.dump(), time_limit_s);
  Answer answer;
  if (outcome.start_error == 0 && !outcome.status && !outcome.too_much) {
    answer.reason = fmt::format("neospice did not finish within {} s", time_limit_s);
    answer.out_of_time = true;
  } else if (!outcome.succeeded()) {
    answer.reason = "neospice: " + outcome.problem();
  } else {
    take(outcome.output, answer);
  }
  return answer;
}

std::string tolerances(const StaticSettings& settings) {
  return fmt::format("reltol={} vntol={} abstol={}", settings.relative_tolerance,
                     settings.voltage_tolerance, settings.current_tolerance);
}

template <class Result>
Result ended(const Answer& answer, std::size_t columns) {
  Result result;
  result.reason = answer.reason;
  result.out_of_time = answer.out_of_time;
  if (result.usable() && columns != answer.current.size()) {
    result.reason =
        fmt::format("neospice gave {} currents at {} points", answer.current.size(), columns);
  }
  return result;
}

}  // namespace

Neospice::Neospice(fs::path python) : python_(std::move(python)) {
  if (python_.empty()) python_ = installed_program(kVariable, kProgram);
  if (python_.empty()) {
    throw SpiceError("neospice is not installed; scripts/simulators.sh does it");
  }
}

bool Neospice::found() { return !installed_program(kVariable, kProgram).empty(); }

std::string Neospice::version() const {
  const ProgramOutcome outcome = run_program(
      {python_.string(), "-I", "-c", "import neospice; print(neospice.__version__)"}, "", 30);
  if (!outcome.succeeded()) throw SpiceError("neospice: " + outcome.problem());
  const std::string said = printable(outcome.output);
  return fmt::format("{}, {}", said.substr(0, said.find(' ')), python_.string());
}

EmittedModel Neospice::prepared(const ir::Network& network, EmittedForm form) const {
  if (form != EmittedForm::kSubcircuit) throw SpiceError("neospice reads no compiled models");
  EmittedModel model(network, form);
  const DevicePoint trial =
      operating_point(model, {.stimulus = {{ConstantTerm{0.0}}}, .device = {.hold = true}}, 0, {});
  if (!trial.usable()) throw SpiceError(trial.reason);
  return model;
}

DeviceTransient Neospice::transient(const EmittedModel& model,
                                    const TestCircuit& circuit,
                                    const TransientSettings& settings) const {
  Request request{
      .netlist = spice_netlist(model, circuit, settings.stop_time, TableSource::kPiecewiseLinear),
      .options = fmt::format(
          "reltol={} method=trap{}", settings.relative_tolerance,
          settings.step_error_ratio > 0 ? " trtol=" + shortest(settings.step_error_ratio) : ""),
      .analysis = "tran"};
  request.arguments = fmt::format("{} {} 0 {}", shortest(settings.max_step),
                                  shortest(settings.stop_time), shortest(settings.max_step));
  Answer answer = run(python_, request, settings.time_limit_s);
  auto out = ended<DeviceTransient>(answer, answer.axis.size());
  if (!out.usable()) return out;
  out.reason = stopped_early("neospice", answer.axis.back(), settings.stop_time, settings.max_step);
  if (!out.usable()) return out;
  out.counters.accepted_points = static_cast<int>(answer.axis.size());
  out.time = std::move(answer.axis);
  out.current = std::move(answer.current);
  return out;
}

DevicePoint Neospice::operating_point(const EmittedModel& model,
                                      const TestCircuit& circuit,
                                      int states,
                                      const StaticSettings& settings) const {
  Request request{.netlist = spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear),
                  .options = tolerances(settings),
                  .analysis = "op"};
  for (int s = 1; s <= states; ++s) request.voltages.push_back(fmt::format("x1.x{}", s));
  Answer answer = run(python_, request, settings.time_limit_s);
  auto out = ended<DevicePoint>(answer, 1);
  if (!out.usable()) return out;
  out.current = answer.current.front();
  out.states = std::move(answer.voltages);
  return out;
}

DeviceCurve Neospice::dc_sweep(const EmittedModel& model,
                               const TestCircuit& circuit,
                               const VoltageSweep& sweep,
                               const StaticSettings& settings) const {
  Request request{.netlist = spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear),
                  .options = tolerances(settings),
                  .analysis = "dc"};
  request.arguments = fmt::format("vin {} {} {}", shortest(sweep.start), shortest(sweep.stop),
                                  shortest((sweep.stop - sweep.start) / sweep.steps));
  Answer answer = run(python_, request, settings.time_limit_s);
  auto out = ended<DeviceCurve>(answer, answer.axis.size());
  if (!out.usable()) return out;
  out.voltage = std::move(answer.axis);
  out.current = std::move(answer.current);
  return out;
}

DeviceResponse Neospice::ac(const EmittedModel& model,
                            const TestCircuit& circuit,
                            const FrequencySweep& sweep,
                            const StaticSettings& settings) const {
  Request request{.netlist = spice_netlist(model, circuit, 0, TableSource::kPiecewiseLinear, true),
                  .options = tolerances(settings),
                  .analysis = "ac"};
  request.arguments = fmt::format("dec {} {} {}", sweep.points_per_decade, shortest(sweep.start),
                                  shortest(sweep.stop));
  Answer answer = run(python_, request, settings.time_limit_s);
  auto out = ended<DeviceResponse>(answer, answer.axis.size());
  if (!out.usable()) return out;
  if (answer.imaginary.size() != answer.current.size()) {
    out.reason = "neospice gave no complex current";
    return out;
  }
  out.frequency = std::move(answer.axis);
  for (std::size_t k = 0; k < answer.current.size(); ++k) {
    out.admittance.emplace_back(answer.current[k], answer.imaginary[k]);
  }
  return out;
}

CircuitRun Neospice::circuit(const Circuit& circuit,
                             const EmittedModel& model,
                             const TransientSettings& settings) const {
  // "i(v.x1.vmeter)" is the current of the source v.x1.vmeter.
  const auto source_in = [](const std::string& vector) {
    return vector.substr(2, vector.size() - 3);
  };
  Request request{.netlist = circuit.netlist(model, settings.max_step),
                  .options = fmt::format("reltol={} method=trap", settings.relative_tolerance),
                  .analysis = "tran"};
  request.arguments =
      fmt::format("{} {} 0 {}{}", shortest(circuit.print_step), shortest(settings.stop_time),
                  shortest(settings.max_step), circuit.use_initial_conditions ? " uic" : "");
  for (const CircuitDevice& d : circuit.devices) {
    request.sources.push_back(source_in(d.current_vector()));
  }
  for (const CircuitElement* const source : voltage_sources(circuit)) {
    request.sources.push_back(source_in(source->current_vector()));
  }
  request.nodes = circuit.nodes;
  Answer answer = run(python_, request, settings.time_limit_s);
  auto out = ended<CircuitRun>(answer, answer.axis.size());
  if (!out.usable()) return out;
  const auto is_whole = [&](const std::vector<double>& values) {
    return values.size() == answer.axis.size();
  };
  if (answer.sources.size() != request.sources.size() ||
      answer.nodes.size() != request.nodes.size() ||
      !std::all_of(answer.sources.begin(), answer.sources.end(), is_whole) ||
      !std::all_of(answer.nodes.begin(), answer.nodes.end(), is_whole)) {
    out.reason = "neospice did not give every current and voltage at every point";
    return out;
  }
  out.reason = stopped_early("neospice", answer.axis.back(), settings.stop_time, settings.max_step);
  if (!out.usable()) return out;
  const auto first_source =
      answer.sources.begin() + static_cast<std::ptrdiff_t>(circuit.devices.size());
  out.devices = {answer.sources.begin(), first_source};
  out.sources = {first_source, answer.sources.end()};
  out.nodes = std::move(answer.nodes);
  out.time = std::move(answer.axis);
  out.counters.accepted_points = static_cast<int>(out.time.size());
  return out;
}

}  // namespace psi_xlstm
