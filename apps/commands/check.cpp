// psi check: computes the numbers of a finished run again from what it stored.

#include "run/check.hpp"

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "studies/networks/check.hpp"
#include "studies/networks/study.hpp"
#include "studies/time_constants/check.hpp"
#include "studies/time_constants/study.hpp"

namespace psi_xlstm::apps {

void add_check(CLI::App& app, int& exit_code) {
  const auto run = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("check", "Compute the numbers of a run again and compare");
  command->add_option("run", *run, "Run folder")->required();
  command->callback([run, &exit_code] {
    const std::filesystem::path config = std::filesystem::path(*run) / "config.json";
    const CheckResult result = is_network_study(config) ? check_network_run(*run)
                               : is_tau_study(config)   ? check_tau_run(*run)
                                                        : check_run(*run);
    for (const std::string& difference : result.differences) print("{}\n", difference);
    print("{} numbers computed again, {} differences\n", result.values, result.differences.size());
    exit_code = result.differences.empty() ? kDone : kMissedCriterion;
  });
}

}  // namespace psi_xlstm::apps
