#pragma once

/// @file
/// The program gnuplot as a function from a script to what it prints.

#include <string>

namespace psi_xlstm {

/// Which program to start and how long to wait for it.
struct GnuplotOptions {
  std::string program = "gnuplot";  ///< A path, or a name looked up on PATH.
  double time_limit = 30;           ///< [s]
};

/// What gnuplot printed, or why there is nothing.
struct GnuplotResult {
  std::string output;
  std::string reason;  ///< One sentence; empty if gnuplot succeeded.

  bool usable() const { return reason.empty(); }
};

/// Runs `script` in gnuplot, without a shell, without the user's start-up files, in the C.UTF-8
/// locale. Throws nothing: a missing program, an error and a time-out are reasons.
GnuplotResult run_gnuplot(const std::string& script, const GnuplotOptions& options = {});

}  // namespace psi_xlstm
