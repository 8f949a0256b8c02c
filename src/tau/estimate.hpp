#pragma once

/// @file
/// Time constants from records: how many there are, their values with 95 % intervals, and whether
/// the records can tell them at all.
///
/// Axes: K processes.

#include <optional>
#include <string>
#include <vector>

#include "tau/bias_rates.hpp"
#include "tau/intervals.hpp"

namespace psi_xlstm::tau {

/// What a record says about one time constant.
enum class Verdict {
  kIdentified,       ///< The interval is within 30 % of the value.
  kWeak,             ///< The interval spans no more than a decade.
  kNotIdentifiable,  ///< It spans more, or the value leans on what the record cannot show.
};

/// "identified", "weak", "not identifiable".
std::string text_of(Verdict verdict);

/// What kind of memory the records speak for.
enum class Memory {
  kNone,           ///< A static curve explains them.
  kFixed,          ///< Relaxations with fixed time constants.
  kStretched,      ///< A stretched exponential: a continuum of them, no fixed ones.
  kBiasDependent,  ///< Rates that depend on bias or state, no fixed ones.
  kUnexplained,    ///< No number of fixed time constants explains them.
};

/// "none", "fixed time constants", "stretched exponential", ...
std::string text_of(Memory memory);

struct ProcessEstimate {
  double tau = 0;                   ///< [s]
  std::optional<double> low, high;  ///< 95 % interval [s]; without a value where there is no limit.
  double sd_ln_tau = 0;             ///< Of Gauss-Newton, or the sandwich.
  bool profile = false;             ///< The interval is that of the profile likelihood.
  double amplitude = 0;             ///< a_k [S or A, per unit of u].
  /// Time constant and sd where slower relaxations are allowed for (SlowCheck).
  double tau_beside_slow = 0, sd_beside_slow = 0;
  Verdict verdict = Verdict::kNotIdentifiable;
  std::string reason;  ///< One sentence.
};

struct EstimateOptions {
  ChoiceOptions choice;
  bool bias_dependent = true;  ///< Try rates that depend on bias where fixed ones leave structure.
  int threads = 1;             ///< No result depends on it.
};

struct TauEstimate {
  Choice choice;
  RefinedFit fit;  ///< Of the chosen number of fixed relaxations.
  Memory memory = Memory::kNone;
  std::string conclusion;                  ///< One sentence.
  std::vector<ProcessEstimate> processes;  ///< Empty unless `memory` is kFixed, [K].
  std::optional<BiasRates> bias_rates;     ///< Where they were tried.
  double duration = 0;                     ///< Of the longest record [s].
  double sample_step = 0;                  ///< Shortest median step [s].
  std::vector<std::string> warnings;

  /// The best verdict of the processes; kNotIdentifiable where there are none.
  Verdict best_verdict() const;
};

/// Estimates from `records` of one device. Throws as choose_memory() does.
TauEstimate estimate(const std::vector<Record>& records, const EstimateOptions& options);

}  // namespace psi_xlstm::tau
