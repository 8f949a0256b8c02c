#pragma once

/// @file
/// Runs jobs (jobs/job.hpp): the interface of whatever does, and the one that does it with several
/// processes on this machine.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "jobs/job.hpp"

namespace psi_xlstm {

/// A job among others.
struct PlannedJob {
  Job job;
  int group = 0;   ///< Jobs of one group start in their order; groups run side by side.
  int needs = -1;  ///< Index of the earlier job that must have succeeded before; -1: none.
};

/// What became of one job.
struct JobOutcome {
  bool done = false;
  std::string reason;   ///< Why not, one sentence.
  double duration = 0;  ///< Of its process [s]; 0 where there was none.
};

/// What became of all.
struct JobReport {
  std::vector<JobOutcome> outcomes;  ///< One per job.
  bool interrupted = false;          ///< By SIGINT or SIGTERM; not all jobs have run.
};

/// Told how far a job is (0 to 1), with one line of detail.
using JobProgress = std::function<void(std::size_t job, double done, const std::string& detail)>;

/// Something that runs jobs.
class JobEngine {
 public:
  virtual ~JobEngine() = default;

  /// Runs `jobs`. One that ends in numerical failure, crashes, or needs one that did not succeed
  /// has a reason; the others go on. Throws ConfigError where a program is not there, or with the
  /// sentence of a job that found its input wrong; the others are ended before.
  virtual JobReport run(const std::vector<PlannedJob>& jobs, const JobProgress& progress) = 0;
};

/// How many processes run at a time.
struct PoolOptions {
  int processes = 2;       ///< At most.
  double patience_s = 30;  ///< Between an interruption and the end by force [s].
};

/// Runs each job in a process of its own on this machine, with one thread, without input and in a
/// process group of its own, so an interruption from the terminal reaches it once: from here.
/// SIGINT and SIGTERM to this process are passed on while it waits; all jobs have then ended when
/// run() returns. The files of the jobs are in a temporary folder.
class LocalPool : public JobEngine {
 public:
  explicit LocalPool(const PoolOptions& options) : options_(options) {}

  JobReport run(const std::vector<PlannedJob>& jobs, const JobProgress& progress) override;

 private:
  PoolOptions options_;
};

}  // namespace psi_xlstm
