#include "diagnosis/diagnosis.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "diagnosis/made_records.hpp"

namespace psi_xlstm {
namespace {

using testing::MadeRecord;
using testing::record_of;

// The standard deviation of the current of a MadeRecord.
double deviation(const MadeRecord& made) { return current_deviation({record_of(made)}); }

// The finding of `kind`, or nothing.
const Finding* of_kind(const std::vector<Finding>& findings, FindingKind kind) {
  const auto it = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& f) { return f.kind == kind; });
  return it == findings.end() ? nullptr : &*it;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void expect_nothing(const std::vector<Finding>& findings) {
  for (const Finding& f : findings) ADD_FAILURE() << f.sentence;
}

TEST(Diagnosis, FindsNothingInARecordOfAMemristor) {
  expect_nothing(diagnose({record_of({})}));
  expect_nothing(diagnose({record_of({.noise = 0.03})}, {.noise = 0.03}));
  expect_nothing(diagnose({record_of({.noise = 0.3})}));
  for (int samples : {12, 14, 15, 16, 18, 20, 24, 40, 1000}) {
    expect_nothing(diagnose({record_of({.periods = 20, .samples_per_period = samples})}));
  }
  expect_nothing(diagnose({}));
}

TEST(Diagnosis, FindsAnOffsetAboveOnePercentOfTheDeviation) {
  const double sd = deviation({});
  for (double share : {0.015, -0.015, 0.2}) {
    const auto findings = diagnose({record_of({.offset = share * sd, .noise = 0.01})});
    const Finding* found = of_kind(findings, FindingKind::kOffset);
    ASSERT_NE(found, nullptr) << share;
    EXPECT_NEAR(found->value, share * sd, 0.1 * std::abs(share) * sd);
    EXPECT_EQ(found->severity, FindingSeverity::kWarning);
    EXPECT_EQ(found->unit, "A");
    EXPECT_TRUE(holds(found->sentence, "--correct offset")) << found->sentence;
    EXPECT_EQ(findings.size(), 1U);
  }
  expect_nothing(diagnose({record_of({.offset = 0.007 * sd, .noise = 0.01})}));
}

TEST(Diagnosis, DoesNotCallAnOffsetWhatMayBeNoise) {
  const MadeRecord noisy{.periods = 3.5, .samples_per_period = 40, .noise = 0.2};
  EXPECT_EQ(of_kind(diagnose({record_of(noisy)}), FindingKind::kOffset), nullptr);
}

TEST(Diagnosis, FindsASkewAboveOnePercentOfTheDeviationBetweenSamples) {
  const double radian = 1 / (2 * std::numbers::pi * 1e3);  // [s]
  for (double share : {0.02, -0.02}) {
    const auto findings = diagnose({record_of({.delay = share * radian})});
    const Finding* found = of_kind(findings, FindingKind::kSkew);
    ASSERT_NE(found, nullptr) << share;
    EXPECT_NEAR(found->value, share * radian, 0.05 * std::abs(share) * radian);
    EXPECT_EQ(holds(found->sentence, "a capacitance of"), share < 0) << found->sentence;
    EXPECT_TRUE(holds(found->sentence, " samples and 2 % of its")) << found->sentence;
    EXPECT_EQ(findings.size(), 1U);
  }
  expect_nothing(diagnose({record_of({.delay = 0.007 * radian})}));
}

TEST(Diagnosis, TellsAnOffsetAndASkewApart) {
  const double sd = deviation({}), delay = 0.05 / (2 * std::numbers::pi * 1e3);
  const auto findings = diagnose({record_of({.offset = 0.05 * sd, .delay = delay})});
  ASSERT_NE(of_kind(findings, FindingKind::kOffset), nullptr);
  ASSERT_NE(of_kind(findings, FindingKind::kSkew), nullptr);
  EXPECT_NEAR(of_kind(findings, FindingKind::kOffset)->value, 0.05 * sd, 0.003 * sd);
  EXPECT_NEAR(of_kind(findings, FindingKind::kSkew)->value, delay, 0.05 * delay);
}

// One crossing in one direction: the number belongs to either.
TEST(Diagnosis, SaysThatOneCrossingCannotTellAnOffsetFromASkew) {
  const auto findings = diagnose({record_of({.periods = 1, .offset = 0.1 * deviation({})})});
  const Finding* found = of_kind(findings, FindingKind::kOffset);
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(holds(found->sentence, "or a delay of")) << found->sentence;
}

TEST(Diagnosis, FindsFewerThanTenSamplesInAPeriod) {
  const auto findings = diagnose({record_of({.periods = 50, .samples_per_period = 8})});
  const Finding* found = of_kind(findings, FindingKind::kSampling);
  ASSERT_NE(found, nullptr);
  EXPECT_NEAR(found->value, 8, 1e-9);
  EXPECT_TRUE(holds(found->sentence, "8 samples in a period of 1.00 ms")) << found->sentence;
  expect_nothing(diagnose({record_of({.periods = 50, .samples_per_period = 12})}));
}

TEST(Diagnosis, FindsNoiseThatIsNotWhatWasTold) {
  const std::vector<Record> records = {record_of({.noise = 0.03})};
  for (double told : {0.01, 0.1}) {
    const auto findings = diagnose(records, {.noise = told});
    const Finding* found = of_kind(findings, FindingKind::kNoise);
    ASSERT_NE(found, nullptr) << told;
    EXPECT_NEAR(found->value, 3, 0.4);
  }
  for (double told : {0.02, 0.03, 0.05}) expect_nothing(diagnose(records, {.noise = told}));
}

// With 12 samples in a period the curvature looks like 5 % of noise.
TEST(Diagnosis, DoesNotTakeCurvatureForNoise) {
  const MadeRecord coarse{.periods = 50, .samples_per_period = 12};
  EXPECT_EQ(of_kind(diagnose({record_of(coarse)}, {.noise = 1e-3}), FindingKind::kNoise), nullptr);
}

// Constant-current steps of a cell of 3 V with 0.05 ohm, resting at first.
Record cell(double first_charge) {
  Record record;
  record.id = "cell";
  record.voltage.resize(1);
  record.current.resize(1);
  double charge = first_charge;
  for (int k = 0; k < 300; ++k) {
    const double current = k < 60 ? 0 : k < 160 ? -10 : k < 180 ? 0 : 10;
    charge += current;
    record.time.push_back(k);
    record.voltage[0].push_back(3.096 + 4e-4 * charge + 0.05 * current);
    record.current[0].push_back(current);
  }
  return record;
}

TEST(Diagnosis, CallsACellAnActiveDevice) {
  const auto findings = diagnose({cell(0)});
  ASSERT_FALSE(findings.empty());
  const Finding& first = findings.front();
  EXPECT_EQ(first.kind, FindingKind::kActive);
  EXPECT_EQ(first.severity, FindingSeverity::kRefusal);
  EXPECT_NEAR(first.value, 3.096, 1e-12);
  EXPECT_TRUE(holds(first.sentence, "this is an active device: I = 0 A at V = 3.1 V"))
      << first.sentence;
}

// A capacitance beside the device: the part of its energy that comes back.
Record with_capacitance(double susceptance_over_conductance) {
  const MadeRecord made;
  Record record = record_of(made);
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.current[0][k] += susceptance_over_conductance * made.conductance *
                            std::cos(2 * std::numbers::pi * made.frequency * record.time[k]);
  }
  return record;
}

