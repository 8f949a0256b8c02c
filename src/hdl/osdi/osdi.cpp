#include "hdl/osdi/osdi.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/osdi/layout.hpp"
#include "hdl/osdi/text.hpp"
#include "hdl/text/lines.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

constexpr int kMostTerminals = 20;    // of an N device in ngspice 39 to 44
constexpr int kMostShownStates = 32;  // with an operating-point variable of their own
constexpr double kNoTemperature = 1;  // what nobody has given

class OsdiPrinter : Lines {
 public:
  explicit OsdiPrinter(const ir::Network& network)
      : layout_(network),
        network_(network),
        plan_(layout_.plan),
        states_(layout_.states),
        charge_entries_(layout_.charge_entries) {}

  std::string print() {
    for (const std::string& fact : model_facts(network_, plan_)) line("/* {} */", fact);
    line("#pragma GCC diagnostic ignored \"-Wpsabi\"");
    text_ += std::string("\n") + kOsdiAbi + "\n" + kOsdiVectorMath + "\n";
    constants();
    if (layout_.has_charges()) line("enum {{ CHARGE_ENTRIES = {} }};", charge_entries_.size());
    line("enum {{ REACT_ENTRIES = {} }};", at(states_) + charge_entries_.size());
    text_ += "\n" + resolved(kOsdiDevice) + "\n";
    parameters();
    outputs();
    nodes();
    entries();
    text_ += "\n" + layout_.evaluation.text + "\n";
    text_ += osdi_assembly(layout_);
    text_ += resolved(kOsdiInterface);
    text_ += resolved(kOsdiRelease4);
    text_ += kOsdiDescriptor;
    return std::move(text_);
  }

 private:
  // --- tables ------------------------------------------------------------------------------------

  void constants() {
    const auto terminals = static_cast<int>(osdi_terminals(network_).size());
    line("enum {{");
    line("  PORTS = {}, STATES = {}, RATES = {},", layout_.ports, states_, network_.rate_count());
    line("  NODES = {}, TERMINALS = {}, ENTRIES = {},", layout_.node_total(), terminals,
         layout_.entries.size());
    line("  FIRST_STATE = {}, FIRST_RATE = {},", layout_.state_node(0), layout_.rate_node(0));
    line("  JUNCTIONS = {}, FIRST_JUNCTION = {}, FIXED = {},", layout_.evaluation.junctions,
         layout_.junction_node(0), layout_.evaluation.fixed);
    line("  FIRST_LAMBDA = {}, FIRST_TARGET = {}, CONDUCTANCE = {},", layout_.ports,
         layout_.target_value(0), layout_.target_value(states_));
    line("  VALUES = {}, SLOPES = {}", layout_.value_total(), layout_.evaluation.slopes.size());
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
        {"area", "area", "",
         layout_.has_charges() ? "multiplies every current and charge" : "multiplies every current",
         false, 1}};
    if (states_ > 0) {
      list.push_back({"hold", "hold", "",
                      "1: operating point and DC sweep keep the state at its start; 0: equilibrium",
                      true, 1});
      list.push_back({"tau_scale", "tau_scale", "", "multiplies every time constant", false, 1});
      list.push_back({"dtmax", "dtmax", "s", "longest time step", false, plan_.max_step});
    }
    if (layout_.has_g0()) {
      list.push_back(
          {"g0", "g0", "S", "conductance at the start, at 0 V", false, plan_.default_conductance});
    }
    const bool noisy = network_.role && layout_.ports == 1;  // of several ports nothing is known
    if (noisy) {
      list.push_back(
          {"noise", "noise", "", "1: thermal noise of the conductance, 4 k T G", true, 0});
    }
    if (plan_.has_range) {
      list.push_back({"soa", "soa", "", "1: warn once where the training range is left", true, 0});
    }
    // A simulator that finds these does not take them for its own.
    for (const char* const name : {"temp", "dtemp"}) {
      list.push_back({name, name, "", "must not be given: the model knows one temperature", false,
                      kNoTemperature});
    }
    line("enum {{ PARAMETERS = {}, DTMAX = 4, HAS_G0 = {}, NOISE_SOURCES = {} }};", list.size(),
         layout_.has_g0() ? 1 : 0, noisy ? 1 : 0);
    training_range();
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

