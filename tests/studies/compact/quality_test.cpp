#include "studies/compact/quality.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace psi_xlstm {
namespace {

// One test record whose current has a standard deviation of 1 A and noise of 2 % of it.
Dataset dataset() {
  Record record;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int k = 0; k < 400; ++k) {
    record.time.push_back(k);
    record.voltage[0].push_back(std::sin(2 * std::numbers::pi * k / 100));
    record.current[0].push_back(std::sqrt(2.0) * record.voltage[0].back());
  }
  Dataset out{.records = {record}, .split = {.test = {0}}};
  out.noise = 0.02;
  return out;
}

// A model with an error of `error` times the standard deviation.
FitOutcome outcome(double error) {
  FitOutcome out{.usable = true};
  out.predictions = {{.record = 0}};
  out.test.mse = error * error;
  out.test.nrmse_std = error;
  return out;
}

std::vector<BaselineResult> trivial(double error) {
  return {{.name = "mean", .mse = 1.0, .nrmse_std = 1.0},
          {.name = "static polynomial", .mse = error * error, .nrmse_std = error}};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Quality, OfAModelBetterThanEverythingTrivialIsGood) {
  const Quality q = judge_quality(dataset(), outcome(0.05), trivial(0.3), {});
  EXPECT_TRUE(q.judgement.passed()) << q.judgement.reason;
  EXPECT_EQ(first_line(q),
            "error         5 % of sd(I) on the test records, noise 2 %, best trivial 30 % (static "
            "polynomial): 2.5 times the noise");
  EXPECT_EQ(q.remark, "");
}

TEST(Quality, OfAModelNoBetterThanAStaticCurveIsNotGood) {
  const Quality q = judge_quality(dataset(), outcome(0.05), trivial(0.05), {});
  EXPECT_EQ(q.judgement.verdict, Verdict::kFailed);
  EXPECT_EQ(
      first_line(q),
      "the model is not good: no better than the trivial predictor \"static polynomial\" (5 % "
      "and 5 %, noise 2 %)");
  EXPECT_TRUE(judge_quality(dataset(), outcome(0.05), trivial(0.052), {}).judgement.passed());
}

// chi^2 counts in the noise that the fit reckoned with, whatever is known of the true one.
TEST(Quality, OfAllPartsIsInTheNoiseOfTheFit) {
  Dataset records = dataset();
  records.leave_one_out = true;
  FitOutcome first = outcome(0.05);
  first.model.chi2_per_sample = 4;
  first.test.noise_floor = 0.0;
  const Quality q = judge_quality(records, first, trivial(0.3), {});
  EXPECT_NEAR(q.fitted_error, 0.04, 1e-3);  // 2 times 2 % of 1 A
  EXPECT_EQ(q.noise, 0);
}

// A resistor with noise is as good as it can be.
TEST(Quality, OfAStaticDeviceWhoseErrorIsItsNoiseIsGoodAndSaysSo) {
  const Quality q = judge_quality(dataset(), outcome(0.0205), trivial(0.02), {});
  EXPECT_TRUE(q.judgement.passed()) << q.judgement.reason;
  EXPECT_TRUE(holds(q.remark, "the records show no memory")) << q.remark;
  EXPECT_TRUE(holds(first_line(q), "(static polynomial): the records show no memory beyond"));
  EXPECT_FALSE(judge_quality(dataset(), outcome(0.032), trivial(0.031), {}).judgement.passed());
}

TEST(Quality, HasWordsForThePageAndTheResult) {
  EXPECT_EQ(words_for(judge_quality(dataset(), outcome(0.0215), trivial(0.3), {})),
            "as good as the noise allows");
  EXPECT_EQ(words_for(judge_quality(dataset(), outcome(0.05), trivial(0.05), {})),
            "not good: no better than the trivial predictor \"static polynomial\" (5 % and 5 %, "
            "noise 2 %)");
  FitOutcome exact = outcome(0.004);
  exact.test.noise_floor = 0.0;
  EXPECT_EQ(words_for(judge_quality(dataset(), exact, trivial(0.02), {})),
            "5 times better than without memory");
}

