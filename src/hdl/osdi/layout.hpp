#pragma once

/// @file
/// How a network becomes the nodes and the matrix of a compiled device
/// (src/hdl/osdi/runtime/device.h), and the C functions that fill them.

#include <string>
#include <utility>
#include <vector>

#include "hdl/osdi/evaluation.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// Numbers of nodes and matrix entries. Keeps a reference to the network.
class OsdiLayout {
 public:
  explicit OsdiLayout(const ir::Network& network);

  const ir::Network& network;
  const EmissionPlan plan;
  const OsdiEvaluation evaluation;
  const int ports, states;
  std::vector<std::pair<int, int>> entries;  ///< (row, column), sorted.
  std::vector<int> charge_entries;           ///< Those of `entries` that hold d(charge)/dV.

  // Node numbers.
  int reference() const { return ports; }
  int state_node(int s) const { return ports + 1 + s; }
  int rate_node(int s) const { return ports + 1 + states + s; }
  int junction_node(int k) const { return rate_node(states) + k; }
  int node_of(int input) const;
  /// The reverse; -1 for a node that is no input.
  int input_of(int node) const;
  int node_total() const { return junction_node(evaluation.junctions); }
  // Values of the evaluation.
  int rate_value(int s) const { return ports + network.rate_of_state[static_cast<std::size_t>(s)]; }
  int target_value(int s) const { return ports + network.rate_count() + s; }
  int junction_value(int k) const { return target_value(states) + 1 + k; }
  int charge_value(int p) const { return junction_value(evaluation.junctions) + p; }
  int value_total() const { return charge_value(has_charges() ? ports : 0); }
  bool has_charges() const { return network.charge_node >= 0; }
  bool has_g0() const { return network.is_told_its_start(); }

  /// The number of the matrix entry (row, column), which must be there.
  int entry(int row, int column) const;

 private:
  void find_entries();
};

/// The C functions set_start(), can_hold() and assemble_*() that src/hdl/osdi/runtime/interface.h
/// calls.
std::string osdi_assembly(const OsdiLayout& layout);

/// assemble_*() of a network with loops: tables, and what walks through them.
std::string osdi_tables(const OsdiLayout& layout);

}  // namespace psi_xlstm::hdl
