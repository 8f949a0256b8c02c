#pragma once

// What the subcommands of psi share. Each is one file: add_<name>(app) declares its options and
// returns nothing; its callback does the work and stores the exit code.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "studies/compact/study.hpp"
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
void add_info(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_tau(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_bench_tau(CLI::App& bench, int& exit_code);
void add_bench_spice(CLI::App& bench, int& exit_code);

/// Shows progress on stderr: a bar on a terminal, plain lines otherwise.
Progress terminal_progress();

/// Runs `config`, prints the closing tables and the path of the report, and returns the
/// exit code.
int run_and_print(const StudyConfig& config, const RunOptions& options);

}  // namespace psi_xlstm::apps
