#pragma once

/// @file
/// What to measure so that time constants can be told, from the Cramer-Rao bound (tau/fisher.hpp),
/// and what keeps a record from telling them.
///
/// A range of time constants counts as told by a record if the bound is small enough for every
/// device of a list: one process alone at each of the range's log-spaced points (four per decade,
/// both ends included), and every two neighbours a factor 3 apart that both lie in the range. Every
/// process has the same gain.

#include <string>
#include <vector>

#include "tau/fisher.hpp"

namespace psi_xlstm::tau {

/// What is to be told, and with what.
struct AdviceRequest {
  double shortest_tau = 0.1e-3;  ///< [s]
  double longest_tau = 10e-3;    ///< [s], > shortest_tau.
  double noise = 0.03;           ///< Of the sd of the current (dimensionless), > 0.
  double amplitude = 1;          ///< Largest voltage [V].
  double sample_rate = 2e6;      ///< [1/s]
  double g0 = 1e-3;              ///< Conductance at rest [S].
  double gain = 0.2;             ///< g_k A^2 of each process over g0 (dimensionless).
  double wanted_sd = 0.15;       ///< Of ln tau, for every process (dimensionless).
};

/// The shortest record that is enough.
struct Advice {
  bool reachable =
      false;  ///< Some record of at most 10,000 longest taus, and 40 million samples, is enough.
  double duration = 0;   ///< Of the shortest such record of log_spaced_bursts() [s].
  double worst_sd = 0;   ///< The largest bound on sd(ln tau) with it.
  double worst_tau = 0;  ///< The process with that bound [s].
  std::string text;      ///< The advice in one or two sentences.
};

/// The devices of the list above for the range of `request`.
std::vector<RelaxationDevice> devices_of_range(const AdviceRequest& request);

/// Finds the shortest record of log-spaced bursts over the range (tau/excitation.hpp) with a bound
/// of at most `wanted_sd` for every device of devices_of_range(). Throws ConfigError if the range,
/// the noise or the sample rate make no sense: a sample must be no longer than a third of the
/// shortest tau.
Advice advise(const AdviceRequest& request);

/// Why a record cannot tell a process.
enum class Limit {
  kNone,          ///< The bound is small enough as it is.
  kShortRecord,   ///< The record is too short against tau.
  kFastDrive,     ///< The excitation has no component that is slow enough.
  kUnknownStart,  ///< The state at the start is unknown.
  kNoise,         ///< Only less noise, or many more samples, would help.
};

/// "record too short against tau", ...
std::string text_of(Limit limit);

/// What limits the bound on the sd of ln tau of one process, and what it would be without that.
struct LimitFound {
  Limit limit = Limit::kNone;
  double sd = 0;          ///< The bound as it is (dimensionless); may be infinite.
  double sd_without = 0;  ///< With the change that names the limit; `sd` for kNone and kNoise.
};

/// What limits the bound of process `k` of `device` under `samples`. Three changes are tried, one
/// at a time: a known start; the same drive ten times in a row; bursts of the same length and
/// amplitude instead; the number of samples stays. The first that brings the bound down to
/// `wanted_sd` is the answer, else the one that lowers it most, provided it more than halves it,
/// else the noise. kNone where the bound is small enough as it is.
LimitFound limit_of(const RelaxationDevice& device,
                    int k,
                    const SampledDrive& samples,
                    const BoundOptions& options,
                    double wanted_sd);

/// "record too short against tau: at best an sd of 320 %, of 4.1 % with ...".
std::string text_of(const LimitFound& found);

}  // namespace psi_xlstm::tau
