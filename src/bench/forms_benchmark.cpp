#include "bench/forms_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cosimulation/circuit_cosimulation.hpp"

namespace psi_xlstm {
namespace {

constexpr double kStep = 100e-9;  // [s]
constexpr double kLeastSteps = 200;

// N devices behind 100 to 106 Ohm; resistors take the place of all but the first where `plain`.
Circuit array_of(const ir::Network& student, int devices, double steps, bool plain) {
  std::string text = "devices\nvin in 0 sin(0 1 100k)\n";
  for (int k = 0; k < devices; ++k) {
    text += fmt::format("rs{0} in p{0} {1}\n", k, 100 + k % 7);
    text += plain && k > 0 ? fmt::format("rd{0} p{0} 0 5k\n", k)
                           : fmt::format("x{0} p{0} 0 device\n", k);
  }
  text += fmt::format(".tran {0:.17g} {1:.17g} 0 {0:.17g}\n", kStep, steps * kStep);
  return parse_circuit(text, "devices", student);
}

/// Everything with N devices.
class Array {
 public:
  Array(const ir::Network& student,
        const Vacask& simulator,
        const FormsBenchmarkOptions& options,
        int devices,
        FormsBenchmark& to)
      : simulator_(simulator), options_(options), devices_(devices), to_(to) {
    const double steps = std::max(kLeastSteps, options.device_steps / devices);
    circuit_ = array_of(student, devices, steps, false);
    short_ = array_of(student, devices, kLeastSteps, false);
    plain_ = array_of(student, devices, steps, true);
    for (const EmittedForm form : {EmittedForm::kOsdi, EmittedForm::kVerilogA}) {
      models_.push_back(simulator.prepared(student, form));
    }
  }

  void measure(const std::function<void(int repetition)>& before) {
    for (int repetition = 0; repetition < options_.repetitions; ++repetition) {
      before(repetition);
      if (repetition == 0) compare();
      run(circuit_, models_[0], "osdi");
      run(circuit_, models_[1], "verilog_a");
      if (devices_ > 1) run(plain_, models_[0], "resistors");
    }
  }

 private:
  CircuitRun simulated(const Circuit& circuit,
                       const EmittedModel& model,
                       const std::string& form,
                       double relative_tolerance,
                       double step_error_ratio = 0) {
    CircuitRun result = simulator_.circuit(circuit, model,
                                           {.stop_time = circuit.stop_time,
                                            .max_step = circuit.max_step,
                                            .relative_tolerance = relative_tolerance,
                                            .step_error_ratio = step_error_ratio,
                                            .time_limit_s = options_.time_limit_s});
    if (result.usable() && result.counters.loads == 0) result.reason = "it gave no statistics";
    if (!result.usable()) {
      to_.failures.push_back(fmt::format("{} x {}: {}", devices_, form, result.reason));
    }
    return result;
  }

  void run(const Circuit& circuit, const EmittedModel& model, const std::string& form) {
    const CircuitRun result = simulated(circuit, model, form, 1e-4);
    if (!result.usable()) return;
    const TransientCounters& c = result.counters;
    const FormSpeed speed{.form = form,
                          .devices = devices_,
                          .ns_per_device_load = 1e9 * c.load_seconds / c.loads / devices_,
                          .ns_per_device_iteration = 1e9 * c.seconds / c.iterations / devices_,
                          .loads = c.loads,
                          .repetitions = options_.repetitions};
    keep(speed);
  }

  void keep(const FormSpeed& speed) {
    const auto known = std::find_if(to_.speed.begin(), to_.speed.end(), [&](const FormSpeed& s) {
      return s.form == speed.form && s.devices == speed.devices;
    });
    if (known == to_.speed.end()) {
      to_.speed.push_back(speed);
      return;
    }
    known->ns_per_device_load = std::min(known->ns_per_device_load, speed.ns_per_device_load);
    known->ns_per_device_iteration =
        std::min(known->ns_per_device_iteration, speed.ns_per_device_iteration);
  }

