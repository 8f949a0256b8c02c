#pragma once

/// @file
/// The kinds of studies by name. A config says its "kind"; a kind brings what runs it and what
/// checks its folders, and nothing else knows the kinds there are but the program that lists them.

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/json/config_description.hpp"
#include "core/json/config_io.hpp"
#include "metrics/verdict.hpp"
#include "run/check.hpp"
#include "run/road.hpp"

namespace psi_xlstm {

/// What is told when a run has ended.
struct RunOutcome {
  std::filesystem::path page;                ///< The report; empty where there is none.
  std::vector<std::string> result;           ///< The finding: error, files, what is not verified.
  std::string summary;                       ///< Closing tables for a terminal.
  std::string details;                       ///< Further tables for who asks for more.
  std::vector<std::filesystem::path> files;  ///< The models.
  nlohmann::ordered_json numbers;            ///< What was found, as data.
  std::vector<std::string> warnings;  ///< What a reader should know before believing a number.
  std::vector<std::string> notes;     ///< What was left out, and why.
  Judgement verdict;                  ///< Of every criterion of the study.
  bool interrupted = false;           ///< The same command goes on from here.
};

/// A study whose config has been read.
struct PreparedStudy {
  std::string study;              ///< Its name, from which the default of its folder is made.
  nlohmann::ordered_json config;  ///< Resolved: every field written out.
  std::function<RunOutcome(const RunOptions&, const Progress&)> run;
};

/// One kind of study.
struct StudyKind {
  std::string name;  ///< What "kind" says in a config.
  /// Reads the config; `where` opens every message. Throws ConfigError naming every problem.
  std::function<PreparedStudy(const nlohmann::json& config, const std::string& where)> prepare;
  /// Everything that is wrong with a config.
  std::function<std::vector<ConfigProblem>(const nlohmann::json& config)> problems;
  /// The fields of a config that can be run, with its values.
  std::function<std::vector<FieldDescription>()> example;
  /// Computes the numbers of a folder again and compares its files with its manifest. Throws
  /// DataError or ConfigError where a file of it is missing or broken.
  std::function<CheckResult(const std::filesystem::path& folder)> check;
};

/// The problems of the single fields, then the contradictions between them, but for those about a
/// value that is wrong already, is part of one, or has one in it.
std::vector<ConfigProblem> all_problems(std::vector<ConfigProblem> of_fields,
                                        const std::vector<ConfigProblem>& contradictions);

/// One problem for each of `files`, the value at `pointer` of a config, that is not there.
std::vector<ConfigProblem> missing_files(const std::string& pointer,
                                         const std::vector<std::string>& files);

/// A kind whose config is a Config with a field `study`, run by `run(config, options, progress)`;
/// `contradictions(config)` says what is wrong beyond the single fields, `example` is a config that
/// can be run.
template <class Config, class Run>
StudyKind study_kind(const std::string& name,
                     Run run,
                     std::function<CheckResult(const std::filesystem::path&)> check,
                     std::function<std::vector<ConfigProblem>(const Config&)> contradictions,
                     const Config& example) {
  StudyKind kind{.name = name, .check = std::move(check)};
  const auto read = [contradictions](const nlohmann::json& tree, Config& config) {
    std::vector<ConfigProblem> problems = read_into(config, tree);
    return all_problems(std::move(problems), contradictions(config));
  };
  kind.prepare = [run, read](const nlohmann::json& tree, const std::string& where) {
    Config config;
    throw_if_any(where, read(tree, config));
    return PreparedStudy{.study = config.study,
                         .config = config_tree(config),
                         .run = [config, run](const RunOptions& options, const Progress& progress) {
                           return run(config, options, progress);
                         }};
  };
  kind.problems = [read](const nlohmann::json& tree) {
    Config config;
    return read(tree, config);
  };
  kind.example = [example] { return describe(example); };
  return kind;
}

/// The kind that `config` names. Throws ConfigError where it names none or one that is not among
/// `kinds`; `where` opens the message.
StudyKind kind_of(const nlohmann::json& config,
                  const std::vector<StudyKind>& kinds,
                  const std::string& where);

/// Checks the run in `folder` by its kind, its manifest included. Throws ConfigError where the
/// folder holds no run, else as the kind's check.
CheckResult check_run(const std::filesystem::path& folder, const std::vector<StudyKind>& kinds);

}  // namespace psi_xlstm
