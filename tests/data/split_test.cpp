#include "data/split.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

using Indices = std::vector<int>;

// Samples at 0, 1, 2, ... s; voltage is the number of the sample, the current twice that.
Record record_of(const std::string& id, int samples) {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  record.initial_conductance = 2;
  for (int i = 0; i < samples; ++i) {
    record.time.push_back(i);
    record.voltage[0].push_back(i);
    record.current[0].push_back(2 * i);
    record.clean_current.push_back(2 * i);
  }
  return record;
}

std::vector<Record> records_of(int count, int samples = 100) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) records.push_back(record_of("r" + std::to_string(i), samples));
  return records;
}

Split split_of(int count, const std::string& text) {
  return make_dataset(records_of(count), {.text = text}).split;
}

std::string refusal(std::vector<Record> records, const std::string& text) {
  try {
    make_dataset(std::move(records), {.text = text});
  } catch (const DataError& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(MakeDataset, TakesRangesOfRecords) {
  const Split split = split_of(11, "1-6/7-8/9-11");
  EXPECT_EQ(split.train, (Indices{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(split.validation, (Indices{6, 7}));
  EXPECT_EQ(split.test, (Indices{8, 9, 10}));
}

TEST(MakeDataset, TakesListsAndLeavesOutWhatIsNotNamed) {
  const Split split = split_of(8, "1,3-5/2/6");
  EXPECT_EQ(split.train, (Indices{0, 2, 3, 4}));
  EXPECT_EQ(split.validation, Indices{1});
  EXPECT_EQ(split.test, Indices{5});
}

TEST(MakeDataset, TakesFractionsOfWholeRecords) {
  const Split split = split_of(10, "0.7/0.1/0.2");
  EXPECT_EQ(split.train.size(), 7U);
  EXPECT_EQ(split.validation, Indices{7});
  EXPECT_EQ(split.test, (Indices{8, 9}));
}

TEST(MakeDataset, SplitsSixtyTwentyTwentyByDefault) {
  const Split ten = split_of(10, "");
  EXPECT_EQ(ten.train, (Indices{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(ten.validation, (Indices{6, 7}));
  EXPECT_EQ(ten.test, (Indices{8, 9}));
}

TEST(MakeDataset, GivesEachPartARecordWheneverThereAreThree) {
  for (const char* text : {"", "0.98/0.01/0.01", "0.01/0.01/0.98", "0.01/0.98/0.01"}) {
    for (int count : {3, 4, 7}) {
      const Split split = split_of(count, text);
      EXPECT_GE(split.train.size(), 1U) << text;
      EXPECT_GE(split.validation.size(), 1U) << text;
      EXPECT_GE(split.test.size(), 1U) << text;
      EXPECT_EQ(split.train.size() + split.validation.size() + split.test.size(),
                static_cast<std::size_t>(count));
    }
  }
}

TEST(MakeUndividedDataset, CutsASingleRecordIntoFourPartsThatAreAllOfItsSets) {
  const Dataset dataset = make_undivided_dataset(records_of(1, 203));
  EXPECT_TRUE(dataset.leave_one_out);
  EXPECT_TRUE(dataset.continuous);
  ASSERT_EQ(dataset.records.size(), 4U);
  EXPECT_EQ(dataset.records[0].id, "r0/a");
  EXPECT_EQ(dataset.records[3].id, "r0/d");
  double next = 0;
  for (const Record& record : dataset.records) {
    for (double t : record.time) EXPECT_EQ(t, next++);
  }
  EXPECT_EQ(next, 203);
  EXPECT_EQ(dataset.records[0].initial_conductance, 2);
  EXPECT_FALSE(dataset.records[1].initial_conductance.has_value());
  const Indices all = {0, 1, 2, 3};
  EXPECT_EQ(dataset.split.train, all);
  EXPECT_EQ(dataset.split.validation, all);
  EXPECT_EQ(dataset.split.test, all);
  EXPECT_EQ(make_undivided_dataset(records_of(1, 50)).records.size(), 2U) << "20 samples a part";
  EXPECT_THROW(make_undivided_dataset(records_of(1, 39)), DataError);
}

TEST(MakeUndividedDataset, TakesTwoRecordsAsTheyAre) {
  const Dataset dataset = make_undivided_dataset(records_of(2));
  EXPECT_TRUE(dataset.leave_one_out);
  EXPECT_FALSE(dataset.continuous);
  EXPECT_EQ(dataset.records[1].id, "r1");
  EXPECT_EQ(dataset.split.test, (Indices{0, 1}));
  EXPECT_THROW(make_undivided_dataset({}), DataError);
}

TEST(MakeDataset, CutsASingleRecordInTime) {
  const Dataset dataset = make_dataset(records_of(1, 101), {});
  ASSERT_EQ(dataset.records.size(), 3U);
  EXPECT_TRUE(dataset.continuous);
  EXPECT_EQ(dataset.records[0].id, "r0/a");
  EXPECT_EQ(dataset.records[1].id, "r0/b");
  EXPECT_EQ(dataset.records[2].id, "r0/c");
  EXPECT_EQ(dataset.records[0].size(), 60U);
  EXPECT_EQ(dataset.records[1].time.front(), 60);
  EXPECT_EQ(dataset.records[1].current[0].back(), 2 * 79);
  EXPECT_EQ(dataset.records[2].clean_current.front(), 2 * 80);
  EXPECT_EQ(dataset.records[2].voltage[0].back(), 100);
  EXPECT_EQ(dataset.records[0].initial_conductance, 2);
  EXPECT_EQ(dataset.records[1].initial_conductance, std::nullopt);
  EXPECT_EQ(dataset.split.train, Indices{0});
  EXPECT_EQ(dataset.split.validation, Indices{1});
  EXPECT_EQ(dataset.split.test, Indices{2});
}

TEST(MakeDataset, CutsByTimeAndNotBySamples) {
  Record record = record_of("r", 200);
  for (std::size_t i = 0; i < 200; ++i) record.time[i] *= i < 100 ? 1e-3 : 1;
  const Dataset dataset = make_dataset({record}, {});  // 199 s; 0.6 of it is 119.4 s
  EXPECT_EQ(dataset.records[0].size(), 120U);
}

TEST(MakeDataset, CutsTheFirstOfTwoRecordsForValidation) {
  const Dataset dataset = make_dataset(records_of(2, 101), {});
  ASSERT_EQ(dataset.records.size(), 3U);
  EXPECT_FALSE(dataset.continuous);
  EXPECT_EQ(dataset.records[0].id, "r0/a");
  EXPECT_EQ(dataset.records[0].size(), 75U);
  EXPECT_EQ(dataset.records[1].id, "r0/b");
  EXPECT_EQ(dataset.records[1].size(), 26U);
  EXPECT_EQ(dataset.records[2].id, "r1");
  EXPECT_EQ(dataset.records[2].size(), 101U);
  EXPECT_EQ(dataset.split.test, Indices{2});
}

TEST(MakeDataset, RefusesTextsItCannotRead) {
  EXPECT_EQ(refusal(records_of(4), "1-2/3"),
            "split \"1-2/3\": expected three parts train/validation/test, found 2");
  EXPECT_EQ(refusal(records_of(4), "1-2//4"),
            "split \"1-2//4\": expected records such as 3 or 1-6, found \"\"");
  EXPECT_EQ(refusal(records_of(4), "2-1/3/4"),
            "split \"2-1/3/4\": expected records such as 3 or 1-6, found \"2-1\"");
  EXPECT_EQ(refusal(records_of(4), "one/3/4"),
            "split \"one/3/4\": expected records such as 3 or 1-6, found \"one\"");
  EXPECT_EQ(refusal(records_of(4), "0.6/x/0.2"),
            "split \"0.6/x/0.2\": expected fractions between 0 and 1, found \"x\"");
  EXPECT_EQ(refusal(records_of(4), "0.5/0.2/0.2"),
            "split \"0.5/0.2/0.2\": expected fractions that add up to 1, found the sum 0.9");
}

TEST(MakeDataset, RefusesRecordsThatAreNotThereOrTwice) {
  EXPECT_EQ(refusal(records_of(4), "1-2/3/4-5"),
            "split \"1-2/3/4-5\": expected records from 1 to 4, found 4-5");
  EXPECT_EQ(refusal(records_of(4), "0/3/4"),
            "split \"0/3/4\": expected records from 1 to 4, found 0");
  EXPECT_EQ(refusal(records_of(4), "1-3/3/4"),
            "split \"1-3/3/4\": expected each record once, found record 3 in training and "
            "validation");
  EXPECT_EQ(refusal(records_of(4), "1/2/4,4"),
            "split \"1/2/4,4\": expected each record once, found record 4 in test and test");
}

TEST(MakeDataset, LeavesTheRemarksWithTheFirstPiece) {
  std::vector<Record> records = records_of(1, 200);
  records[0].remarks = {"said once"};
  const Dataset dataset = make_dataset(records, {});
  EXPECT_EQ(dataset.records[0].remarks.size(), 1U);
  EXPECT_TRUE(dataset.records[1].remarks.empty());
  EXPECT_TRUE(dataset.records[2].remarks.empty());
}

TEST(MakeDataset, RefusesPiecesThatAreTooShort) {
  EXPECT_EQ(refusal(records_of(1, 60), ""),
            "record \"r0\": expected at least 20 samples in each of its parts, found 12: give a "
            "longer record, or several and --split");
  EXPECT_EQ(refusal({}, ""), "make_dataset: expected at least one record, found none");
}

}  // namespace
}  // namespace psi_xlstm
