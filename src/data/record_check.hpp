#pragma once

/// @file
/// Whether a transient record that a program made, and no reader of files, can be worked with.

#include <span>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Fewest samples of one record or of a part of one, and of all records together, that a model can
/// be fitted to.
constexpr int kFewestOfRecord = 20;
constexpr int kFewestOfAll = 50;

/// Throws DataError unless `record` has as many times as voltages at its one port, all finite, and
/// the times increase.
void check_drive(const Record& record);

/// The same of records that a model is to be fitted to: as many finite currents too, in none of
/// them only voltages or only currents of zero, kFewestOfRecord samples or more in each and
/// kFewestOfAll in all.
void check_waveforms(std::span<const Record> records);

}  // namespace psi_xlstm
