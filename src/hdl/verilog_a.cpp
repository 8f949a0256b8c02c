#include "psi_xlstm/hdl/verilog_a.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "expression.hpp"
#include "psi_xlstm/core/number_text.hpp"
#include "psi_xlstm/hdl/emission.hpp"
#include "psi_xlstm/ir/jacobian.hpp"

namespace psi_xlstm::hdl {
namespace {

using ir::Op;

class Printer {
 public:
  explicit Printer(const ir::Network& network)
      : network_(network),
        plan_(plan_emission(network)),
        depends_(ir::depends_on_inputs(network)),
        constants_(network) {
    const double zero = 0;
    const std::vector<double> states(at(network.state_count()), 0.0);
    constants_.evaluate(&zero, states.data());
  }

  std::string print() {
    for (const std::string& fact : model_facts(network_, plan_)) line("// {}", fact);
    line("`include \"disciplines.vams\"");
    line("");
    line("module {}({}, {});", network_.name, plus(), minus());
    line("    inout {}, {};", plus(), minus());
    line("    electrical {}, {};", plus(), minus());
    for (int s = 1; s <= network_.state_count(); ++s) line("    electrical x_{0}, r_{0};", s);
    line("");
    parameters();
    declarations();
    line("");
    line("    analog begin");
    if (has_states()) {
      line("        `ifdef PSI_BOUND_STEP");
      line("        $bound_step(dtmax);");
      line("        `endif");
    }
    line("        v = V({}, {});", plus(), minus());
    for (int s = 0; s < network_.state_count(); ++s) state_value(s);
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) assignments(static_cast<int>(id));
    line("        I({}, {}) <+ area*{};", plus(), minus(), value(network_.current_node, 0));
    for (int s = 0; s < network_.state_count(); ++s) state_equation(s);
    line("    end");
    line("endmodule");
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  const std::string& plus() const { return network_.ports[0]; }
  const std::string& minus() const { return network_.reference_terminal; }
  bool has_states() const { return network_.state_count() > 0; }

  void parameters() {
    const auto parameter = [&](const char* meaning, const char* unit, const std::string& rest) {
      line("    (* desc=\"{}\", units=\"{}\" *)", meaning, unit);
      line("    parameter {};", rest);
    };
    if (has_states() && network_.start == ir::Start::kTied) {
      parameter("conductance at the start, at 0 V", "S",
                fmt::format("real g0 = {} from (0.0:inf)", shortest(plan_.default_conductance)));
    }
    parameter("multiplies the current", "", "real area = 1.0 from (0.0:inf)");
    if (!has_states()) return;
    parameter("1: operating point and DC sweep keep the state at its start; 0: equilibrium", "",
              "integer hold = 1 from [0:1]");
    line("    `ifdef PSI_BOUND_STEP");
    parameter("longest time step", "s",
              fmt::format("real dtmax = {} from (0.0:inf)", shortest(plan_.max_step)));
    line("    `endif");
  }

  void declarations() {
    std::vector<std::string> names = {"v"};
    for (int s = 1; s <= network_.state_count(); ++s) {
      for (const char* prefix : {"c0_", "c_", "rate_"}) names.push_back(prefix + std::to_string(s));
    }
    for (std::size_t id = 0; id < network_.nodes.size(); ++id) {
      for (int i = 0; is_assigned(static_cast<int>(id)) && i < network_.nodes[id].width; ++i) {
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
    line("        c0_{} = {};", s + 1, initial_state_expression(network_, plan_, s, "ln"));
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
    line("        I(x_{0}) <+ {1}*V(x_{0}) - {2}*V(r_{0});", n, shortest(cx * plan_.leak_rate),
         shortest(cx * scale));
    line("        I(x_{0}) <+ ddt({1}*V(x_{0}));", n, shortest(cx));
  }

  bool is_assigned(int id) const {
    const Op op = network_.node(id).op;
    return depends_[at(id)] && op != Op::kPorts && op != Op::kStates;
  }

  static std::string variable(int id, int element) {
    return fmt::format("t{}_{}", id, element + 1);
  }

  std::string value(int id, int element) const {
    if (!depends_[at(id)]) return in_parentheses(constants_.value(id, element));
    if (network_.node(id).op == Op::kPorts) return "v";
    if (network_.node(id).op == Op::kStates) return fmt::format("c_{}", element + 1);
    return variable(id, element);
  }

  void assignments(int id) {
    if (!is_assigned(id)) return;
    for (int i = 0; i < network_.node(id).width; ++i) {
      line("        {} = {};", variable(id, i), expression(network_.node(id), i));
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
        sum += fmt::format(" + {}*{}", in_parentheses(weight), value(argument, j));
      }
    }
    return sum;
  }

  std::string expression(const ir::Node& node, int i) const {
    if (node.op == Op::kAffine) return affine(node, i);
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
      default: {
        const char sign = node.op == Op::kSum ? '+' : node.op == Op::kProduct ? '*' : '/';
        return fmt::format("{} {} {}", a, sign, value(node.arguments[1], i));
      }
    }
  }

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  const ir::Network& network_;
  EmissionPlan plan_;
  std::vector<bool> depends_;
  ir::SparseJacobian constants_;
  std::string text_;
};

}  // namespace

std::string verilog_a(const ir::Network& network) {
  ir::validate(network);
  require_one_port(network);
  return Printer(network).print();
}

}  // namespace psi_xlstm::hdl
