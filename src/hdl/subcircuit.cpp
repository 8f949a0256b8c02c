#include "hdl/subcircuit.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "hdl/linear_form.hpp"
#include "hdl/text/expression.hpp"
#include "hdl/text/network_lines.hpp"
#include "hdl/text/plan.hpp"
#include "ir/operations.hpp"

namespace psi_xlstm::hdl {
namespace {

class Printer : NetworkLines {
 public:
  explicit Printer(const ir::Network& network) : NetworkLines(network) {}

  std::string print() {
    for (const std::string& fact : facts_) line("* {}", fact);
    std::string parameters;
    if (network_.is_told_its_start())
      parameters += fmt::format(" g0={}", shortest(plan_.default_conductance));
    if (network_.state_count() > 0) parameters += " hold=1.0";
    parameters += " area=1.0 m=1.0";  // a simulator multiplies no source of its own accord
    if (is_noisy()) parameters += " noise=0.0";
    if (plan_.has_range) parameters += " soa=0.0";
    line(".subckt {} {} params:{}", network_.name, terminals(" "), parameters);
    if (network_.state_count() > 0) {
      line("* held while this source is 1: operating point, DC sweep, AC, start of a transient");
      line("Vh h 0 dc {{hold}} pulse({{hold}} 0.0 0.0 {0} {0} 1e9 2e9)",
           shortest(plan_.release_time));
    }
    if (network_.start == ir::Start::kNode) start_parameters();
    for (int s = 0; s < network_.state_count(); ++s) {
      line(".param c0_{}={{{}}}", s + 1,
           network_.start == ir::Start::kNode
               ? start_value(network_.start.node, s)
               : initial_state_expression(network_, plan_, s, "log"));
    }
    for (int k = 0; k < network_.rate_count(); ++k) rate(k);
    for (int s = 0; s < network_.state_count(); ++s) state(s);
    for (int p = 0; p < network_.port_count(); ++p) {
      line("{} {} {} I=m*area*({})", of_port("Bi", "Bi", p), port(p), minus(),
           operand(network_.current_node, p));
      if (network_.charge_node >= 0) charge(p);
    }
    if (is_noisy()) noise();
    if (plan_.has_range) training_range();
    line(".ends {}", network_.name);
    return std::move(text_);
  }

 private:
  // Q_p / q as a node voltage of order 1, copied onto a capacitance q; what flows into that is
  // dQ_p/dt, which a source takes from the port.
  void charge(int p) {
    const int n = p + 1;
    const double unit = plan_.charge_scale[at(p)];
    LinearForm part;
    part.add(form(network_.charge_node, p), 1 / unit);
    const std::string node = fmt::format("c{}_q", n);
    weighted_sum(node, part);
    line("Ec{0} c{0}_e 0 {1} 0 1.0", n, node);
    line("Vc{0} c{0}_e c{0}_i 0.0", n);
    line("Cc{0} c{0}_i 0 {1}", n, shortest(unit));
    line("Fc{0} {1} {2} Vc{0} {{m*area}}", n, port(p), minus());
  }

  // A conductance of 1 S: unlike a resistor it has no noise.
  void load(const std::string& node) { line("G{0}_0 {0} 0 {0} 0 1.0", node); }

  // V(w) has the spectral density 4 k T of a resistor of 1 Ohm.
  void noise() {
    line("* noise=1: thermal noise of the conductance, 4 k T G");
    line("Rw w 0 1.0");
    line("Bw {} {} I=noise*sqrt(m*area*max({},0.0)+1e-30)*V(w)", port(0), minus(),
         operand(network_.role->node, 0));
  }

