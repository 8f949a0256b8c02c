#pragma once

/// @file
/// What comparisons of an emitted model with its reference gave, and what they come to.

#include <string>
#include <vector>

#include "metrics/results.hpp"
#include "metrics/verdict.hpp"
#include "simulators/test_circuit.hpp"

namespace psi_xlstm {

/// What one comparison gave.
struct CosimOutcome {
  CosimRow row;
  std::string reason;  ///< Why there is no comparison; empty where there is one.
  /// The reason says nothing about the model: the time ran out, or there is no reference.
  bool not_finished = false;
  double conductance_swing = 0;   ///< max G / min G - 1 along the reference.
  std::vector<double> time;       ///< Of the simulator [s], [N].
  std::vector<double> voltage;    ///< Of the device, reference [V], [N].
  std::vector<double> current;    ///< Of the simulator [A], [N].
  std::vector<double> reference;  ///< Of the reference [A], [N].
  TransientCounters counters;
};

/// Fills the errors of `found` [N] against `expected` [N] into `row` and judges them by its limit,
/// where it has one.
void compare_currents(CosimRow& row,
                      const std::vector<double>& expected,
                      const std::vector<double>& found);

/// What a current is judged by beside its own size.
struct CurrentScales {
  double least = 0;     ///< A smaller current is compared with this one [A].
  double resolved = 0;  ///< The simulator stops where a current changes by less [A].
};

/// How far `found` is from `expected` (both [A]) beyond what the simulator resolves, over the
/// larger of |expected| and the least current: a difference of 1e-19 A is no fault of a model whose
/// currents reach from there to 1e-6 A.
double relative_difference(double expected, double found, const CurrentScales& scales);

/// Judges a negative control: it passes where it is wrong by `least` of full scale or more. Without
/// a comparison as judge_without_result() does.
void judge_control(CosimOutcome& control, double least);

/// Judges the row of an outcome without a comparison: what the simulator could not do with the
/// model failed, all else is not verified.
void judge_without_result(CosimOutcome& outcome);

/// Everything about one model.
struct CosimReport {
  std::vector<CosimOutcome> transients;
  std::vector<CosimRow> checks;  ///< DC, AC, refinement and the frozen control.
  std::vector<std::string> warnings;
  std::vector<NotRun> not_run;
  /// Failed where a row did; else not verified where a row that was to be judged is not, or none
  /// was judged at all.
  Judgement verdict() const;
  /// Which paths could not be run and why, in one text; empty: none.
  std::string left_out() const;
  /// Adds why `outcome` has no comparison, if it has none, to the warnings.
  void warn(const CosimOutcome& outcome);
  std::vector<CosimRow> rows() const;  ///< All rows in order.
};

}  // namespace psi_xlstm
