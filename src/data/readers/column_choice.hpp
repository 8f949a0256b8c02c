#pragma once

/// @file
/// Which columns of a table are time, voltage and current: by their names, or as the options say.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "data/tables/table.hpp"
#include "psi_xlstm/data/readers/reading.hpp"

namespace psi_xlstm {

/// A column, or the difference of two, in SI units.
struct ChosenSignal {
  std::size_t column = 0;
  double scale = 1;
  std::optional<std::size_t> minus = {};
  double minus_scale = 1;
};

/// What was chosen.
struct ColumnChoice {
  std::optional<ChosenSignal> time, voltage, current, clean_current, initial_conductance;
  std::vector<std::size_t> record;         ///< Columns whose texts change where a record starts.
  std::optional<std::size_t> weak_record;  ///< The same, where the time agrees.
  std::string problem;                     ///< The first thing that is missing; else empty.
  std::vector<std::string> ways;           ///< Options that may solve it.
  std::vector<std::string> remarks;        ///< Choices among several columns.
};

/// Chooses. Throws ConfigError where the options contradict themselves.
ColumnChoice choose_columns(const DataTable& table, const ReadOptions& options);

}  // namespace psi_xlstm