  // What the model was trained on, of every port and of the conductance.
  void training_range() {
    const ir::TrainingBox& box = network_.box;
    std::vector<std::string> rows;
    const auto add = [&](const std::string& what, double low, double high, const char* unit) {
      rows.push_back(fmt::format("    {{\"{}\", \"{} to {}\", {}, {}}},", what,
                                 engineering(low, unit), engineering(high, unit), shortest(low),
                                 shortest(high)));
    };
    for (int p = 0; plan_.has_range && p < layout_.ports; ++p) {
      add("voltage at " + network_.ports[at(p)], box.voltage_min[at(p)], box.voltage_max[at(p)],
          "V");
    }
    if (plan_.has_range && network_.role) {
      add("conductance", box.conductance_min, box.conductance_max, "S");
    }
    line("enum {{ WATCHED = {} }};", rows.size());
    if (rows.empty()) rows.push_back("    {\"\", \"\", 0.0, 0.0},");
    line("static const Range ranges[] = {{");
    for (const std::string& row : rows) line("{}", row);
    line("}};");
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
    if (network_.role) add("g", "conductance", "S", "conductance");
    for (int s = 0; states_ <= kMostShownStates && s < states_; ++s) {
      add(fmt::format("c_{}", s + 1), fmt::format("state[{}]", s), "",
          fmt::format("state {}", s + 1));
    }
    for (int k = 0; k < network_.rate_count(); ++k) {
      add(fmt::format("tau_{}", k + 1), fmt::format("tau[{}]", k), "s",
          fmt::format("time constant {}", k + 1));
    }
    line("enum {{ OUTPUTS = {} }};", fields.size());
    if (fields.empty()) fields.push_back("0");
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
    const auto charge = [&](int terminal) {
      return layout_.has_charges() ? fmt::format("offsetof(Instance, port_charge[{}])", terminal)
                                   : none;
    };
    for (int p = 0; p < layout_.ports; ++p) node(network_.ports[at(p)], p, charge(p));
    node(network_.reference_terminal, layout_.reference(), charge(layout_.reference()));
    for (int s = 0; s < states_; ++s) {
      node(fmt::format("x_{}", s + 1), layout_.state_node(s),
           fmt::format("offsetof(Instance, charge[{}])", s));
    }
    for (int s = 0; s < states_; ++s) node(fmt::format("r_{}", s + 1), layout_.rate_node(s), none);
    for (int k = 0; k < layout_.evaluation.junctions; ++k) {
      node(fmt::format("y_{}", k + 1), layout_.junction_node(k), none);
    }
    line("}};");
  }

  void entries() {
    line("static OsdiJacobianEntry entries[] = {{");
    std::vector<std::string> pairs, diagonal;
    for (const auto& [row, column] : layout_.entries) {
      const int s = row - layout_.state_node(0);
      const bool of_state = s >= 0 && s < states_ && row == column;
      if (of_state) diagonal.push_back(std::to_string(pairs.size()));
      const int k = charge_entry(static_cast<int>(pairs.size()));
      const std::string pointer = of_state ? fmt::format("offsetof(Instance, react[{}])", s)
                                  : k >= 0 ? fmt::format("offsetof(Instance, charge_react[{}])", k)
                                           : "OSDI_NONE";
      line("    {{{{{}, {}}}, {}, {}}},", row, column, pointer,
           of_state || k >= 0 ? "OSDI_ENTRY_RESIST | OSDI_ENTRY_REACT" : "OSDI_ENTRY_RESIST");
      pairs.push_back(fmt::format("{{{}, {}}}", row, column));
    }
    line("}};");
    line("static const struct {{ uint16_t row, column; }} entry_nodes[] = {{{}}};",
         fmt::join(pairs, ", "));
    if (diagonal.empty()) diagonal.push_back("0");
    line("static const uint16_t diagonal[] = {{{}}};", fmt::join(diagonal, ", "));
    if (!layout_.has_charges()) return;
    std::vector<int> of_charges = charge_entries_;
    if (of_charges.empty()) of_charges.push_back(0);
    line("static const uint16_t charge_entries[] = {{{}}};", fmt::join(of_charges, ", "));
  }

  // The place of entry `e` among those of the charges; -1: it is none of them.
  int charge_entry(int e) const {
    const auto found = std::lower_bound(charge_entries_.begin(), charge_entries_.end(), e);
    const bool there = found != charge_entries_.end() && *found == e;
    return there ? static_cast<int>(found - charge_entries_.begin()) : -1;
  }

  // `text` with what stands between the lines "#if CHARGES" and "#endif" where there are charges.
  std::string resolved(std::string_view text) const {
    std::string out;
    for (bool kept = true; !text.empty();) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      const std::string_view next = text.substr(0, end);
      text.remove_prefix(end);
      const bool opens = next == "#if CHARGES\n", closes = next == "#endif\n";
      if (opens || closes) {
        kept = closes || layout_.has_charges();
      } else if (kept) {
        out += next;
      }
    }
    return out;
  }

  const OsdiLayout layout_;
  const ir::Network& network_;
  const EmissionPlan& plan_;
  const int states_;
  const std::vector<int>& charge_entries_;
  std::string descriptions_;
};

}  // namespace

std::string osdi_source(const ir::Network& network) { return OsdiPrinter(network).print(); }

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
