#include "studies/time_constants/gate_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/json/json_numbers.hpp"
#include "core/number_text.hpp"

namespace psi_xlstm {
namespace {

// Where the median of a gate lies among what the records speak for.
std::string meaning(const GateTime& gate, const tau::TauEstimate& e) {
  constexpr double kConstant = 1.3 * 1.3;  // as far as an identified interval reaches
  if (gate.high > kConstant * gate.low) {
    return fmt::format("no constant: moves by a factor of {:.2g}", gate.high / gate.low);
  }
  for (std::size_t k = 0; k < e.processes.size(); ++k) {
    const tau::ProcessEstimate& p = e.processes[k];
    if (p.verdict == tau::Verdict::kIdentified && gate.median >= *p.low && gate.median <= *p.high) {
      return fmt::format("constant, within the interval of process {}", k + 1);
    }
  }
  return "constant, but the records identify no process there";
}

Table centres_table(const std::vector<NetworkGates>& networks, const tau::TauEstimate& estimate) {
  Table table{.caption = "Centres of forget gates",
              .header = {"network", "layer", "centre", "states", "tau at rest", "median", "2.5 %",
                         "97.5 %", "meaning"}};
  for (const NetworkGates& network : networks) {
    if (!network.tied) continue;
    for (const GateTime& g : network.gates) {
      table.rows.push_back({network.label, std::to_string(g.layer), std::to_string(g.gate + 1),
                            std::to_string(g.states), engineering(g.at_rest, "s"),
                            engineering(g.median, "s"), engineering(g.low, "s"),
                            engineering(g.high, "s"), meaning(g, estimate)});
    }
  }
  table.note =
      "1/lambda of gates that were tied in training, along these records. Their number was chosen "
      "before the training. Memory in which such a state takes part can be slower or faster than "
      "its gate: the layers feed back.";
  return table;
}

Table k_means_table(const std::vector<NetworkGates>& networks, const std::string& conclusion) {
  Table table{.caption = "K-means of forget gates",
              .header = {"network", "gates", "K asked for", "centres", "variance left"}};
  for (const NetworkGates& network : networks) {
    for (const GateClusters& c : network.clusters) {
      std::string centres;
      for (double tau : c.centres) centres += (centres.empty() ? "" : ", ") + engineering(tau, "s");
      table.rows.push_back({network.label, std::to_string(network.gates.size()),
                            std::to_string(c.centres.size()), centres,
                            fmt::format("{:.3g} %", 100 * c.left_over)});
    }
  }
  table.note = fmt::format(
      "K-means of the logarithms of the gates' medians gives as many centres as it is asked for, "
      "whatever the device is: nothing in it can say that there is another number of them, or "
      "none. What the records say: {}",
      conclusion);
  return table;
}

}  // namespace

Json gates_json(const std::vector<NetworkGates>& networks) {
  Json out = Json::array();
  for (const NetworkGates& network : networks) {
    Json gates = Json::array(), clusters = Json::array();
    for (const GateTime& g : network.gates) {
      gates.push_back({{"layer", g.layer},
                       {"gate", g.gate},
                       {"states", g.states},
                       {"tau_at_rest_s", number(g.at_rest)},
                       {"low_s", number(g.low)},
                       {"median_s", number(g.median)},
                       {"high_s", number(g.high)}});
    }
    for (const GateClusters& c : network.clusters) {
      clusters.push_back({{"k", c.centres.size()},
                          {"centres_s", numbers(c.centres)},
                          {"variance_left", number(c.left_over)}});
    }
    out.push_back({{"network", network.label},
                   {"tied", network.tied},
                   {"gates", std::move(gates)},
                   {"k_means", std::move(clusters)}});
  }
  return out;
}

std::vector<Table> gate_tables(const std::vector<NetworkGates>& networks,
                               const tau::TauEstimate& estimate) {
  std::vector<Table> tables;
  if (networks.empty()) return tables;
  const bool tied = std::any_of(networks.begin(), networks.end(),
                                [](const NetworkGates& network) { return network.tied; });
  if (tied) tables.push_back(centres_table(networks, estimate));
  tables.push_back(k_means_table(networks, estimate.conclusion));
  return tables;
}

}  // namespace psi_xlstm
