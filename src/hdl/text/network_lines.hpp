#pragma once

#include <string>
#include <vector>

#include "hdl/text/lines.hpp"
#include "hdl/text/plan.hpp"
#include "ir/jacobian.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The printer of a text form of a network with one port: the plan, what varies, and the values of
/// all that does not.
class NetworkLines : protected Lines {
 protected:
  explicit NetworkLines(const ir::Network& network) : NetworkLines(network, network) {}

  /// Of `network`, printed from `lowered`, which computes the same.
  NetworkLines(const ir::Network& network, const ir::Network& lowered)
      : network_(lowered),
        plan_(plan_emission(network)),
        facts_(model_facts(network, plan_)),
        depends_(ir::depends_on_inputs(lowered)),
        start_alone_(ir::depends_on_start_alone(lowered)),
        constants_(lowered) {
    const std::vector<double> ports(network.ports.size(), 0.0);
    const std::vector<double> states(at(network.state_count()), 0.0);
    constants_.evaluate(ports, states);
  }

  const std::string& plus() const { return network_.ports[0]; }
  const std::string& minus() const { return network_.reference_terminal; }

  const ir::Network& network_;
  const EmissionPlan plan_;
  const std::vector<std::string> facts_;
  const std::vector<bool> depends_, start_alone_;
  ir::SparseJacobian constants_;
};

}  // namespace psi_xlstm::hdl
