#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/limits.hpp"
#include "core/json/config_io.hpp"

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
    visit("time", c.time, about("Column of the time, by name or number; empty: by its name"));
    visit("voltage", c.voltage, about("Column of the voltage, or a difference such as 2-1"));
    visit("current", c.current, about("Column of the current, or a difference"));
    visit("record", c.record, about("Column that tells the records"));
    visit("columns", c.columns, about("Names in place of those of the file"));
    visit("shunt_ohm", c.shunt,
          positive_up_to(kLargestResistance).about("The current is a voltage over so many ohm"));
    visit("sweep_rate_V_per_s", c.sweep_rate,
          positive_up_to(1e18).about("The voltage was swept so fast, where a file has no time"));
  }
};

}  // namespace psi_xlstm
