#pragma once

/// @file
/// What a column of a file of data can hold.

namespace psi_xlstm {

/// What a column holds.
enum class Quantity {
  kOther,
  kTime,
  kVoltage,
  kCurrent,
  kCleanCurrent,        ///< Without the noise of the measurement; of generated data.
  kInitialConductance,  ///< At the start of each record.
  kRecord               ///< A number or a text that changes where a new record starts.
};

}  // namespace psi_xlstm
