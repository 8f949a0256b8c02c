#include "psi_xlstm/hdl/subcircuit.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "psi_xlstm/core/number_text.hpp"
#include "psi_xlstm/hdl/emission.hpp"
#include "psi_xlstm/ir/jacobian.hpp"

namespace psi_xlstm::hdl {
namespace {

using ir::Op;

// A weighted sum of node voltages, a constant, and starts of states (which depend on g0).
struct LinearForm {
  struct Term {
    double coefficient = 0;
    std::string plus, minus;
  };
  double constant = 0;
  std::vector<Term> terms;
  std::vector<std::pair<double, int>> starts;  ///< (coefficient, state): coefficient * c0_state.

  void add(const LinearForm& other, double factor) {
    constant += factor * other.constant;
    for (const Term& t : other.terms) terms.push_back({factor * t.coefficient, t.plus, t.minus});
    for (const auto& [c, s] : other.starts) starts.emplace_back(factor * c, s);
  }
};

class Printer {
 public:
  explicit Printer(const ir::Network& network)
      : network_(network),
        plan_(plan_emission(network)),
        depends_(ir::depends_on_inputs(network)),
        constants_(network) {
    const double zero = 0;
    const std::vector<double> states(static_cast<std::size_t>(network.state_count()), 0.0);
    constants_.evaluate(&zero, states.data());
  }

  std::string print() {
    for (const std::string& fact : model_facts(network_, plan_)) line("* {}", fact);
    const bool tied = network_.state_count() > 0 && network_.start == ir::Start::kTied;
    std::string parameters;
    if (tied) parameters += fmt::format(" g0={}", shortest(plan_.default_conductance));
    if (network_.state_count() > 0) parameters += " hold=1.0";
    line(".subckt {} {} {} params:{} area=1.0", network_.name, plus(), minus(), parameters);
    if (network_.state_count() > 0) {
      line("* held while this source is 1: operating point, DC sweep, AC, start of a transient");
      line("Vh h 0 dc {{hold}} pulse({{hold}} 0.0 0.0 {0} {0} 1e9 2e9)",
           shortest(plan_.release_time));
    }
    for (int s = 0; s < network_.state_count(); ++s) {
      line(".param c0_{}={{{}}}", s + 1, initial_state_expression(network_, plan_, s, "log"));
    }
    for (int k = 0; k < network_.rate_count(); ++k) rate(k);
    for (int s = 0; s < network_.state_count(); ++s) state(s);
    line("Bi {} {} I=area*({})", plus(), minus(), operand(network_.current_node, 0));
    line(".ends {}", network_.name);
    return std::move(text_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  const std::string& plus() const { return network_.ports[0]; }
  const std::string& minus() const { return network_.reference_terminal; }

  // lambda_k / L as a node voltage of order 1.
  void rate(int k) {
    line("Bl{0} 0 l{0} I={1}*({2})", k + 1, shortest(1 / plan_.rate_scale),
         operand(network_.rate_node, k));
    line("Rl{0} l{0} 0 1.0", k + 1);
  }

  // q = kappa (z - c0);  r = (1 - h) (lambda / L) (q - x) - h (hold rate / L) x;  cx dx/dt = cx L
  // r.
  void state(int s) {
    const double cx = plan_.charge_capacitance;
    const int n = s + 1;
    line("Bq{0} 0 q{0} I={1}*({2}-({{c0_{0}}}))", n, shortest(plan_.kappa[at(s)]),
         operand(network_.target_node, s));
    line("Rq{0} q{0} 0 1.0", n);
    line("Br{0} 0 r{0} I=(1.0-V(h))*V(l{1})*(V(q{0})-V(x{0}))-V(h)*{2}*V(x{0})", n,
         network_.rate_of_state[at(s)] + 1, shortest(plan_.hold_rate / plan_.rate_scale));
    line("Rr{0} r{0} 0 1.0", n);
    line("Gx{0} 0 x{0} r{0} 0 {1}", n, shortest(cx * plan_.rate_scale));
    line("Cx{0} x{0} 0 {1} ic=0.0", n, shortest(cx));
    line("Rx{0} x{0} 0 {1}", n, shortest(1 / (cx * plan_.leak_rate)));
  }

  LinearForm form(int id, int element) {
    const ir::Node& node = network_.node(id);
    LinearForm out;
    if (!depends_[at(id)]) {
      out.constant = constants_.value(id, element);
      return out;
    }
    switch (node.op) {
      case Op::kPorts:
        out.terms.push_back({1, plus(), minus()});
        return out;
      case Op::kStates:
        out.terms.push_back({1 / plan_.kappa[at(element)], fmt::format("x{}", element + 1), "0"});
        out.starts.emplace_back(1, element);
        return out;
      case Op::kScale:
        out.add(form(node.arguments[0], element), node.factor);
        return out;
      case Op::kSum:
        out.add(form(node.arguments[0], element), 1);
        out.add(form(node.arguments[1], element), 1);
        return out;
      case Op::kAffine:
        return affine(node, element);
      default:
        out.terms.push_back({1, output_node(id, element), "0"});
        return out;
    }
  }

  LinearForm affine(const ir::Node& node, int element) {
    const double* parameters = network_.parameters.data();
    LinearForm out;
    if (node.bias >= 0) out.constant = parameters[node.bias + element];
    int inputs = 0, column = 0;
    for (int argument : node.arguments) inputs += network_.node(argument).width;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
        out.add(form(argument, j), parameters[node.weight + element * inputs + column]);
      }
    }
    return out;
  }