  // A subcircuit cannot write a message: what a user may look at.
  void training_range() {
    const ir::TrainingBox& box = network_.box;
    std::string sum;
    const auto add = [&](const std::string& quantity, double low, double high) {
      const double half = (high - low) / 2;
      sum += fmt::format("{}max(abs({}-{})*{}-1.0,0.0)", sum.empty() ? "" : "+", quantity,
                         in_parentheses(low + half), shortest(1 / half));
    };
    for (int p = 0; p < network_.port_count(); ++p) {
      add(fmt::format("V({},{})", port(p), minus()), box.voltage_min[at(p)],
          box.voltage_max[at(p)]);
    }
    if (network_.role) {
      add(operand(network_.role->node, 0), box.conductance_min, box.conductance_max);
    }
    line("* soa=1: V(soa) is 0 inside the training range, else by how many halves of it one is");
    line("* outside; a subcircuit cannot write a message");
    line("Bsoa 0 soa I=soa*({})", sum);
    load("soa");
  }

  // lambda_k / L as a node voltage of order 1.
  void rate(int k) {
    line("Bl{0} 0 l{0} I={1}*({2})", k + 1, shortest(1 / plan_.rate_scale),
         operand(network_.rate_node, k));
    load(fmt::format("l{}", k + 1));
  }

  // q = kappa (z - c0);  r = (1 - h) (lambda / L) (q - x) - h (hold rate / L) x;  cx dx/dt = cx L
  // r.
  void state(int s) {
    const double cx = plan_.charge_capacitance;
    const int n = s + 1;
    line("Bq{0} 0 q{0} I={1}*({2}-({{c0_{0}}}))", n, shortest(plan_.kappa[at(s)]),
         operand(network_.target_node, s));
    load(fmt::format("q{}", n));
    line("Br{0} 0 r{0} I=(1.0-V(h))*V(l{1})*(V(q{0})-V(x{0}))-V(h)*{2}*V(x{0})", n,
         network_.rate_of_state[at(s)] + 1, shortest(plan_.hold_rate / plan_.rate_scale));
    load(fmt::format("r{}", n));
    line("Gx{0} 0 x{0} r{0} 0 {1}", n, shortest(cx * plan_.rate_scale));
    line("Cx{0} x{0} 0 {1} ic=0.0", n, shortest(cx));
    line("Rx{0} x{0} 0 {1}", n, shortest(1 / (cx * plan_.leak_rate)));
  }

  LinearForm form(int id, int element) {
    const ir::Node& node = network_.node(id);
    LinearForm out;
    if (start_alone_[at(id)]) {
      out.starts.emplace_back(1, start_value(id, element));
      return out;
    }
    if (!depends_[at(id)]) {
      out.constant = constants_.value(id, element);
      return out;
    }
    const auto own_node = [&] { out.terms.push_back({1, output_node(id, element), "0"}); };
    ir::visit(node.op,
              ir::Ways{[&](ir::PortsOp) {
                         out.terms.push_back({1, port(element), minus()});
                       },
                       [&](ir::StatesOp) {
                         out.terms.push_back(
                             {1 / plan_.kappa[at(element)], fmt::format("x{}", element + 1), "0"});
                         out.starts.emplace_back(1, fmt::format("c0_{}", element + 1));
                       },
                       [](ir::StartOp) {},  // depends on the start alone
                       [&](ir::AffineOp) { out = affine(node, element); },
                       [&](ir::GatherOp) {
                         const auto [argument, from] = ir::gathered(network_, node, element);
                         out = form(argument, from);
                       },
                       [&](ir::GroupSumOp) {
                         const int size = network_.node(node.arguments[0]).width / node.width;
                         for (int j = 0; j < size; ++j) {
                           out.add(form(node.arguments[0], element * size + j), 1);
                         }
                       },
                       [&](ir::StandardOp) { own_node(); },
                       [&](ir::ElementwiseOp op) {
                         if (!op.row.linear) return own_node();
                         const ir::Slopes slopes = ir::slopes_of(node, 0, 0, 0);
                         out.add(form(node.arguments[0], element), slopes.by_left);
                         if (op.row.arguments < 2) return;
                         out.add(form(node.arguments[1], element), slopes.by_right);
                       }});
    return out;
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
      load(name);
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
    weighted_sum(name, sum);
    return name;
  }

