// psi run: a whole study from its config.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "command.hpp"
#include "core/identifier.hpp"
#include "studies/networks/report.hpp"
#include "studies/networks/study.hpp"

namespace psi_xlstm::apps {
namespace {

int run_study(const StudyConfig& config, const RunOptions& options) {
  return run_and_print(config, options);
}

int run_study(const NetworkStudyConfig& config, const RunOptions& options) {
  const NetworkStudyResult result = run_network_study(config, options, terminal_progress());
  fmt::print("{}", summary_text(result));
  for (const std::string& warning : result.warnings) spdlog::warn("{}", warning);
  if (!result.interrupted) fmt::print("report: {}\n", (options.folder / "report.html").string());
  if (result.passed) return kDone;
  spdlog::error("{}", result.reason);
  return result.interrupted ? kInterrupted : kMissedCriterion;
}

struct Options {
  std::string config, out;
  std::vector<int> seeds;
  int threads = 2;
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

template <class Config>
int run_file(const Options& options) {
  auto config = read_config<Config>(options.config);
  if (!options.seeds.empty()) config.seeds = options.seeds;
  const auto study = checked_identifier(config.study, options.config + ": /study");
  const std::filesystem::path folder = options.out.empty() ? "results/" + study : options.out;
  return run_study(config, {folder, options.threads});
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Run a study: data, fits, emission, co-simulation");
  command->add_option("config", options->config, "JSON file, e.g. configs/quickstart.json")
      ->required();
  command->add_option("--out", options->out, "Run folder (default: results/<study>)");
  command->add_option("--seeds", options->seeds, "Instead of those of the config, e.g. 1,7,99")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber);
  command->add_option("--threads", options->threads, "At most this many threads or trainings")
      ->check(CLI::Range(1, 64));
  command->callback([options, &exit_code] {
    options->config = shipped_or_own(options->config);
    exit_code = is_network_study(options->config) ? run_file<NetworkStudyConfig>(*options)
                                                  : run_file<StudyConfig>(*options);
  });
}

}  // namespace psi_xlstm::apps
