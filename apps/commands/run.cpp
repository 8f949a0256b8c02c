// psi run: a whole study from its config.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "command.hpp"
#include "psi_xlstm/core/identifier.hpp"
#include "psi_xlstm/experiments/network_report.hpp"
#include "psi_xlstm/experiments/network_study.hpp"

namespace psi_xlstm::apps {
namespace {

int run_study(const StudyConfig& config, const experiments::RunOptions& options) {
  return run_and_print(config, options);
}

int run_study(const NetworkStudyConfig& config, const experiments::RunOptions& options) {
  const experiments::NetworkStudyResult result =
      experiments::run_network_study(config, options, terminal_progress());
  fmt::print("{}", experiments::summary_text(result));
  for (const std::string& warning : result.warnings) spdlog::warn("{}", warning);
  if (!result.interrupted) fmt::print("report: {}\n", (options.folder / "report.html").string());
  if (result.passed) return kDone;
  spdlog::error("{}", result.reason);
  return result.interrupted ? kInterrupted : kMissedCriterion;
}

template <class Config>
int run_file(const std::string& file, const std::string& out, int threads) {
  const auto config = read_config<Config>(file);
  const auto study = checked_identifier(config.study, file + ": /study");
  const std::filesystem::path folder = out.empty() ? "results/" + study : out;
  return run_study(config, {folder, threads});
}

}  // namespace

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
  command->add_option("--threads", options->threads, "At most this many threads or trainings")
      ->check(CLI::Range(1, 64));
  command->callback([options, &exit_code] {
    const auto& [file, out, threads] = *options;
    exit_code = experiments::is_network_study(file)
                    ? run_file<NetworkStudyConfig>(file, out, threads)
                    : run_file<StudyConfig>(file, out, threads);
  });
}

}  // namespace psi_xlstm::apps
