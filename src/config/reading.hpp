#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/limits.hpp"
#include "core/config_io.hpp"

namespace psi_xlstm {

/// What files of data cannot say themselves (ReadOptions of data/readers/reading.hpp).
struct ReadingConfig {
  std::string time, voltage, current;  ///< Columns, or differences of two; empty: by their names.
  std::string record;                  ///< Column that tells the records.
  std::vector<std::string> columns;    ///< Names in place of the file's.
  std::optional<double> shunt;         ///< Over which the current is a voltage [ohm].
  std::optional<double> sweep_rate;    ///< Of the voltage, where a file has no time [V/s].

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("time", c.time);
    visit("voltage", c.voltage);
    visit("current", c.current);
    visit("record", c.record);
    visit("columns", c.columns);
    visit("shunt_ohm", c.shunt, positive_up_to(kLargestResistance));
    visit("sweep_rate_V_per_s", c.sweep_rate, positive_up_to(1e18));
  }
};

}  // namespace psi_xlstm
