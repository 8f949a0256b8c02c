#include "circuit/voltage_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace psi_xlstm {

double interpolate(const VoltageTable& table, double time) {
  const auto& [times, values] = table;
  const auto next = std::upper_bound(times.begin(), times.end(), time);
  if (next == times.begin()) return values.front();
  if (next == times.end()) return values.back();
  const auto k = static_cast<std::size_t>(next - times.begin());
  const double weight = (time - times[k - 1]) / (times[k] - times[k - 1]);
  return values[k - 1] + weight * (values[k] - values[k - 1]);
}

std::string problem_of(const VoltageTable& table) {
  if (table.times.empty() || table.times.size() != table.values.size()) {
    return fmt::format("expected at least one time and as many values, got {} times and {} values",
                       table.times.size(), table.values.size());
  }
  const auto is_finite = [](double x) { return std::isfinite(x); };
  if (!std::all_of(table.times.begin(), table.times.end(), is_finite) ||
      !std::all_of(table.values.begin(), table.values.end(), is_finite)) {
    return "expected finite times and values, got others";
  }
  const auto not_rising = [](double a, double b) { return !(a < b); };
  const auto first = std::adjacent_find(table.times.begin(), table.times.end(), not_rising);
  if (first == table.times.end()) return "";
  return fmt::format("expected times that increase, got {} s before {} s", *first, *(first + 1));
}

}  // namespace psi_xlstm
