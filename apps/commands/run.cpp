// psi run: a whole study from its config.

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/identifier.hpp"

namespace psi_xlstm::apps {

void add_run(CLI::App& app, int& exit_code) {
  struct Options {
    std::string config, out;
    int threads = 2;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Run a study: data, fits, emission, co-simulation");
  command->add_option("config", options->config, "JSON file, e.g. configs/quickstart.json")
      ->required();
  command->add_option("--out", options->out, "Run folder (default: results/<study>)");
  command->add_option("--threads", options->threads, "At most this many threads")
      ->check(CLI::Range(1, 64));
  command->callback([options, &exit_code] {
    const auto config = read_config<StudyConfig>(options->config);
    checked_identifier(config.study, options->config + ": /study");
    const std::filesystem::path folder = options->out.empty()
                                             ? std::filesystem::path("results") / config.study
                                             : std::filesystem::path(options->out);
    exit_code = run_and_print(config, {folder, options->threads});
  });
}

}  // namespace psi_xlstm::apps
