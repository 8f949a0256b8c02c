#pragma once

/// @file
/// What every printer needs to know about a network before it writes it down: the scaled state
/// nodes, the scale of the rate nodes, and the facts that are printed with every model.
///
/// The state node is x_s = kappa_s (c_s - c_s(0)): zero at the start whatever g0 is, and of
/// order 1. The rate is a node of its own, r_s = (dx_s/dt) / L: the simulator's node test then
/// makes the rate converge, and the charge cx x_s that is integrated belongs to the accepted
/// solution.

#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

inline constexpr double kLeastCapacitance = 1e-12;  ///< Of a state node [F].
inline constexpr double kCapacitanceRate = 1e-5;    ///< Capacitance times L above it [S].

/// Numbers common to all emitted forms of one network.
struct EmissionPlan {
  std::vector<double> kappa;         ///< [S], dimensionless.
  std::vector<double> rest;          ///< Equilibrium of the states at V = 0, [S].
  double rate_scale = 1;             ///< L [1/s].
  double charge_capacitance = 1e-9;  ///< cx [F].
  double leak_rate = 0;              ///< Keeps the state node defined without a drive [1/s].
  double hold_rate = 1e3;            ///< Pulls the held state to its start [1/s].
  double release_time = 1e-9;        ///< In which a transient lets go of the held state [s].
  double max_step = 0;               ///< Longest time step that keeps the integration accurate [s].
  double default_conductance = 0;    ///< Default of g0 [S].
  std::vector<double> charge_scale;  ///< Largest charge within the training range [C], [P] or none.

  bool has_range = false;  ///< The training range is known, so that one can be outside of it.

  double conductance_low = 0;   ///< Smallest conductance at V -> 0 the states can hold [S].
  double conductance_high = 0;  ///< Largest [S].
  double zero_bias_rate = 0;    ///< Largest drift of ln G at 0 V within the training box [1/s].
  double largest_argument = 0;  ///< Bound on |argument| of every exp-like function.
};

/// Conductances at V -> 0 [S]; all 0 of a network that has none.
struct ConductanceRange {
  double low = 0, high = 0;  ///< What the states can hold: the readout's bias and sum of |weights|.
  double middle = 0;  ///< Geometric middle of what is held and trained on; the default start.
};

/// That of `network`, whatever its name.
ConductanceRange conductance_range(const ir::Network& network);

/// EmissionPlan::max_step of `network`, whatever else it is.
double longest_step(const ir::Network& network);

/// Checks `network` and derives the plan. Throws EmitError where a name cannot be used, an argument
/// of an exponential is not bounded, or a start is not finite.
EmissionPlan plan_emission(const ir::Network& network);

/// The facts about `network` as comment lines without comment signs: ranges, rates, parameters.
std::vector<std::string> model_facts(const ir::Network& network, const EmissionPlan& plan);

/// y0 = readout_for(g0) as an expression of `g0` with `log_name` for the natural logarithm.
std::string readout_expression(const ir::Network& network, const std::string& log_name);

/// c_s(0) as an expression of `g0` (ir::initial_state); a number where the start is at rest.
std::string initial_state_expression(const ir::Network& network,
                                     const EmissionPlan& plan,
                                     int state,
                                     const std::string& log_name);

}  // namespace psi_xlstm::hdl
