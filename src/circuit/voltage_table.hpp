#pragma once

#include <string>
#include <vector>

namespace psi_xlstm {

/// A voltage against time: linear between the points, constant before the first and after the last.
struct VoltageTable {
  std::vector<double> times;   ///< [s], strictly increasing, [N], N >= 1.
  std::vector<double> values;  ///< [V], [N].
};

/// The value of `table` [V] at `time` [s].
double interpolate(const VoltageTable& table, double time);

/// What is wrong with `table`, as the end of a sentence, or an empty text.
std::string problem_of(const VoltageTable& table);

}  // namespace psi_xlstm
