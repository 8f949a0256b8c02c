#include "hdl/verilog_a.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "hdl/emission.hpp"
#include "hdl/text/expression.hpp"
#include "hdl/text/network_lines.hpp"
#include "ir/jacobian.hpp"

namespace psi_xlstm::hdl {
namespace {

using ir::Op;

class VerilogAPrinter : NetworkLines {
 public:
  explicit VerilogAPrinter(const ir::Network& network) : NetworkLines(network) {}

  std::string print() {
    for (const std::string& fact : model_facts(network_, plan_)) line("// {}", fact);
    line("`include \"disciplines.vams\"");
    line("");
    line("module {}({}, {});", network_.name, plus(), minus());
    line("    inout {}, {};", plus(), minus());
    line("    electrical {}, {};", plus(), minus());
    for (int s = 1; s <= network_.state_count(); ++s) line("    electrical x_{0}, r_{0};", s);
    for (int k = 1; k <= junction_count(); ++k) line("    electrical y_{0};", k);
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
    line("        v = V({}, {});", plus(), minus());
    if (network_.start == ir::Start::kNode) {
      line("        start = ln(g0/{});", shortest(network_.conductance_scale));
    }
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (start_alone_[id]) assignments(static_cast<int>(id));
    }
    for (int s = 0; s < network_.state_count(); ++s) state_value(s);
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      if (!start_alone_[id]) assignments(static_cast<int>(id));
    }
    line("        I({}, {}) <+ area*{};", plus(), minus(), value(network_.current_node, 0));
    line("        conductance = area*{};", value(network_.conductance_node, 0));
    line(
        "        I({}, {}) <+ white_noise(noise*4.0*1.380649e-23*$temperature*conductance, "
        "\"thermal\");",
        plus(), minus());
    for (int s = 0; s < network_.state_count(); ++s) state_equation(s);
    line("    end");
    line("endmodule");
    return std::move(text_);
  }

 private:
  bool has_states() const { return network_.state_count() > 0; }

  void parameters() {
    const auto parameter = [&](const char* meaning, const char* unit, const std::string& rest) {
      line("    (* desc=\"{}\", units=\"{}\", type=\"instance\" *)", meaning, unit);
      line("    parameter {};", rest);
    };
    if (has_states() && network_.start != ir::Start::kRest) {
      parameter("conductance at the start, at 0 V", "S",
                fmt::format("real g0 = {} from (0.0:inf)", shortest(plan_.default_conductance)));
    }
    parameter("multiplies the current", "", "real area = 1.0 from (0.0:inf)");
    parameter("1: thermal noise of the conductance, 4 k T G", "", "integer noise = 0 from [0:1]");
    if (!has_states()) return;
    parameter("multiplies every time constant", "", "real tau_scale = 1.0 from (0.0:inf)");
    parameter("1: operating point and DC sweep keep the state at its start; 0: equilibrium", "",
              "integer hold = 1 from [0:1]");
    line("    `ifdef PSI_BOUND_STEP");
    parameter("longest time step, times tau_scale where that is below 1", "s",
              fmt::format("real dtmax = {} from (0.0:inf)", shortest(plan_.max_step)));
    line("    `endif");
  }

