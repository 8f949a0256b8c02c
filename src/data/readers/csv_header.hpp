#pragma once

/// @file
/// What the columns of a CSV file mean, from the names in its header line.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace psi_xlstm {

/// One column of a CSV file.
struct CsvColumn {
  std::string name;          ///< As in the header.
  std::size_t position = 0;  ///< Counted from 0.
  double scale = 1;          ///< SI value of one unit of the column.
};

/// The columns of a CSV file that are read.
struct CsvHeader {
  char separator = ',';
  std::size_t fields = 0;  ///< Of every line.
  CsvColumn time, voltage;
  std::optional<CsvColumn> current;
  std::optional<CsvColumn> clean_current;
  std::optional<CsvColumn> initial_conductance;
  std::optional<CsvColumn> record;  ///< A new record starts where its text changes.
};

/// Reads the header line of a CSV file; the separator is the most frequent of tab, semicolon and
/// comma. Names, in any case (SI without a unit, else a unit after "_" or " " or in brackets):
///
///     time                 time, t                                   s, ms, us, ns
///     voltage              voltage, v                                V, mV, uV, kV
///     current              current, i                                A, mA, uA, nA, pA
///     noise-free current   current_clean, clean_current, i_clean     as current
///     initial conductance  initial_conductance, g0                   S, mS, uS, nS
///     record               record, cycle, sweep, also with _id, _number or _index
///
/// A voltage or current may name its port (v1, vds, "CH1 [V]", gate_voltage) as long as there is
/// one of each. Other columns are ignored. Throws DataError, opened by `where`, if a column is
/// missing, occurs twice, has an unknown unit or belongs to a second port, and if the line holds
/// numbers only or an open quote. Where `current_required` is false, the current may be missing.
CsvHeader parse_csv_header(std::string_view line,
                           const std::string& where,
                           bool current_required = true);

}  // namespace psi_xlstm
