#include "psi_xlstm/hdl/osdi.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "osdi_evaluation.hpp"
#include "osdi_text.hpp"
#include "psi_xlstm/core/error.hpp"
#include "psi_xlstm/core/number_text.hpp"
#include "psi_xlstm/hdl/emission.hpp"

namespace psi_xlstm::hdl {
namespace {

// What ngspice 39 takes for a type of its own on a .model line.
constexpr std::array<std::string_view, 32> kDeviceTypes = {
    "npn",  "pnp",   "d",     "njf",    "pjf",       "nmf",   "pmf",   "urc",
    "nmos", "pmos",  "vdmos", "vdmosn", "vdmosp",    "nhfet", "phfet", "r",
    "c",    "l",     "sw",    "csw",    "ltra",      "cpl",   "txl",   "numd",
    "nbjt", "numos", "nsoi",  "psoi",   "transline", "res",   "cap",   "ind"};

// A sum of terms, each with " + " or " - " before it.
std::string without_leading_plus(const std::string& sum) {
  if (sum.empty()) return "0.0";
  return sum.starts_with(" + ") ? sum.substr(3) : "-" + sum.substr(3);
}

constexpr int kMostTerminals = 20;  // of an N device in ngspice 39 to 44

class Printer {
 public:
  explicit Printer(const ir::Network& network)
      : network_(network),
        plan_(plan_emission(network)),
        evaluation_(osdi_evaluation(network)),
        ports_(network.port_count()),
        states_(network.state_count()) {
    if (std::find(kDeviceTypes.begin(), kDeviceTypes.end(), network.name) != kDeviceTypes.end()) {
      throw EmitError(fmt::format(
          "model {0}: expected another name than \"{0}\", which is a device type of SPICE",
          network.name));
    }
    find_entries();
  }

  std::string print() {
    for (const std::string& fact : model_facts(network_, plan_)) line("/* {} */", fact);
    line("#pragma GCC diagnostic ignored \"-Wpsabi\"");
    text_ += std::string("\n") + kOsdiAbi + "\n" + kOsdiVectorMath + "\n";
    constants();
    text_ += std::string("\n") + kOsdiDevice + "\n";
    parameters();
    outputs();
    nodes();
    entries();
    text_ += "\n" + evaluation_.text + "\n";
    start();
    terminals();
    states();
    held_rates();
    rates();
    text_ += kOsdiInterface;
    return std::move(text_);
  }

 private:
  // Node numbers.
  int reference() const { return ports_; }
  int state_node(int s) const { return ports_ + 1 + s; }
  int rate_node(int s) const { return ports_ + 1 + states_ + s; }
  int node_of(int input) const { return input < ports_ ? input : state_node(input - ports_); }
  int node_total() const { return ports_ + 1 + 2 * states_; }
  // Values of the evaluation.
  int rate_value(int s) const { return ports_ + network_.rate_of_state[at(s)]; }
  int target_value(int s) const { return ports_ + network_.rate_count() + s; }
  bool tied() const { return states_ > 0 && network_.start == ir::Start::kTied; }

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  // --- the pattern of the Jacobian ---------------------------------------------------------------

  void find_entries() {
    std::set<std::pair<int, int>> pattern;
    const auto add_row = [&](int row, int input) {
      pattern.emplace(row, node_of(input));
      if (input < ports_) pattern.emplace(row, reference());
    };
    for (const OsdiSlope& slope : evaluation_.slopes) {
      if (slope.value < ports_) {
        add_row(slope.value, slope.input);
        add_row(reference(), slope.input);
      }
      for (int s = 0; s < states_; ++s) {
        const bool own = slope.value == rate_value(s) || slope.value == target_value(s);
        if (own) add_row(rate_node(s), slope.input);
      }
    }
    for (int s = 0; s < states_; ++s) {
      pattern.emplace(state_node(s), state_node(s));
      pattern.emplace(state_node(s), rate_node(s));
      pattern.emplace(rate_node(s), rate_node(s));
      pattern.emplace(rate_node(s), state_node(s));
    }
    if (pattern.empty()) pattern.emplace(0, 0);
    entries_.assign(pattern.begin(), pattern.end());
  }

