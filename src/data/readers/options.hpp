#pragma once

#include "config/reading.hpp"
#include "psi_xlstm/data/readers/reading.hpp"

namespace psi_xlstm {

/// The options of a reader that a config asks for; `sign` is -1 where the current was counted out
/// of the device.
ReadOptions read_options(const ReadingConfig& config, int sign);

}  // namespace psi_xlstm