  // The circuit node `name` with the voltage `sum`.
  void weighted_sum(const std::string& name, const LinearForm& sum) {
    for (std::size_t i = 0; i < sum.terms.size(); ++i) {
      const LinearForm::Term& t = sum.terms[i];
      line("G{0}_{1} 0 {0} {2} {3} {4}", name, i + 1, t.plus, t.minus, shortest(t.coefficient));
    }
    std::string constant = shortest(sum.constant);
    for (const auto& [c, parameter] : sum.starts) {
      constant += fmt::format("+({})*{}", shortest(c), parameter);
    }
    line("I{0} 0 {0} {{{1}}}", name, constant);
    load(name);
  }

  // A sum as one expression: the square in it is no node of its own, so that no iterate of the
  // simulator takes the root of a negative number.
  std::string expanded(int id, int element) {
    const ir::Node& node = network_.node(id);
    if (!ir::operation(node.op).spice.own_node || !depends_[at(id)]) return operand(id, element);
    return filled(
        ir::operation(node.op).spice.expression,
        {.a = operand(node.arguments[0], element), .b = operand(node.arguments[1], element)});
  }

  std::string argument_of(const ir::Operation& row, int id, int element) {
    if (row.spice.argument == ir::SpiceText::Argument::kVoltage) {
      return fmt::format("V({})", sum_node(id, element));
    }
    return row.spice.argument == ir::SpiceText::Argument::kExpression ? operand(id, element)
                                                                      : expanded(id, element);
  }

  // Mean and deviation have nodes of their own, m<id> and v<id>.
  std::string standard(int id, int element) {
    const ir::Node& node = network_.node(id);
    const auto element_node = [&](int i) { return sum_node(node.arguments[0], i); };
    if (standards_.insert(id).second) {
      std::string squares;
      for (int i = 0; i < node.width; ++i) {
        line("Gm{0}_{1} 0 m{0} {2} 0 {3}", id, i + 1, element_node(i), shortest(1.0 / node.width));
        squares += fmt::format("{0}(V({1})-V(m{2}))*(V({1})-V(m{2}))", i == 0 ? "" : "+",
                               element_node(i), id);
      }
      load(fmt::format("m{}", id));
      line("Bv{0} 0 v{0} I=sqrt(({1})/{2}+{3})", id, squares, shortest(node.width),
           shortest(node.factor));
      load(fmt::format("v{}", id));
    }
    return fmt::format("((V({})-V(m{}))/V(v{}))", element_node(element), id, id);
  }

  // The name of the parameter, or the number, that an element is once g0 is known.
  std::string start_value(int id, int element) const {
    const ir::Node& node = network_.node(id);
    return ir::visit(node.op, ir::Ways{[&](ir::GatherOp) {
                                         const auto [argument, from] =
                                             ir::gathered(network_, node, element);
                                         return start_value(argument, from);
                                       },
                                       [](ir::StartOp) -> std::string { return "start"; },
                                       [&](auto) {
                                         return start_alone_[at(id)]
                                                    ? fmt::format("s{}_{}", id, element + 1)
                                                    : in_parentheses(constants_.value(id, element));
                                       }});
  }

  // Everything that depends on g0 alone, as parameters.
  void start_parameters() {
    line(".param start={{log(g0/{})}}", shortest(network_.conductance().scale));
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
      const int id = static_cast<int>(i);
      const ir::Op op = network_.node(id).op;
      if (!start_alone_[i] || !ir::operation(op).computes) continue;
      ir::visit(op, ir::Ways{[&](ir::StandardOp) { start_mean_and_root(id); }, [](auto) {}});
      for (int e = 0; e < network_.node(id).width; ++e) {
        line(".param s{}_{}={{{}}}", id, e + 1, start_expression(id, e));
      }
    }
  }

