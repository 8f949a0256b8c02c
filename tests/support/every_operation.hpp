#pragma once

#include "psi_xlstm/ir/network.hpp"
#include "support/bare_network.hpp"

namespace psi_xlstm::testing {

/// A network of `ports` ports and two states that uses every ir::Op, away from every singularity
/// for ports and states in [-1, 1]; it stands for no device.
inline ir::Network every_operation(int ports) {
  ir::Network network = bare_network("every_operation", ports, {1, 0});
  ir::NetworkBuilder build(network);
  using ir::Op;
  const int v = build.ports(), c = build.states();
  const int mixed = build.affine("mixed", ports, {c, v});
  const int rising = build.unary(Op::kSigmoid, mixed);
  const int level = build.unary(Op::kSoftplus, build.affine("rate", 2, {rising}));
  network.rate_node = build.scale(level, 3.5);
  network.target_node = build.unary(Op::kTanh, build.affine("target", 2, {c, rising, v}));
  const int shift = build.affine("shift", ports, {network.target_node, network.rate_node});
  const int positive = build.unary(Op::kExp, build.scale(shift, 0.7));
  const int root = build.unary(Op::kSqrt, build.binary(Op::kSum, positive, rising));
  const int logarithm = build.unary(Op::kLog, root);
  const int constant = build.affine("constant", ports, {});
  const int product = build.binary(Op::kProduct, logarithm, constant);
  const int quotient = build.binary(Op::kQuotient, v, positive);
  network.current_node = build.binary(Op::kProduct, quotient, product);
  network.conductance().node = build.affine("conductance", 1, {network.current_node, root});
  network.conductance().readout_weight = network.node(mixed).weight;
  network.conductance().readout_bias = network.node(network.conductance().node).bias;
  fill_in(network, 0);
  return network;
}

}  // namespace psi_xlstm::testing
