#pragma once

/// @file
/// Records from and to CSV files: a header line with units (data/csv_header.hpp), one line per
/// sample, decimal points, "#" comments.

#include <filesystem>
#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// How CSV files are read.
struct CsvOptions {
  int sign = 1;             ///< -1 where the current was counted out of the device.
  int fewest_samples = 50;  ///< A shorter record is an error.
  bool current_required =
      true;  ///< Else a file without current gives records without samples of it.
};

/// Reads transient records with one port from `files`, in order. Their ids are "stem", or
/// "stem/text" where a record column gives a text; a new record starts where that text changes.
/// Throws DataError naming file, line and column if a file cannot be read or used: a wrong header,
/// a wrong number of fields, a cell that is not a finite number, time that does not increase within
/// a record (a last sample that repeats its time is left out, with a remark), a record in two
/// places, too few samples, no voltage at all, an initial conductance that changes, two files with
/// the same stem. Throws ConfigError if `sign` is not 1 or -1.
std::vector<Record> read_csv(const std::vector<std::filesystem::path>& files,
                             const CsvOptions& options);

/// Returns the text of a CSV file with `records`, shortest numbers that read back as the same
/// doubles: time_s, voltage_V, current_A; before them a record column if there are several records,
/// after them the clean current and the initial conductance if every record has one. Throws
/// DataError unless all records are transient with one port.
std::string csv_text(const std::vector<Record>& records);

}  // namespace psi_xlstm
