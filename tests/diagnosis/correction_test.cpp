#include "diagnosis/correction.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "diagnosis/diagnosis.hpp"
#include "diagnosis/made_records.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using testing::made_current;
using testing::MadeRecord;
using testing::record_of;

TEST(Corrections, AreReadFromAText) {
  EXPECT_FALSE(corrections_from("").offset);
  EXPECT_TRUE(corrections_from("offset").offset);
  EXPECT_FALSE(corrections_from("offset").skew);
  EXPECT_TRUE(corrections_from("skew,offset").offset);
  EXPECT_TRUE(corrections_from("skew,offset").skew);
  EXPECT_THROW(corrections_from("gain"), ConfigError);
  EXPECT_THROW(corrections_from("offset;skew"), ConfigError);
}

TEST(Correct, TakesTheOffsetOffEveryRecordAndSaysByHowMuch) {
  const double offset = 2e-6;
  std::vector<Record> records = {record_of({.offset = offset}), record_of({.offset = offset})};
  const auto done = correct(records, {.offset = true});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].severity, FindingSeverity::kRemark);
  EXPECT_NEAR(done[0].value, offset, 0.01 * offset);
  EXPECT_NE(done[0].sentence.find("took 2.00 uA off"), std::string::npos) << done[0].sentence;
  for (const Record& record : records) {
    for (std::size_t k = 0; k < record.size(); ++k) {
      EXPECT_NEAR(record.current[0][k], made_current({}, record.time[k]), 0.01 * offset);
    }
  }
  EXPECT_TRUE(diagnose(records).empty());
}

TEST(Correct, ShiftsTheCurrentBackByPartsOfASample) {
  const MadeRecord made{.delay = 3.7 * 5e-6};  // samples of 5 us
  std::vector<Record> records = {record_of(made)};
  const std::size_t before = records[0].size();
  const auto done = correct(records, {.skew = true});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_NEAR(done[0].value, made.delay, 0.05 * made.delay);
  EXPECT_EQ(records[0].size(), before - 4);
  for (std::size_t k = 0; k < records[0].size(); ++k) {
    const double v = std::sin(2 * std::numbers::pi * 1e3 * records[0].time[k]);
    EXPECT_NEAR(records[0].voltage[0][k], v, 1e-9) << "the voltage stays";
    EXPECT_NEAR(records[0].current[0][k], made_current({}, records[0].time[k]), 1.5e-6);
  }
  EXPECT_TRUE(diagnose(records).empty());
}

TEST(Correct, TakesSamplesAwayAtTheOtherEndWhereTheCurrentIsAhead) {
  std::vector<Record> records = {record_of({.delay = -3.7 * 5e-6})};
  records[0].initial_conductance = 1e-4;
  const double first = records[0].time[4];
  correct(records, {.skew = true});
  EXPECT_EQ(records[0].time.front(), first);
  EXPECT_FALSE(records[0].initial_conductance.has_value()) << "it was that of another sample";
}

TEST(Correct, LeavesAloneWhatIsNotSure) {
  std::vector<Record> records = {record_of({.periods = 3, .samples_per_period = 40, .noise = 0.2})};
  const std::vector<Record> before = records;
  const auto done = correct(records, {.offset = true, .skew = true});
  ASSERT_EQ(done.size(), 2U);
  for (const Finding& finding : done) {
    EXPECT_NE(finding.sentence.find("nothing is"), std::string::npos) << finding.sentence;
    EXPECT_EQ(finding.value, 0);
  }
  EXPECT_EQ(records[0].current, before[0].current);
  EXPECT_EQ(records[0].time, before[0].time);
}

// What is known of the current without noise goes along.
TEST(Correct, TakesTheOffsetOffTheCleanCurrentToo) {
  std::vector<Record> records = {record_of({.offset = 1e-5})};
  records[0].clean_current = records[0].current[0];
  const double before = records[0].clean_current[7];
  const auto done = correct(records, {.offset = true});
  ASSERT_EQ(done.size(), 1U);
  EXPECT_NEAR(done[0].value, 1e-5, 1e-6);
  EXPECT_DOUBLE_EQ(records[0].clean_current[7], before - done[0].value);
}

TEST(Correct, DoesNothingUnasked) {
  std::vector<Record> records = {record_of({.offset = 1e-5})};
  const Record before = records[0];
  EXPECT_TRUE(correct(records, {}).empty());
  EXPECT_EQ(records[0].current, before.current);
}

TEST(Correct, RefusesRecordsOfSeveralPorts) {
  std::vector<Record> records = {record_of({})};
  records[0].voltage.push_back(records[0].voltage[0]);
  EXPECT_THROW(correct(records, {.offset = true}), DataError);
}

}  // namespace
}  // namespace psi_xlstm
