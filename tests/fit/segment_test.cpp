#include "fit/segment.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

// Six samples with numbers that are easy to sum.
Record six_samples() {
  return {.time = {0, 1, 3, 4, 6, 7},
          .voltage = {{1, 2, -1, 0, 3, 1}},
          .current = {{2, 3, -2, 1, 7, 2}}};
}

Record noisy(int count) {
  Rng rng(3);
  Record record;
  record.voltage.resize(1);
  record.current.resize(1);
  for (int k = 0; k < count; ++k) {
    record.time.push_back(k == 0 ? 0 : record.time.back() + rng.uniform(0.5, 1.5) * 1e-6);
    record.voltage[0].push_back(std::sin(0.05 * k));
    record.current[0].push_back(2e-4 * record.voltage[0].back() + 1e-5 * rng.normal());
  }
  return record;
}

TEST(StartConductance, IsTheSlopeOfLeastSquaresWithItsDeviation) {
  const StartConductance all = start_conductance(six_samples(), 0, 6, 0.5);
  EXPECT_DOUBLE_EQ(all.value, 33.0 / 16);  // sum VI / sum VV
  EXPECT_DOUBLE_EQ(all.log_sd, 0.5 / 4 / (33.0 / 16));
  EXPECT_EQ(all.samples, 6);
  const StartConductance middle = start_conductance(six_samples(), 1, 2, 0.5);
  EXPECT_DOUBLE_EQ(middle.value, 8.0 / 5);
  EXPECT_EQ(middle.samples, 2);
}

// A second port would be left out without a word.
TEST(Segments, AreOfRecordsWithOnePort) {
  Record record = six_samples();
  record.id = "gate";
  record.voltage.push_back(record.voltage[0]);
  record.current.push_back(record.current[0]);
  try {
    make_segments(record, {});
    FAIL() << "expected a DataError";
  } catch (const DataError& e) {
    EXPECT_STREQ(e.what(), "record gate: expected one port, found 2");
  }
  EXPECT_THROW(start_conductance(record, 0, 6, 0.5), DataError);
}

TEST(StartConductance, StopsAtTheEndAndKnowsWhenNothingIsSaid) {
  EXPECT_EQ(start_conductance(six_samples(), 4, 100, 1).samples, 2);
  EXPECT_EQ(start_conductance(six_samples(), 3, 1, 1).value, 0.0);
  EXPECT_EQ(start_conductance(six_samples(), 3, 1, 1).log_sd, 0.0);
}

// By hand: two samples in a block, 1 A of noise.
TEST(MakeSegments, SumsBlocksByHand) {
  const auto segments =
      make_segments(six_samples(), {.decimation = 2, .start = {.value = 4, .log_sd = 0.1}});
  ASSERT_EQ(segments.size(), 1U);
  const Segment& s = segments[0];
  EXPECT_EQ(s.voltage_left, 1);
  EXPECT_DOUBLE_EQ(s.log_conductance, std::log(4));
  EXPECT_DOUBLE_EQ(s.log_conductance_sd, 0.1);
  EXPECT_EQ(s.samples, 6);
  ASSERT_EQ(s.blocks.size(), 3U);
  EXPECT_EQ(s.blocks[0].duration, 3);
  EXPECT_EQ(s.blocks[0].voltage_right, -1);
  EXPECT_EQ(s.blocks[0].svv, 5);
  EXPECT_EQ(s.blocks[0].svi, 8);
  EXPECT_DOUBLE_EQ(s.blocks[0].voltage, 9.0 / 5);       // (1 + 8) / 5
  EXPECT_DOUBLE_EQ(s.blocks[0].position, 4.0 / 5 / 3);  // (1 * 0 + 4 * 1) / 5 of 3 s
  EXPECT_EQ(s.blocks[2].duration, 1);                   // the last one ends at its last sample
  EXPECT_EQ(s.blocks[2].voltage_right, 1);
  EXPECT_DOUBLE_EQ(s.blocks[2].position, 0.1);
  // sum SII - SVI^2 / SVV over the three blocks.
  EXPECT_DOUBLE_EQ(s.misfit_inside, (13 - 64.0 / 5) + (5 - 4.0 / 1) + (53 - 529.0 / 10));
}

