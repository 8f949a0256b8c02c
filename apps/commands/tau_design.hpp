#pragma once

// psi tau --design: a part of psi tau with files of its own.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "psi_xlstm/tau/design.hpp"

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

}  // namespace psi_xlstm::apps
