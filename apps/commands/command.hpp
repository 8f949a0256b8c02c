#pragma once

// What the subcommands of psi share. Each is one file: add_<name>(app) declares its options and
// returns nothing; its callback does the work and stores the exit code.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.hpp"
#include "run/kinds.hpp"
#include "terminal.hpp"

namespace psi_xlstm::apps {

/// Exit codes of psi.
enum ExitCode { kDone = 0, kWrongInput = 1, kMissedCriterion = 2, kInterrupted = 130 };

void add_run(CLI::App& app, int& exit_code);
void add_fit(CLI::App& app, int& exit_code);
void add_predict(CLI::App& app, int& exit_code);
void add_data(CLI::App& app, int& exit_code);
void add_emit(CLI::App& app, int& exit_code);
void add_cosim(CLI::App& app, int& exit_code);
void add_look(CLI::App& app, int& exit_code);
void add_info(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_tau(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_bench_tau(CLI::App& bench, int& exit_code);
void add_bench_spice(CLI::App& bench, int& exit_code);
void add_bench_runs(CLI::App& bench, int& exit_code);

/// Shows progress on stderr: a bar on a terminal, plain lines otherwise.
Progress terminal_progress();

/// Says what `judgement` came to, unless it passed, and returns the exit code.
int told(const Judgement& judgement);

/// Prints the closing tables, the warnings and the path of the report of a run, and what its
/// verdict is unless it passed; returns the exit code.
int tell(const RunOutcome& outcome);

/// The kinds of studies there are.
std::vector<StudyKind> study_kinds();

}  // namespace psi_xlstm::apps
