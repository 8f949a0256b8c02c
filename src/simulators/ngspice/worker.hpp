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
  /// Name or path of libngspice. Empty: default_ngspice_library() (library.hpp).
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

/// Sends `request` (the keys `library` and `osdi` are filled in from `options`) to a fresh worker
/// and waits for the reply. The worker runs in an empty folder of its own, which is removed, with
/// an environment of its own, so that no init file of the user or of the working folder is run.
/// Crash, exit and hang of the worker are a `reason`. Throws SpiceError if the worker or a device
/// library does not exist or the worker cannot be started. May be called from several threads.
WorkerOutcome run_worker(Message request, const SimulatorOptions& options);

}  // namespace psi_xlstm
