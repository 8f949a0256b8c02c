#pragma once

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::testing {

/// A network of two ports and two states that uses every ir::Op, away from every singularity for
/// ports and states in [-1, 1]; it stands for no device.
inline ir::Network every_operation() {
  ir::Network network;
  network.name = "every_operation";
  network.ports = {"a", "b"};
  network.rate_of_state = {1, 0};
  ir::NetworkBuilder build(network);
  using ir::Op;
  const int v = build.ports(), c = build.states();
  const int mixed = build.affine("mixed", 2, {v, c});
  const int rising = build.unary(Op::kSigmoid, mixed);
  const int rate = build.scale(build.unary(Op::kSoftplus, build.affine("rate", 2, {rising})), 3.5);
  const int bent = build.unary(Op::kTanh, build.affine("target", 2, {c, rising, v}));
  const int positive = build.unary(Op::kExp, build.scale(bent, 0.7));
  const int root = build.unary(Op::kSqrt, build.binary(Op::kSum, positive, rate));
  const int logarithm = build.unary(Op::kLog, root);
  const int constant = build.affine("constant", 2, {});
  const int product = build.binary(Op::kProduct, logarithm, constant);
  const int quotient = build.binary(Op::kQuotient, v, positive);
  network.rate_node = rate;
  network.target_node = bent;
  network.current_node = build.binary(Op::kProduct, quotient, product);
  network.conductance_node = build.affine("conductance", 1, {network.current_node, root});
  network.readout_weight = network.node(mixed).weight;
  network.readout_bias = network.node(network.conductance_node).bias;
  for (std::size_t q = 0; q < network.parameters.size(); ++q) {
    network.parameters[q] = 0.3 + 0.4 * static_cast<double>((7 * q + 3) % 11) / 11;
    if (q % 3 == 1) network.parameters[q] *= -1;
  }
  return network;
}

}  // namespace psi_xlstm::testing
