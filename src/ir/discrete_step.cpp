#include "ir/discrete_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "core/index.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

void check_start(const Network& network) {
  validate(network);
  const auto starts = [](const Node& node) { return node.op == Op::kStart; };
  if (std::ranges::any_of(network.nodes, starts)) {
    throw ShapeError(
        fmt::format("step of network {}: expected a start that is known, found a function of it",
                    network.name));
  }
}

class StepBuilder {
 public:
  explicit StepBuilder(const Network& network)
      : of_(network), ports_(network.port_count()), states_(network.state_count()), build_(out_) {
    out_.name = network.name + "_step";
    out_.ports.clear();
    for (const std::string& port : network.ports) out_.ports.push_back(port + "_before");
    out_.ports.insert(out_.ports.end(), network.ports.begin(), network.ports.end());
    out_.ports.push_back("dt");
    out_.reference_terminal = network.reference_terminal;
    out_.blocks = network.blocks;
    out_.parameters = network.parameters;
    out_.rate_of_state.assign(at(states_), 0);
    out_.state_limit = network.state_limit;
    set_box();
  }

  Network run() {
    const int inputs = build_.ports();
    const int before = build_.gather({inputs}, from(0));
    const int after = build_.gather({inputs}, from(ports_));
    int next = -1;
    if (states_ > 0) {
      const int c = build_.states();
      const int dt = build_.gather({inputs}, std::vector<int>(at(states_), 2 * ports_));
      next = step(c, dt, before, after);
      out_.target_node = next;
      out_.rate_node = build_.constant("step.rate", {1.0});
    }
    none_ = build_.constant("step.none", {0.0});
    out_.current_node = of_all_ports(copy(of_.current_node, after, next));
    if (of_.charge_node >= 0) {
      out_.charge_node = of_all_ports(copy(of_.charge_node, after, next));
    }
    validate(out_);
    return std::move(out_);
  }

 private:
  void set_box() {
    out_.box = of_.box;
    for (auto* ends : {&out_.box.voltage_min, &out_.box.voltage_max}) {
      const std::vector<double> of_ports = *ends;
      ends->insert(ends->end(), of_ports.begin(), of_ports.end());
      ends->push_back(0);
    }
    out_.box.voltage_max.back() = of_.box.step_max;
  }

  std::vector<int> from(int first) const {
    std::vector<int> list(at(ports_));
    std::iota(list.begin(), list.end(), first);
    return list;
  }

  // The numbers of the P ports in the middle, zero for the others.
  int of_all_ports(int node) {
    std::vector<int> elements(at(2 * ports_ + 1), ports_);
    std::iota(elements.begin() + ports_, elements.end() - 1, 0);
    return build_.gather({node, none_}, elements);
  }

  // What node `root` is made of, once for each pair of nodes that stand for the voltages and the
  // states.
  int copy(int root, int voltages, int states) {
    std::vector<int>& place = places_[{voltages, states}];
    place.resize(of_.nodes.size(), -1);
    std::vector<bool> needed(of_.nodes.size(), false);
    needed[at(root)] = true;
    for (int id = root; id >= 0; --id) {
      if (!needed[at(id)] || place[at(id)] >= 0) continue;
      for (int argument : of_.node(id).arguments) needed[at(argument)] = true;
    }
    for (int id = 0; id <= root; ++id) {
      if (!needed[at(id)] || place[at(id)] >= 0) continue;
      Node node = of_.node(id);
      for (int& argument : node.arguments) argument = place[at(argument)];
      place[at(id)] =
          visit(node.op, Ways{[&](PortsOp) { return voltages; }, [&](StatesOp) { return states; },
                              [&](auto) {
                                out_.nodes.push_back(std::move(node));
                                return static_cast<int>(out_.nodes.size()) - 1;
                              }});
    }
    return place[at(root)];
  }

  // Rates and targets of all states, [S].
  struct Gates {
    int rate, target;
  };
  Gates gates(int voltages, int states) {
    return {build_.gather({copy(of_.rate_node, voltages, states)}, of_.rate_of_state),
            copy(of_.target_node, voltages, states)};
  }

  int sum(int a, int b) { return build_.binary(Op::kSum, a, b); }
  int product(int a, int b) { return build_.binary(Op::kProduct, a, b); }
  int minus(int a, int b) { return sum(a, build_.scale(b, -1)); }

  // c + (1 - exp(-2 half)) (target - c); 1 - exp(-2 x) = 2 tanh x / (1 + tanh x), exact where it is
  // small.
  int relaxed(int c, int half, int target) {
    const int t = build_.unary(Op::kTanh, half);
    const int grown = build_.binary(Op::kQuotient, build_.scale(t, 2), sum(ones(), t));
    return sum(c, product(grown, minus(target, c)));
  }

  int ones() {
    if (ones_ < 0) ones_ = build_.constant("step.one", std::vector<double>(at(states_), 1.0));
    return ones_;
  }

  int step(int c, int dt, int before, int after) {
    const Gates left = gates(before, c);
    const bool predicted = gates_see_states(of_);
    const int next =
        predicted ? relaxed(c, build_.scale(product(dt, left.rate), 0.5), left.target) : c;
    const Gates right = gates(after, next);
    // Where nothing relaxes at all the target is that of the left end.
    constexpr double kTiny = 1e-300;
    const int tiny = build_.constant("step.tiny", std::vector<double>(at(states_), kTiny));
    const int weight = sum(left.rate, tiny);
    const int target = build_.binary(
        Op::kQuotient, sum(product(weight, left.target), product(right.rate, right.target)),
        sum(weight, right.rate));
    const int total = sum(left.rate, right.rate);
    return relaxed(c, build_.scale(product(dt, total), 0.25), target);
  }

  const Network& of_;
  int ports_, states_;
  Network out_;
  NetworkBuilder build_;
  std::map<std::pair<int, int>, std::vector<int>> places_;  ///< Of copies, by voltages and states.
  int ones_ = -1, none_ = -1;
};

}  // namespace

Network discrete_step(const Network& network) {
  check_start(network);
  return StepBuilder(network).run();
}

}  // namespace psi_xlstm::ir
