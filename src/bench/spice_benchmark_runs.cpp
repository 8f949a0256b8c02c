#include "bench/spice_benchmark_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "metrics/statistics.hpp"
#include "simulators/ngspice/forms.hpp"

namespace psi_xlstm {
namespace {

constexpr double kTolerance = 1e-4;  // reltol of all runs
constexpr double kPatience = 15;     // no circuit is repeated once it has taken so long [s]

SimulatorOptions with_libraries(SimulatorOptions simulator, const BenchmarkDevice& device) {
  simulator.osdi.insert(simulator.osdi.end(), device.libraries.begin(), device.libraries.end());
  return simulator;
}

double crossbar_step(int n) { return n > 32 ? 100e-9 : 20e-9; }

}  // namespace

void SpiceRun::repeat() {
  const double spent = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  if (failed() || spent > kPatience) return;
  last = transient(netlist, options, simulator);
  if (!failed()) seconds.push_back(last.counters.seconds);
}

double SpiceRun::median_seconds() const { return median(seconds); }

int SpiceRun::warnings() const {
  const std::vector<std::string>& messages = last.messages;
  return static_cast<int>(std::count_if(messages.begin(), messages.end(), [](std::string line) {
    std::transform(line.begin(), line.end(), line.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return line.find("warning") != line.npos;
  }));
}

double ArrayRun::nanoseconds_per(int count) const {
  return 1e9 * run.median_seconds() / (static_cast<double>(devices) * count);
}

ArrayRun array_run(const BenchmarkDevice& device,
                   int count,
                   const std::string& source,
                   double step,
                   double stop,
                   const SimulatorOptions& simulator) {
  return {.model = device.model,
          .devices = count,
          .run = {.netlist = array_netlist(device, count, source, step),
                  .options = {.stop_time = stop,
                              .max_step = step,
                              .use_initial_conditions = true,
                              .relative_tolerance = kTolerance,
                              .vectors = {"i(vin)"}},
                  .simulator = with_libraries(simulator, device)}};
}

CrossbarRun crossbar_run(int n,
                         const ir::Network& student,
                         const EmittedModel& model,
                         const SimulatorOptions& simulator) {
  const double step = crossbar_step(n);
  const TransientOptions options{.stop_time = kCrossbarTime,
                                 .max_step = step,
                                 .relative_tolerance = kTolerance,
                                 .vectors = {"i(vc0)"}};
  const bool has_box = student.box.conductance_min > 0;
  const double low = has_box ? student.box.conductance_min : student.conductance().scale;
  const double high = has_box ? student.box.conductance_max : student.conductance().scale;
  const std::vector<double> conductances = crossbar_conductances(n, low, high);
  const auto student_cell = [&](const std::string& name, const std::string& row,
                                const std::string& column, double g) {
    return model.element(name, row, column, {.conductance = g, .hold = {}, .max_step = step});
  };
  const auto resistor_cell = [](const std::string& name, const std::string& row,
                                const std::string& column, double g) {
    return fmt::format("rx{} {} {} {}\n", name, row, column, 1 / g);
  };
  return {
      .n = n,
      .student = {.netlist = crossbar_netlist(n, conductances, model.definition(), student_cell),
                  .options = options,
                  .simulator = with_library(model, simulator)},
      .resistors = {.netlist = crossbar_netlist(n, conductances, "", resistor_cell),
                    .options = options,
                    .simulator = simulator}};
}

DeviceSpeed speed_of(const ArrayRun& array) {
  const TransientCounters& counters = array.run.last.counters;
  return {.model = array.model,
          .devices = array.devices,
          .ns_per_device_iteration = array.nanoseconds_per(counters.iterations),
          .iterations = counters.iterations,
          .rejected = counters.rejected_points,
          .total_s = array.run.median_seconds(),
          .time_points = counters.accepted_points,
          .step_s = array.run.options.max_step,
          .repetitions = static_cast<int>(array.run.seconds.size())};
}

WaveformSpeed speed_along_waveform(const ArrayRun& array) {
  const int steps = array.run.last.counters.accepted_points;
  return {.model = array.model,
          .devices = array.devices,
          .steps = steps,
          .ns_per_device_step = array.nanoseconds_per(steps)};
}

CrossbarSpeed speed_of(const std::string& model, const CrossbarRun& crossbar) {
  const TransientCounters& counters = crossbar.student.last.counters;
  return {.n = crossbar.n,
          .model = model,
          .total_s = crossbar.student.median_seconds(),
          .plain_resistor_s = crossbar.resistors.median_seconds(),
          .iterations = counters.iterations,
          .plain_resistor_iterations = crossbar.resistors.last.counters.iterations,
          .rejected = counters.rejected_points,
          .warnings = crossbar.student.warnings(),
          .max_step_s = crossbar.student.options.max_step,
          .repetitions = static_cast<int>(crossbar.student.seconds.size())};
}

double difference(const TransientResult& a, const TransientResult& b) {
  const std::vector<double>& current = a.vectors.at("i(vin)");
  const VoltageTable other{.times = b.time, .values = b.vectors.at("i(vin)")};
  double scale = 0, largest = 0;
  for (std::size_t k = 0; k < current.size(); ++k) {
    scale = std::max(scale, std::abs(current[k]));
    largest = std::max(largest, std::abs(current[k] - interpolate(other, a.time[k])));
  }
  return scale > 0 ? largest / scale : 0;
}

}  // namespace psi_xlstm
