#include "hdl/verilog_a.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "hdl/text/expression.hpp"
#include "hdl/text/internal_nodes.hpp"
#include "hdl/text/network_lines.hpp"
#include "hdl/text/plan.hpp"
#include "ir/lowering.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::hdl {
namespace {

class VerilogAPrinter : NetworkLines {
 public:
  // `in_nodes`: `lowered` has internal nodes.
  VerilogAPrinter(const ir::Network& network, const ir::Network& lowered, bool in_nodes)
      : NetworkLines(network, lowered),
        in_nodes_(in_nodes),
        first_unknown_(lowered.nodes.size(), 0) {
    if (in_nodes_) unknowns_at_start_ = unknowns_at_start(lowered, plan_);
    for (int id : lowered.unknowns) {
      first_unknown_[at(id)] = unknown_count_ + 1;
      unknown_count_ += lowered.node(id).width;
    }
  }

  std::string print() {
    for (const std::string& fact : facts_) line("// {}", fact);
    if (in_nodes_) {
      line("// every sum is a node: compile it without optimisation (openvaf-r -O 0), which takes");
      line("// seconds instead of minutes and runs as fast");
    }
    line("`include \"disciplines.vams\"");
    line("");
    line("module {}({});", network_.name, terminals(", "));
    line("    inout {};", terminals(", "));
    line("    electrical {};", terminals(", "));
    for (int s = 1; s <= network_.state_count(); ++s) line("    electrical x_{0}, r_{0};", s);
    for (int k = 1; k <= unknown_count_; ++k) line("    electrical y_{0};", k);
    line("");
    parameters();
    declarations();
    line("");
    line("    analog begin");
    if (has_states()) {
      line("        `ifdef PSI_BOUND_STEP");
      line("        $bound_step(dtmax*min(1.0, tau_scale));");
      line("        `endif");
    }
    for (int p = 0; p < network_.port_count(); ++p) {
      line("        {} = V({}, {});", voltage(p), port(p), minus());
    }
    if (in_nodes_ && has_states()) held();
    if (network_.start == ir::Start::kNode) {
      line("        start = ln(g0/{});", shortest(network_.conductance().scale));
    }
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (start_alone_[id]) assignments(static_cast<int>(id));
    }
    for (int s = 0; s < network_.state_count(); ++s) state_value(s);
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (!start_alone_[id]) assignments(static_cast<int>(id));
    }
    for (int p = 0; p < network_.port_count(); ++p) terminal(p);
    if (network_.role) line("        conductance = area*{};", value(network_.role->node, 0));
    if (is_noisy()) {
      line(
          "        I({}, {}) <+ white_noise(noise*4.0*1.380649e-23*$temperature*conductance, "
          "\"thermal\");",
          port(0), minus());
    }
    if (plan_.has_range) training_range();
    for (int s = 0; s < network_.state_count(); ++s) state_equation(s);
    line("    end");
    line("endmodule");
    return std::move(text_);
  }

 private:
  bool has_states() const { return network_.state_count() > 0; }
  std::string voltage(int p) const { return of_port("v", "v_", p); }

  void terminal(int p) {
    line("        I({}, {}) <+ area*{};", port(p), minus(), value(network_.current_node, p));
    if (network_.charge_node < 0) return;
    line("        I({}, {}) <+ ddt(area*{});", port(p), minus(), value(network_.charge_node, p));
  }

  void parameters() {
    const auto parameter = [&](const char* meaning, const char* unit, const std::string& rest) {
      line("    (* desc=\"{}\", units=\"{}\", type=\"instance\" *)", meaning, unit);
      line("    parameter {};", rest);
    };
    if (network_.is_told_its_start()) {
      parameter("conductance at the start, at 0 V", "S",
                fmt::format("real g0 = {} from (0.0:inf)", shortest(plan_.default_conductance)));
    }
    parameter(
        network_.charge_node < 0 ? "multiplies the current" : "multiplies currents and charges", "",
        "real area = 1.0 from (0.0:inf)");
    if (is_noisy()) {
      parameter("1: thermal noise of the conductance, 4 k T G", "", "integer noise = 0 from [0:1]");
    }
    if (plan_.has_range) {
      parameter("1: say it once where the training range is left", "",
                "integer soa = 0 from [0:1]");
    }
    if (!has_states()) return;
    parameter("multiplies every time constant", "", "real tau_scale = 1.0 from (0.0:inf)");
    parameter("1: operating point and DC sweep keep the state at its start; 0: equilibrium", "",
              "integer hold = 1 from [0:1]");
    line("    `ifdef PSI_BOUND_STEP");
    parameter("longest time step, times tau_scale where that is below 1", "s",
              fmt::format("real dtmax = {} from (0.0:inf)", shortest(plan_.max_step)));
    line("    `endif");
  }

  // Tells at the first time that is outside, whatever its iterations and retries were.
  void training_range() {
    const ir::TrainingBox& box = network_.box;
    std::string outside, values, arguments;
    const auto add = [&](const std::string& name, double low, double high, const char* unit) {
      if (!outside.empty()) outside += " || ";
      outside += fmt::format("{0} < {1} || {0} > {2}", name, shortest(low), shortest(high));
      values += fmt::format("{} %g {} (%g to %g)", values.empty() ? "" : ",", unit);
      arguments += fmt::format(", {}, {}, {}", name, shortest(low), shortest(high));
    };
    for (int p = 0; p < network_.port_count(); ++p) {
      add(voltage(p), box.voltage_min[at(p)], box.voltage_max[at(p)], "V");
    }
    if (network_.role) {
      add(value(network_.role->node, 0), box.conductance_min, box.conductance_max, "S");
    }
    line("        if (soa == 1 && (told_at == 0.0 || $abstime <= told_at) && ({})) begin", outside);
    line("            $strobe(\"%m: outside of the training range:{}\"{});", values, arguments);
    line("            told_at = $abstime;");
    line("        end");
  }

  void declarations() {
    if (plan_.has_range) {
      line("    // Kept from one time to the next, for the message of soa alone.");
      line("    real told_at;");
    }
    if (network_.role) {
      line("    (* desc=\"conductance\", units=\"S\", multiplicity=\"multiply\" *)");
      line("    real conductance;");
    }
    std::vector<std::string> names;
    for (int p = 0; p < network_.port_count(); ++p) names.push_back(voltage(p));
    if (in_nodes_ && has_states()) names.insert(names.end(), {"held", "free"});
    if (network_.start == ir::Start::kNode) names.push_back("start");
    for (int s = 1; s <= network_.state_count(); ++s) {
      for (const char* prefix : {"c0_", "c_", "rate_"}) names.push_back(prefix + std::to_string(s));
    }
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      for (int i = 0; has_variables(static_cast<int>(id)) && i < network_.nodes[id].width; ++i) {
        names.push_back(variable(static_cast<int>(id), i));
      }
    }
    constexpr std::size_t kPerLine = 8;
    for (std::size_t i = 0; i < names.size(); i += kPerLine) {
      const auto end =
          names.begin() + static_cast<std::ptrdiff_t>(std::min(i + kPerLine, names.size()));
      line("    real {};", fmt::join(names.begin() + static_cast<std::ptrdiff_t>(i), end, ", "));
    }
  }

  void state_value(int s) {
    line("        c0_{} = {};", s + 1,
         network_.start == ir::Start::kNode ? value(network_.start.node, s)
                                            : initial_state_expression(network_, plan_, s, "ln"));
    line("        c_{0} = c0_{0} + {1}*V(x_{0});", s + 1, in_parentheses(1 / plan_.kappa[at(s)]));
  }

  static constexpr const char* kAtStart = "hold == 1 && !analysis(\"ac\") && $abstime <= 0.0";

  // Once for all states: a branch for each would be one in front of every derivative.
  void held() {
    line("        // The one use of $abstime: the start of an analysis keeps the state (hold).");
    line("        held = 0.0;");
    line("        if ({})", kAtStart);
    line("            held = 1.0;");
    line("        free = 1.0 - held;");
  }

  // dx/dt = kappa lambda (z - c); the rate is a node of its own (plan.hpp).
  void state_equation(int s) {
    const double cx = plan_.charge_capacitance, scale = plan_.rate_scale;
    const int n = s + 1;
    const std::string rate = fmt::format("{}*{}*({} - c_{})", in_parentheses(plan_.kappa[at(s)]),
                                         value(network_.rate_node, network_.rate_of_state[at(s)]),
                                         value(network_.target_node, s), n);
    if (in_nodes_) {
      line("        rate_{0} = free*{1} - held*{2}*V(x_{0});", n, rate, shortest(plan_.hold_rate));
    } else {
      line("        rate_{} = {};", n, rate);
      line("        // The one use of $abstime: the start of an analysis keeps the state (hold).");
      line("        if ({})", kAtStart);
      line("            rate_{0} = -{1}*V(x_{0});", n, shortest(plan_.hold_rate));
    }
    line("        I(r_{0}) <+ V(r_{0}) - {1}*rate_{0};", n, shortest(1 / scale));
    line("        I(x_{0}) <+ ({1}*V(x_{0}) - {2}*V(r_{0}))/tau_scale;", n,
         shortest(cx * plan_.leak_rate), shortest(cx * scale));
    line("        I(x_{0}) <+ ddt({1}*V(x_{0}));", n, shortest(cx));
  }

  bool is_assigned(int id) const {
    return (depends_[at(id)] || start_alone_[at(id)]) &&
           ir::operation(network_.node(id).op).computes;
  }

  // Whether the elements of `id` have names of their own.
  bool has_variables(int id) const {
    return is_assigned(id) || (in_nodes_ && first_unknown_[at(id)] > 0);
  }

  static std::string variable(int id, int element) {
    return fmt::format("t{}_{}", id, element + 1);
  }

  std::string value(int id, int element) const {
    if (!depends_[at(id)] && !start_alone_[at(id)]) {
      return in_parentheses(constants_.value(id, element));
    }
    const int first = first_unknown_[at(id)];
    if (first == 0) return computed(id, element);
    return in_nodes_ ? variable(id, element) : fmt::format("V(y_{})", first + element);
  }

  std::string computed(int id, int element) const {
    const ir::Node& node = network_.node(id);
    return ir::visit(node.op,
                     ir::Ways{[&](ir::PortsOp) { return voltage(element); },
                              [&](ir::StatesOp) { return fmt::format("c_{}", element + 1); },
                              [](ir::StartOp) -> std::string { return "start"; },
                              [&](ir::GatherOp) {
                                const auto [argument, from] = ir::gathered(network_, node, element);
                                return value(argument, from);
                              },
                              [&](auto) { return variable(id, element); }});
  }

  void assignments(int id) {
    const int first = first_unknown_[at(id)];
    if (in_nodes_ && first > 0) return unknowns(id, first);
    if (is_assigned(id)) {
      for (int i = 0; i < network_.node(id).width; ++i) {
        line("        {} = {};", variable(id, i), expression(id, i));
      }
    }
    for (int i = 0; first > 0 && i < network_.node(id).width; ++i) {
      line("        I(y_{0}) <+ V(y_{0}) - {1};", first + i, computed(id, i));
    }
  }

  // A node is 0 V where a simulator begins, its element what it is at the start: no denominator is
  // zero there.
  void unknowns(int id, int first) {
    const auto place = std::find(network_.unknowns.begin(), network_.unknowns.end(), id);
    const std::vector<double>& start =
        unknowns_at_start_[static_cast<std::size_t>(place - network_.unknowns.begin())];
    for (int i = 0; i < network_.node(id).width; ++i) {
      const std::string name = variable(id, i);
      line("        {} = {} + V(y_{});", name, in_parentheses(start[at(i)]), first + i);
      line("        I(y_{}) <+ {} - ({});", first + i, name,
           is_assigned(id) ? expression(id, i) : computed(id, i));
    }
  }

  std::string affine(const ir::Node& node, int element) const {
    const double* parameters = network_.parameters.data();
    std::string sum = node.bias >= 0 ? shortest(parameters[node.bias + element]) : "0.0";
    int inputs = 0, column = 0;
    for (int argument : node.arguments) inputs += network_.node(argument).width;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
        const double weight = parameters[node.weight + element * inputs + column];
        if (in_nodes_ && weight == 0) continue;
        sum += fmt::format(" + {}*{}", in_parentheses(weight), value(argument, j));
      }
    }
    return sum;
  }

  std::string group_sum(const ir::Node& node, int group) const {
    const int argument = node.arguments[0];
    const int size = network_.node(argument).width / node.width;
    std::string sum;
    for (int j = 0; j < size; ++j) {
      sum += (j == 0 ? "" : " + ") + value(argument, group * size + j);
    }
    return sum;
  }

  std::string expression(int id, int i) const {
    const ir::Node& node = network_.node(id);
    return ir::visit(node.op, ir::Ways{[&](ir::AffineOp) { return affine(node, i); },
                                       [&](ir::ElementwiseOp op) {
                                         Names names{.a = value(node.arguments[0], i),
                                                     .f = in_parentheses(node.factor)};
                                         if (op.row.arguments == 2)
                                           names.b = value(node.arguments[1], i);
                                         return filled(op.row.verilog_a, names);
                                       },
                                       [&](ir::GroupSumOp) { return group_sum(node, i); },
                                       // no variables of their own, or lowered
                                       [](auto) { return std::string(); }});
  }

  const bool in_nodes_;
  std::vector<int> first_unknown_;  ///< The circuit node of a node's first element; 0: none.
  int unknown_count_ = 0;
  std::vector<std::vector<double>> unknowns_at_start_;
};

}  // namespace

bool is_in_nodes(const ir::Network& network, VerilogAShape shape) {
  if (shape != VerilogAShape::kBySize) return shape == VerilogAShape::kNodes;
  return network.parameter_count() > kMostInExpressions;
}

std::string verilog_a(const ir::Network& network, VerilogAShape shape) {
  ir::validate(network);
  if (!is_in_nodes(network, shape)) {
    return VerilogAPrinter(network, ir::lowered(network), false).print();
  }
  const ir::Network cut = with_internal_nodes(ir::lowered(network, ir::GroupSums::kKept));
  return VerilogAPrinter(network, cut, true).print();
}

}  // namespace psi_xlstm::hdl
