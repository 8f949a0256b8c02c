#include "data/record_check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Record good_record(int samples = 50) {
  Record record{.id = "1", .voltage = {{}}, .current = {{}}};
  for (int k = 0; k < samples; ++k) {
    record.time.push_back(k);
    record.voltage[0].push_back(k + 1);
    record.current[0].push_back(k + 4);
  }
  return record;
}

void expect_refused(const std::vector<Record>& records, const std::string& sentence) {
  try {
    check_waveforms(records);
    ADD_FAILURE() << "expected: " << sentence;
  } catch (const DataError& e) {
    EXPECT_EQ(e.what(), sentence);
  }
}

TEST(RecordCheck, TakesWhatIsGood) {
  EXPECT_NO_THROW(check_waveforms(std::vector{good_record()}));
  Record drive = good_record();
  drive.current.clear();
  drive.voltage[0].assign(50, 0.0);
  EXPECT_NO_THROW(check_drive(drive));
}

TEST(RecordCheck, SaysWhatIsWrong) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    std::function<void(Record&)> spoil;
    std::string sentence;
  };
  const std::vector<Case> cases = {
      {[](Record& r) { r.time.pop_back(); },
       "record 1: expected as many voltages as times, found 50 and 49"},
      {[](Record& r) { r.current[0].push_back(7); },
       "record 1: expected as many currents as times, found 51 and 50"},
      {[](Record& r) { r.time[2] = 1; },
       "record 1: expected times that increase, found 1 s after 1 s at sample 2"},
      {[](Record& r) { r.time[1] = kNothing; },
       "record 1: expected a finite time at every sample, found nan at sample 1"},
      {[](Record& r) { r.voltage[0][2] = kNothing; },
       "record 1: expected a finite voltage at every sample, found nan at sample 2"},
      {[](Record& r) { r.current[0][0] = kNothing; },
       "record 1: expected a finite current at every sample, found nan at sample 0"},
      {[](Record& r) { r.current[0].assign(50, 0.0); },
       "record 1: expected a current, found only zeros"},
      {[](Record& r) { r.id = "a\nb", r.voltage[0].assign(50, 0.0); },
       "record a b: expected a voltage, found only zeros"},
  };
  for (const Case& wrong : cases) {
    Record record = good_record();
    wrong.spoil(record);
    expect_refused({record}, wrong.sentence);
  }
}

TEST(RecordCheck, CountsTheSamplesOfEachAndOfAll) {
  EXPECT_NO_THROW(check_waveforms(std::vector{good_record(20), good_record(30)}));
  expect_refused({good_record(49)}, "record 1: expected at least 50 samples, found 49");
  expect_refused({good_record(60), good_record(19)},
                 "record 1: expected at least 20 samples, found 19");
  expect_refused({good_record(24), good_record(25)},
                 "2 records: expected at least 50 samples together, found 49");
}

}  // namespace
}  // namespace psi_xlstm