// The identity of segment.hpp for any G, at any decimation, the last block short or not.
TEST(MakeSegments, LosesNothingOfChiSquare) {
  const Record record = noisy(203);
  for (int decimation : {1, 2, 7, 29, 203, 500}) {
    const auto segments =
        make_segments(record, {.decimation = decimation, .noise_sd = 1e-5, .start = {.value = 1}});
    ASSERT_EQ(segments.size(), 1U);
    EXPECT_EQ(segments[0].samples, 203);
    for (double g : {1.9e-4, 2e-4, 3e-4}) {
      double direct = 0, sums = segments[0].misfit_inside;
      for (std::size_t k = 0; k < record.size(); ++k) {
        direct += std::pow((record.current[0][k] - g * record.voltage[0][k]) / 1e-5, 2);
      }
      for (const Block& b : segments[0].blocks) {
        if (b.svv > 0) sums += b.svv * std::pow((g - b.svi / b.svv) / 1e-5, 2);
      }
      EXPECT_NEAR(sums / direct, 1, 1e-11) << decimation;
    }
  }
}

TEST(MakeSegments, StepsFromEdgeToEdgeWithoutGap) {
  const Record record = noisy(100);
  for (int decimation : {1, 3, 9, 99, 100}) {
    const Segment segment =
        make_segments(record, {.decimation = decimation, .start = {.value = 1}})[0];
    double duration = 0;
    for (const Block& b : segment.blocks) {
      duration += b.duration;
      EXPECT_GE(b.position, 0);
      EXPECT_LE(b.position, 1);
    }
    EXPECT_NEAR(duration, record.time.back(), 1e-18) << decimation;
    EXPECT_EQ(segment.blocks.back().voltage_right, record.voltage[0].back());
  }
}

TEST(MakeSegments, SkippedSamplesMoveTheStateButDoNotCount) {
  const Segment s =
      make_segments(six_samples(), {.decimation = 2, .skip = 3, .start = {.value = 1}})[0];
  ASSERT_EQ(s.blocks.size(), 3U);
  EXPECT_EQ(s.samples, 3);
  EXPECT_EQ(s.blocks[0].svv, 0);
  EXPECT_EQ(s.blocks[0].duration, 3);
  EXPECT_EQ(s.blocks[1].svv, 0);  // the voltage of sample 3 is 0
  EXPECT_EQ(s.blocks[2].svi, 23);
  EXPECT_DOUBLE_EQ(s.misfit_inside, 1 + (53 - 529.0 / 10));
}

TEST(MakeSegments, WindowsStartWithTheirOwnConductance) {
  const Record record = noisy(210);
  const auto windows = make_segments(record, {.decimation = 1,
                                              .window = 50,
                                              .window_prefix = 20,
                                              .noise_sd = 1e-6,
                                              .start = {.value = 1},
                                              .correction = 5});
  ASSERT_EQ(windows.size(), 4U);  // the rest of 10 samples is less than half a window
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const int first = 50 * static_cast<int>(i);
    const StartConductance g = start_conductance(record, first, 20, 1e-6);
    EXPECT_DOUBLE_EQ(windows[i].log_conductance, std::log(g.value));
    EXPECT_EQ(windows[i].correction, -1);
    EXPECT_EQ(windows[i].samples, 50);
    EXPECT_EQ(windows[i].voltage_left, record.voltage[0][50 * i]);
    EXPECT_EQ(windows[i].blocks.back().voltage_right, record.voltage[0][50 * i + 50]);
  }
}

TEST(MakeSegments, LeavesOutWindowsThatDoNotKnowTheirStart) {
  Record record = noisy(200);
  for (std::size_t k = 50; k < 70; ++k) record.voltage[0][k] = 0;
  for (std::size_t k = 100; k < 120; ++k) record.current[0][k] = -record.voltage[0][k];
  const auto windows = make_segments(record, {.window = 50, .noise_sd = 1e-6});
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(windows[1].voltage_left, record.voltage[0][150]);
}

TEST(MakeSegments, AWindowAsLongAsTheRecordIsTheRecord) {
  const auto whole =
      make_segments(noisy(50), {.window = 50, .start = {.value = 3}, .correction = 2});
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].correction, 2);
  EXPECT_DOUBLE_EQ(whole[0].log_conductance, std::log(3));
}

}  // namespace
}  // namespace psi_xlstm::fit
