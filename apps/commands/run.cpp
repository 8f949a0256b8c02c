// psi run: a whole study from its config.

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "command.hpp"

namespace psi_xlstm::apps {
namespace {

struct RunFileOptions {
  std::string config, out;
  std::vector<int> seeds;
  int threads = 2;
  bool replace = false;
};

// `path`; where there is no such file but one of that name came with an installed psi, that one.
std::string shipped_or_own(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code problem;
  if (fs::exists(path, problem) || fs::path(path).is_absolute()) return path;
  const fs::path program = fs::read_symlink("/proc/self/exe", problem);
  const fs::path shipped = program.parent_path().parent_path() / "share" / "psi_xlstm" / path;
  return fs::is_regular_file(shipped, problem) ? shipped.string() : path;
}

int run_file(const RunFileOptions& options) {
  const std::string file = shipped_or_own(options.config);
  nlohmann::json config = parse_json(file);
  const StudyKind kind = kind_of(config, study_kinds(), file);
  if (!options.seeds.empty()) config["seeds"] = options.seeds;
  const PreparedStudy prepared = kind.prepare(config, file);
  const std::filesystem::path folder =
      options.out.empty() ? "results/" + prepared.study : options.out;
  auto claimed = make_room(folder, prepared.config, options.replace);
  return tell(prepared.run({folder, options.threads, std::move(claimed)}, terminal_progress()));
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<RunFileOptions>();
  CLI::App* command = app.add_subcommand("run", "Run a study: data, fits, emission, co-simulation");
  command->add_option("config", options->config, "JSON file, e.g. configs/quickstart.json")
      ->required();
  command->add_option("--out", options->out, "Run folder (default: results/<study>)")
      ->check(not_empty());
  command->add_option("--seeds", options->seeds, "Instead of those of the config, e.g. 1,7,99")
      ->delimiter(',')
      ->check(seed_number());
  command->add_option("--threads", options->threads, "At most this many threads or trainings")
      ->check(whole_number(1, 64));
  add_replace(*command, options->replace);
  add_telling(*command);
  add_example(*command,
              {"psi run configs/quickstart.json",
               "psi run configs/known_start.json --seeds 1,7,99 --out results/other_seeds"});
  command->callback([options, &exit_code] { exit_code = run_file(*options); });
}

}  // namespace psi_xlstm::apps
