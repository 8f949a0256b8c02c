// psi check: computes the numbers of a finished run again from what it stored.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "command.hpp"

namespace psi_xlstm::apps {

void add_check(CLI::App& app, int& exit_code) {
  const auto run = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("check", "Compute the numbers of a run again and compare");
  command->add_option("run", *run, "Run folder")->required();
  command->callback([run, &exit_code] {
    const CheckResult result = check_run(*run, study_kinds());
    for (const std::string& difference : result.differences) print("{}\n", difference);
    print("{} numbers computed again, {} differences\n", result.values, result.differences.size());
    exit_code = result.differences.empty() ? kDone : kMissedCriterion;
    if (exit_code == kDone) return;
    spdlog::error("{}: expected what its files say, found {} differences; the first: {}", *run,
                  result.differences.size(), result.differences.front());
  });
}

}  // namespace psi_xlstm::apps