TEST(Diagnosis, SeesThatADeviceStoresCharge) {
  const auto findings = diagnose({with_capacitance(2)});
  const Finding* found = of_kind(findings, FindingKind::kCharge);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->severity, FindingSeverity::kRefusal);
  EXPECT_GT(found->value, 2);
  const auto little = diagnose({with_capacitance(0.2)});  // less than 2 % comes back
  EXPECT_EQ(of_kind(little, FindingKind::kCharge), nullptr);
  EXPECT_NE(of_kind(little, FindingKind::kSkew), nullptr) << "it looks like a skew";
}

// A solar cell and a large offset look alike: the offset explains all that comes out.
TEST(Diagnosis, SaysThatALargeOffsetMayBeAnActiveDevice) {
  const auto findings = diagnose({record_of({.offset = -1.5 * deviation({})})});
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings.front().kind, FindingKind::kOffset);
  EXPECT_EQ(findings.front().severity, FindingSeverity::kRefusal);
  EXPECT_TRUE(holds(findings.front().sentence, "an active device, or an offset"));
}

TEST(Diagnosis, SaysThatTheCurrentIsCountedTheOtherWayRound) {
  const auto findings = diagnose({record_of({.conductance = -1e-4})});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings.front().kind, FindingKind::kReversed);
  EXPECT_TRUE(holds(findings.front().sentence, "use --sign -1"));
}

