#include <fmt/format.h>

#include <utility>

#include "core/number_text.hpp"
#include "hdl/osdi/layout.hpp"
#include "hdl/text/expression.hpp"
#include "hdl/text/lines.hpp"

namespace psi_xlstm::hdl {
namespace {

// A sum of terms, each with " + " or " - " before it.
std::string without_leading_plus(const std::string& sum) {
  if (sum.empty()) return "0.0";
  return sum.starts_with(" + ") ? sum.substr(3) : "-" + sum.substr(3);
}

class Printer : Lines {
 public:
  explicit Printer(const OsdiLayout& layout) : layout_(layout) {}

  std::string print() {
    start();
    can_hold();
    if (layout_.has_charges()) charges();
    if (needs_loops(layout_.network)) return std::move(text_) + osdi_tables(layout_);
    line(
        "static void assemble_junctions(Instance *it, const double *value, const double *slope) "
        "{{");
    line("  (void)it, (void)value, (void)slope;");
    line("}}\n");
    terminals();
    states();
    held_rates();
    rates();
    return std::move(text_);
  }

 private:
  void start() {
    line("static void set_start(Instance *it) {{");
    if (layout_.network.start == ir::Start::kNode) {
      line("  evaluate_start(log(it->g0 / {}), it->start, it->state + STATES + JUNCTIONS);",
           shortest(layout_.network.conductance().scale));
      line("}}\n");
      return;
    }
    line("  const double g0 = it->g0;");
    line("  (void)g0;");
    for (int s = 0; s < layout_.states; ++s) {
      line("  it->start[{}] = {};", s,
           initial_state_expression(layout_.network, layout_.plan, s, "log"));
    }
    line("}}\n");
  }

  // Whether the start lies where the model was made for.
  void can_hold() {
    line("static bool can_hold(const Instance *it) {{");
    if (layout_.network.start == ir::Start::kNode) {
      line("  return it->g0 >= {} && it->g0 <= {};", shortest(layout_.plan.conductance_low),
           shortest(layout_.plan.conductance_high));
    } else {
      line("  for (int s = 0; s < STATES; ++s) {{");
      line("    if (fabs(it->start[s]) > 1) return false;");
      line("  }}");
      line("  return true;");
    }
    line("}}\n");
  }

  void terminals() {
    line(
        "static void assemble_terminals(Instance *it, const double *value, const double *slope) "
        "{{");
    line("  const double scale = it->mfactor * it->area;");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)j, (void)slope;");
    std::string total;
    for (int p = 0; p < layout_.ports; ++p) {
      line("  f[{0}] = scale * value[{0}];", p);
      total += fmt::format(" - f[{}]", p);
    }
    line("  f[{}] = {};", layout_.reference(), without_leading_plus(total));
    const std::vector<std::string> of_entry = terminal_slopes(0);
    for (std::size_t e = 0; e < of_entry.size(); ++e) {
      if (layout_.entries[e].first <= layout_.reference()) {
        line("  j[{}] = scale * ({});", e, without_leading_plus(of_entry[e]));
      }
    }
    line("}}\n");
  }

  // The derivatives of the P values from `first` on and of minus their sum by the node voltages,
  // as sums for every entry.
  std::vector<std::string> terminal_slopes(int first) const {
    std::vector<std::string> of_entry(layout_.entries.size());
    const auto add = [&](int row, int column, const std::string& term) {
      of_entry[at(layout_.entry(row, column))] += term;
    };
    for (std::size_t k = 0; k < layout_.evaluation.slopes.size(); ++k) {
      const auto [value, input] = layout_.evaluation.slopes[k];
      const int p = value - first, state = input - layout_.ports;
      if (p < 0 || p >= layout_.ports) continue;
      const std::string factor =
          state < 0 || state >= layout_.states
              ? ""
              : fmt::format(" * {}", in_parentheses(1 / layout_.plan.kappa[at(state)]));
      const std::string term = fmt::format("slope[{}]{}", k, factor);
      add(p, layout_.node_of(input), " + " + term);
      add(layout_.reference(), layout_.node_of(input), " - " + term);
      if (input >= layout_.ports) continue;
      add(p, layout_.reference(), " - " + term);
      add(layout_.reference(), layout_.reference(), " + " + term);
    }
    return of_entry;
  }

  void charges() {
    line("static void assemble_charges(Instance *it, const double *value, const double *slope) {{");
    line("  const double scale = it->mfactor * it->area;");
    line("  double *const q = it->port_charge, *const c = it->capacitances;");
    line("  (void)c, (void)slope;");
    std::string total;
    for (int p = 0; p < layout_.ports; ++p) {
      line("  q[{}] = scale * value[{}];", p, layout_.charge_value(p));
      total += fmt::format(" - q[{}]", p);
    }
    line("  q[{}] = {};", layout_.reference(), without_leading_plus(total));
    const std::vector<std::string> of_entry = terminal_slopes(layout_.charge_value(0));
    for (std::size_t k = 0; k < layout_.charge_entries.size(); ++k) {
      line("  c[{}] = scale * ({});", k,
           without_leading_plus(of_entry[at(layout_.charge_entries[k])]));
    }
    line("}}\n");
  }

