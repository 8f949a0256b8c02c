#include "bench/tau_benchmark.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tau/estimate.hpp"

namespace psi_xlstm {
namespace {

const std::vector<TauCase>& cases() {
  static const std::vector<TauCase> all = tau_cases();
  return all;
}

const TauCase& case_named(const std::string& part) {
  return *std::find_if(cases().begin(), cases().end(),
                       [&](const TauCase& c) { return c.name.find(part) != std::string::npos; });
}

// Seeds beside those of the published table.
std::vector<TauTrial> trials_of(const TauCase& c, int count, const tau::EstimateOptions& options) {
  std::vector<TauTrial> trials;
  for (int seed = 1001; seed < 1001 + count; ++seed) {
    trials.push_back(tau_trial(c, seed, tau::estimate(c.draw(seed), options)));
  }
  return trials;
}

std::string missed(const TauScore& score) {
  std::string out;
  for (const std::string& m : score.missed) out += m + "; ";
  return out;
}

TEST(TauBenchmark, TellsThreeTimeConstantsWithHonestIntervals) {
  const TauCase& c = case_named("bursts, 0.34");
  const TauScore score = tau_score(c, trials_of(c, 3, {}));
  EXPECT_TRUE(score.passed()) << missed(score);
  EXPECT_EQ(score.right, 3);
}

TEST(TauBenchmark, CountsTheProcessesOfDesignedRecords) {
  int designed = 0;
  for (const TauCase& c : cases()) {
    if (!c.name.starts_with("designed, ")) continue;
    for (double bound : c.bounds) EXPECT_LE(bound, 0.15) << c.name;
    const TauScore score = tau_score(c, trials_of(c, 3, {}));
    EXPECT_EQ(score.right, 3) << c.name << ": " << missed(score);
    ++designed;
  }
  EXPECT_EQ(designed, 4);
}

TEST(TauBenchmark, RefusesTheShortRecord) {
  const TauCase& c = case_named("published");
  EXPECT_EQ(tau_score(c, trials_of(c, 3, {})).right, 3);
}

// What the records show instead is named as well.
void expect_memory(const TauCase& c, tau::Memory memory) {
  const std::vector<TauTrial> trials = trials_of(c, 3, {});
  EXPECT_EQ(tau_score(c, trials).right, 3) << c.name;
  for (const TauTrial& trial : trials) EXPECT_EQ(trial.memory, tau::text_of(memory)) << c.name;
}

TEST(TauBenchmark, FindsNoFixedTimeConstantsWhereThereAreNone) {
  expect_memory(case_named("stretched"), tau::Memory::kStretched);
  TauCase vteam = case_named("VTEAM");
  vteam.draw = [all = vteam.draw](int seed) {  // a few of the records, for speed
    std::vector<Record> records = all(seed);
    records.resize(4);
    return records;
  };
  expect_memory(vteam, tau::Memory::kBiasDependent);
}

// A program that always refuses, and one that always finds, on the same cases.
TEST(TauBenchmark, BothKindsOfErrorFail) {
  for (const TauCase& c : cases()) {
    TauTrial refusal{.name = c.name,
                     .memory = tau::text_of(tau::Memory::kNone),
                     .taus = {},
                     .low = {},
                     .high = {},
                     .best_verdict = tau::text_of(tau::Verdict::kNotIdentifiable)};
    TauTrial claim{.name = c.name,
                   .k = 2,
                   .memory = tau::text_of(tau::Memory::kFixed),
                   .taus = {1e-3, 2e-3},
                   .low = {0.9e-3, 1.9e-3},
                   .high = {1.1e-3, 2.1e-3},
                   .best_verdict = tau::text_of(tau::Verdict::kIdentified)};
    EXPECT_FALSE(tau_score(c, {refusal, refusal, refusal}).passed()) << c.name;
    const bool two = c.answer == TauAnswer::kTold && c.taus.size() == 2;
    EXPECT_EQ(tau_score(c, {claim, claim, claim}).passed(), two) << c.name;
  }
}

// Wrong values with the right K, and intervals that are too wide or miss the truth, are seen.
TEST(TauBenchmark, JudgesErrorsAndIntervals) {
  const TauCase& c = case_named("bursts, 0.34");
  TauTrial good{.name = c.name,
                .k = 3,
                .memory = tau::text_of(tau::Memory::kFixed),
                .taus = c.taus,
                .low = {},
                .high = {},
                .best_verdict = tau::text_of(tau::Verdict::kIdentified)};
  for (std::size_t k = 0; k < 3; ++k) {
    good.low.push_back(c.taus[k] * (1 - 1.9 * c.bounds[k]));
    good.high.push_back(c.taus[k] * (1 + 1.9 * c.bounds[k]));
  }
  EXPECT_TRUE(tau_score(c, {good, good, good}).passed());
  TauTrial off = good;
  off.taus[1] *= 1 + 2 * c.bounds[1];
  EXPECT_FALSE(tau_score(c, {off, off, off}).passed());
  TauTrial wide = good;
  wide.high[2] *= 1.2;
  EXPECT_FALSE(tau_score(c, {wide, wide, wide}).passed());
  TauTrial narrow = good;
  narrow.low[0] = c.taus[0] * 1.001;
  EXPECT_FALSE(tau_score(c, {narrow, narrow, narrow}).passed());
}

}  // namespace
}  // namespace psi_xlstm