std::vector<Record> two(double first, double second) {
  return {record_of({.conductance = first}, "a"), record_of({.conductance = second}, "b"),
          record_of({.conductance = first}, "c")};
}

// Each record spans a factor of 3.
TEST(Diagnosis, FindsRecordsOfAnotherDevice) {
  const auto findings = diagnose(two(1e-4, 1e-2));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings.front().kind, FindingKind::kMixed);
  EXPECT_EQ(findings.front().record, "b");
  EXPECT_NEAR(findings.front().value, 35, 3);
  EXPECT_TRUE(holds(findings.front().sentence, "\"b\" conduct at most")) << findings[0].sentence;
  expect_nothing(diagnose(two(1e-4, 2.5e-3)));
}

TEST(Diagnosis, FindsARecordWhoseCurrentIsCountedTheOtherWayRound) {
  const auto findings = diagnose(two(1e-4, -1e-4));
  ASSERT_NE(of_kind(findings, FindingKind::kMixed), nullptr);
  EXPECT_TRUE(holds(of_kind(findings, FindingKind::kMixed)->sentence, "counted the other way"));
}

// The mean of noise has some sign.
TEST(Diagnosis, TakesNoSignFromARecordOfNoiseAlone) {
  std::vector<Record> records = two(1e-4, -1e-4);
  for (std::size_t k = 0; k < records[1].size(); ++k) {
    records[1].current[0][k] = k % 2 == 0 ? -1e-9 : 0.9e-9;
  }
  const auto findings = diagnose(records);
  const Finding* const mixed = of_kind(findings, FindingKind::kMixed);
  EXPECT_TRUE(mixed == nullptr || !holds(mixed->sentence, "counted the other way"))
      << mixed->sentence;
}

TEST(Diagnosis, FindsThatTheVoltageStandsStill) {
  const MadeRecord held{.amplitude = 0.004, .bias = 1};
  const Finding* found = nullptr;
  const auto findings = diagnose({record_of(held)});
  found = of_kind(findings, FindingKind::kOneVoltage);
  ASSERT_NE(found, nullptr);
  EXPECT_NEAR(found->value, 1, 1e-3);
  EXPECT_EQ(
      of_kind(diagnose({record_of({.amplitude = 0.01, .bias = 1})}), FindingKind::kOneVoltage),
      nullptr);
  EXPECT_EQ(of_kind(diagnose({record_of(held), record_of({})}), FindingKind::kOneVoltage), nullptr);
}

TEST(Diagnosis, FindsFewerThanThreePeriodsInARecordThatWouldBeDivided) {
  for (double periods : {0.5, 1.0, 2.0, 2.8}) {
    const std::vector<Record> one = {record_of({.periods = periods})};
    EXPECT_TRUE(too_few_periods(one)) << periods;
    const auto findings = diagnose(one);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings.front().kind, FindingKind::kFewPeriods);
    EXPECT_TRUE(holds(findings.front().sentence, "all of it is fitted"));
    EXPECT_TRUE(holds(diagnose(one, {.divide = true}).front().sentence, "leave --split out"));
  }
  EXPECT_NEAR(diagnose({record_of({.periods = 1})}).front().value, 1, 1e-9);
  EXPECT_FALSE(too_few_periods({record_of({.periods = 3})}));
  EXPECT_FALSE(too_few_periods({record_of({.periods = 3.2})}));
  const Record brief = record_of({.periods = 1});
  EXPECT_TRUE(too_few_periods({brief, brief}));
  EXPECT_FALSE(too_few_periods({brief, brief, brief})) << "three whole records need no cut";
}

TEST(Diagnosis, PutsRefusalsFirst) {
  const auto findings = diagnose({record_of({.periods = 1}), cell(0), record_of({})});
  ASSERT_GE(findings.size(), 2U);
  for (std::size_t k = 1; k < findings.size(); ++k) {
    EXPECT_GE(static_cast<int>(findings[k - 1].severity), static_cast<int>(findings[k].severity));
  }
}

TEST(Diagnosis, LeavesOutWhatIsNoTransientOfOnePort) {
  Record dc = record_of({.offset = 1e-4});
  dc.kind = RecordKind::kDc;
  Record two_ports = record_of({.offset = 1e-4});
  two_ports.voltage.push_back(two_ports.voltage[0]);
  expect_nothing(diagnose({dc, two_ports}));
}

}  // namespace
}  // namespace psi_xlstm