  void states() {
    line("static void assemble_states(Instance *it, const double *x, const double *r) {{");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)f, (void)j, (void)x, (void)r;");
    for (int s = 0; s < layout_.states; ++s) {
      const int node = layout_.state_node(s);
      line("  f[{0}] = it->leak * x[{1}] - it->push * r[{1}];", node, s);
      line("  it->charge[{0}] = it->capacitance * x[{0}];", s);
      line("  j[{}] = it->leak;", layout_.entry(node, node));
      line("  j[{}] = -it->push;", layout_.entry(node, layout_.rate_node(s)));
    }
    line("}}\n");
  }

  void held_rates() {
    line("static void assemble_held_rates(Instance *it, const double *x, const double *r) {{");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)f, (void)j, (void)x, (void)r;");
    for (int s = 0; s < layout_.states; ++s) {
      const int node = layout_.rate_node(s);
      line("  f[{0}] = r[{1}] + HOLD * x[{1}];", node, s);
      for (std::size_t e = 0; e < layout_.entries.size(); ++e) {
        if (layout_.entries[e].first != node) continue;
        const int column = layout_.entries[e].second;
        line("  j[{}] = {};", e,
             column == node                    ? "1.0"
             : column == layout_.state_node(s) ? "HOLD"
                                               : "0.0");
      }
    }
    line("}}\n");
  }

  // r - kappa lambda (z - c) / L and its derivatives.
  void rates() {
    line(
        "static void assemble_rates(Instance *it, const double *r, const double *value, const "
        "double "
        "*slope) {{");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)f, (void)j, (void)r, (void)value, (void)slope;");
    for (int s = 0; s < layout_.states; ++s) {
      const int node = layout_.rate_node(s);
      const std::string lambda = fmt::format("lambda_{}", s), gap = fmt::format("gap_{}", s);
      line("  const double {} = {} * value[{}];", lambda,
           shortest(layout_.plan.kappa[at(s)] / layout_.plan.rate_scale), layout_.rate_value(s));
      line("  const double {} = value[{}] - it->state[{}];", gap, layout_.target_value(s), s);
      line("  f[{}] = r[{}] - {} * {};", node, s, lambda, gap);
      for (std::size_t e = 0; e < layout_.entries.size(); ++e) {
        if (layout_.entries[e].first != node) continue;
        line("  j[{}] = {};", e, rate_slope(s, layout_.entries[e].second, lambda, gap));
      }
    }
    line("}}\n");
  }

  // d f_r / d V(column)
  std::string rate_slope(int s,
                         int column,
                         const std::string& lambda,
                         const std::string& gap) const {
    if (column == layout_.rate_node(s)) return "1.0";
    std::string sum;
    for (int input = 0; input < layout_.ports + layout_.states; ++input) {
      const bool reference_too = column == layout_.reference() && input < layout_.ports;
      if (layout_.node_of(input) != column && !reference_too) continue;
      const std::string derivative = rate_derivative(s, input, lambda, gap);
      if (derivative.empty()) continue;
      const char* const sign = reference_too ? " + " : " - ";
      const std::string factor =
          input < layout_.ports
              ? ""
              : fmt::format("{} * ",
                            in_parentheses(1 / layout_.plan.kappa[at(input - layout_.ports)]));
      sum += fmt::format("{}{}({})", sign, factor, derivative);
    }
    return without_leading_plus(sum);
  }

  // d (kappa lambda (z - c) / L) / d(input); empty: none.
  std::string rate_derivative(int s,
                              int input,
                              const std::string& lambda,
                              const std::string& gap) const {
    std::string sum;
    for (std::size_t k = 0; k < layout_.evaluation.slopes.size(); ++k) {
      const auto [value, by] = layout_.evaluation.slopes[k];
      if (by != input) continue;
      if (value == layout_.rate_value(s)) {
        sum += fmt::format(" + {} * slope[{}] * {}",
                           in_parentheses(layout_.plan.kappa[at(s)] / layout_.plan.rate_scale), k,
                           gap);
      }
      if (value == layout_.target_value(s)) sum += fmt::format(" + {} * slope[{}]", lambda, k);
    }
    if (input == layout_.ports + s) sum += " - " + lambda;
    return sum.empty() ? sum : without_leading_plus(sum);
  }

  const OsdiLayout& layout_;
};

}  // namespace

std::string osdi_assembly(const OsdiLayout& layout) { return Printer(layout).print(); }

}  // namespace psi_xlstm::hdl
