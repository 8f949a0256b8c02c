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

#include "core/config_io.hpp"
#include "metrics/verdict.hpp"
#include "run/check.hpp"
#include "run/road.hpp"

namespace psi_xlstm {

/// What is told when a run has ended.
struct RunOutcome {
  std::filesystem::path page;         ///< The report; empty where there is none.
  std::string summary;                ///< Closing tables for a terminal.
  std::vector<std::string> warnings;  ///< What a reader should know before believing a number.
  std::vector<std::string> notes;     ///< What was left out, and why.
  Judgement verdict;                  ///< Of every criterion of the study.
  bool interrupted = false;           ///< The same command goes on from here.
};

/// A study whose config has been read.
struct PreparedStudy {
  std::string study;  ///< Its name, from which the default of its folder is made.
  std::function<RunOutcome(const RunOptions&, const Progress&)> run;
};

/// One kind of study.
struct StudyKind {
  std::string name;  ///< What "kind" says in a config.
  /// Reads the config; `where` opens every message. Throws ConfigError naming every problem.
  std::function<PreparedStudy(const nlohmann::json& config, const std::string& where)> prepare;
  /// Computes the numbers of a folder again and compares its files with its manifest. Throws
  /// DataError or ConfigError where a file of it is missing or broken.
  std::function<CheckResult(const std::filesystem::path& folder)> check;
};

/// A kind whose config is a Config with a field `study`, run by `run(config, options, progress)`.
template <class Config, class Run>
StudyKind study_kind(const std::string& name,
                     Run run,
                     std::function<CheckResult(const std::filesystem::path&)> check) {
  StudyKind kind{.name = name, .prepare = {}, .check = std::move(check)};
  kind.prepare = [run](const nlohmann::json& tree, const std::string& where) {
    const auto config = config_from_json<Config>(tree, where);
    return PreparedStudy{.study = config.study,
                         .run = [config, run](const RunOptions& options, const Progress& progress) {
                           return run(config, options, progress);
                         }};
  };
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
