#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench/spice_benchmark.hpp"
#include "core/number_text.hpp"

namespace psi_xlstm {
namespace {

std::vector<std::string> models_of(const SpiceBenchmark& benchmark) {
  std::vector<std::string> models;
  for (const DeviceSpeed& s : benchmark.device) {
    if (std::find(models.begin(), models.end(), s.model) == models.end()) models.push_back(s.model);
  }
  return models;
}

std::set<int> counts_of(const SpiceBenchmark& benchmark) {
  std::set<int> counts;
  for (const DeviceSpeed& s : benchmark.device) counts.insert(s.devices);
  return counts;
}

// The compiled student among the rows; empty: there is none.
std::string compiled_student(const SpiceBenchmark& benchmark) {
  for (const std::string& model : models_of(benchmark)) {
    if (model.starts_with("student") && model.ends_with("_osdi")) return model;
  }
  return "";
}

std::string conditions_text(const SpiceConditions& c, const Machine& machine) {
  std::string text = fmt::format(
      "{}, one thread, reltol 1e-4, trapezoidal; student: {}; time on the core, median. {}",
      c.ngspice, c.student, sentence(machine));
  if (!c.left_out.empty()) text += fmt::format(" Left out: {}.", c.left_out);
  return text;
}

Table speed_table(const SpiceBenchmark& benchmark, const Machine& machine) {
  Table table;
  table.caption = "ns per device and Newton iteration, N devices behind 10 Ohm each, 1 V, 100 kHz";
  table.header = {"model"};
  for (int count : counts_of(benchmark)) table.header.push_back(fmt::format("N = {}", count));
  for (const std::string& model : models_of(benchmark)) {
    std::vector<std::string> row = {model};
    for (int count : counts_of(benchmark)) {
      const DeviceSpeed* const s = find_device(benchmark, model, count);
      row.push_back(s == nullptr ? "n/a" : fmt::format("{:.0f}", s->ns_per_device_iteration));
    }
    table.rows.push_back(std::move(row));
  }
  table.note = conditions_text(benchmark.conditions, machine);
  return table;
}

Table run_table(const SpiceBenchmark& benchmark) {
  Table table;
  table.caption = "The same runs";
  table.header = {"model",    "N",          "step [ns]", "time points",
                  "rejected", "iterations", "total [s]", "repetitions"};
  for (const DeviceSpeed& s : benchmark.device) {
    table.rows.push_back({s.model, fmt::format("{}", s.devices),
                          fmt::format("{:.0f}", 1e9 * s.step_s), fmt::format("{}", s.time_points),
                          fmt::format("{}", s.rejected), fmt::format("{}", s.iterations),
                          fmt::format("{:.4f}", s.total_s), fmt::format("{}", s.repetitions)});
  }
  for (const FormAgreement& a : benchmark.agreement) {
    table.note +=
        fmt::format("{}{} and {}, N = {}: currents differ by {:.1e} of full scale",
                    table.note.empty() ? "" : "; ", a.model, a.other, a.devices, a.difference);
  }
  if (!table.note.empty()) table.note += ".";
  return table;
}

// The student's cost per device and iteration over that of the others.
Table ratio_table(const SpiceBenchmark& benchmark, const std::string& student) {
  Table table;
  table.caption = fmt::format("{} over the others, per device and iteration", student);
  table.header = {"against"};
  const std::set<int> counts = counts_of(benchmark);
  for (int count : counts) table.header.push_back(fmt::format("N = {}", count));
  const auto ratio = [&](const std::string& model, int count, const std::string& other,
                         int beside) {
    const DeviceSpeed* const a = find_device(benchmark, model, count);
    const DeviceSpeed* const b = find_device(benchmark, other, beside);
    if (a == nullptr || b == nullptr) return std::string("n/a");
    return fmt::format("{:.3f}", a->ns_per_device_iteration / b->ns_per_device_iteration);
  };
  for (const std::string& model : models_of(benchmark)) {
    if (model == student) continue;
    std::vector<std::string> row = {model};
    for (int count : counts) row.push_back(ratio(student, count, model, count));
    table.rows.push_back(std::move(row));
  }
  if (counts.contains(100)) {
    std::vector<std::string> row = {"itself at N = 100"};
    for (int count : counts) row.push_back(ratio(student, count, student, 100));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table crossbar_table(const SpiceBenchmark& benchmark) {
  Table table;
  table.caption = "Crossbars with 1 Ohm per segment of wire, write and read, 10 us";
  table.header = {
      "n",          "model",     "longest step [ns]", "total [s]", "plain resistors [s]", "ratio",
      "iterations", "resistors", "rejected",          "warnings",  "repetitions"};
  for (const CrossbarSpeed& s : benchmark.crossbar) {
    table.rows.push_back(
        {fmt::format("{}", s.n), s.model, fmt::format("{:.0f}", 1e9 * s.max_step_s),
         fmt::format("{:.4f}", s.total_s), fmt::format("{:.4f}", s.plain_resistor_s),
         fmt::format("{:.3f}", s.total_s / s.plain_resistor_s), fmt::format("{}", s.iterations),
         fmt::format("{}", s.plain_resistor_iterations), fmt::format("{}", s.rejected),
         fmt::format("{}", s.warnings), fmt::format("{}", s.repetitions)});
  }
  table.note = "Transient alone: the operating point is not counted.";
  return table;
}

Table teacher_table(const SpiceBenchmark& benchmark) {
  Table table;
  table.caption = "Per simulated time step along the last published drive, one sequence";
  table.header = {"what", "ns per step", "LibTorch's teacher over it"};
  const double libtorch = benchmark.teacher.front().libtorch_ns_per_step;
  const auto row = [&](const std::string& what, double nanoseconds) {
    table.rows.push_back(
        {what, fmt::format("{:.0f}", nanoseconds), fmt::format("{:.1f}", libtorch / nanoseconds)});
  };
  for (const TeacherSpeed& t : benchmark.teacher) {
    row(fmt::format("{} in LibTorch {}", t.model, t.libtorch), t.libtorch_ns_per_step);
    row(fmt::format("{} by the kernels", t.model), t.kernel_ns_per_step);
  }
  for (const WaveformSpeed& w : benchmark.waveform) {
    row(w.devices == 1 ? fmt::format("{} in ngspice", w.model)
                       : fmt::format("{} in ngspice, per device of {}", w.model, w.devices),
        w.ns_per_device_step);
  }
  table.note = fmt::format(
      "50 ns per step; LibTorch and the kernels take {} of them, ngspice {}, with two to three "
      "Newton "
      "iterations each, in which it also solves the circuit around the device and controls the "
      "error. The ratio is to the teacher of the first row.",
      benchmark.teacher.front().samples,
      benchmark.waveform.empty() ? 0 : benchmark.waveform.front().steps);
  return table;
}

}  // namespace

std::vector<Table> spice_benchmark_tables(const SpiceBenchmark& benchmark, const Machine& machine) {
  std::vector<Table> tables = {speed_table(benchmark, machine), run_table(benchmark)};
  const std::string student = compiled_student(benchmark);
  if (!student.empty()) tables.push_back(ratio_table(benchmark, student));
  if (!benchmark.crossbar.empty()) tables.push_back(crossbar_table(benchmark));
  if (!benchmark.teacher.empty()) tables.push_back(teacher_table(benchmark));
  return tables;
}

Figure spice_benchmark_figure(const SpiceBenchmark& benchmark) {
  Panel cost{.title = "Cost of a device in ngspice",
             .x = {.label = "devices", .logarithmic = true},
             .left = {.label = "time per device and iteration [ns]", .logarithmic = true}};
  for (const std::string& model : models_of(benchmark)) {
    Series series{.label = model};
    for (const DeviceSpeed& s : benchmark.device) {
      if (s.model != model) continue;
      series.x.push_back(s.devices);
      series.y.push_back(s.ns_per_device_iteration);
    }
    cost.series.push_back(std::move(series));
  }
  Figure figure{.panels = {std::move(cost)}};
  if (benchmark.crossbar.empty()) return figure;
  Panel crossbar{.title = "Crossbars with wires, 20 ns per step (100 ns above n = 32)",
                 .x = {.label = "n"},
                 .left = {.label = "time [s]", .logarithmic = true}};
  Series student{.label = benchmark.crossbar.front().model};
  Series resistors{.label = "plain resistors", .style = SeriesStyle::kDashed};
  for (const CrossbarSpeed& s : benchmark.crossbar) {
    student.x.push_back(s.n);
    student.y.push_back(s.total_s);
    resistors.x.push_back(s.n);
    resistors.y.push_back(s.plain_resistor_s);
  }
  crossbar.series = {std::move(student), std::move(resistors)};
  figure.panels.push_back(std::move(crossbar));
  return figure;
}

}  // namespace psi_xlstm
