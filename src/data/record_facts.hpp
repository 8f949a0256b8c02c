#pragma once

/// @file
/// What a record shows before anything is fitted to it.

#include <cstddef>
#include <optional>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// One signal of a record.
struct SignalFacts {
  double least = 0, greatest = 0;
  double deviation = 0;  ///< Standard deviation.
  double noise = 0;  ///< Standard deviation of what differs between neighbours; 0: below the steps.
  double step = 0;   ///< Smallest difference of two values: of an ADC its step.
  std::size_t levels = 0;   ///< Values that differ by more than rounding.
  std::size_t clipped = 0;  ///< Samples at an end of the range while the other signal moves on.
};

/// One record. Of several ports the first one counts.
struct RecordFacts {
  std::size_t samples = 0;
  double start = 0, duration = 0;                               ///< [s]; 0 without time.
  double shortest_step = 0, median_step = 0, longest_step = 0;  ///< Between samples [s].
  SignalFacts voltage, current;                                 ///< [V], [A].
  std::size_t zero_crossings = 0;                               ///< Of the voltage.
  std::optional<double> current_at_zero;  ///< Median over these crossings [A].
};

/// The facts of a DC or transient record.
RecordFacts record_facts(const Record& record);

}  // namespace psi_xlstm
