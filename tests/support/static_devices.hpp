#pragma once

/// @file
/// Devices that stand for no conductance: one drawn, one with numbers that can be computed by hand.

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "psi_xlstm/ir/network.hpp"
#include "support/bare_network.hpp"

namespace psi_xlstm::testing {

/// A network to be filled in: ports g and d against s, no states, no conductance.
inline ir::Network two_ports(const std::string& name) {
  ir::Network network = bare_network(name, 2, {});
  network.ports = {"g", "d"};
  network.reference_terminal = "s";
  network.role.reset();
  return network;
}

/// A device without memory: two ports, g and d against s, currents and, where they are wanted,
/// charges that depend on both voltages.
inline ir::Network static_device(bool charges) {
  ir::Network network = two_ports("static_device");
  ir::NetworkBuilder build(network);
  using ir::Op;
  const int v = build.ports();
  const int bent = build.unary(Op::kTanh, build.affine("features", 3, {v}));
  const int gain = build.unary(Op::kSoftplus, build.affine("gain", 2, {bent, v}));
  network.current_node = build.scale(build.binary(Op::kProduct, v, gain), 1e-3);
  if (charges) {
    network.charge_node = build.scale(build.affine("charge", 2, {bent, v}), 1e-12);
  }
  fill_in(network, 0);
  return network;
}

/// `network` with charges of its ports that depend on every port and state.
inline ir::Network with_charges(ir::Network network) {
  const std::size_t first = network.parameters.size();
  ir::NetworkBuilder build(network);
  std::vector<int> inputs = {build.ports()};
  if (network.state_count() > 0) inputs.push_back(build.states());
  const int bent = build.unary(ir::Op::kTanh, build.affine("charge", network.port_count(), inputs));
  network.charge_node = build.scale(bent, 2e-12);
  const ir::TrainingBox box = network.box;
  fill_in(network, first);
  network.box = box;
  network.name += "_charged";
  return network;
}

/// A transistor of two ports, g and d against s, with one internal unknown x and charges:
///
///   x = ln(1 + exp(4 v_g - 2)),   t = tanh(2 v_d)
///   f_g = 1 uS v_g                Q_g = 1 pF (0.5 v_g - 0.1 v_d + 0.3 x)
///   f_d = 1 mA x t                Q_d = 1 pF (-0.1 v_g + 0.4 v_d - 0.05 x + 0.2 t)
inline ir::Network transistor() {
  ir::Network network = two_ports("transistor");
  ir::NetworkBuilder build(network);
  using ir::Op;
  const int v = build.ports();
  const int scaled = build.affine("inputs", 2, {v});
  const int x = build.unary(Op::kSoftplus, build.gather({scaled}, {0}));
  network.unknowns = {x};
  const int t = build.unary(Op::kTanh, build.gather({scaled}, {1}));
  const int channel = build.binary(Op::kProduct, x, t);
  network.current_node =
      build.scale(build.chain({build.scale(build.gather({v}, {0}), 1e-3), channel}), 1e-3);
  network.charge_node = build.scale(build.affine("charge", 2, {v, x, t}), 1e-12);
  network.parameters = {4, 0, 0, 2, -2, 0, 0.5, -0.1, 0.3, 0, -0.1, 0.4, -0.05, 0.2, 0, 0};
  network.box = {
      .voltage_min = {0, -1}, .voltage_max = {1, 1}, .step_max = 1e-10, .duration = 1e-8};
  return network;
}

/// What transistor() is at two voltages; matrices by port and voltage, g first.
struct TransistorPoint {
  TransistorPoint(double vg, double vd) {
    const double x = std::log1p(std::exp(4 * vg - 2)), t = std::tanh(2 * vd);
    const double dx = 4 / (1 + std::exp(2 - 4 * vg)), dt = 2 * (1 - t * t);
    unknown = x;
    currents = {1e-6 * vg, 1e-3 * x * t};
    charges = {1e-12 * (0.5 * vg - 0.1 * vd + 0.3 * x),
               1e-12 * (-0.1 * vg + 0.4 * vd - 0.05 * x + 0.2 * t)};
    conductances = {{{1e-6, 0}, {1e-3 * dx * t, 1e-3 * x * dt}}};
    capacitances = {{{1e-12 * (0.5 + 0.3 * dx), -0.1e-12},
                     {1e-12 * (-0.1 - 0.05 * dx), 1e-12 * (0.4 + 0.2 * dt)}}};
  }
  double unknown = 0;
  std::array<double, 2> currents{}, charges{};                          ///< [A], [C]
  std::array<std::array<double, 2>, 2> conductances{}, capacitances{};  ///< [S], [F]
};

}  // namespace psi_xlstm::testing
