#include "data/record_check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

Record good_record() {
  return {.id = "1", .time = {0, 1, 2}, .voltage = {{1, 2, 3}}, .current = {{4, 5, 6}}};
}

TEST(RecordCheck, TakesWhatIsGood) {
  EXPECT_NO_THROW(check_waveforms(good_record(), 3));
  Record drive = good_record();
  drive.current.clear();
  drive.voltage[0].assign(3, 0.0);
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
       "record 1: expected as many voltages as times, found 3 and 2"},
      {[](Record& r) { r.current[0].push_back(7); },
       "record 1: expected as many currents as times, found 4 and 3"},
      {[](Record& r) { r.time[2] = 1; },
       "record 1: expected times that increase, found 1 s after 1 s at sample 2"},
      {[](Record& r) { r.time[1] = kNothing; },
       "record 1: expected a finite time at every sample, found nan at sample 1"},
      {[](Record& r) { r.voltage[0][2] = kNothing; },
       "record 1: expected a finite voltage at every sample, found nan at sample 2"},
      {[](Record& r) { r.current[0][0] = kNothing; },
       "record 1: expected a finite current at every sample, found nan at sample 0"},
      {[](Record& r) {
         r.current[0] = {0, 0, 0};
       },
       "record 1: expected a current, found only zeros"},
      {[](Record& r) {
         r.id = "a\nb", r.voltage[0] = {0, 0, 0};
       },
       "record a b: expected a voltage, found only zeros"},
  };
  for (const Case& wrong : cases) {
    Record record = good_record();
    wrong.spoil(record);
    try {
      check_waveforms(record, 3);
      ADD_FAILURE() << "expected: " << wrong.sentence;
    } catch (const DataError& e) {
      EXPECT_EQ(e.what(), wrong.sentence);
    }
  }
  EXPECT_THROW(check_waveforms(good_record(), 4), DataError);
}

}  // namespace
}  // namespace psi_xlstm