  void declarations() {
    line("    (* desc=\"conductance\", units=\"S\", multiplicity=\"multiply\" *)");
    line("    real conductance;");
    std::vector<std::string> names = {"v"};
    if (network_.start == ir::Start::kNode) names.push_back("start");
    for (int s = 1; s <= network_.state_count(); ++s) {
      for (const char* prefix : {"c0_", "c_", "rate_"}) names.push_back(prefix + std::to_string(s));
    }
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      for (int i = 0; is_assigned(static_cast<int>(id)) && i < network_.nodes[id].width; ++i) {
        names.push_back(variable(static_cast<int>(id), i));
      }
      if (network_.nodes[id].op != Op::kStandard) continue;
      for (const char* prefix : {"mean_", "root_"}) names.push_back(prefix + std::to_string(id));
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
         network_.start == ir::Start::kNode ? value(network_.start_node, s)
                                            : initial_state_expression(network_, plan_, s, "ln"));
    line("        c_{0} = c0_{0} + {1}*V(x_{0});", s + 1, in_parentheses(1 / plan_.kappa[at(s)]));
  }

  // dx/dt = kappa lambda (z - c); the rate is a node of its own (emission.hpp).
  void state_equation(int s) {
    const double cx = plan_.charge_capacitance, scale = plan_.rate_scale;
    const int n = s + 1;
    line("        rate_{} = {}*{}*({} - c_{});", n, in_parentheses(plan_.kappa[at(s)]),
         value(network_.rate_node, network_.rate_of_state[at(s)]), value(network_.target_node, s),
         n);
    line("        // The one use of $abstime: the start of an analysis keeps the state (hold).");
    line("        if (hold == 1 && !analysis(\"ac\") && $abstime <= 0.0)");
    line("            rate_{0} = -{1}*V(x_{0});", n, shortest(plan_.hold_rate));
    line("        I(r_{0}) <+ V(r_{0}) - {1}*rate_{0};", n, shortest(1 / scale));
    line("        I(x_{0}) <+ ({1}*V(x_{0}) - {2}*V(r_{0}))/tau_scale;", n,
         shortest(cx * plan_.leak_rate), shortest(cx * scale));
    line("        I(x_{0}) <+ ddt({1}*V(x_{0}));", n, shortest(cx));
  }

  bool is_assigned(int id) const {
    const Op op = network_.node(id).op;
    return (depends_[at(id)] || start_alone_[at(id)]) && op != Op::kPorts && op != Op::kStates &&
           op != Op::kStart && op != Op::kGather;
  }

  int junction_count() const {
    int count = 0;
    for (int id : network_.junctions) count += network_.node(id).width;
    return count;
  }

  // The number of the circuit node of the first element of a junction; 0: `id` is none.
  int junction_number(int id) const {
    int next = 1;
    for (int junction : network_.junctions) {
      if (junction == id) return next;
      next += network_.node(junction).width;
    }
    return 0;
  }

  static std::string variable(int id, int element) {
    return fmt::format("t{}_{}", id, element + 1);
  }

  std::string value(int id, int element) const {
    if (!depends_[at(id)] && !start_alone_[at(id)]) {
      return in_parentheses(constants_.value(id, element));
    }
    if (const int first = junction_number(id)) return fmt::format("V(y_{})", first + element);
    return computed(id, element);
  }

  std::string computed(int id, int element) const {
    if (network_.node(id).op == Op::kStart) return "start";
    if (network_.node(id).op == Op::kGather) {
      const auto [argument, from] = ir::gathered(network_, network_.node(id), element);
      return value(argument, from);
    }
    if (network_.node(id).op == Op::kPorts) return "v";
    if (network_.node(id).op == Op::kStates) return fmt::format("c_{}", element + 1);
    return variable(id, element);
  }

  void assignments(int id) {
    if (is_assigned(id)) {
      if (network_.node(id).op == Op::kStandard) mean_and_root(id);
      for (int i = 0; i < network_.node(id).width; ++i) {
        line("        {} = {};", variable(id, i), expression(id, i));
      }
    }
    const int first = junction_number(id);
    for (int i = 0; first > 0 && i < network_.node(id).width; ++i) {
      line("        I(y_{0}) <+ V(y_{0}) - {1};", first + i, computed(id, i));
    }
  }

  // Of kStandard: what is subtracted from its elements and what they are divided by.
  void mean_and_root(int id) {
    const ir::Node& node = network_.node(id);
    std::string sum, squares;
    for (int i = 0; i < node.width; ++i) {
      const std::string a = value(node.arguments[0], i);
      sum += (i == 0 ? "" : " + ") + a;
      squares += fmt::format("{0}({1} - mean_{2})*({1} - mean_{2})", i == 0 ? "" : " + ", a, id);
    }
    line("        mean_{} = ({})/{};", id, sum, shortest(node.width));
    line("        root_{} = sqrt(({})/{} + {});", id, squares, shortest(node.width),
         shortest(node.factor));
  }

  std::string group_sum(const ir::Node& node, int element) const {
    const int size = network_.node(node.arguments[0]).width / node.width;
    std::string sum;
    for (int j = element * size; j < (element + 1) * size; ++j) {
      sum += (sum.empty() ? "" : " + ") + value(node.arguments[0], j);
    }
    return sum;
  }

  std::string affine(const ir::Node& node, int element) const {
    const double* parameters = network_.parameters.data();
    std::string sum = node.bias >= 0 ? shortest(parameters[node.bias + element]) : "0.0";
    int inputs = 0, column = 0;
    for (int argument : node.arguments) inputs += network_.node(argument).width;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
        const double weight = parameters[node.weight + element * inputs + column];
        sum += fmt::format(" + {}*{}", in_parentheses(weight), value(argument, j));
      }
    }
    return sum;
  }

  std::string expression(int id, int i) const {
    const ir::Node& node = network_.node(id);
    if (node.op == Op::kAffine) return affine(node, i);
    if (node.op == Op::kGroupSum) return group_sum(node, i);
    const std::string a = value(node.arguments[0], i);
    switch (node.op) {
      case Op::kScale:
        return fmt::format("{}*{}", in_parentheses(node.factor), a);
      case Op::kTanh:
        return fmt::format("tanh({})", a);
      case Op::kSigmoid:
        return fmt::format("1.0/(1.0 + exp(-{}))", a);
      case Op::kSoftplus:
        return fmt::format("ln(1.0 + exp({}))", a);
      case Op::kExp:
        return fmt::format("exp({})", a);
      case Op::kLog:
        return fmt::format("ln({})", a);
      case Op::kSqrt:
        return fmt::format("sqrt({})", a);
      case Op::kStandard:
        return fmt::format("({} - mean_{})/root_{}", a, id, id);
      default: {
        const char sign = node.op == Op::kSum ? '+' : node.op == Op::kProduct ? '*' : '/';
        return fmt::format("{} {} {}", a, sign, value(node.arguments[1], i));
      }
    }
  }
};

}  // namespace

std::string verilog_a(const ir::Network& network) {
  ir::validate(network);
  require_one_port(network);
  return VerilogAPrinter(network).print();
}

}  // namespace psi_xlstm::hdl
