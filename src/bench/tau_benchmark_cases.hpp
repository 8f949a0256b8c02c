#pragma once

/// @file
/// The designed waveforms on which the estimation of time constants is judged.

#include <string>
#include <vector>

#include "tau/design.hpp"

namespace psi_xlstm::tau {

/// A device and the conditions under which its waveform is designed; design_bursts(request) gives
/// bounds of at most 8 % for every process of every case, with the noise of the generators.
struct BenchmarkCase {
  std::string name;
  DesignRequest request;
};

/// Two processes of 0.5 and 1.5 ms; three of 1, 3 and 10 us; one of 1 ms; four a factor 5 apart,
/// from 0.1 to 12.5 ms.
std::vector<BenchmarkCase> designed_cases();

}  // namespace psi_xlstm::tau
