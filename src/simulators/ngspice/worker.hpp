#pragma once

/// @file
/// The outside of the ngspice worker process: starts it, feeds it, waits for it, ends it.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/message.hpp"

namespace psi_xlstm {

/// Where ngspice is, and how long it may take.
struct SimulatorOptions {
  /// The program psi_ngspice_worker. Empty: the environment variable PSI_NGSPICE_WORKER, else the
  /// folder of the running program, else the folder above.
  std::filesystem::path worker = {};
  /// Name or path of libngspice. Empty: the first of ngspice_libraries() (library.hpp) that starts.
  std::string library = {};
  double time_limit_s = 60;  ///< For one simulation, from start to reply [s].
  std::vector<std::filesystem::path> osdi =
      {};  ///< Compiled device models to load before the netlist.
  /// OpenVAF, which turns a .va into a device model. Empty: the environment variable PSI_OPENVAF,
  /// else openvaf or openvaf-r from PATH (hdl/verilog_a_compiler.hpp).
  std::filesystem::path verilog_a_compiler = {};
};

/// What became of one request.
struct WorkerOutcome {
  std::optional<Message> reply;       ///< Of kind `reply`; absent if the worker did not get there.
  std::string reason;                 ///< One sentence if `reply` is absent; else empty.
  bool out_of_time = false;           ///< The reason is the time limit.
  std::vector<std::string> messages;  ///< What ngspice printed, the first and last lines of it.
};

/// Which libngspice is used.
struct LibraryChoice {
  std::string library;  ///< Name or path.
  /// One sentence for each that comes before it in ngspice_libraries() and did not start.
  std::vector<std::string> passed_over;
};

/// The library of `options`; where it names none and there are several, the first that computes the
/// operating point of a resistor, each tried in a worker of its own, once in this process. Where
/// none does, the first: what is wrong with it is said where it is used. Throws as run_worker().
LibraryChoice chosen_library(const SimulatorOptions& options);

/// Sends `request` (the keys `library` and `osdi` are filled in from `options`) to a fresh worker
/// and waits for the reply. The worker runs in an empty folder of its own, which is removed, with
/// an environment of its own, so that no init file of the user or of the working folder is run.
/// Crash, exit and hang of the worker are a `reason`. Throws SpiceError if the worker or a device
/// library does not exist or the worker cannot be started. May be called from several threads.
WorkerOutcome run_worker(Message request, const SimulatorOptions& options);

}  // namespace psi_xlstm
