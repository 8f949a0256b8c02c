#pragma once

/// @file
/// What is wrong with records before anything is fitted to them: each finding with its number, none
/// of them corrected. docs/diagnosis.md has the limits and where they come from.

#include <optional>
#include <vector>

#include "diagnosis/zero_current.hpp"
#include "metrics/finding.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// The limits of the findings.
namespace limits {
inline constexpr double kZeroCurrent = 0.01;     ///< Offset and skew: of the sd of the current.
inline constexpr double kSure = 4;               ///< ... and of their own standard deviations.
inline constexpr double kSamplesPerPeriod = 10;  ///< Fewest samples of a period.
inline constexpr double kReturnedEnergy = 0.02;  ///< Most energy a resistor of any kind returns.
inline constexpr double kReversedEnergy = 0.9;   ///< From here on the current's sign is wrong.
inline constexpr double kNoiseFactor = 2;        ///< Between noise that is told and found.
inline constexpr double kConductanceGap = 10;    ///< Between the conductances of two groups.
inline constexpr double kOneVoltage = 0.01;      ///< Range over the largest voltage.
inline constexpr double kPeriodsToDivide = 3;    ///< Fewest periods of a record divided in time.
}  // namespace limits

/// What is known beside the records.
struct DiagnosisOptions {
  std::optional<double> noise;  ///< Told, as a fraction of the sd of each record's current.
  bool divide = false;          ///< The records are divided in time whatever they hold.
};

/// Everything that is found in `records`, refusals first, then warnings, then remarks; one finding
/// of a kind, about the record where it is worst. Only transient records of one port are looked at.
std::vector<Finding> diagnose(const std::vector<Record>& records,
                              const DiagnosisOptions& options = {});

/// Whether `records`, of which the first one would be divided in time, hold too few periods for it.
bool too_few_periods(const std::vector<Record>& records);

/// The standard deviation of the current within a record, root mean square over `records` [A].
double current_deviation(const std::vector<Record>& records);

/// How far from zero `zero`'s offset is, and how far its delay moves the current, each over the
/// standard deviation of the current; 0 where it is not sure or not known.
double offset_share(const ZeroCurrent& zero, double current_sd);
double delay_share(const ZeroCurrent& zero, double current_sd);

}  // namespace psi_xlstm
