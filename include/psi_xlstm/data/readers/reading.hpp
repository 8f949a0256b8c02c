#pragma once

/// @file
/// Files of laboratories and simulators as records. What a file is, is found by its content:
///
///     tables of text   any separator, decimal point or comma, units in names, in brackets or in a
///                      line of their own, commented headers, whatever stands above; so come the
///                      lists of Keithley, Autolab NOVA, Keysight EasyEXPERT (B1500), oscilloscopes
///                      of Tektronix, Rigol, Keysight and LeCroy, exports of LTspice, and of
///                      ngspice by wrdata and print
///     SPICE raw        of LTspice and ngspice, ascii and binary
///     .mdm             of IC-CAP: DC and AC records of several ports
///     Touchstone       S, Y or Z parameters of one or two ports: AC records
///
/// each of them also packed by gzip, and text also in UTF-16.
///
/// Axes: C columns, R records.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "psi_xlstm/data/quantity.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// How files are read, and what they cannot say themselves. A column is named as in the file (in
/// any case where that is unique) or by its number, counted from 1.
struct ReadOptions {
  std::string time;  ///< Column of the time; empty: by its name.
  std::string
      voltage;  ///< Column of the voltage or a difference of two, "2-1"; empty: by its name.
  std::string current;  ///< The same of the current.
  std::string record;   ///< Column that tells the records; empty: by its name.
  std::vector<std::string>
      columns;                  ///< Names in place of the file's, from the first; "-": keep it.
  std::optional<double> shunt;  ///< Resistance [ohm] over which `current` is a voltage.
  std::optional<double> sweep_rate;  ///< Of the voltage [V/s], where a file has no time.
  int sign = 1;                      ///< -1 where the current was counted out of the device.
  int fewest_samples = 50;           ///< Fewer in the transient records of a table together are
                                     ///< an error, and fewer than 20 of these in one of them.
  bool current_required =
      true;  ///< Else a file without current gives records without samples of it.
  bool transient_required = true;  ///< Else a file without time gives DC and AC records.
};

/// One column of a file.
struct ReadColumn {
  std::string name;                      ///< As in the file, or its number.
  std::string unit;                      ///< As written; empty: none.
  Quantity quantity = Quantity::kOther;  ///< What name and unit say.
  std::string role;                ///< What it was taken as: "time", "voltage", ...; or empty.
  std::size_t numbers = 0;         ///< How many cells hold a finite number.
  double least = 0, greatest = 0;  ///< Of these, in the unit of the column.
  std::string text;                ///< The first cell that holds no number.
};

/// What one file holds and what was made of it.
struct Reading {
  std::string file;
  std::string format;                ///< "Autolab NOVA", "SPICE raw of LTspice, binary", ...
  std::vector<std::string> details;  ///< About the format: separator, decimal comma, packing, ...
  std::size_t skipped = 0;           ///< Lines above the table (or header) that were passed over.
  std::size_t rows = 0;              ///< Of the table.
  std::vector<ReadColumn> columns;   ///< [C]
  std::vector<Record> records;       ///< [R]; empty where there is a problem.
  std::vector<std::string> remarks;  ///< What was chosen, merged or left out, one sentence each.
  std::string problem;               ///< Why there are no records, one sentence; else empty.
  std::vector<std::string> ways;     ///< Options that may give records against time.
};

/// Reads `file`. What its table lacks for records (no current, two voltages, too few samples) is
/// its `problem`, and the columns are there all the same. Records have the ids "stem", or
/// "stem/text" where there are several or a record column; the remarks stand in the first record of
/// the file, too. Throws DataError, one sentence, where the file cannot be read or holds no table,
/// and ConfigError where the options contradict themselves.
Reading read_recording(const std::filesystem::path& file, const ReadOptions& options = {});

/// Reads the records of `files`, in order. Throws as read_recording() does, DataError with the
/// problem of the first file that has one, and DataError where two files have the same stem.
std::vector<Record> read_records(const std::vector<std::filesystem::path>& files,
                                 const ReadOptions& options = {});

}  // namespace psi_xlstm
