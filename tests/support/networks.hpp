#pragma once

/// @file
/// Small networks with fixed numbers, and what several tests do with them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "config/fit.hpp"
#include "core/rng.hpp"
#include "fit/compact_student.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::testing {

/// The numbers of the block `name`, to be changed.
inline std::span<double> block(ir::Network& network, const std::string& name) {
  for (const ir::ParameterBlock& b : network.blocks) {
    if (b.name == name) {
      return std::span(network.parameters)
          .subspan(static_cast<std::size_t>(b.offset),
                   static_cast<std::size_t>(b.rows * b.columns));
    }
  }
  throw std::invalid_argument("no block " + name);
}

/// Fills the block `name` with `values`, which must be as many.
inline void set_block(ir::Network& network,
                      const std::string& name,
                      const std::vector<double>& values) {
  const std::span<double> to = block(network, name);
  if (to.size() != values.size()) throw std::invalid_argument("size of block " + name);
  std::copy(values.begin(), values.end(), to.begin());
}

/// A student of `shape` with every parameter drawn from N(0, 0.5^2): no structure of a good start
/// hides a wrong derivative. A positive readout keeps the affine head passive.
inline ir::Network random_student(const StudentShape& shape, std::uint32_t seed) {
  ir::Network network = fit::build_compact_student(
      shape, {.conductance = 2e-4, .voltage = 1.2, .step = 1e-6}, "student");
  Rng rng(seed);
  for (double& p : network.parameters) p = 0.5 * rng.normal();
  if (network.conductance().head == ir::Head::kAffine) block(network, "readout.bias")[0] += 3;
  return network;
}

/// One state, three features, 19 numbers: a device of 0.2 mS whose state relaxes within 1 ms at 0 V
/// and within 0.13 ms at 1.2 V. Sampled every 1 us.
inline ir::Network one_state() {
  ir::Network network =
      fit::build_compact_student({.states = 1, .features = 3},
                                 {.conductance = 2e-4, .voltage = 1.2, .step = 1e-6}, "one_state");
  set_block(network, "features.weight", {3.2, 0.21, 2.9, -0.13, 3.4, 0.08});
  set_block(network, "features.bias", {2.1, 0.11, -2.3});
  set_block(network, "forget_gate.weight", {1.1, 0.15, -1.2});
  set_block(network, "forget_gate.bias", {4.6});
  set_block(network, "target.weight", {0.31, 0.52, 0.27});
  set_block(network, "target.bias", {0.04});
  set_block(network, "readout.weight", {1.6});
  set_block(network, "readout.bias", {0.12});
  network.box = {.voltage_min = {-1.2},
                 .voltage_max = {1.2},
                 .conductance_min = 6e-5,
                 .conductance_max = 8e-4,
                 .step_max = 1e-6,
                 .duration = 2e-3,
                 .drive_frequency = 1e4,
                 .median_rate = 2e3,
                 .fastest_rate = 1e5};
  return network;
}

/// Three states that share two rates, four features.
inline ir::Network three_states() {
  ir::Network network = fit::build_compact_student(
      {.states = 3, .rates = 2, .features = 4}, {.conductance = 5e-4, .voltage = 1.0, .step = 1e-6},
      "three_states");
  set_block(network, "features.weight",
            {2.8, 0.11, -0.07, 0.05, 3.1, -0.12, 0.06, 0.02,  //
             2.7, 0.04, 0.13, -0.09, 3.3, 0.08, -0.05, 0.1});
  set_block(network, "features.bias", {2.2, 0.7, -0.8, -2.4});
  set_block(network, "forget_gate.weight", {0.7, 0.2, -0.25, -0.75, 0.6, 0.1, -0.15, -0.55});
  set_block(network, "forget_gate.bias", {3.6, 5.3});
  set_block(network, "target.weight",
            {0.35, 0.41, 0.28, 0.19, 0.22, -0.17, 0.48, 0.31, 0.12, 0.37, -0.09, 0.44});
  set_block(network, "target.bias", {0.05, -0.08, 0.02});
  set_block(network, "readout.weight", {0.9, -0.6, 0.03});
  set_block(network, "readout.bias", {-0.1});
  network.box = {.voltage_min = {-1.0},
                 .voltage_max = {1.0},
                 .conductance_min = 2.2e-4,
                 .conductance_max = 1e-3,
                 .step_max = 1e-6,
                 .duration = 2e-3,
                 .drive_frequency = 1e4,
                 .median_rate = 3e3,
                 .fastest_rate = 1e5};
  return network;
}

/// No state: a curve G(V) = 1 mS exp(0.1 + sum_l a_l (tanh(u_l V + q_l) - tanh(q_l))).
inline ir::Network static_curve() {
  ir::Network network = fit::build_compact_student(
      {.states = 0, .static_features = 2}, {.conductance = 1e-3, .voltage = 1.0, .step = 1e-6},
      "static_curve");
  set_block(network, "static.weight", {1.7, 2.4});
  set_block(network, "static.bias", {0.6, -1.1});
  set_block(network, "static.gain", {0.35, -0.22});
  set_block(network, "readout.bias", {0.1});
  network.box = {.voltage_min = {-1.0},
                 .voltage_max = {1.0},
                 .conductance_min = 7e-4,
                 .conductance_max = 1.6e-3,
                 .step_max = 1e-6,
                 .duration = 1e-3,
                 .drive_frequency = 1e4};
  return network;
}

/// one_state() with all times multiplied by `factor`: sampled, driven and relaxing so much slower.
inline ir::Network stretched(double factor, const std::string& name) {
  ir::Network network = one_state();
  network.name = name;
  network.reference_step *= factor;
  network.nodes[static_cast<std::size_t>(network.rate_node)].factor /= factor;
  network.box.step_max *= factor;
  network.box.duration *= factor;
  network.box.drive_frequency /= factor;
  network.box.median_rate /= factor;
  network.box.fastest_rate /= factor;
  return network;
}

/// Relaxes within about 10 s, driven at 1 Hz.
inline ir::Network slow_device() { return stretched(1e4, "slow_device"); }

/// Relaxes within about 1 us, driven at 10 MHz.
inline ir::Network fast_device() { return stretched(1e-3, "fast_device"); }

/// amplitude sin(2 pi frequency t) at `time`, plus a second line of a third of it at 1.7 times the
/// frequency: without a symmetry.
inline std::vector<double> two_tones(const std::vector<double>& time,
                                     double amplitude,
                                     double frequency) {
  std::vector<double> voltage;
  for (double t : time) {
    const double phase = 2 * std::numbers::pi * frequency * t;
    voltage.push_back(amplitude * (std::sin(phase) + std::sin(1.7 * phase + 0.4) / 3));
  }
  return voltage;
}

}  // namespace psi_xlstm::testing
