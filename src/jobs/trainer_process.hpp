#pragma once

/// @file
/// Trainings as processes of their own, several side by side. A trainer is a program that
///
///   prints lines {"done": 0.42, "detail": "step 1000 of 3000"} on its standard output,
///   ends with 0 (done), 1 (wrong input, said on standard error), 2 (numerical failure, the same)
///   or 130 (interrupted: it left what it needs to go on).
///
/// Each runs in a process group of its own with standard input from /dev/null, so an interruption
/// from the terminal reaches it once: from here.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace psi_xlstm {

/// One training.
struct TrainerJob {
  std::string name;                    ///< For messages, e.g. "seed 42, teacher".
  std::vector<std::string> arguments;  ///< Of the program.
  int group = 0;   ///< Jobs of one group start in their order; groups run side by side.
  int needs = -1;  ///< Index of the earlier job that must have succeeded before; -1: none.
};

/// Where the program is, and how many run at a time.
struct TrainerOptions {
  /// Empty: the environment variable PSI_TRAINER, else psi_trainer in the folder of the running
  /// program, else in the folder above.
  std::filesystem::path program = {};
  int processes = 2;       ///< At most.
  double patience_s = 30;  ///< Between an interruption and the end by force [s].
};

/// What became of one training.
struct TrainerOutcome {
  bool done = false;
  std::string reason;   ///< Why not, one sentence.
  double duration = 0;  ///< Of its process [s]; 0 where there was none.
};

/// What became of all.
struct TrainerReport {
  std::vector<TrainerOutcome> outcomes;  ///< One per job.
  bool interrupted = false;              ///< By SIGINT or SIGTERM; not all jobs have run.
};

/// Told how far a job is (0 to 1), with one line of detail.
using TrainerProgress =
    std::function<void(std::size_t job, double done, const std::string& detail)>;

/// The program that `options` means. Throws ConfigError where there is none.
std::filesystem::path trainer_program(const TrainerOptions& options);

/// Runs `jobs`. One that ends in numerical failure, crashes, or needs one that did not succeed has
/// a reason; the others go on. SIGINT and SIGTERM to this process are passed on while it waits; all
/// trainers have then ended when this returns. Throws ConfigError where there is no program, or
/// with the sentence of a trainer that found its input wrong; the others are ended before.
TrainerReport run_trainers(const std::vector<TrainerJob>& jobs,
                           const TrainerOptions& options,
                           const TrainerProgress& progress);

}  // namespace psi_xlstm
