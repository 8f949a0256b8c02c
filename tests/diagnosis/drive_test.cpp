#include "diagnosis/drive.hpp"

#include <gtest/gtest.h>

#include "diagnosis/made_records.hpp"

namespace psi_xlstm {
namespace {

using testing::record_of;

TEST(DriveOf, CountsThePeriodsOfASine) {
  for (double periods : {3.0, 4.5, 20.0}) {
    const Drive drive = drive_of(record_of({.periods = periods}));
    EXPECT_NEAR(drive.periods, periods, 0.06) << periods;
    EXPECT_NEAR(drive.period.value(), 1e-3, 1e-8);
    EXPECT_NEAR(drive.samples_per_period.value(), 200, 1e-9);
  }
  EXPECT_EQ(drive_of(record_of({.periods = 1})).periods, 1);
  EXPECT_FALSE(drive_of(record_of({.periods = 1})).period.has_value());
}

TEST(DriveOf, OfOneSwingIsAtMostOne) {
  Record record = record_of({.periods = 1});
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] = static_cast<double>(k);
  }
  EXPECT_EQ(drive_of(record).periods, 1);
}

TEST(DriveOf, IsNotMovedByASmallToneOnALargeSwing) {
  Record record = record_of({.periods = 5});
  for (std::size_t k = 0; k < record.size(); ++k) {
    record.voltage[0][k] += 0.1 * (k % 2 == 0 ? 1 : -1);
  }
  EXPECT_NEAR(drive_of(record).periods, 5, 0.06);
}

}  // namespace
}  // namespace psi_xlstm
