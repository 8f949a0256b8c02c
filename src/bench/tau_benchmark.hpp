#pragma once

/// @file
/// How well time constants are estimated: cases with known answers, each with many noise seeds.
/// Some devices have time constants that can be told, some have none, and one record is too short:
/// a program that always finds and one that always refuses both fail.
///
/// Axes: C cases, K processes.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/json/config_io.hpp"
#include "psi_xlstm/data/record.hpp"
#include "report/table.hpp"
#include "studies/compact/study.hpp"
#include "tau/estimate.hpp"

namespace psi_xlstm {

/// What the right answer is.
enum class TauAnswer {
  kTold,             ///< Fixed time constants that the records can tell.
  kNotIdentifiable,  ///< Fixed ones that they cannot tell.
  kNoneFixed,        ///< The device has no fixed time constants.
};

/// A device, a drive, and the right answer.
struct TauCase {
  std::string name;
  TauAnswer answer = TauAnswer::kTold;
  std::vector<double> taus;                           ///< [s], [K]; empty where there are none.
  std::vector<double> bounds;                         ///< Cramer-Rao, sd of ln tau, [K].
  std::function<std::vector<Record>(int seed)> draw;  ///< The records with the noise of a seed.
  double fewest_right = 0.9;      ///< Part of the seeds that must be right (dimensionless).
  bool judged_on_errors = false;  ///< Errors and intervals have criteria too.
};

/// The cases: MEM3 under log-spaced bursts; the four designed ones of tau/benchmark_cases.hpp; MEM3
/// for 2 ms under the published waveforms, one after the other; VTEAM; a stretched exponential.
/// Throws what the generators and tau::design_bursts() throw.
std::vector<TauCase> tau_cases();

/// One estimate, as far as it is judged.
struct TauTrial {
  std::string name;  ///< Of the case.
  int seed = 0;
  int k = 0;
  std::string memory;        ///< tau::text_of().
  std::vector<double> taus;  ///< [s], [k].
  std::vector<double> low;   ///< [s], 0 where there is no limit, [k].
  std::vector<double> high;  ///< [s], the largest number where there is no limit, [k].
  std::string best_verdict;  ///< Of its processes.
  bool residual_white = false;

  template <class Self, class Visitor>
  static void fields(Self& t, Visitor& visit) {
    visit("case", t.name);
    visit("seed", t.seed);
    visit("k", t.k);
    visit("memory", t.memory);
    visit("tau_s", t.taus);
    visit("low_s", t.low);
    visit("high_s", t.high);
    visit("best_verdict", t.best_verdict);
    visit("residual_white", t.residual_white);
  }
};

/// All that is kept of one estimate.
TauTrial tau_trial(const TauCase& c, int seed, const tau::TauEstimate& estimate);

/// Whether the answer of `trial` is the right one: K for devices that can be told, no process
/// better than not identifiable, or no fixed time constants.
bool is_right(const TauCase& c, const TauTrial& trial);

/// The trials of one case against what is asked for.
struct TauScore {
  std::string name;
  int seeds = 0, right = 0, needed = 0;
  std::vector<double> bounds;        ///< Cramer-Rao, sd of ln tau, [K].
  std::vector<double> median_error;  ///< Of |ln(tau/truth)| over its bound, [K].
  std::vector<double> mean_width;    ///< Of the intervals over that of the bound, [K].
  int covered = 0, intervals = 0;    ///< 95 % intervals that hold the truth; K per seed.
  std::vector<std::string> missed;   ///< One sentence per criterion that is not met.

  bool passed() const { return missed.empty(); }

  template <class Self, class Visitor>
  static void fields(Self& s, Visitor& visit) {
    visit("case", s.name);
    visit("seeds", s.seeds);
    visit("right", s.right);
    visit("needed", s.needed);
    visit("bound_sd_ln_tau", s.bounds);
    visit("median_error_over_bound", s.median_error);
    visit("mean_width_over_bound", s.mean_width);
    visit("covered", s.covered);
    visit("intervals", s.intervals);
    visit("missed", s.missed);
  }
};

/// Criteria beyond `fewest_right`, where `judged_on_errors`: median error at most 1.5 times the
/// bound, mean width at most 1.3 times the bound's, 53 of 60 intervals cover.
TauScore tau_score(const TauCase& c, const std::vector<TauTrial>& trials);

struct TauBenchmarkOptions {
  std::filesystem::path trials;   ///< Estimates are stored here, and taken from here if they exist.
  int seeds = 20;                 ///< 1 .. seeds.
  int threads = 2;                ///< At most; no result depends on it.
  std::vector<std::string> only;  ///< Names of cases; empty: all.
};

struct TauBenchmark {
  std::vector<TauScore> scores;

  template <class Self, class Visitor>
  static void fields(Self& b, Visitor& visit) {
    visit("scores", b.scores);
  }
};

/// Runs all seeds of all cases and writes <case>_<seed>.json into the folder of the trials. Throws
/// ConfigError for a name that is no case's, and DataError where files cannot be written.
TauBenchmark run_tau_benchmark(const TauBenchmarkOptions& options, const Progress& progress);

/// The scores as a table.
Table tau_benchmark_table(const std::vector<TauScore>& scores);

}  // namespace psi_xlstm