  // With a tolerance that leaves no more than rounding between two ways to the same solution. No
  // error shortens a step, so that both forms take the same.
  void compare() {
    constexpr double kAnyError = 1e9;
    const CircuitRun a = simulated(short_, models_[0], "osdi", 1e-6, kAnyError);
    const CircuitRun b = simulated(short_, models_[1], "verilog_a", 1e-6, kAnyError);
    if (!a.usable() || !b.usable()) return;
    if (a.time.size() != b.time.size()) {
      to_.failures.push_back(
          fmt::format("{} devices: expected the same time points of both forms, found {} and {}",
                      devices_, a.time.size(), b.time.size()));
      return;
    }
    to_.difference.push_back(
        {.devices = devices_,
         .over_full_scale = largest_error(b.devices, a.devices).over_full_scale});
  }

  const Vacask& simulator_;
  const FormsBenchmarkOptions& options_;
  int devices_;
  FormsBenchmark& to_;
  Circuit circuit_, short_, plain_;
  std::vector<EmittedModel> models_;
};

std::string ratio(const FormSpeed* a, const FormSpeed* b, double FormSpeed::*member) {
  return a == nullptr || b == nullptr ? "n/a" : fmt::format("{:.2f}", a->*member / b->*member);
}

}  // namespace

FormsBenchmark forms_benchmark(const ir::Network& student,
                               const std::string& origin,
                               const Vacask& simulator,
                               const FormsBenchmarkOptions& options,
                               const FormsProgress& progress) {
  FormsBenchmark result{.simulator = simulator.name(), .student = origin};
  const auto count = static_cast<double>(options.devices.size());
  for (std::size_t k = 0; k < options.devices.size(); ++k) {
    const int devices = options.devices[k];
    Array(student, simulator, options, devices, result).measure([&](int repetition) {
      const double done =
          static_cast<double>(k) + static_cast<double>(repetition) / options.repetitions;
      progress(done / count,
               fmt::format("{} devices, {} of {}", devices, repetition + 1, options.repetitions));
    });
  }
  return result;
}

const FormSpeed* find_form(const FormsBenchmark& benchmark, const std::string& form, int devices) {
  const auto found =
      std::find_if(benchmark.speed.begin(), benchmark.speed.end(),
                   [&](const FormSpeed& s) { return s.form == form && s.devices == devices; });
  return found == benchmark.speed.end() ? nullptr : &*found;
}

std::string problem_of(const FormsBenchmark& benchmark) {
  if (!benchmark.failures.empty()) return benchmark.failures.front();
  if (benchmark.difference.empty()) return "expected two forms to compare, found none";
  for (const FormDifference& d : benchmark.difference) {
    if (d.over_full_scale <= kSameEquations) continue;
    return fmt::format(
        "{} devices: expected the same currents of both forms to {:.0e}, found {:.1e}", d.devices,
        kSameEquations, d.over_full_scale);
  }
  return "";
}

std::vector<Table> forms_benchmark_tables(const FormsBenchmark& benchmark, const Machine& machine) {
  Table table{.caption = "Compiled C beside compiled Verilog-A, ns per device",
              .header = {"form", "devices", "load", "Newton iteration", "load / Verilog-A",
                         "iteration / Verilog-A"}};
  for (const FormSpeed& s : benchmark.speed) {
    const FormSpeed* const base = find_form(benchmark, "verilog_a", s.devices);
    table.rows.push_back({s.form, std::to_string(s.devices),
                          fmt::format("{:.0f}", s.ns_per_device_load),
                          fmt::format("{:.0f}", s.ns_per_device_iteration),
                          ratio(&s, base, &FormSpeed::ns_per_device_load),
                          ratio(&s, base, &FormSpeed::ns_per_device_iteration)});
  }
  table.note = fmt::format(
      "{}, one thread, reltol 1e-4, trapezoidal; student: {}. Load: all devices evaluated and put "
      "into the matrix, a resistor before each included; resistors: another one in place of every "
      "device but one. The shortest of the repetitions. {}",
      benchmark.simulator, benchmark.student, sentence(machine));
  for (const FormDifference& d : benchmark.difference) {
    table.note +=
        fmt::format(" {} devices: the currents of both forms differ by {:.1e} of full scale.",
                    d.devices, d.over_full_scale);
  }
  return {table};
}

}  // namespace psi_xlstm
