#pragma once

// What the subcommands of psi share. Each is one file: add_<name>(app) declares its options and
// returns nothing; its callback does the work and stores the exit code.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "command_line.hpp"
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
void add_config(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);
void add_manual(CLI::App& app, int& exit_code);
void add_tau(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_bench_tau(CLI::App& bench, int& exit_code);
void add_bench_spice(CLI::App& bench, int& exit_code);
void add_bench_forms(CLI::App& bench, int& exit_code);
void add_bench_runs(CLI::App& bench, int& exit_code);

/// Shows progress on stderr: a bar on a terminal, plain lines otherwise.
Progress terminal_progress();

/// Says what `judgement` came to, unless it passed, and returns the exit code.
int told(const Judgement& judgement);

/// Prints the result, the tables, the warnings and the path of the report of a run, as telling()
/// says, and what its verdict is unless it passed; returns the exit code.
int tell(const RunOutcome& outcome);

/// Called before the work: a study with the resolved `config` is to run in `folder`. A run of the
/// same study that is there is replaced; what is returned says so, where it had other options, to
/// be called once the folder belongs to the new run. Throws ConfigError where it is of another
/// study and not to be replaced, DataError where no folder can be there.
std::function<void()> make_room(const std::filesystem::path& folder,
                                const nlohmann::ordered_json& config,
                                bool replace);

/// Writes `bytes` to `file` where it may be replaced; throws ConfigError where not.
void write_result(const std::filesystem::path& file, std::string_view bytes, bool force);

/// The kinds of studies there are.
std::vector<StudyKind> study_kinds();

}  // namespace psi_xlstm::apps
