// psi bench spice: what a trained model costs inside ngspice, beside other devices.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "bench/benchmark_student.hpp"
#include "bench/spice_benchmark.hpp"
#include "bench_result.hpp"
#include "command.hpp"
#include "core/atomic_file.hpp"
#include "core/json/config_io.hpp"
#include "core/output_target.hpp"

namespace psi_xlstm::apps {
namespace {

struct BenchSpiceOptions {
  std::string figure, model;
  std::shared_ptr<std::string> out;
  int repetitions = 5, seed = 123;
  bool quick = false;
};

SpiceBenchmark measured(const BenchSpiceOptions& o, const Progress& progress) {
  const BenchmarkStudent student = o.model.empty()
                                       ? train_benchmark_student(o.seed, o.quick ? 1 : 3, progress)
                                       : stored_benchmark_student(o.model);
  SpiceBenchmarkOptions options;
  options.repetitions = o.repetitions;
  if (o.quick) options = quick_spice_benchmark();
  return spice_benchmark(
      student.network, student.origin, options,
      [&](double done, const std::string& detail) { progress("ngspice", done, detail); });
}

void write_figure(const std::string& file, const SpiceBenchmark& benchmark) {
  const RenderedFigure figure = render_svg(spice_benchmark_figure(benchmark));
  if (figure.usable()) {
    write_file(file, figure.svg);
  } else {
    spdlog::warn("no figure: {}", figure.reason);
  }
}

int bench_spice(const BenchSpiceOptions& o) {
  const std::string name = o.quick ? "spice_quick" : "spice";
  check_bench_target(*o.out, name);
  if (!o.figure.empty()) check_output_file(o.figure);
  const Progress progress = terminal_progress();
  const Machine machine = this_machine();
  SpiceBenchmark benchmark = measured(o, progress);
  const StreamOutcome streams = run_stream_benchmark(
      o.quick ? StreamBenchmarkOptions{.samples = 1000, .passes = 1}
              : StreamBenchmarkOptions{.samples = 10'000},
      [&](double done, const std::string& detail) { progress("teacher", done, detail); });
  if (streams.interrupted) {
    spdlog::error("interrupted");
    return kInterrupted;
  }
  benchmark.teacher = streams.benchmark.teacher;
  if (!streams.reason.empty()) benchmark.failures.push_back(streams.reason);
  progress("report", 1, "measured");
  publish({.name = name,
           .command = o.quick ? "psi bench spice --quick" : "psi bench spice",
           .machine = machine,
           .numbers = config_tree(benchmark),
           .tables = spice_benchmark_tables(benchmark, machine)},
          *o.out);
  if (!o.figure.empty()) write_figure(o.figure, benchmark);
  const std::string problem = problem_of(benchmark);
  if (problem.empty()) return kDone;
  spdlog::error("{}", problem);
  return kMissedCriterion;
}

}  // namespace

void add_bench_spice(CLI::App& bench, int& exit_code) {
  const auto o = std::make_shared<BenchSpiceOptions>();
  CLI::App* command = bench.add_subcommand(
      "spice", "A trained model in ngspice, beside other devices and the network it replaces");
  o->out = add_bench_folder(*command);
  command->add_option("--figure", o->figure, "Also draw them, as SVG");
  CLI::Option* model = command->add_option("--model", o->model,
                                           "model.safetensors; else a student is trained first");
  command->add_option("--seed", o->seed, "Of the data that the student is trained on")
      ->check(seed_number())
      ->excludes(model);
  command->add_option("--repetitions", o->repetitions, "The median of so many runs counts")
      ->check(whole_number(1, 100));
  command->add_flag("--quick", o->quick, "Only a few small circuits, once");
  add_example(*command, {"psi bench spice --model results/my_device/model.safetensors --quick"});
  command->callback([o, &exit_code] { exit_code = bench_spice(*o); });
}

}  // namespace psi_xlstm::apps
