#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/study.hpp"
#include "cosimulation/cosimulation.hpp"
#include "data/checksum.hpp"
#include "fit/evaluation.hpp"
#include "metrics/finding.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The records of a study for one seed, and how they are started.
struct SourcedData {
  Dataset dataset;
  fit::StartOptions starts;
  bool refine_starts = false;     ///< Adjust the g0 of held-out records through the model.
  std::vector<Finding> findings;  ///< What is wrong with the records, and what was corrected.
};

/// Draws or reads the records that `config` asks for, corrects them where it says so, and looks for
/// what is wrong with them. Records from files that are too_few_periods() are not divided unless
/// `config` says how. Throws what the generators and read_records() throw, and ConfigError where
/// `config` contradicts itself.
SourcedData load_data(const DataSourceConfig& config, int seed);

/// The same of `records` in memory, as if they had been read from the files of `config`.
SourcedData sourced(std::vector<Record> records, const DataSourceConfig& config);

/// Errors of the device's own equations from the starts of `predictions`: the floor of the
/// protocol. Absent where the equations of the source are not known.
std::optional<ErrorMetrics> device_law_errors(const DataSourceConfig& config,
                                              const Dataset& dataset,
                                              const std::vector<fit::Prediction>& predictions);

/// A stimulus like the data: the formula of the published drive, else the voltage of `record` as a
/// table (at most its first 20,000 samples). Its conductance and limits are not set.
CosimCase training_like_case(const DataSourceConfig& config, const Record& record);

}  // namespace psi_xlstm
