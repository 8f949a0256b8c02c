// psi tau: time constants with intervals, and what to measure where records cannot tell them.

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/error.hpp"
#include "read_options.hpp"
#include "studies/time_constants/study.hpp"
#include "tau_design.hpp"

namespace psi_xlstm::apps {
namespace {

struct TauOptions {
  TauStudyConfig config;
  TauDesignOptions design;
  std::string out;
  int threads = 2;
  bool anchors = false, replace = false;
};

int run_tau(const TauOptions& o) {
  if (o.config.files.empty()) {
    throw ConfigError("tau: expected files of data, or --design, found neither");
  }
  TauStudyConfig config = o.config;
  config.estimate.tau_range = o.design.range;
  for (std::string& file : config.files)
    file = std::filesystem::absolute(input_path(file)).lexically_normal().string();
  if (!config.networks.empty()) {
    config.networks = std::filesystem::absolute(config.networks).string();
  }
  const std::string stem = std::filesystem::path(config.files.front()).stem().string();
  const std::filesystem::path folder = o.out.empty() ? "results/" + stem + "_tau" : o.out;
  const RunOptions options{folder, o.threads, make_room(folder, config_tree(config), o.replace)};
  return tell(run_outcome(run_tau_study(config, options, terminal_progress()), folder));
}

}  // namespace

void add_tau(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "tau", "Time constants of a device from its records, or what to measure to tell them");
  const auto o = std::make_shared<TauOptions>();
  command->add_option("files", o->config.files, "Files of data; psi look says what is in them");
  command->add_option("--out", o->out, "Folder for the results")->check(not_empty());
  command->add_option("--only", o->config.records, "Only these records, by id")->delimiter(',');
  add_choice(*command, "--start", o->config.estimate.start, "rest, unknown, or \"by evidence\"");
  command->add_option("--response", o->config.estimate.response,
                      "E.g. \"conductance driven by V^2\"; any: by evidence");
  command->add_option("--sign", o->config.sign, "-1: current was counted out of the device")
      ->check(one_of_these({"-1", "1"}));
  add_read_options(*command, o->config.reading);
  command->add_option("--networks", o->config.networks,
                      "Seed folder of a known-start study: its forget gates beside the estimate");
  command->add_option("--threads", o->threads, "At most this many")->check(whole_number(1, 64));
  command
      ->add_option("--tau-range", o->design.range,
                   "Time constants that advice or design are for, e.g. 0.1ms,10ms")
      ->delimiter(',')
      ->expected(2)
      ->transform(time_in_seconds());
  command->add_flag("--anchors", o->anchors,
                    "Measure devices of ngspice whose times are known in closed form instead");
  add_tau_design(*command, o->design);
  add_replace(*command, o->replace);
  add_telling(*command);
  add_example(*command, {"psi tau my_device.csv --tau-range 0.1ms,10ms --out results/tau",
                         "psi tau --design --tau 0.5ms,1.5ms --duration 20ms"});
  command->callback([o, &exit_code] {
    if (o->anchors) {
      exit_code = run_tau_anchors(o->design.request.seed);
      return;
    }
    if (o->design.wanted && !o->out.empty()) o->design.out = o->out;
    exit_code = o->design.wanted ? run_tau_design(o->design) : run_tau(*o);
  });
}

}  // namespace psi_xlstm::apps
