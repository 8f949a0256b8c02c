#pragma once

/// @file
/// Findings about the device and the set-up, from all records together. Records are transients of
/// one port with eight samples at least.

#include <optional>
#include <vector>

#include "diagnosis/zero_current.hpp"
#include "metrics/finding.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// A device that gives back energy: an active one, one that stores charge, one whose current was
/// counted the other way round, or a large offset of the current where `zero` explains it.
std::optional<Finding> energy_finding(const std::vector<Record>& records, const ZeroCurrent& zero);

/// A current at zero volts.
std::optional<Finding> offset_finding(const std::vector<Record>& records, const ZeroCurrent& zero);

/// Channels that are not sampled together.
std::optional<Finding> skew_finding(const std::vector<Record>& records, const ZeroCurrent& zero);

/// Records with conductances that lie apart, or of the other sign.
std::optional<Finding> mixed_finding(const std::vector<Record>& records);

/// No record in which the voltage moves.
std::optional<Finding> one_voltage_finding(const std::vector<Record>& records);

/// Too few periods to be divided in time; `divide`: they are divided all the same.
std::optional<Finding> few_periods_finding(const std::vector<Record>& records, bool divide);

}  // namespace psi_xlstm
