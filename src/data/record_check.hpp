#pragma once

/// @file
/// Whether a transient record that a program made, and no reader of files, can be worked with.

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Throws DataError unless `record` has as many times as voltages at its one port, all finite, and
/// the times increase.
void check_drive(const Record& record);

/// The same of a record that a model is to be fitted to: as many finite currents too, `fewest`
/// samples or more, and neither voltage nor current zero everywhere.
void check_waveforms(const Record& record, int fewest);

}  // namespace psi_xlstm
