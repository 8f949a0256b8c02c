#pragma once

/// @file
/// Which memory the records speak for: the class of response, the static curve, the start, and the
/// number of relaxations, by the Bayesian information criterion
///
///     BIC = sum_r N_r ln(RSS_r / N_r) + p ln N
///
/// (every record has its own noise; p unknowns, N samples of all records), with the stretched
/// exponential as a candidate of its own, and a check on samples that were held out.
///
/// Axes: R records, K processes.

#include <optional>
#include <string>
#include <vector>

#include "tau/constant_rates.hpp"
#include "tau/stretched.hpp"

namespace psi_xlstm::tau {

inline constexpr int kMostProcesses = 5;

/// What is known about the first sample of every record.
enum class StartKnowledge { kRest, kUnknown, kByEvidence };

struct ChoiceOptions {
  std::optional<Response> response;  ///< Empty: all of all_responses() are tried.
  StartKnowledge start = StartKnowledge::kByEvidence;
};

/// The sums of the records for one class of response.
struct PreparedRecords {
  Response response;
  TauGrid grid;
  std::vector<RecordMoments> moments;  ///< With four folds each, [R].
  std::vector<double> variances;       ///< Of the noise, as known so far [A^2], [R].

  int samples() const;
  Problem problem(bool curved, bool free_start) const;
  /// The same with only the samples of one fold, or all but these.
  Problem fold_problem(bool curved, bool free_start, int fold, bool held_out) const;
  double bic(const Problem& problem, const Solution& solution, int processes, int searched) const;
};

/// What was tried for the chosen response, curve and start.
struct Choice {
  PreparedRecords records;
  bool curved = false;
  bool free_start = false;
  std::vector<ConstantRates> fits;  ///< K = 0 .. kMostProcesses.
  std::vector<double> bic;          ///< Of them.
  std::vector<double> held_out;     ///< chi^2 per sample of a quarter, fitted on the rest, of them.
  int processes = 0;                ///< Chosen K among the constant rates.
  StretchedFit stretched;
  double stretched_bic = 0;

  double best_bic() const { return bic[static_cast<std::size_t>(processes)]; }
};

/// Sums the products of all records (checked by check_record()) for `response`.
PreparedRecords prepare(const std::vector<Record>& records, const Response& response);

/// Tries everything. Throws DataError as check_record() does, or if there are no records.
Choice choose_memory(const std::vector<Record>& records, const ChoiceOptions& options);

}  // namespace psi_xlstm::tau
