#pragma once

/// @file
/// Findings that a single record can give: of the record where it is worst, the sentence says in
/// how many others it is found too. Records are transients of one port with eight samples at least.

#include <optional>
#include <vector>

#include "metrics/finding.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// Samples at the compliance or at the end of a converter's range.
std::optional<Finding> clipping_finding(const std::vector<Record>& records);

/// Too few samples in a period.
std::optional<Finding> sampling_finding(const std::vector<Record>& records);

/// Noise that contradicts `told`, a fraction of the sd of the current; nothing where that is
/// absent. Curvature between samples looks like noise, so more noise than told needs an estimate
/// that does not grow when every second sample is left out.
std::optional<Finding> noise_finding(const std::vector<Record>& records,
                                     std::optional<double> told);

}  // namespace psi_xlstm
