#pragma once

/// @file
/// Runs another program with a list of arguments, never through a shell.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace psi_xlstm {

/// What became of a program.
struct ProgramOutcome {
  int start_error = 0;        ///< errno of the start; 0: it ran.
  std::optional<int> status;  ///< As of waitpid; absent: not started, or killed at the time limit.
  std::string output;         ///< What it wrote on standard output.
  std::string errors;         ///< What it wrote on standard error.

  /// Whether it ended by itself with exit status 0.
  bool succeeded() const;
};

/// Runs `arguments[0]`, which is looked for on PATH where it has no slash, with `arguments` and
/// `input` on standard input, in an environment of PATH, TMPDIR and the locale C.UTF-8 only. Kills
/// it after `time_limit` [s].
ProgramOutcome run_program(std::vector<std::string> arguments,
                           std::string_view input,
                           double time_limit);

/// The program `name`: itself where it has a slash, else from PATH. Nothing where there is none
/// that can be executed.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The line of `text`, what a compiler said, that speaks of an error, else its first line; at most
/// 300 characters.
std::string line_with_error(const std::string& text);

}  // namespace psi_xlstm
