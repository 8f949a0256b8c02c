#pragma once

#include <string>
#include <string_view>

namespace psi_xlstm {

/// Why a transient of `simulator` that came to `reached` [s] is not at its end, one sentence; empty
/// where it is. A simulator ends where less is missing of `stop_time` [s] than it keeps breakpoints
/// apart by: ngspice 5e-5 of `max_step` [s], its longest one.
std::string stopped_early(std::string_view simulator,
                          double reached,
                          double stop_time,
                          double max_step);

}  // namespace psi_xlstm
