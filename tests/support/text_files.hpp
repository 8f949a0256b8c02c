#pragma once

/// @file
/// A signal as files of text hold it, and what a reader must make of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "psi_xlstm/data/readers/reading.hpp"
#include "support/data_folder.hpp"

namespace psi_xlstm::testing {

// The test signal: what every file below holds at sample k, with four digits that text keeps.
inline double sample_time(int k) { return 0.25 * k; }
inline double sample_voltage(int k) { return std::round(1e4 * std::sin(0.3 * k + 0.1)) / 1e4; }
inline double sample_current(int k) { return std::round(1e4 * std::sin(0.3 * k)) / 1e4 * 1e-6; }

using Row = std::function<std::string(int)>;

inline std::string rows_of(int count, const Row& row) {
  std::string text;
  for (int k = 0; k < count; ++k) text += row(k) + "\n";
  return text;
}

inline std::string with_commas(std::string text) {
  std::replace(text.begin(), text.end(), '.', ',');
  return text;
}

inline bool says(const std::vector<std::string>& remarks, const std::string& text) {
  return std::any_of(remarks.begin(), remarks.end(),
                     [&](const std::string& remark) { return remark.find(text) != remark.npos; });
}

class TextFiles : public ::testing::Test {
 protected:
  Reading read(const std::string& text, const ReadOptions& options = {}) {
    return read_recording(folder_.write("dev.txt", text), options);
  }

  // Reads `text` and compares the record `r` with the test signal from sample `first` on.
  void expect_signal(const Reading& reading, std::size_t r = 0, int first = 0, int count = 60) {
    ASSERT_EQ(reading.problem, "");
    ASSERT_GT(reading.records.size(), r);
    const Record& record = reading.records[r];
    ASSERT_EQ(record.size(), static_cast<std::size_t>(count));
    for (int k = 0; k < count; ++k) {
      const auto at = static_cast<std::size_t>(k);
      ASSERT_NEAR(record.time[at], sample_time(first + k), 1e-9) << k;
      ASSERT_NEAR(record.voltage[0][at], sample_voltage(first + k), 1e-9) << k;
      ASSERT_NEAR(record.current[0][at], sample_current(first + k), 1e-15) << k;
    }
  }

  DataFolder folder_;
};

}  // namespace psi_xlstm::testing
