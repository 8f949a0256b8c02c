#pragma once

#include <string>

#include "psi_xlstm/ir/network.hpp"
#include "support/bare_network.hpp"

namespace psi_xlstm::testing {

/// A device without memory and without a conductance: two ports, g and d against s, currents and,
/// where they are wanted, charges that depend on both voltages.
inline ir::Network static_device(bool charges) {
  ir::Network network = bare_network("static_device", 2, {});
  network.ports = {"g", "d"};
  network.reference_terminal = "s";
  network.role.reset();
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

}  // namespace psi_xlstm::testing