TEST(Quality, SaysWhereTheNoiseIsEstimated) {
  Dataset unknown = dataset();
  unknown.noise.reset();
  const Quality q = judge_quality(unknown, outcome(0.006), trivial(0.3), {});
  EXPECT_TRUE(q.noise_estimated);
  EXPECT_TRUE(holds(first_line(q), ", noise taken as 0.5 %, ")) << first_line(q);
}

TEST(Quality, OfAnErrorAboveTenPercentIsGoodOnlyWhereTheNoiseAllowsNoBetter) {
  EXPECT_TRUE(judge_quality(dataset(), outcome(0.099), trivial(0.9), {}).judgement.passed());
  const Quality q = judge_quality(dataset(), outcome(0.101), trivial(0.9), {});
  EXPECT_EQ(q.judgement.verdict, Verdict::kFailed);
  EXPECT_TRUE(holds(first_line(q), "its error is 10.1 % of the standard deviation of the current"))
      << first_line(q);
  Dataset noisy = dataset();
  noisy.noise = 0.08;
  EXPECT_TRUE(judge_quality(noisy, outcome(0.119), trivial(0.9), {}).judgement.passed());
  EXPECT_FALSE(judge_quality(noisy, outcome(0.121), trivial(0.9), {}).judgement.passed());
}

TEST(Quality, UsesTheNoiseThatIsKnown) {
  FitOutcome known = outcome(0.12);
  known.test.noise_floor = 0.09 * 0.09;
  EXPECT_TRUE(judge_quality(dataset(), known, trivial(0.9), {}).judgement.passed());
}

TEST(Quality, AsksForNothingBelowHalfAPercent) {
  FitOutcome exact = outcome(0.007);
  exact.test.noise_floor = 0.0;
  EXPECT_TRUE(judge_quality(dataset(), exact, trivial(0.001), {}).judgement.passed());
  exact.test.mse = 0.008 * 0.008;
  exact.test.nrmse_std = 0.008;
  EXPECT_FALSE(judge_quality(dataset(), exact, trivial(0.001), {}).judgement.passed());
}

TEST(Quality, IsRefusedByAFindingThatRefuses) {
  const Finding active{.kind = FindingKind::kActive,
                       .severity = FindingSeverity::kRefusal,
                       .sentence = "this is an active device"};
  const Quality q = judge_quality(dataset(), outcome(0.03), trivial(0.3), {active});
  EXPECT_EQ(q.judgement.verdict, Verdict::kFailed);
  EXPECT_EQ(first_line(q), "the model is not good: this is an active device");
  Finding warning = active;
  warning.severity = FindingSeverity::kWarning;
  EXPECT_TRUE(judge_quality(dataset(), outcome(0.03), trivial(0.3), {warning}).judgement.passed());
}

TEST(Quality, OfAnErrorThatIsNoNumberIsNotGood) {
  FitOutcome broken{.usable = true};
  broken.predictions = {{.record = 0}};
  EXPECT_EQ(judge_quality(dataset(), broken, {}, {}).judgement.verdict, Verdict::kFailed);
}

TEST(Quality, OfAFitThatFailedIsThatOfItsRecords) {
  const Finding active{.severity = FindingSeverity::kRefusal, .sentence = "active"};
  EXPECT_TRUE(holds(first_line(judge_quality(dataset(), {}, {}, {active})), "active"));
  EXPECT_EQ(first_line(judge_quality(dataset(), {}, {}, {})), "");
}

TEST(Quality, SaysThatTheErrorsAreThoseOfPartsLeftOut) {
  Dataset undivided = dataset();
  undivided.leave_one_out = true;
  const Quality q = judge_quality(undivided, outcome(0.05), trivial(0.3), {});
  EXPECT_TRUE(holds(first_line(q), "on the parts left out one at a time")) << first_line(q);
  FitOutcome fitted = outcome(0.3);
  fitted.model.chi2_per_sample = 4;  // twice the noise of 2 %
  EXPECT_TRUE(holds(first_line(judge_quality(undivided, fitted, trivial(0.9), {})),
                    "allows better; the fit to all of them: 4 %"));
}

}  // namespace
}  // namespace psi_xlstm
