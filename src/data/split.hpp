#pragma once

/// @file
/// Divides records into training, validation and test parts.

#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// How records are divided.
struct SplitOptions {
  /// The three parts train/validation/test, either as records counted from 1 ("1-6/7-8/9-11", or
  /// lists such as "1,3-5/2/6"), or as fractions of all records with a decimal point each
  /// ("0.6/0.2/0.2"). Empty means "0.6/0.2/0.2".
  std::string text;
};

/// Divides `records`. By fractions, whole records are taken in order, at least one for each part.
/// With two records the last one is the test record and the first one is cut in time into training
/// and validation; with one record that one is cut in time into all three, and the data set is
/// continuous. Pieces have the record's id and "/a", "/b", "/c", at least 20 samples, and no
/// initial conductance except the first piece. Throws DataError if the text cannot be read, names
/// a record twice or one that is not there, leaves a part empty, if a piece would be too short, or
/// if there are no records.
Dataset make_dataset(std::vector<Record> records, const SplitOptions& options);

/// A data set that is not divided: every record is one to train on, to choose with and to test on,
/// with Dataset::leave_one_out. A single record is cut in time into four parts (fewer where they
/// would have less than 20 samples), with "/a" and so on behind its id, and the data set is
/// continuous. Throws DataError if there are no records or one of fewer than 40 samples alone.
Dataset make_undivided_dataset(std::vector<Record> records);

}  // namespace psi_xlstm
