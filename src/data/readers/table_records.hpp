#pragma once

/// @file
/// Records from the chosen columns of a table.

#include <string>
#include <vector>

#include "data/readers/column_choice.hpp"
#include "data/tables/table.hpp"
#include "psi_xlstm/data/readers/reading.hpp"

namespace psi_xlstm {

/// The records of `table`, whose ids start with `stem`; what concerns all of them is appended to
/// `remarks`. A new record starts where the record column changes, where the file says so, or where
/// the time starts again. Throws DataError, one sentence, for a cell that is no finite number, two
/// decimal marks, time that does not increase within a record (few equal neighbours are merged, and
/// a last sample that repeats its time is left out, each with a remark), a record in two places,
/// too few samples, only zeros, an initial conductance that changes.
std::vector<Record> table_records(const DataTable& table,
                                  const ColumnChoice& choice,
                                  const ReadOptions& options,
                                  const std::string& stem,
                                  std::vector<std::string>& remarks);

}  // namespace psi_xlstm
