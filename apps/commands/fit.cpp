// psi fit: a compact model from the user's own waveforms.

#include <memory>

#include "command.hpp"
#include "read_options.hpp"
#include "studies/compact/fit_request.hpp"
#include "studies/compact/study.hpp"

namespace psi_xlstm::apps {
namespace {

struct FitOptions {
  std::vector<std::string> files;
  std::string out;
  bool replace = false;
  int threads = 2;
  FitRequest fit;
};

}  // namespace

void add_fit(CLI::App& app, int& exit_code) {
  const auto o = std::make_shared<FitOptions>();
  CLI::App* command = app.add_subcommand("fit", "Fit a compact model to measured waveforms");
  command->add_option("files", o->files, "Files of data; psi look says what is in them")
      ->required();
  command->add_option("--out", o->out, "Run folder (default: results/<name>)")->check(not_empty());
  command->add_option("--name", o->fit.name, "Name of the model (default: from the first file)")
      ->check(model_name());
  command->add_option("--split", o->fit.split, "Records to train/choose/test, e.g. 1-6/7-8/9-11");
  command->add_option("--correct", o->fit.correct, "What to correct: offset, skew or offset,skew")
      ->check(one_of_these({"offset", "skew", "offset,skew"}));
  command->add_flag("--continuous", o->fit.continuous,
                    "Each record goes on where the last one ended");
  command->add_option("--g0", o->fit.g0, "Conductance at the start of every record [S]")
      ->check(positive());
  command->add_option("--noise", o->fit.noise, "Noise as a fraction of the current's sd, e.g. 0.03")
      ->check(positive());
  command->add_option("--sign", o->fit.sign, "-1: current was counted out of the device")
      ->check(one_of_these({"-1", "1"}));
  command->add_option("--states", o->fit.states, "Only this number of states")
      ->check(whole_number(0, 16));
  command->add_option("--features", o->fit.features, "Only this number of features")
      ->check(whole_number(1, 64));
  add_read_options(*command, o->fit.reading);
  command->add_flag("--tau,!--no-tau", o->fit.time_constants,
                    "Whether to estimate the device's time constants too");
  command->add_option("--seed", o->fit.seed, "Of the starting points")->check(seed_number());
  command->add_option("--threads", o->threads, "At most this many")->check(whole_number(1, 64));
  add_replace(*command, o->replace);
  add_telling(*command);
  add_example(*command,
              {"psi fit my_device.csv --noise 0.03 --out results/my_device",
               "psi fit my_device.csv --split 1-6/7-8/9-11 --continuous --json > result.json"});
  command->callback([o, &exit_code] {
    for (std::string& file : o->files) file = input_path(file);
    o->fit.stem = std::filesystem::path(o->files.front()).stem().string();
    const StudyConfig config = fit_study(o->fit, o->files);
    const std::filesystem::path folder = o->out.empty()
                                             ? std::filesystem::path("results") / config.study
                                             : std::filesystem::path(o->out);
    const RunOptions options{folder, o->threads,
                             make_room(folder, config_tree(config), o->replace)};
    exit_code = tell(run_outcome(run_study(config, options, terminal_progress()), folder));
  });
}

}  // namespace psi_xlstm::apps
