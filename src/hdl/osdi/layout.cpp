#include "hdl/osdi/layout.hpp"

#include <algorithm>
#include <set>

namespace psi_xlstm::hdl {

OsdiLayout::OsdiLayout(const ir::Network& described)
    : network(described),
      plan(plan_emission(described)),
      evaluation(osdi_evaluation(described)),
      ports(described.port_count()),
      states(described.state_count()) {
  find_entries();
}

int OsdiLayout::node_of(int input) const {
  if (input < ports) return input;
  const int state = input - ports;
  return state < states ? state_node(state) : junction_node(state - states);
}

int OsdiLayout::input_of(int node) const {
  if (node < ports) return node;
  if (node >= junction_node(0)) return ports + states + node - junction_node(0);
  return node > reference() && node < rate_node(0) ? ports + node - state_node(0) : -1;
}

void OsdiLayout::find_entries() {
  std::set<std::pair<int, int>> pattern, of_charges;
  const auto add = [&](std::set<std::pair<int, int>>& to, int row, int input) {
    to.emplace(row, node_of(input));
    if (input < ports) to.emplace(row, reference());
  };
  const auto add_row = [&](int row, int input) { add(pattern, row, input); };
  for (const OsdiSlope& slope : evaluation.slopes) {
    if (slope.value < ports) {
      add_row(slope.value, slope.input);
      add_row(reference(), slope.input);
    }
    if (slope.value >= charge_value(0)) {
      add(of_charges, slope.value - charge_value(0), slope.input);
      add(of_charges, reference(), slope.input);
      continue;
    }
    if (slope.value >= junction_value(0)) {
      add_row(junction_node(slope.value - junction_value(0)), slope.input);
      continue;
    }
    for (int s = 0; s < states; ++s) {
      const bool own = slope.value == rate_value(s) || slope.value == target_value(s);
      if (own) add_row(rate_node(s), slope.input);
    }
  }
  for (int k = 0; k < evaluation.junctions; ++k) {
    pattern.emplace(junction_node(k), junction_node(k));
  }
  for (int s = 0; s < states; ++s) {
    pattern.emplace(state_node(s), state_node(s));
    pattern.emplace(state_node(s), rate_node(s));
    pattern.emplace(rate_node(s), rate_node(s));
    pattern.emplace(rate_node(s), state_node(s));
  }
  pattern.insert(of_charges.begin(), of_charges.end());
  if (pattern.empty()) pattern.emplace(0, 0);
  entries.assign(pattern.begin(), pattern.end());
  for (const auto& [row, column] : of_charges) charge_entries.push_back(entry(row, column));
}

int OsdiLayout::entry(int row, int column) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), std::pair(row, column));
  return static_cast<int>(found - entries.begin());
}

}  // namespace psi_xlstm::hdl
