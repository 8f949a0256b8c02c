// psi bench forms: the compiled C of a model beside its Verilog-A in one simulator.

#include <spdlog/spdlog.h>

#include <memory>

#include "bench/benchmark_student.hpp"
#include "bench/forms_benchmark.hpp"
#include "bench_result.hpp"
#include "command.hpp"
#include "core/json/config_io.hpp"

namespace psi_xlstm::apps {
namespace {

struct BenchFormsOptions {
  std::string model;
  std::shared_ptr<std::string> out;
  bool quick = false;
};

int bench_forms(const BenchFormsOptions& o) {
  const std::string name = o.quick ? "forms_quick" : "forms";
  check_bench_target(*o.out, name);
  const Progress progress = terminal_progress();
  const Machine machine = this_machine();
  const Vacask simulator;
  const BenchmarkStudent student = o.model.empty()
                                       ? train_benchmark_student(123, o.quick ? 1 : 3, progress)
                                       : stored_benchmark_student(o.model);
  FormsBenchmarkOptions options;
  if (o.quick) options = {.devices = {1, 20}, .repetitions = 1, .device_steps = 4000};
  const FormsBenchmark benchmark = forms_benchmark(
      student.network, student.origin, simulator, options,
      [&](double done, const std::string& detail) { progress("forms", done, detail); });
  progress("report", 1, "measured");
  publish({.name = name,
           .command = o.quick ? "psi bench forms --quick" : "psi bench forms",
           .machine = machine,
           .numbers = config_tree(benchmark),
           .tables = forms_benchmark_tables(benchmark, machine)},
          *o.out);
  const std::string problem = problem_of(benchmark);
  if (problem.empty()) return kDone;
  spdlog::error("{}", problem);
  return kMissedCriterion;
}

}  // namespace

void add_bench_forms(CLI::App& bench, int& exit_code) {
  const auto o = std::make_shared<BenchFormsOptions>();
  CLI::App* command = bench.add_subcommand(
      "forms", "The compiled C of a model beside its Verilog-A, compiled by OpenVAF, in VACASK");
  o->out = add_bench_folder(*command);
  command->add_option("--model", o->model, "model.safetensors; else a student is trained first");
  command->add_flag("--quick", o->quick, "Only two small circuits, once");
  add_example(*command, {"psi bench forms --model results/my_device/model.safetensors --quick"});
  command->callback([o, &exit_code] { exit_code = bench_forms(*o); });
}

}  // namespace psi_xlstm::apps
