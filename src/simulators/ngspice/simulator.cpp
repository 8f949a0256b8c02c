#include "simulators/ngspice/simulator.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "circuit/netlist_check.hpp"
#include "core/identifier.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/ngspice/analysis.hpp"
#include "simulators/reached_end.hpp"

namespace psi_xlstm {
namespace {

using nlohmann::json;

void require(bool condition, const std::string& where, const std::string& expected, double got) {
  if (!condition) throw SpiceError(fmt::format("{}: expected {}, got {}", where, expected, got));
}

std::string option_line(double relative_tolerance, const NumericOptions& options) {
  check_simulator_option("simulation options", "reltol", relative_tolerance);
  require(relative_tolerance > 0 && relative_tolerance < 1, "simulation options",
          "a relative tolerance in (0, 1)", relative_tolerance);
  std::string line = fmt::format(".options reltol={}", relative_tolerance);
  for (const auto& [name, value] : options) {
    check_simulator_option("simulation options", name, value);
    line += fmt::format(" {}={}", name, value);
  }
  return line;
}

std::vector<std::complex<double>> paired(const std::vector<double>& numbers) {
  std::vector<std::complex<double>> values;
  for (std::size_t k = 0; k + 1 < numbers.size(); k += 2) {
    values.emplace_back(numbers[k], numbers[k + 1]);
  }
  return values;
}

TransientCounters counters_of(const json& counted) {
  if (!counted.is_object()) return {};
  return {.accepted_points = static_cast<int>(counted.value("Accepted timepoints", 0.0)),
          .rejected_points = static_cast<int>(counted.value("Rejected timepoints", 0.0)),
          .iterations = static_cast<int>(counted.value("Total iterations", 0.0)),
          .seconds = counted.value("Core seconds", 0.0)};
}

}  // namespace

TransientResult transient(const std::string& netlist,
                          const TransientOptions& options,
                          const SimulatorOptions& simulator) {
  const double print_step = options.print_step > 0 ? options.print_step : options.max_step;
  require(options.stop_time > 0 && std::isfinite(options.stop_time), "transient stop time",
          "more than 0 s", options.stop_time);
  require(options.max_step > 0 && options.max_step <= options.stop_time, "transient maximal step",
          "more than 0 s and at most the stop time", options.max_step);
  require(options.print_step >= 0 && print_step <= options.stop_time, "transient print step",
          "0 to the stop time", options.print_step);
  const char* const method = options.method == IntegrationMethod::kGear ? "gear" : "trap";
  SpiceAnalysis analysis{
      .command = fmt::format("tran {} {} 0 {}{}", print_step, options.stop_time, options.max_step,
                             options.use_initial_conditions ? " uic" : ""),
      .scale = "time",
      .option_line = fmt::format("{} method={}",
                                 option_line(options.relative_tolerance, options.options), method),
      .vectors = options.vectors,
      .external = options.external};
  SpiceAnswer answer = run_analysis(netlist, analysis, simulator);
  TransientResult result{.reason = std::move(answer.reason),
                         .out_of_time = answer.out_of_time,
                         .messages = std::move(answer.messages),
                         .time = std::move(answer.axis),
                         .vectors = std::move(answer.vectors),
                         .counters = counters_of(answer.counters)};
  if (result.usable()) {
    const double reached = result.time.empty() ? 0 : result.time.back();
    result.reason = stopped_early("ngspice", reached, options.stop_time, options.max_step);
  }
  return result;
}

DcResult dc_sweep(const std::string& netlist,
                  const DcOptions& options,
                  const SimulatorOptions& simulator) {
  if (!is_identifier(options.source)) {
    throw SpiceError(
        fmt::format("DC sweep: expected the name of a source, got \"{}\"", options.source));
  }
  require(options.stop > options.start && std::isfinite(options.stop - options.start), "DC sweep",
          "a stop above the start", options.stop);
  require(options.step > 0 && std::isfinite(options.step), "DC sweep step", "more than 0",
          options.step);
  SpiceAnswer answer =
      run_analysis(netlist,
                   {.command = fmt::format("dc {} {} {} {}", options.source, options.start,
                                           options.stop, options.step),
                    .scale = "-sweep",
                    .option_line = option_line(options.relative_tolerance, options.options),
                    .vectors = options.vectors,
                    .external = {}},
                   simulator);
  return {.reason = std::move(answer.reason),
          .out_of_time = answer.out_of_time,
          .messages = std::move(answer.messages),
          .sweep = std::move(answer.axis),
          .vectors = std::move(answer.vectors)};
}

OperatingPointResult operating_point(const std::string& netlist,
                                     const OperatingPointOptions& options,
                                     const SimulatorOptions& simulator) {
  SpiceAnswer answer =
      run_analysis(netlist,
                   {.command = "op",
                    .scale = "",
                    .option_line = option_line(options.relative_tolerance, options.options),
                    .vectors = options.vectors,
                    .external = {}},
                   simulator);
  OperatingPointResult result{.reason = std::move(answer.reason),
                              .out_of_time = answer.out_of_time,
                              .messages = std::move(answer.messages),
                              .values = {}};
  for (const auto& [name, values] : answer.vectors) {
    if (!values.empty()) result.values[name] = values.front();
  }
  return result;
}

AcResult ac(const std::string& netlist,
            const AcOptions& options,
            const SimulatorOptions& simulator) {
  require(options.start > 0 && std::isfinite(options.start), "AC start", "more than 0 Hz",
          options.start);
  require(options.stop >= options.start && std::isfinite(options.stop), "AC stop",
          "at least the start", options.stop);
  require(options.points_per_decade >= 1, "AC points per decade", "at least 1",
          options.points_per_decade);
  SpiceAnswer answer =
      run_analysis(netlist,
                   {.command = fmt::format("ac dec {} {} {}", options.points_per_decade,
                                           options.start, options.stop),
                    .scale = "frequency",
                    .option_line = option_line(options.relative_tolerance, options.options),
                    .vectors = options.vectors,
                    .external = {}},
                   simulator);
  AcResult result{.reason = std::move(answer.reason),
                  .out_of_time = answer.out_of_time,
                  .messages = std::move(answer.messages),
                  .frequency = std::move(answer.axis),
                  .vectors = {}};
  for (const auto& [name, numbers] : answer.vectors) result.vectors[name] = paired(numbers);
  return result;
}

namespace {

// A worker that loads ngspice and the device libraries, and simulates nothing.
WorkerOutcome loaded(const SimulatorOptions& simulator) {
  Message request;
  for (const char* const key : {"circuit", "commands", "vectors", "tables"}) {
    request.header[key] = json::array();
  }
  request.header["scale"] = "";
  return run_worker(std::move(request), simulator);
}

// 39 of "ngspice-39 shared library"; 0 where there is no number.
int release_in(const std::string& version) {
  int release = 0;
  for (const char c : version.substr(std::min(version.find('-') + 1, version.size()))) {
    if (c < '0' || c > '9' || release > 9999) break;
    release = 10 * release + (c - '0');
  }
  return release;
}

}  // namespace

SimulatorInfo simulator_info(const SimulatorOptions& simulator) {
  const WorkerOutcome outcome = loaded(simulator);
  if (!outcome.reply) throw SpiceError("ngspice version: no answer: " + outcome.reason);
  const json& reply = outcome.reply->header;
  reason_of_reply(reply);
  SimulatorInfo info{.library = reply.value("library", ""),
                     .version = reply.value("version", ""),
                     .has_osdi = reply.value("osdi", false),
                     .passed_over = chosen_library(simulator).passed_over};
  constexpr int kFirstWithNoise = 42;
  info.has_osdi_noise = info.has_osdi && release_in(info.version) >= kFirstWithNoise;
  return info;
}

std::string device_library_refusal(const SimulatorOptions& simulator) {
  const WorkerOutcome outcome = loaded(simulator);
  if (!outcome.reply) return outcome.reason;
  const json& reply = outcome.reply->header;
  if (reply.value("state", "") == "osdi") return reply.value("detail", "");
  return reason_of_reply(reply);
}

}  // namespace psi_xlstm
