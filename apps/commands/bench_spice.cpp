// psi bench spice: what a trained model costs inside ngspice, beside other devices.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/atomic_file.hpp"
#include "psi_xlstm/core/config_io.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/experiments/benchmark_student.hpp"
#include "psi_xlstm/experiments/spice_benchmark.hpp"
#include "psi_xlstm/experiments/trainer_process.hpp"
#include "result_file.hpp"

namespace psi_xlstm::apps {
namespace {

using experiments::SpiceBenchmark;

struct Options {
  std::string json, figure, model;
  int repetitions = 5, seed = 123;
  bool quick = false;
};

experiments::SpiceBenchmarkOptions measured(const Options& o) {
  experiments::SpiceBenchmarkOptions options;
  options.repetitions = o.repetitions;
  if (!o.quick) return options;
  options.devices = {1, 20};
  options.crossbars = {8};
  options.waveforms = {1};
  options.repetitions = 1;
  options.stop_time = 20e-6;
  options.waveform_length = 50e-6;
  return options;
}

// LibTorch is loaded by a process of its own.
void add_teachers(const Options& o, const experiments::Progress& progress, SpiceBenchmark& to) {
  const ResultFile file("");
  const experiments::TrainerReport report = experiments::run_trainers(
      {{.name = "teachers",
        .arguments = {"bench-stream", "--json", file.path().string(), "--samples",
                      o.quick ? "1000" : "10000", "--passes", o.quick ? "1" : "5"}}},
      {.processes = 1}, [&](std::size_t, double done, const std::string& detail) {
        progress("teacher", done, detail);
      });
  if (report.outcomes.front().done) {
    to.teacher = read_config<experiments::StreamBenchmark>(file.path()).teacher;
  } else {
    to.failures.push_back("teachers: " + report.outcomes.front().reason);
  }
}

void write_figure(const std::string& file, const SpiceBenchmark& benchmark) {
  const RenderedFigure figure = render_svg(experiments::spice_benchmark_figure(benchmark));
  if (figure.usable()) {
    write_file(file, figure.svg);
  } else {
    spdlog::warn("no figure: {}", figure.reason);
  }
}

int bench_spice(const Options& o) {
  const experiments::Progress progress = terminal_progress();
  const experiments::BenchmarkStudent student =
      o.model.empty() ? experiments::train_benchmark_student(o.seed, o.quick ? 1 : 3, progress)
                      : experiments::stored_benchmark_student(o.model);
  SpiceBenchmark benchmark = experiments::spice_benchmark(
      student.network, student.origin, measured(o),
      [&](double done, const std::string& detail) { progress("ngspice", done, detail); });
  add_teachers(o, progress, benchmark);
  progress("report", 1, "measured");
  for (const Table& table : experiments::spice_benchmark_tables(benchmark)) {
    fmt::print("{}\n", to_text(table));
  }
  if (!o.json.empty()) write_file(o.json, config_text(benchmark));
  if (!o.figure.empty()) write_figure(o.figure, benchmark);
  const std::string problem = experiments::problem_of(benchmark);
  if (problem.empty()) return kDone;
  spdlog::error("{}", problem);
  return kMissedCriterion;
}

}  // namespace

void add_bench_spice(CLI::App& bench, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand(
      "spice", "A trained model in ngspice, beside other devices and the network it replaces");
  command->add_option("--json", o->json, "Also store the numbers in this file");
  command->add_option("--figure", o->figure, "Also draw them, as SVG");
  command->add_option("--model", o->model, "model.safetensors; else a student is trained first");
  command->add_option("--seed", o->seed, "Of the data that the student is trained on")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--repetitions", o->repetitions, "The median of so many runs counts")
      ->check(CLI::Range(1, 100));
  command->add_flag("--quick", o->quick, "Only a few small circuits, once");
  command->callback([o, &exit_code] { exit_code = bench_spice(*o); });
}

}  // namespace psi_xlstm::apps
