#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "metrics/finding.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// What is corrected on request.
struct Corrections {
  bool offset = false;  ///< Take the current at zero volts off the current.
  bool skew = false;    ///< Read the current where its channel was, by straight lines.
};

/// The corrections of a text such as "offset,skew"; an empty one asks for none. Throws ConfigError
/// naming what is known.
Corrections corrections_from(std::string_view text);

/// Corrects all of `records` by the same amounts, as zero_current() finds them, however small, and
/// returns what was done, one remark for each correction; one that is not sure by four standard
/// deviations, or not known, is left out and says so. Shifting takes away the samples at an end
/// whose current was not measured. Throws DataError where that leaves fewer than eight samples.
std::vector<Finding> correct(std::vector<Record>& records, const Corrections& wanted);

}  // namespace psi_xlstm
