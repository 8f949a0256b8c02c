#include "diagnosis/energy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "metrics/statistics.hpp"

namespace psi_xlstm {
namespace {

double largest(const std::vector<double>& values, double offset = 0) {
  double most = 0;
  for (double x : values) most = std::max(most, std::abs(x - offset));
  return most;
}

// The returned part where the current is taken `shift` samples later than the voltage.
double returned_part(const Record& record, double offset, int shift) {
  constexpr double kSmallVoltage = 0.05, kSmallCurrent = 0.01, kNoise = 3;
  const std::vector<double>&v = record.voltage[0], &i = record.current[0];
  const double least_voltage = kSmallVoltage * largest(v);
  const double least_current =
      std::max(kSmallCurrent * largest(i, offset), kNoise * noise_sd_from_differences(i));
  double all = 0, returned = 0;
  const auto n = static_cast<std::ptrdiff_t>(v.size());
  for (std::ptrdiff_t k = std::max<std::ptrdiff_t>(0, -shift); k < std::min(n, n - shift); ++k) {
    const double voltage = v[static_cast<std::size_t>(k)];
    const double current = i[static_cast<std::size_t>(k + shift)] - offset;
    const double power = voltage * current;
    all += std::abs(power);
    const bool counts = std::abs(voltage) > least_voltage && std::abs(current) > least_current;
    if (counts && power < 0) returned -= power;
  }
  return all > 0 ? returned / all : 0;
}

// The voltages at which the current is zero or changes its sign.
std::vector<double> open_voltages(const Record& record, double offset) {
  const std::vector<double>&v = record.voltage[0], &i = record.current[0];
  std::vector<double> open;
  for (std::size_t k = 0; k < v.size(); ++k) {
    const double now = i[k] - offset;
    if (now == 0) open.push_back(v[k]);
    if (k == 0) continue;
    const double before = i[k - 1] - offset;
    if (now * before < 0) open.push_back(v[k - 1] + (v[k] - v[k - 1]) * before / (before - now));
  }
  return open;
}

}  // namespace

Energy energy_of(const Record& record, double offset) {
  Energy energy{.returned = 1};
  if (record.size() < 8) return {};
  for (int shift : {0, 1, -1, 2, -2}) {
    energy.returned = std::min(energy.returned, returned_part(record, offset, shift));
    if (energy.returned == 0) break;
  }
  const std::vector<double> open = open_voltages(record, offset);
  if (open.empty()) return energy;
  double squares = 0;
  for (double v : open) squares += v * v;
  energy.first_open = open.front();
  energy.mean_open = mean(open);
  energy.rms_open = std::sqrt(squares / static_cast<double>(open.size()));
  return energy;
}

}  // namespace psi_xlstm