  std::string sum_of(int id, int first, int count) const {
    std::string sum;
    for (int j = 0; j < count; ++j) sum += (j == 0 ? "" : "+") + start_value(id, first + j);
    return sum;
  }

  void start_mean_and_root(int id) {
    const ir::Node& node = network_.node(id);
    const int from = node.arguments[0];
    std::string squares;
    for (int i = 0; i < node.width; ++i) {
      squares +=
          fmt::format("{0}({1}-sm{2})*({1}-sm{2})", i == 0 ? "" : "+", start_value(from, i), id);
    }
    line(".param sm{}={{({})/{}}}", id, sum_of(from, 0, node.width), shortest(node.width));
    line(".param sr{}={{sqrt(({})/{}+{})}}", id, squares, shortest(node.width),
         shortest(node.factor));
  }

  std::string start_expression(int id, int element) const {
    const ir::Node& node = network_.node(id);
    return ir::visit(
        node.op, ir::Ways{[&](ir::AffineOp) { return start_affine(node, element); },
                          [&](ir::GroupSumOp) {
                            const int size = network_.node(node.arguments[0]).width / node.width;
                            return sum_of(node.arguments[0], element * size, size);
                          },
                          [&](ir::StandardOp) {
                            return fmt::format("({}-sm{})/sr{}",
                                               start_value(node.arguments[0], element), id, id);
                          },
                          [&](ir::ElementwiseOp op) {
                            Names names{.a = start_value(node.arguments[0], element),
                                        .f = shortest(node.factor)};
                            if (op.row.arguments == 2)
                              names.b = start_value(node.arguments[1], element);
                            return filled(op.row.spice.parameter, names);
                          },
                          [](auto) { return std::string(); }});
  }

  std::string start_affine(const ir::Node& node, int element) const {
    const double* p = network_.parameters.data();
    std::string sum = node.bias >= 0 ? shortest(p[node.bias + element]) : "0.0";
    int inputs = 0, column = 0;
    for (int argument : node.arguments) inputs += network_.node(argument).width;
    for (int argument : node.arguments) {
      for (int j = 0; j < network_.node(argument).width; ++j, ++column) {
        sum += fmt::format("+({})*{}", shortest(p[node.weight + element * inputs + column]),
                           start_value(argument, j));
      }
    }
    return sum;
  }

  // The value of one element as an expression of node voltages.
  std::string operand(int id, int element) {
    const ir::Node& node = network_.node(id);
    if (start_alone_[at(id)]) return fmt::format("{{{}}}", start_value(id, element));
    if (!depends_[at(id)]) return fmt::format("({})", shortest(constants_.value(id, element)));
    const auto voltage = [&] { return fmt::format("V({})", sum_node(id, element)); };
    return ir::visit(
        node.op,
        ir::Ways{[&](ir::PortsOp) { return fmt::format("V({},{})", port(element), minus()); },
                 [&](ir::GatherOp) {
                   const auto [argument, from] = ir::gathered(network_, node, element);
                   return operand(argument, from);
                 },
                 [&](ir::StandardOp) { return standard(id, element); },
                 [&](ir::ElementwiseOp op) {
                   if (op.row.spice.own_node) return voltage();
                   Names names{.a = argument_of(op.row, node.arguments[0], element),
                               .f = shortest(node.factor)};
                   if (op.row.arguments == 2) {
                     names.b = argument_of(op.row, node.arguments[1], element);
                   }
                   return filled(op.row.spice.expression, names);
                 },
                 [&](auto) { return voltage(); }});
  }

  std::map<std::pair<int, int>, std::string> outputs_, sums_;
  std::set<int> standards_;  ///< Nodes that have mean and variance already.
};

}  // namespace

std::string subcircuit(const ir::Network& network) {
  ir::validate(network);
  return Printer(network).print();
}

}  // namespace psi_xlstm::hdl
