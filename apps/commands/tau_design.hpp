#pragma once

// psi tau --design and --anchors: parts of psi tau with files of their own.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tau/design.hpp"

namespace psi_xlstm::apps {

/// The options of psi tau --design.
struct TauDesignOptions {
  bool wanted = false;  ///< --design was given.
  std::string out = "results/tau_design";
  std::vector<double> range;  ///< Shortest and longest time constant [s].
  tau::DesignRequest request;
};

/// Declares --design and what belongs to it, except --out, on `command`.
void add_tau_design(CLI::App& command, TauDesignOptions& options);

/// Designs, writes, prints; returns the exit code.
int run_tau_design(const TauDesignOptions& options);

/// Measures the devices of studies/time_constants/anchors.hpp with noise of `seed`, prints them;
/// returns the exit code.
int run_tau_anchors(std::uint32_t seed);

}  // namespace psi_xlstm::apps
