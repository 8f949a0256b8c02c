#include "bench/spice_benchmark.hpp"

#include <fmt/format.h>

#include <utility>

#include "bench/spice_benchmark_runs.hpp"
#include "simulators/ngspice/forms.hpp"
#include "simulators/ngspice/simulator.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm {
namespace {

constexpr double kWaveformStep = 50e-9;  // [s]
constexpr int kManyDevices = 1000;       // from here on at a longer step

double step_for(int devices) { return devices >= kManyDevices ? 100e-9 : 10e-9; }

double stop_for(int devices, const SpiceBenchmarkOptions& options) {
  const double part = devices >= kManyDevices ? 0.2 : devices > 20 ? 0.5 : 1;
  return part * options.stop_time;
}

// Everything that is measured, and the loop over it.
class Schedule {
 public:
  Schedule(const ir::Network& student,
           const BenchmarkDevices& devices,
           const SpiceBenchmarkOptions& options)
      : options_(options) {
    for (int count : options.devices) {
      for (const BenchmarkDevice& device : devices.all()) {
        arrays_.push_back(array_run(device, count, sine_source(), step_for(count),
                                    stop_for(count, options), options.simulator));
      }
    }
    const EmittedModel* const model = devices.student_osdi();
    if (model == nullptr) return;
    Record last;
    last.id = "seq9";
    const CosimCase drive = training_like_case({.source = DataSource::kPublished}, last);
    for (int count : options.waveforms) {
      waveforms_.push_back(array_run(devices.all().front(), count,
                                     drive.stimulus.netlist("vin", "in", "0"), kWaveformStep,
                                     options.waveform_length, options.simulator));
    }
    for (int n : options.crossbars) {
      crossbars_.push_back(crossbar_run(n, student, *model, options.simulator));
    }
  }

  void measure(const SpiceProgress& progress) {
    const auto rounds = static_cast<double>(options_.repetitions);
    const auto count = static_cast<double>(arrays_.size() + waveforms_.size() + crossbars_.size());
    double done = 0;
    const auto tell = [&](int round, const std::string& what) {
      progress(done++ / (count * rounds),
               fmt::format("round {} of {}: {}", round + 1, options_.repetitions, what));
    };
    for (int round = 0; round < options_.repetitions; ++round) {
      for (ArrayRun& array : arrays_) {
        tell(round, fmt::format("{} x {}", array.devices, array.model));
        array.run.repeat();
      }
      for (ArrayRun& array : waveforms_) {
        tell(round, fmt::format("published drive, {} x {}", array.devices, array.model));
        array.run.repeat();
      }
      for (CrossbarRun& crossbar : crossbars_) {
        tell(round, fmt::format("crossbar {0} x {0}", crossbar.n));
        crossbar.student.repeat();
        crossbar.resistors.repeat();
      }
    }
  }

  void report(const std::string& student_name, SpiceBenchmark& to) const {
    for (const ArrayRun& array : arrays_) {
      if (take_failure(fmt::format("{} x {}", array.devices, array.model), array.run, to)) continue;
      to.device.push_back(speed_of(array));
    }
    for (const ArrayRun& array : waveforms_) {
      if (take_failure("published drive", array.run, to)) continue;
      to.waveform.push_back(speed_along_waveform(array));
    }
    for (const CrossbarRun& crossbar : crossbars_) report(student_name, crossbar, to);
    compare_forms(to);
  }

 private:
  static bool take_failure(const std::string& what, const SpiceRun& run, SpiceBenchmark& to) {
    if (run.failed()) to.failures.push_back(fmt::format("{}: {}", what, run.last.reason));
    return run.failed();
  }

  static void report(const std::string& name, const CrossbarRun& crossbar, SpiceBenchmark& to) {
    const std::string what = fmt::format("crossbar {0} x {0}", crossbar.n);
    if (take_failure(what, crossbar.student, to)) return;
    if (take_failure(what + " of resistors", crossbar.resistors, to)) return;
    to.crossbar.push_back(speed_of(name, crossbar));
  }

  // Rows that differ in "_osdi" and "_subcircuit" alone.
  void compare_forms(SpiceBenchmark& to) const {
    for (const ArrayRun& compiled : arrays_) {
      const std::size_t end = compiled.model.rfind("_osdi");
      if (end == std::string::npos || compiled.run.failed()) continue;
      const std::string other = compiled.model.substr(0, end) + "_subcircuit";
      for (const ArrayRun& array : arrays_) {
        if (array.model != other || array.devices != compiled.devices) continue;
        if (array.run.failed()) continue;
        to.agreement.push_back({.model = compiled.model,
                                .other = other,
                                .devices = compiled.devices,
                                .difference = difference(compiled.run.last, array.run.last)});
      }
    }
  }

  const SpiceBenchmarkOptions& options_;
  std::vector<ArrayRun> arrays_, waveforms_;
  std::vector<CrossbarRun> crossbars_;
};

}  // namespace

SpiceBenchmarkOptions quick_spice_benchmark() {
  return {.devices = {1, 20},
          .crossbars = {8},
          .waveforms = {1},
          .repetitions = 1,
          .stop_time = 20e-6,
          .waveform_length = 50e-6};
}

SpiceBenchmark spice_benchmark(const ir::Network& student,
                               const std::string& origin,
                               const SpiceBenchmarkOptions& options,
                               const SpiceProgress& progress) {
  SpiceBenchmark result;
  SpiceConditions& conditions = result.conditions;
  const SimulatorInfo simulator = simulator_info(options.simulator);
  conditions.ngspice = simulator.version;
  conditions.student = origin;
  const std::string problem = problem_with_osdi(options.simulator);
  if (!problem.empty()) {
    conditions.left_out =
        fmt::format("compiled devices, crossbars and the published drive: {}", problem);
  }
  progress(0, "compiling");
  const BenchmarkDevices devices(student, problem.empty());
  Schedule schedule(student, devices, options);
  schedule.measure(progress);
  schedule.report(devices.student_name(), result);
  return result;
}

const DeviceSpeed* find_device(const SpiceBenchmark& benchmark,
                               const std::string& model,
                               int devices) {
  for (const DeviceSpeed& speed : benchmark.device) {
    if (speed.model == model && speed.devices == devices) return &speed;
  }
  return nullptr;
}

std::string problem_of(const SpiceBenchmark& benchmark) {
  if (!benchmark.failures.empty()) return benchmark.failures.front();
  for (const FormAgreement& a : benchmark.agreement) {
    if (a.difference <= kFormTolerance) continue;
    return fmt::format(
        "currents of {} and {}, N = {}: expected a difference of at most {:.0e} of full scale, "
        "found {:.1e}",
        a.model, a.other, a.devices, kFormTolerance, a.difference);
  }
  return "";
}

}  // namespace psi_xlstm
