#pragma once

#include <string>
#include <vector>

#include "hdl/text/lines.hpp"
#include "hdl/text/plan.hpp"
#include "ir/jacobian.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::hdl {

/// The printer of a text form of a network: the plan, what varies, and the values of
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

  const std::string& port(int p) const { return network_.ports[at(p)]; }
  const std::string& minus() const { return network_.reference_terminal; }
  /// The terminals in their order, `between` between them.
  std::string terminals(const char* between) const {
    std::string text;
    for (const std::string& name : network_.ports) text += name + between;
    return text + minus();
  }
  /// `stem` for a network with one port; else with the number of port `p` behind it.
  std::string of_port(const char* stem, const char* numbered, int p) const {
    return network_.port_count() == 1 ? stem : fmt::format("{}{}", numbered, p + 1);
  }

  /// Whether there is one conductance that can have thermal noise: of several ports nothing is
  /// known.
  bool is_noisy() const { return network_.role && network_.port_count() == 1; }

  const ir::Network& network_;
  const EmissionPlan plan_;
  const std::vector<std::string> facts_;
  const std::vector<bool> depends_, start_alone_;
  ir::SparseJacobian constants_;
};

}  // namespace psi_xlstm::hdl
