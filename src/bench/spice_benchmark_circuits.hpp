#pragma once

// The circuits that spice_benchmark.cpp measures.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hdl/emitted_model.hpp"
#include "hdl/osdi/library.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm {

/// A device as it stands in a netlist.
struct BenchmarkDevice {
  std::string model;       ///< Name of its rows.
  std::string definition;  ///< Models, subcircuits and what all instances share.
  /// The line of device `index` between `node` and ground; a compiled student must allow steps of
  /// `max_step` [s].
  std::function<std::string(int index, const std::string& node, double max_step)> element;
  std::vector<std::filesystem::path> libraries;  ///< To be loaded before.
};

/// The devices that are compared. Compiled ones live as long as this object.
class BenchmarkDevices {
 public:
  /// Without `compiled`, those that need no OSDI. Throws ConfigError unless `student` has one port,
  /// states and a start tied to g0; EmitError where it cannot be emitted or compiled.
  BenchmarkDevices(const ir::Network& student, bool compiled);
  BenchmarkDevices(const BenchmarkDevices&) = delete;
  BenchmarkDevices& operator=(const BenchmarkDevices&) = delete;

  const std::vector<BenchmarkDevice>& all() const { return devices_; }
  /// "student_m8_osdi", where 8 is the number of features.
  const std::string& student_name() const { return student_name_; }
  const EmittedModel& student_subcircuit() const { return subcircuit_; }
  /// Nothing without `compiled`.
  const EmittedModel* student_osdi() const { return osdi_.get(); }

 private:
  void add_students();
  void add_vteam();
  void add_built_in();

  std::string student_name_, subcircuit_name_;
  EmittedModel subcircuit_;
  std::unique_ptr<EmittedModel> osdi_;
  std::unique_ptr<hdl::OsdiLibrary> vteam_;
  std::vector<BenchmarkDevice> devices_;
};

/// 1 V at 100 kHz from node "in" to ground, as the source "vin".
std::string sine_source();

/// `count` devices, each behind 10 Ohm at node "in", which the lines `source` drive.
std::string array_netlist(const BenchmarkDevice& device,
                          int count,
                          const std::string& source,
                          double max_step);

/// Conductances of n x n cells [S], row by row: log-uniform in [low, high], always the same.
std::vector<double> crossbar_conductances(int n, double low, double high);

/// The line of the cell `name` of conductance g [S] between the nodes `row` and `column`.
using CrossbarCell = std::function<std::string(const std::string& name,
                                               const std::string& row,
                                               const std::string& column,
                                               double conductance)>;

/// A crossbar with 1 Ohm per segment of wire: row i from its driver through the nodes r<i>_<j>,
/// column j through c<i>_<j> to its sense source "vc<j>". Cell (0, 0) is written with 1.2 V for
/// 5 us, half of it on each of its lines; then row 0 is read with 0.1 V for 2 us.
std::string crossbar_netlist(int n,
                             const std::vector<double>& conductances,
                             const std::string& definition,
                             const CrossbarCell& cell);

inline constexpr double kCrossbarTime = 10e-6;  ///< Of a crossbar's simulation [s].

}  // namespace psi_xlstm
