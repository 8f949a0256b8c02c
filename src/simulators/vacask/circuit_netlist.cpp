#include "simulators/vacask/circuit_netlist.hpp"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/vacask/netlist.hpp"

namespace psi_xlstm::vacask {
namespace {

using Numbers = std::vector<std::pair<std::string, double>>;

std::string assignments(const Numbers& numbers) {
  constexpr std::size_t kOnALine = 8;
  std::string text;
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    text += fmt::format("{}{}={}", k % kOnALine == 0 ? "\n  " : " ", numbers[k].first,
                        shortest(numbers[k].second));
  }
  return text;
}

/// Writes one circuit.
class Writer {
 public:
  Writer(const EmittedModel& model, const Circuit& circuit) : model_(model), circuit_(circuit) {
    for (std::size_t k = 0; k < circuit.nodes.size(); ++k) {
      names_[circuit.nodes[k]] = node_name(k);
    }
  }

  std::string write(std::size_t libraries, double max_step, const std::string& control) {
    text_ = "circuit\nload \"device.osdi\"\n";
    for (std::size_t k = 1; k <= libraries; ++k) line("load \"{}\"", library_name(k));
    for (const char* const part : {"resistor", "capacitor", "inductor"}) {
      line("load \"{0}.osdi\"\nmodel psi_{0} {0}", part);
    }
    for (const char* const part : {"vsource", "isource", "vcvs", "vccs"}) {
      line("model psi_{0} {0}", part);
    }
    line("model psi_device {}", module_name(model_.name()));
    for (const CompiledModel& own : circuit_.models) {
      line("model {} {} ({}\n)", own.name, own.type, assignments(own.parameters));
    }
    for (std::size_t k = 0; k < circuit_.elements.size(); ++k) element(k);
    for (std::size_t k = 0; k < circuit_.compiled.size(); ++k) instance(k);
    for (std::size_t k = 0; k < circuit_.devices.size(); ++k) device(k, max_step);
    return std::move(text_) + "control\n" + control + "endc\n";
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  std::string node(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? "0" : found->second;
  }

  void passive(const CircuitElement& e, const std::string& name, const char* kind, char value) {
    line("{} ({} {}) psi_{} {}={}", name, node(e.plus), node(e.minus), kind, value,
         shortest(e.value));
  }

  void sources(const CircuitElement& e, const std::string& name) {
    const std::vector<std::string> terms = waveforms(e.wave);
    if (e.kind == ElementKind::kCurrentSource) {
      for (std::size_t k = 0; k < terms.size(); ++k) {
        line("{}_{} ({} {}) psi_isource {}", name, k + 1, node(e.plus), node(e.minus), terms[k]);
      }
      return;
    }
    for (std::size_t k = 0; k < terms.size(); ++k) {
      const bool last = k + 1 == terms.size();
      line("{} ({} {}) psi_vsource {}", k == 0 ? name : fmt::format("{}_{}", name, k + 1),
           k == 0 ? node(e.plus) : fmt::format("{}_n{}", name, k),
           last ? node(e.minus) : fmt::format("{}_n{}", name, k + 1), terms[k]);
    }
  }

  void controlled(const CircuitElement& e, const std::string& name, const char* kind) {
    const auto& read = e.expression->voltages();
    if (e.value == 0 || read.size() != 1) {
      throw SpiceError(
          fmt::format("VACASK has no source of an expression: {} stands in the circuit", e.name));
    }
    line("{} ({} {} {} {}) psi_{} gain={}", name, node(e.plus), node(e.minus), node(read[0].plus),
         node(read[0].minus), kind, shortest(e.value));
  }

  void element(std::size_t k) {
    const CircuitElement& e = circuit_.elements[k];
    const std::string name = element_name(k);
    switch (e.kind) {
      case ElementKind::kResistor:
        return passive(e, name, "resistor", 'r');
      case ElementKind::kCapacitor:
        return passive(e, name, "capacitor", 'c');
      case ElementKind::kInductor:
        return passive(e, name, "inductor", 'l');
      case ElementKind::kVoltageSource:
      case ElementKind::kCurrentSource:
        return sources(e, name);
      case ElementKind::kControlledVoltage:
        return controlled(e, name, "vcvs");
      case ElementKind::kControlledCurrent:
        return controlled(e, name, "vccs");
    }
  }

  void instance(std::size_t k) {
    const CompiledInstance& own = circuit_.compiled[k];
    std::string nodes;
    for (const std::string& name : own.nodes) nodes += (nodes.empty() ? "" : " ") + node(name);
    line("own{} ({}) {} ({}\n)", k + 1, nodes, own.model, assignments(own.parameters));
  }

  void device(std::size_t k, double max_step) {
    const CircuitDevice& d = circuit_.devices[k];
    line("{} ({} p{}) psi_vsource dc=0", meter_name(k), node(d.plus), k + 1);
    std::string values;
    for (const auto& [name, value] :
         model_.assignments({.conductance = d.conductance, .hold = {}, .max_step = max_step})) {
      values += fmt::format(" {}={}", name, value);
    }
    line("device{0} (p{0} {1}) psi_device area={2}{3}", k + 1, node(d.minus), shortest(d.area),
         values);
  }

  const EmittedModel& model_;
  const Circuit& circuit_;
  std::unordered_map<std::string, std::string> names_;
  std::string text_;
};

}  // namespace

std::string node_name(std::size_t node) { return fmt::format("n{}", node + 1); }
std::string element_name(std::size_t element) { return fmt::format("e{}", element + 1); }
std::string meter_name(std::size_t device) { return fmt::format("meter{}", device + 1); }
std::string library_name(std::size_t number) { return fmt::format("own_{}.osdi", number); }

std::string netlist(const EmittedModel& model,
                    const Circuit& circuit,
                    std::size_t libraries,
                    double max_step,
                    const std::string& control) {
  if (!circuit.not_taken_apart.empty()) {
    throw SpiceError("VACASK has a language of its own, into which this cannot be put: " +
                     circuit.not_taken_apart);
  }
  return Writer(model, circuit).write(libraries, max_step, control);
}

}  // namespace psi_xlstm::vacask
