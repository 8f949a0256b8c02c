// psi bench tau: how well time constants are estimated.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "bench/tau_benchmark.hpp"
#include "bench_result.hpp"
#include "command.hpp"

namespace psi_xlstm::apps {
namespace {

int bench_tau(TauBenchmarkOptions options, const std::filesystem::path& out) {
  const std::string name = options.only.empty() ? "tau" : "tau_part";
  check_bench_target(out, name);
  options.trials = out / "tau_trials";
  const Machine machine = this_machine();
  const TauBenchmark benchmark = run_tau_benchmark(options, terminal_progress());
  publish({.name = name,
           .command = fmt::format("psi bench tau --seeds {}", options.seeds),
           .machine = machine,
           .numbers = config_tree(benchmark),
           .tables = {tau_benchmark_table(benchmark.scores)}},
          out);
  int exit_code = kDone;
  for (const TauScore& score : benchmark.scores) {
    for (const std::string& missed : score.missed) {
      spdlog::error("{}: {}", score.name, missed);
      exit_code = kMissedCriterion;
    }
  }
  return exit_code;
}

}  // namespace

void add_bench_tau(CLI::App& bench, int& exit_code) {
  const auto o = std::make_shared<TauBenchmarkOptions>();
  CLI::App* command = bench.add_subcommand(
      "tau", "Time constants: devices with known answers, many noise seeds each");
  const auto out = add_bench_folder(*command);
  command
      ->add_option("--seeds", o->seeds,
                   "Seeds 1 to this; what is in tau_trials of the folder "
                   "already is not computed again")
      ->check(whole_number(1, 1000));
  command->add_option("--case", o->only, "Only cases with this in their name");
  command->add_option("--threads", o->threads, "At most this many")->check(whole_number(1, 64));
  add_example(*command, {"psi bench tau --seeds 5 --case two --out results/bench"});
  command->callback([o, out, &exit_code] { exit_code = bench_tau(*o, *out); });
}

}  // namespace psi_xlstm::apps