  int entry(int row, int column) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), std::pair(row, column));
    return static_cast<int>(found - entries_.begin());
  }

  // --- tables ------------------------------------------------------------------------------------

  void constants() {
    const auto terminals = static_cast<int>(osdi_terminals(network_).size());
    line("enum {{");
    line("  PORTS = {}, STATES = {}, RATES = {},", ports_, states_, network_.rate_count());
    line("  NODES = {}, TERMINALS = {}, ENTRIES = {},", node_total(), terminals, entries_.size());
    line("  FIRST_STATE = {}, FIRST_RATE = {},", state_node(0), rate_node(0));
    line("  FIRST_LAMBDA = {}, CONDUCTANCE = {},", ports_,
         ports_ + network_.rate_count() + states_);
    line("  VALUES = {}, SLOPES = {}", ports_ + network_.rate_count() + states_ + 1,
         evaluation_.slopes.size());
    line("}};");
    line("#define NAME \"{}\"", network_.name);
    line("#define LARGEST 1e300");
    line("/* L [1/s], the least capacitance [F] and its product with a rate [S], the leak as part");
    line(" * of the push, what pulls a held state as part of L, the longest step [s] */");
    line("static const double RATE_SCALE = {};", shortest(plan_.rate_scale));
    line("static const double LEAST_CAPACITANCE = {}, CAPACITANCE_RATE = {};",
         shortest(kLeastCapacitance), shortest(kCapacitanceRate));
    line("static const double LEAK = {}, HOLD = {}, MAX_STEP = {};",
         shortest(plan_.leak_rate / plan_.rate_scale), shortest(plan_.hold_rate / plan_.rate_scale),
         shortest(plan_.max_step));
    std::vector<std::string> inverse;
    if (states_ == 0) inverse.push_back("0.0");
    for (double kappa : plan_.kappa) inverse.push_back(shortest(1 / kappa));
    line("static const double inverse_kappa[] = {{{}}};", fmt::join(inverse, ", "));
  }

  void parameters() {
    struct Parameter {
      std::string name, field, units, meaning;
      bool integer;
      double fallback;
    };
    std::vector<Parameter> list = {
        {"$mfactor", "mfactor", "", "number of devices in parallel", false, 1},
        {"area", "area", "", "multiplies every current", false, 1}};
    if (states_ > 0) {
      list.push_back({"hold", "hold", "",
                      "1: operating point and DC sweep keep the state at its start; 0: equilibrium",
                      true, 1});
      list.push_back({"tau_scale", "tau_scale", "", "multiplies every time constant", false, 1});
      list.push_back({"dtmax", "dtmax", "s", "longest time step", false, plan_.max_step});
    }
    if (tied()) {
      list.push_back(
          {"g0", "g0", "S", "conductance at the start, at 0 V", false, plan_.default_conductance});
    }
    line("enum {{ PARAMETERS = {}, DTMAX = 4, HAS_G0 = {} }};", list.size(), tied() ? 1 : 0);
    line("#define BAND \"{} to {}\"", engineering(plan_.conductance_low, "S"),
         engineering(plan_.conductance_high, "S"));
    line("static const Parameter parameters[] = {{");
    for (const Parameter& p : list) {
      line("    {{\"{}\", \"{}\", offsetof(Instance, {}), {}, {}}},", p.name, p.units, p.field,
           p.integer, shortest(p.fallback));
    }
    line("}};");
    for (const Parameter& p : list) {
      descriptions_ += fmt::format(
          "    {{(char *[]){{\"{}\"{}}}, {}, \"{}\", \"{}\", "
          "OSDI_TYPE_{} | OSDI_KIND_INSTANCE, 0}},\n",
          p.name, p.name == "$mfactor" ? ", \"m\"" : "", p.name == "$mfactor" ? 1 : 0, p.meaning,
          p.units, p.integer ? "INTEGER" : "REAL");
    }
  }

  void outputs() {
    std::vector<std::string> fields;
    const auto add = [&](const std::string& name, const std::string& field, const char* units,
                         const std::string& meaning) {
      fields.push_back(fmt::format("offsetof(Instance, {})", field));
      descriptions_ += fmt::format(
          "    {{(char *[]){{\"{}\"}}, 0, \"{}\", \"{}\", OSDI_TYPE_REAL | OSDI_KIND_OUTPUT, "
          "0}},\n",
          name, meaning, units);
    };
    add("g", "conductance", "S", "conductance");
    for (int s = 0; s < states_; ++s) {
      add(fmt::format("c_{}", s + 1), fmt::format("state[{}]", s), "",
          fmt::format("state {}", s + 1));
    }
    for (int k = 0; k < network_.rate_count(); ++k) {
      add(fmt::format("tau_{}", k + 1), fmt::format("tau[{}]", k), "s",
          fmt::format("time constant {}", k + 1));
    }
    line("enum {{ OUTPUTS = {} }};", fields.size());
    line("static const size_t outputs[] = {{{}}};", fmt::join(fields, ", "));
    line("static OsdiParameter descriptions[] = {{\n{}}};", descriptions_);
  }

  void nodes() {
    line("static OsdiNode nodes[] = {{");
    const auto node = [&](const std::string& name, int number, const std::string& charge) {
      line(
          "    {{\"{}\", \"V\", \"A\", offsetof(Instance, residual[{}]), {}, OSDI_NONE, OSDI_NONE, "
          "false}},",
          name, number, charge);
    };
    const std::string none = "OSDI_NONE";
    for (int p = 0; p < ports_; ++p) node(network_.ports[at(p)], p, none);
    node(network_.reference_terminal, reference(), none);
    for (int s = 0; s < states_; ++s) {
      node(fmt::format("x_{}", s + 1), state_node(s),
           fmt::format("offsetof(Instance, charge[{}])", s));
    }
    for (int s = 0; s < states_; ++s) node(fmt::format("r_{}", s + 1), rate_node(s), none);
    line("}};");
  }

  void entries() {
    line("static OsdiJacobianEntry entries[] = {{");
    std::vector<std::string> pairs, diagonal;
    for (const auto& [row, column] : entries_) {
      const int s = row - state_node(0);
      const bool reactive = s >= 0 && s < states_ && row == column;
      if (reactive) diagonal.push_back(std::to_string(pairs.size()));
      line("    {{{{{}, {}}}, {}, {}}},", row, column,
           reactive ? fmt::format("offsetof(Instance, react[{}])", s) : "OSDI_NONE",
           reactive ? "OSDI_ENTRY_RESIST | OSDI_ENTRY_REACT" : "OSDI_ENTRY_RESIST");
      pairs.push_back(fmt::format("{{{}, {}}}", row, column));
    }
    line("}};");
    line("static const struct {{ uint16_t row, column; }} entry_nodes[] = {{{}}};",
         fmt::join(pairs, ", "));
    if (diagonal.empty()) diagonal.push_back("0");
    line("static const uint16_t diagonal[] = {{{}}};", fmt::join(diagonal, ", "));
  }

  // --- functions ---------------------------------------------------------------------------------

  void start() {
    line("static void set_start(Instance *it) {{");
    line("  const double g0 = it->g0;");
    line("  (void)g0;");
    for (int s = 0; s < states_; ++s) {
      line("  it->start[{}] = {};", s, initial_state_expression(network_, plan_, s, "log"));
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
    for (int p = 0; p < ports_; ++p) {
      line("  f[{0}] = scale * value[{0}];", p);
      total += fmt::format(" - f[{}]", p);
    }
    line("  f[{}] = {};", reference(), without_leading_plus(total));
    std::vector<std::string> of_entry(entries_.size());
    const auto add = [&](int row, int column, const std::string& term) {
      of_entry[at(entry(row, column))] += term;
    };
    for (std::size_t k = 0; k < evaluation_.slopes.size(); ++k) {
      const auto [value, input] = evaluation_.slopes[k];
      if (value >= ports_) continue;
      const std::string factor =
          input < ports_
              ? ""
              : fmt::format(" * {}", in_parentheses(1 / plan_.kappa[at(input - ports_)]));
      const std::string term = fmt::format("slope[{}]{}", k, factor);
      add(value, node_of(input), " + " + term);
      add(reference(), node_of(input), " - " + term);
      if (input >= ports_) continue;
      add(value, reference(), " - " + term);
      add(reference(), reference(), " + " + term);
    }
    for (std::size_t e = 0; e < of_entry.size(); ++e) {
      if (entries_[e].first <= reference()) {
        line("  j[{}] = scale * ({});", e, without_leading_plus(of_entry[e]));
      }
    }
    line("}}\n");
  }

  void states() {
    line("static void assemble_states(Instance *it, const double *x, const double *r) {{");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)f, (void)j, (void)x, (void)r;");
    for (int s = 0; s < states_; ++s) {
      const int node = state_node(s);
      line("  f[{0}] = it->leak * x[{1}] - it->push * r[{1}];", node, s);
      line("  it->charge[{0}] = it->capacitance * x[{0}];", s);
      line("  j[{}] = it->leak;", entry(node, node));
      line("  j[{}] = -it->push;", entry(node, rate_node(s)));
    }
    line("}}\n");
  }

  void held_rates() {
    line("static void assemble_held_rates(Instance *it, const double *x, const double *r) {{");
    line("  double *const f = it->residual, *const j = it->jacobian;");
    line("  (void)f, (void)j, (void)x, (void)r;");
    for (int s = 0; s < states_; ++s) {
      const int node = rate_node(s);
      line("  f[{0}] = r[{1}] + HOLD * x[{1}];", node, s);
      for (std::size_t e = 0; e < entries_.size(); ++e) {
        if (entries_[e].first != node) continue;
        const int column = entries_[e].second;
        line("  j[{}] = {};", e, column == node ? "1.0" : column == state_node(s) ? "HOLD" : "0.0");
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
    for (int s = 0; s < states_; ++s) {
      const int node = rate_node(s);
      const std::string lambda = fmt::format("lambda_{}", s), gap = fmt::format("gap_{}", s);
      line("  const double {} = {} * value[{}];", lambda,
           shortest(plan_.kappa[at(s)] / plan_.rate_scale), rate_value(s));
      line("  const double {} = value[{}] - it->state[{}];", gap, target_value(s), s);
      line("  f[{}] = r[{}] - {} * {};", node, s, lambda, gap);
      for (std::size_t e = 0; e < entries_.size(); ++e) {
        if (entries_[e].first != node) continue;
        line("  j[{}] = {};", e, rate_slope(s, entries_[e].second, lambda, gap));
      }
    }
    line("}}\n");
  }

  // d f_r / d V(column)
  std::string rate_slope(int s,
                         int column,
                         const std::string& lambda,
                         const std::string& gap) const {
    if (column == rate_node(s)) return "1.0";
    std::string sum;
    for (int input = 0; input < ports_ + states_; ++input) {
      const bool reference_too = column == reference() && input < ports_;
      if (node_of(input) != column && !reference_too) continue;
      const std::string derivative = rate_derivative(s, input, lambda, gap);
      if (derivative.empty()) continue;
      const char* const sign = reference_too ? " + " : " - ";
      const std::string factor =
          input < ports_
              ? ""
              : fmt::format("{} * ", in_parentheses(1 / plan_.kappa[at(input - ports_)]));
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
    for (std::size_t k = 0; k < evaluation_.slopes.size(); ++k) {
      const auto [value, by] = evaluation_.slopes[k];
      if (by != input) continue;
      if (value == rate_value(s)) {
        sum += fmt::format(" + {} * slope[{}] * {}",
                           in_parentheses(plan_.kappa[at(s)] / plan_.rate_scale), k, gap);
      }
      if (value == target_value(s)) sum += fmt::format(" + {} * slope[{}]", lambda, k);
    }
    if (input == ports_ + s) sum += " - " + lambda;
    return sum.empty() ? sum : without_leading_plus(sum);
  }

  static std::string in_parentheses(double number) {
    return number < 0 ? fmt::format("({})", shortest(number)) : shortest(number);
  }

  const ir::Network& network_;
  EmissionPlan plan_;
  OsdiEvaluation evaluation_;
  int ports_, states_;
  std::vector<std::pair<int, int>> entries_;  ///< (row, column), sorted.
  std::string descriptions_;
  std::string text_;
};

}  // namespace

std::string osdi_source(const ir::Network& network) { return Printer(network).print(); }

std::vector<std::string> osdi_terminals(const ir::Network& network) {
  std::vector<std::string> names = network.ports;
  names.push_back(network.reference_terminal);
  for (int s = 1; s <= network.state_count(); ++s) {
    if (static_cast<int>(names.size()) == kMostTerminals) break;
    names.push_back(fmt::format("x_{}", s));
  }
  return names;
}

}  // namespace psi_xlstm::hdl
