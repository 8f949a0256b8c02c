// psi check: everything that is wrong with a config, or the numbers of a finished run computed
// again from what it stored.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "command.hpp"

namespace psi_xlstm::apps {
namespace {

int check_config(const std::string& file) {
  const nlohmann::json config = parse_json(file);
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
  spdlog::error("{}: expected a config that can be run, found {} problem{}", file, problems.size(),
                problems.size() == 1 ? "" : "s");
  return kWrongInput;
}

int check_folder(const std::string& run) {
  const CheckResult result = check_run(run, study_kinds());
  for (const std::string& difference : result.differences) say("{}\n", difference);
  say("{} numbers computed again, {} differences\n", result.values, result.differences.size());
  answer({{"run", run}, {"values", result.values}, {"differences", result.differences}});
  if (result.differences.empty()) return kDone;
  spdlog::error("{}: expected what its files say, found {} differences; the first: {}", run,
                result.differences.size(), result.differences.front());
  return kMissedCriterion;
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
