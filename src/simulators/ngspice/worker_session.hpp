#pragma once

/// @file
/// The inside of the ngspice worker process: loads libngspice, runs one request, makes the reply.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "circuit/voltage_table.hpp"
#include "jobs/message.hpp"

namespace psi_xlstm {

/// Runs one request in this process. libngspice keeps its own globals, so a process may run one
/// session only.
///
/// `state` of the reply: "done"; "library" (cannot be loaded); "osdi" (a device library was
/// refused); "netlist" (the circuit was refused); "analysis" (it began and failed); "exit" (ngspice
/// asked to be ended). `detail` is then ngspice's own message.
class WorkerSession {
 public:
  /// Receives every line that ngspice prints, as a message of kind `text`, as soon as it comes.
  using Send = std::function<void(const Message&)>;

  explicit WorkerSession(Send send);

  /// The reply to `request`. Throws nlohmann::json::exception if `request` is not one.
  Message run(const Message& request);

  /// Called by ngspice: one printed line, beginning with "stdout " or "stderr ".
  void take_line(const std::string& line);

  /// Called by ngspice: it wants the process to end with `status`.
  void take_exit(int status);

  /// Called by ngspice: the value [V] of the external source `source` at `time` [s], linear between
  /// the points of its table and constant outside.
  double external_value(const std::string& source, double time);

  /// Called by ngspice: one more point of an analysis is done.
  void take_point();

 private:
  struct Library;
  void read_tables(const Message& request);
  void load_devices(const Library& library, const nlohmann::json& paths);
  void load_circuit(const Library& library, const nlohmann::json& lines);
  void run_command(const Library& library, const std::string& command);
  void describe_library(const Library& library, bool ask_for_osdi, Message& reply);
  void collect_counters(const Library& library, Message& reply);
  void collect_vectors(const Library& library, const nlohmann::json& request, Message& reply);
  void fail(const std::string& state, const std::string& detail);
  std::string error_text() const;

  Send send_;
  std::map<std::string, VoltageTable> tables_;
  std::vector<std::string> lines_;  ///< Printed since the step began, with their prefix.
  bool starting_ = false;           ///< The library is: what it says then concerns no circuit.
  double first_point_ = -1;         ///< Time on a core when it came [s]; negative: not yet.
  std::string state_ = "done";
  std::string detail_;
};

}  // namespace psi_xlstm
