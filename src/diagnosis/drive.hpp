#pragma once

#include <optional>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// How the voltage of a record swings about the middle of its range. A swing counts where it goes
/// further than an eighth of the range beyond the middle on both sides.
struct Drive {
  double periods = 0;            ///< Swings up and down; 1 at most where it swings once.
  std::optional<double> period;  ///< Median [s]; absent below one and a half swings.
  std::optional<double> samples_per_period;  ///< Median; absent where the period is.
};

/// The drive of `record`, a transient of one port with at least two samples.
Drive drive_of(const Record& record);

}  // namespace psi_xlstm
