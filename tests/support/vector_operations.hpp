#pragma once

#include "psi_xlstm/ir/network.hpp"
#include "support/bare_network.hpp"

namespace psi_xlstm::testing {

/// A network of `ports` ports and three states that uses every ir::Op in ways the recurrent
/// networks do not: gathers of several arguments, sums and norms of single entries, quotients by
/// what depends on the states, a junction behind a junction. It stands for no device.
inline ir::Network vector_operations(int ports) {
  ir::Network network = bare_network("vector_operations", ports, {1, 0, 1});
  ir::NetworkBuilder build(network);
  using ir::Op;
  const int v = build.ports(), c = build.states();
  const int mixed = build.gather({c, v}, {2, 0, 3, 1, 0, 2 + ports});
  const int norm = build.standard(build.binary(Op::kProduct, mixed, mixed), 0.1);
  const int sums = build.group_sum(build.binary(Op::kSum, mixed, norm), 3);
  const int squares = build.group_sum(build.binary(Op::kProduct, mixed, mixed), 2);
  const int one = build.constant("one", {1, 1});
  const int root = build.unary(Op::kSqrt, build.binary(Op::kSum, squares, one));
  const int first = build.unary(Op::kTanh, build.affine("first", 4, {sums, root}));
  const int second = build.binary(Op::kQuotient, build.gather({first, c}, {0, 4, 3}),
                                  build.gather({root}, {1, 0, 0}));
  network.unknowns = {first, second};
  const int logs = build.unary(Op::kLog, build.unary(Op::kExp, build.scale(second, 0.7)));
  const int bent = build.unary(Op::kSigmoid, build.affine("bent", 2, {logs, first}));
  network.rate_node = build.unary(Op::kSoftplus, build.chain({bent}));
  network.target_node = build.gather(
      {build.unary(Op::kTanh, build.affine("target", 3, {second, sums})), first}, {2, 4, 0});
  const int g = build.affine("conductance", ports, {bent, root, c});
  network.current_node = build.binary(Op::kProduct, v, g);
  network.conductance().node = build.gather({g}, {0});
  network.conductance().readout_weight = network.node(g).weight;
  network.conductance().readout_bias = network.node(g).bias;
  fill_in(network, 2);  // behind the constant
  return network;
}

}  // namespace psi_xlstm::testing
