#include "diagnosis/drive.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

// The samples at which the voltage has gone from one side of its middle to the other.
std::vector<std::size_t> swings_of(const std::vector<double>& voltage) {
  constexpr double kBeyond = 1.0 / 8;  // of the range
  const auto [low, high] = std::minmax_element(voltage.begin(), voltage.end());
  const double middle = (*low + *high) / 2, margin = kBeyond * (*high - *low);
  std::vector<std::size_t> swings;
  int side = 0;
  for (std::size_t k = 0; k < voltage.size(); ++k) {
    const double away = voltage[k] - middle;
    const int now = away > margin ? 1 : away < -margin ? -1 : 0;
    if (now == 0) continue;
    if (side != 0 && now != side) swings.push_back(k);
    side = now;
  }
  return swings;
}

}  // namespace

Drive drive_of(const Record& record) {
  const std::vector<std::size_t> swings = swings_of(record.voltage[0]);
  const auto count = static_cast<double>(swings.size());
  const double length = record.time.back() - record.time.front();
  const double whole = length + length / static_cast<double>(record.size() - 1);
  Drive drive{.periods = (count + 1) / 2};
  if (swings.size() < 2) return drive;
  if (swings.size() == 2) {
    const double half = record.time[swings[1]] - record.time[swings[0]];
    drive.periods = std::min(drive.periods, whole / (2 * half));
    return drive;
  }
  std::vector<double> periods, samples;
  for (std::size_t k = 2; k < swings.size(); ++k) {
    periods.push_back(record.time[swings[k]] - record.time[swings[k - 2]]);
    samples.push_back(static_cast<double>(swings[k] - swings[k - 2]));
  }
  drive.period = median(periods);
  drive.samples_per_period = median(samples);
  drive.periods = std::min(drive.periods, whole / mean(periods));
  return drive;
}

}  // namespace psi_xlstm
