// psi tau: time constants.

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/error.hpp"
#include "tau_design.hpp"

namespace psi_xlstm::apps {

void add_tau(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("tau", "Time constants: what to measure to tell them");
  const auto design = std::make_shared<TauDesignOptions>();
  add_tau_design(*command, *design);
  command->add_option("--out", design->out, "Folder for the results");
  command->add_option("--tau-range", design->range, "Range of time constants, e.g. 0.1ms,10ms")
      ->delimiter(',')
      ->expected(2)
      ->transform(time_in_seconds());
  command->callback([design, &exit_code] {
    if (!design->wanted) throw ConfigError("psi tau: expected --design, found no such option");
    exit_code = run_tau_design(*design);
  });
}

}  // namespace psi_xlstm::apps
