// psi check: everything that is wrong with a config, or the numbers of a finished run computed
// again from what it stored.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "core/plural.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::apps {
namespace {

nlohmann::json parsed_config(const std::string& file) {
  try {
    return parse_json(file);
  } catch (const Error& e) {
    throw ConfigError(fmt::format(
        "{}; psi check takes the JSON file of a study or the folder of a run", e.what()));
  }
}

int check_config(const std::string& file) {
  const nlohmann::json config = parsed_config(file);
  const StudyKind kind = kind_of(config, study_kinds(), file);
  const std::vector<ConfigProblem> problems = kind.problems(config);
  auto list = nlohmann::ordered_json::array();
  for (const ConfigProblem& p : problems) {
    say("{}: {}\n", file, p.text());
    list.push_back({{"pointer", p.pointer},
                    {"expected", p.expected},
                    {"found", p.found},
                    {"nearest", p.nearest},
                    {"advice", p.advice}});
  }
  answer({{"config", file}, {"kind", kind.name}, {"problems", list}});
  if (problems.empty()) {
    say("{}: a config of kind {} without problems; psi run {} runs it\n", file, kind.name, file);
    return kDone;
  }
  spdlog::error("{}: expected a config that can be run, found {}", file,
                count_of(problems.size(), "problem"));
  return kWrongInput;
}

int check_folder(const std::string& run) {
  const CheckResult result = check_run(run, study_kinds());
  const std::size_t differences = result.differences.size();
  for (const std::string& difference : result.differences) say("{}\n", difference);
  say("{} computed again, {}\n", count_of(result.values, "number"),
      count_of(differences, "difference"));
  answer({{"run", run},
          {"values", result.values},
          {"differences", result.differences},
          {"not_verified", result.not_verified}});
  if (differences > 0) {
    spdlog::error("{}: expected what its files say, found {}; the first: {}", run,
                  count_of(differences, "difference"), result.differences.front());
    return kMissedCriterion;
  }
  if (result.not_verified.empty()) return kDone;
  return told({Verdict::kNotVerified, result.not_verified.front()});
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  const auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "check", "All problems of a config, or the numbers of a run computed again");
  command->add_option("path", *path, "JSON file of a study, or a run folder")->required();
  add_telling(*command);
  add_example(*command, {"psi check my_study.json", "psi check results/my_device"});
  command->callback([path, &exit_code] {
    std::error_code error;
    exit_code =
        std::filesystem::is_directory(*path, error) ? check_folder(*path) : check_config(*path);
  });
}

}  // namespace psi_xlstm::apps
