#pragma once

#include <cstddef>
#include <string>

#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::testing {

/// A network of `ports` ports and two states that uses every ir::Op, away from every singularity
/// for ports and states in [-1, 1]; it stands for no device.
inline ir::Network every_operation(int ports) {
  ir::Network network;
  network.name = "every_operation";
  network.ports.clear();
  for (int p = 1; p <= ports; ++p) network.ports.push_back("p" + std::to_string(p));
  network.rate_of_state = {1, 0};
  network.start = ir::Start::kRest;
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
  network.conductance_node = build.affine("conductance", 1, {network.current_node, root});
  network.readout_weight = network.node(mixed).weight;
  network.readout_bias = network.node(network.conductance_node).bias;
  for (std::size_t q = 0; q < network.parameters.size(); ++q) {
    network.parameters[q] = 0.3 + 0.4 * static_cast<double>((7 * q + 3) % 11) / 11;
    if (q % 3 == 1) network.parameters[q] *= -1;
  }
  network.box = {.voltage_min = -1,
                 .voltage_max = 1,
                 .conductance_min = 0.1,
                 .conductance_max = 10,
                 .step_max = 0.01,
                 .duration = 10,
                 .drive_frequency = 0.5,
                 .median_rate = 1,
                 .fastest_rate = 5};
  return network;
}

}  // namespace psi_xlstm::testing
