#pragma once

#include <filesystem>
#include <string>

#include "report/table.hpp"
#include "tau/design.hpp"

namespace psi_xlstm {

/// Designs a waveform and writes into `folder`:
///
///     design.pwl   two columns, time [s] and voltage [V]: for psi data --pwl, LTspice, generators
///     design.sp    the same as a source "vdrive drive 0 pwl(...)" for ngspice
///     plain.pwl    log-spaced bursts over the same range, for comparison
///     design.json  what was wanted, the bounds of both waveforms, times and levels
///
/// Returns the bounds of both as a table. Throws as tau::design_bursts does, and DataError if a
/// file cannot be written.
Table write_tau_design(const tau::DesignRequest& request, const std::filesystem::path& folder);

}  // namespace psi_xlstm
