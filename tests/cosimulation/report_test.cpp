#include "cosimulation/report.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace psi_xlstm {
namespace {

CosimRow row(std::optional<bool> passed) {
  return {.path = "osdi",
          .stimulus = "sine",
          .max_abs_err_over_fs = 3e-4,
          .limit = 2e-4,
          .passed = passed};
}

TEST(CosimReport, WithoutAJudgedRowNothingIsVerified) {
  CosimReport report;
  EXPECT_EQ(report.verdict().verdict, Verdict::kNotVerified);
  EXPECT_EQ(report.verdict().reason, "co-simulation: nothing was compared");
  report.checks.push_back({.path = "inference", .stimulus = "steps of 50 ns"});
  report.not_run = {{"ngspice", "osdi", "there is no C compiler"}, {"vacask", "all forms", "none"}};
  EXPECT_EQ(report.verdict().verdict, Verdict::kNotVerified);
  EXPECT_EQ(report.verdict().reason,
            "ngspice, osdi: not run: there is no C compiler; vacask, all forms: not run: none");
}

TEST(CosimReport, FailsWhereOneRowFailsWhateverElseIsMissing) {
  CosimReport report;
  report.checks = {row(true)};
  EXPECT_TRUE(report.verdict().passed());
  EXPECT_EQ(report.verdict().reason, "");
  report.checks.push_back(row(std::nullopt));
  report.checks.back().not_verified = "ngspice did not finish within 120 s";
  EXPECT_EQ(report.verdict().verdict, Verdict::kNotVerified);
  EXPECT_EQ(report.verdict().reason, "co-simulation \"sine\": ngspice did not finish within 120 s");
  report.checks.push_back(row(false));
  EXPECT_EQ(report.verdict().verdict, Verdict::kFailed);
  EXPECT_EQ(report.verdict().reason,
            "co-simulation \"sine\": expected an error of at most 0.0002, found 0.0003");
}

TEST(CosimReport, ARowWithALimitAndNoResultIsNotVerified) {
  EXPECT_EQ(row(std::nullopt).verdict(), Verdict::kNotVerified);
  EXPECT_EQ(CosimRow{}.verdict(), std::nullopt);
}

TEST(JudgeWithoutResult, TellsWhatFailedFromWhatWasNotFinished) {
  CosimOutcome refused{.row = {.stimulus = "sine"}, .reason = "ngspice refused the netlist: x"};
  judge_without_result(refused);
  EXPECT_EQ(refused.row.verdict(), Verdict::kFailed);
  CosimOutcome late{.row = {.stimulus = "sine"}, .reason = "no reference", .not_finished = true};
  judge_without_result(late);
  EXPECT_EQ(late.row.verdict(), Verdict::kNotVerified);
  EXPECT_EQ(late.row.not_verified, "no reference");
}

TEST(RelativeDifference, CountsWhatTheSimulatorTells) {
  const CurrentScales scales{.least = 1e-19, .resolved = 1e-18};
  EXPECT_EQ(relative_difference(2.1e-19, -2.5e-20, scales), 0);
  EXPECT_NEAR(relative_difference(-1e-6, -1.001e-6, scales), 1e-3, 1e-9);
  EXPECT_NEAR(relative_difference(0, 3e-18, scales), 20, 1e-9);  // of the least current
}

}  // namespace
}  // namespace psi_xlstm
