// psi bench tau: how well time constants are estimated.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "bench/tau_benchmark.hpp"
#include "command.hpp"

namespace psi_xlstm::apps {

void add_bench_tau(CLI::App& bench, int& exit_code) {
  const auto o = std::make_shared<TauBenchmarkOptions>();
  o->folder = "results/bench_tau";
  CLI::App* command = bench.add_subcommand(
      "tau", "Time constants: devices with known answers, many noise seeds each");
  command->add_option("--out", o->folder, "Folder; what is there already is not computed again");
  command->add_option("--seeds", o->seeds, "Seeds 1 to this")->check(CLI::Range(1, 1000));
  command->add_option("--case", o->only, "Only cases with this in their name");
  command->add_option("--threads", o->threads, "At most this many")->check(CLI::Range(1, 64));
  command->callback([o, &exit_code] {
    const TauBenchmark result = run_tau_benchmark(*o, terminal_progress());
    print("{}\n", to_text(result.table));
    exit_code = kDone;
    for (const TauScore& score : result.scores) {
      for (const std::string& missed : score.missed) {
        spdlog::error("{}: {}", score.name, missed);
        exit_code = kMissedCriterion;
      }
    }
  });
}

}  // namespace psi_xlstm::apps
