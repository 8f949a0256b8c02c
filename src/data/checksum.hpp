#pragma once

#include <string>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm {

/// A checksum of all that a fit can read from `dataset`: every field of every record, the split,
/// the continuity and the noise. Where the records came from and what a reader remarked are not in
/// it.
std::string checksum(const Dataset& dataset);

}  // namespace psi_xlstm
