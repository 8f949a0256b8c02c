#include "cosimulation/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "metrics/errors.hpp"

namespace psi_xlstm {
namespace {

// Why `row` failed, one sentence.
std::string missed(const CosimReport& report, const CosimRow& row) {
  const std::string what = fmt::format("co-simulation \"{}\"", row.stimulus);
  for (const CosimOutcome& outcome : report.transients) {
    const bool same = outcome.row.stimulus == row.stimulus && outcome.row.path == row.path &&
                      outcome.row.simulator == row.simulator;
    if (same && !outcome.reason.empty()) return fmt::format("{}: {}", what, outcome.reason);
  }
  if (!row.max_abs_err_over_fs) {
    return fmt::format("{}: expected a result of {}, found none", what, row.simulator);
  }
  if (!row.limit) {
    return fmt::format("{}: expected a large error, found {:.3g}", what, *row.max_abs_err_over_fs);
  }
  return fmt::format("{}: expected an error of at most {:.3g}, found {:.3g}", what, *row.limit,
                     *row.max_abs_err_over_fs);
}

}  // namespace

void compare_currents(CosimRow& row,
                      const std::vector<double>& expected,
                      const std::vector<double>& found) {
  row.max_abs_err_over_fs = max_error_over_full_scale(expected, found);
  row.rmse_over_fs = rmse_over_full_scale(expected, found);
  row.correlation = correlation(expected, found);
  if (row.limit) row.passed = row.max_abs_err_over_fs && *row.max_abs_err_over_fs <= *row.limit;
}

double relative_difference(double expected, double found, const CurrentScales& scales) {
  const double difference = std::max(0.0, std::abs(found - expected) - scales.resolved);
  return difference / std::max(std::abs(expected), scales.least);
}

void judge_control(CosimOutcome& control, double least) {
  if (!control.reason.empty()) {
    judge_without_result(control);
  } else if (control.row.max_abs_err_over_fs) {
    control.row.passed = *control.row.max_abs_err_over_fs >= least;
  } else {
    control.row.not_verified = "the error is not a finite number";
  }
}

void judge_without_result(CosimOutcome& outcome) {
  if (outcome.not_finished) {
    outcome.row.not_verified = outcome.reason;
  } else {
    outcome.row.passed = false;
  }
}

Judgement CosimReport::verdict() const {
  std::string not_verified;
  bool judged = false;
  for (const CosimRow& row : rows()) {
    const std::optional<Verdict> found = row.verdict();
    if (found == Verdict::kFailed) return {Verdict::kFailed, missed(*this, row)};
    if (found == Verdict::kPassed) judged = true;
    if (found != Verdict::kNotVerified || !not_verified.empty()) continue;
    not_verified = fmt::format("co-simulation \"{}\": {}", row.stimulus,
                               row.not_verified.empty() ? "there is no result" : row.not_verified);
  }
  if (not_verified.empty() && judged) return {Verdict::kPassed, ""};
  if (not_verified.empty()) {
    not_verified = not_run.empty() ? "co-simulation: nothing was compared" : left_out();
  }
  return {Verdict::kNotVerified, not_verified};
}

std::string CosimReport::left_out() const {
  std::string text;
  for (const NotRun& none : not_run) {
    text += fmt::format("{}{}, {}: not run: {}", text.empty() ? "" : "; ", none.simulator,
                        none.path, none.why);
  }
  return text;
}

void CosimReport::warn(const CosimOutcome& outcome) {
  if (outcome.reason.empty()) return;
  warnings.push_back(fmt::format("{}: {}", outcome.row.stimulus, outcome.reason));
}

std::vector<CosimRow> CosimReport::rows() const {
  std::vector<CosimRow> all;
  for (const CosimOutcome& outcome : transients) all.push_back(outcome.row);
  all.insert(all.end(), checks.begin(), checks.end());
  return all;
}

}  // namespace psi_xlstm