  // The circuit node that carries the output of a nonlinear element.
  std::string output_node(int id, int element) {
    std::string& name = outputs_[{id, element}];
    if (name.empty()) {
      const std::string expression = operand(id, element);
      name = fmt::format("t{}_{}", id, element + 1);
      line("B{0} 0 {0} I={1}", name, expression);
      line("R{0} {0} 0 1.0", name);
    }
    return name;
  }

  // The circuit node that carries a linear combination.
  std::string sum_node(int id, int element) {
    std::string& name = sums_[{id, element}];
    if (!name.empty()) return name;
    const LinearForm sum = form(id, element);
    const bool alone = sum.terms.size() == 1 && sum.terms[0].coefficient == 1 &&
                       sum.terms[0].minus == "0" && sum.constant == 0 && sum.starts.empty();
    if (alone) return name = sum.terms[0].plus;
    name = fmt::format("a{}_{}", id, element + 1);
    for (std::size_t i = 0; i < sum.terms.size(); ++i) {
      const LinearForm::Term& t = sum.terms[i];
      line("G{0}_{1} 0 {0} {2} {3} {4}", name, i + 1, t.plus, t.minus, shortest(t.coefficient));
    }
    std::string constant = shortest(sum.constant);
    for (const auto& [c, s] : sum.starts)
      constant += fmt::format("+({})*c0_{}", shortest(c), s + 1);
    line("I{0} 0 {0} {{{1}}}", name, constant);
    line("R{0} {0} 0 1.0", name);
    return name;
  }

  // The value of one element as an expression of node voltages.
  std::string operand(int id, int element) {
    const ir::Node& node = network_.node(id);
    if (!depends_[at(id)]) return fmt::format("({})", shortest(constants_.value(id, element)));
    if (node.op == Op::kPorts) return fmt::format("V({},{})", plus(), minus());
    if (node.op == Op::kScale) {
      return fmt::format("{}*{}", shortest(node.factor), operand(node.arguments[0], element));
    }
    if (node.op == Op::kProduct || node.op == Op::kQuotient) {
      return fmt::format("({}){}({})", operand(node.arguments[0], element),
                         node.op == Op::kProduct ? '*' : '/', operand(node.arguments[1], element));
    }
    if (node.op == Op::kAffine || node.op == Op::kSum || node.op == Op::kStates) {
      return fmt::format("V({})", sum_node(id, element));
    }
    const std::string a = fmt::format("V({})", sum_node(node.arguments[0], element));
    if (node.op == Op::kTanh) return fmt::format("tanh({})", a);
    if (node.op == Op::kSigmoid) return fmt::format("(1.0/(1.0+exp(-{})))", a);
    if (node.op == Op::kSoftplus) return fmt::format("ln(1.0+exp({}))", a);
    if (node.op == Op::kExp) return fmt::format("exp({})", a);
    return fmt::format("{}({})", node.op == Op::kLog ? "ln" : "sqrt", a);
  }

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  const ir::Network& network_;
  EmissionPlan plan_;
  std::vector<bool> depends_;
  ir::SparseJacobian constants_;
  std::string text_;
  std::map<std::pair<int, int>, std::string> outputs_, sums_;
};

}  // namespace

std::string subcircuit(const ir::Network& network) {
  ir::validate(network);
  require_one_port(network);
  return Printer(network).print();
}

}  // namespace psi_xlstm::hdl
