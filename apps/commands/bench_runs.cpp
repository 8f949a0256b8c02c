// psi bench runs: keeps the figures of finished studies beside the benchmarks.

#include <memory>
#include <string>
#include <vector>

#include "bench/runs.hpp"
#include "bench_result.hpp"
#include "command.hpp"

namespace psi_xlstm::apps {

void add_bench_runs(CLI::App& bench, int& exit_code) {
  const auto folders = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      bench.add_subcommand("runs", "Keep the figures of finished studies beside the benchmarks");
  const auto out = add_bench_folder(*command);
  add_example(*command, {"psi bench runs results/known_start"});
  command->add_option("folders", *folders, "Run folders, e.g. results/known_start")->required();
  command->callback([folders, out, &exit_code] {
    for (const std::string& folder : *folders) publish(result_of_run(folder), *out);
    exit_code = kDone;
  });
}

}  // namespace psi_xlstm::apps
