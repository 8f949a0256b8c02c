// psi fit: a compact model from the user's own waveforms.

#include <memory>
#include <optional>

#include "command.hpp"
#include "core/identifier.hpp"
#include "hdl/text/names.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm::apps {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string out, name, split, correct;
  bool continuous = false, time_constants = true;
  std::optional<double> g0, noise;
  std::optional<int> states, features;
  int sign = 1, seed = 11, threads = 2;
};

StudyConfig config_for(const Options& options) {
  StudyConfig config;
  const std::string stem = std::filesystem::path(options.files.front()).stem().string();
  config.model =
      options.name.empty() ? identifier_from(stem) : checked_identifier(options.name, "--name");
  if (options.name.empty() && !hdl::problem_with_model_name(config.model).empty()) {
    config.model += "_device";
  }
  config.study = config.model;
  config.seeds = {options.seed};
  config.data.source = DataSource::kCsv;
  for (const std::string& file : options.files) {
    config.data.files.push_back(std::filesystem::absolute(file).string());
  }
  config.data.sign = options.sign;
  config.data.split = options.split;
  config.data.correct = options.correct;
  config.data.continuous = options.continuous;
  config.data.noise = options.noise;
  config.data.initial_conductance = options.g0;
  config.fit.seed = options.seed;
  config.fit.curriculum = Curriculum::kBoth;
  config.selection = {.enabled = true, .states = options.states, .features = options.features};
  config.time_constants.enabled = options.time_constants;
  config.cosim.limit = config.cosim.limit_training_like = 1e-3;
  return config;
}

}  // namespace

void add_fit(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("fit", "Fit a compact model to measured waveforms (CSV)");
  command->add_option("files", o->files, "CSV files: time_s, voltage_V, current_A")->required();
  command->add_option("--out", o->out, "Run folder (default: results/<name>)");
  command->add_option("--name", o->name, "Name of the model (default: from the first file)");
  command->add_option("--split", o->split, "Records to train/choose/test, e.g. 1-6/7-8/9-11");
  command->add_option("--correct", o->correct, "What to correct: offset, skew or offset,skew");
  command->add_flag("--continuous", o->continuous, "Each record goes on where the last one ended");
  command->add_option("--g0", o->g0, "Conductance at the start of every record [S]")
      ->check(positive());
  command->add_option("--noise", o->noise, "Noise as a fraction of the current's sd, e.g. 0.03")
      ->check(positive());
  command->add_option("--sign", o->sign, "-1: current was counted out of the device")
      ->check(CLI::IsMember({-1, 1}));
  command->add_option("--states", o->states, "Only this number of states")
      ->check(CLI::Range(0, 16));
  command->add_option("--features", o->features, "Only this number of features")
      ->check(CLI::Range(1, 64));
  command->add_flag("--tau,!--no-tau", o->time_constants,
                    "Whether to estimate the device's time constants too");
  command->add_option("--seed", o->seed, "Of the starting points")->check(seed_number());
  command->add_option("--threads", o->threads, "At most this many")->check(CLI::Range(1, 64));
  command->callback([o, &exit_code] {
    const StudyConfig config = config_for(*o);
    const std::filesystem::path folder = o->out.empty()
                                             ? std::filesystem::path("results") / config.study
                                             : std::filesystem::path(o->out);
    exit_code =
        tell(run_outcome(run_study(config, {folder, o->threads}, terminal_progress()), folder));
  });
}

}  // namespace psi_xlstm::apps
