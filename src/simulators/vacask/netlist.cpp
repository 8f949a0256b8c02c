#include "simulators/vacask/netlist.hpp"

#include <fmt/format.h>

#include <cmath>
#include <variant>

#include "core/identifier.hpp"
#include "core/number_text.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::vacask {
namespace {

std::string waveform(const ConstantTerm& term) { return "dc=" + shortest(term.voltage); }

// A phase is a delay below zero: this sine has none of its own.
std::string waveform(const SineTerm& term) {
  double delay = term.delay;
  if (term.phase_deg != 0) {
    if (term.delay > 0) {
      throw SpiceError(
          "stimulus: expected a sine with a delay or a phase, found both, which a "
          "source of VACASK does not have");
    }
    const double turns = term.phase_deg / 360;
    delay = -(turns - std::floor(turns)) / term.frequency;
  }
  return fmt::format("dc={} type=\"sine\" sinedc={} ampl={} freq={} delay={}",
                     shortest(Stimulus{{term}}.value(0)), shortest(term.offset),
                     shortest(term.amplitude), shortest(term.frequency), shortest(delay));
}

std::string waveform(const PulseTerm& term) {
  std::string text =
      fmt::format("dc={0} type=\"pulse\" val0={0} val1={1} delay={2} rise={3} fall={4} width={5}",
                  shortest(term.low), shortest(term.high), shortest(term.delay),
                  shortest(term.rise), shortest(term.fall), shortest(term.width));
  if (term.period > 0) text += " period=" + shortest(term.period);
  return text;
}

// td2 counts from the delay, and must be more than nothing.
std::string waveform(const DecayingJumpTerm& term) {
  return fmt::format("dc=0 type=\"exp\" val0=0 val1={} delay={} td2=1e-30 tau1={} tau2={}",
                     shortest(term.amplitude), shortest(term.start), shortest(term.rise_time),
                     shortest(1 / term.decay_rate));
}

std::string waveform(const VoltageTable& table) {
  if (table.times.size() == 1) return "dc=" + shortest(table.values.front());
  std::string text = fmt::format("dc={} type=\"pwl\" wave=[", shortest(table.values.front()));
  for (std::size_t k = 0; k < table.times.size(); ++k) {
    text += fmt::format("{}{}, {}",
                        k == 0       ? ""
                        : k % 8 == 0 ? ",\\\n  "
                                     : ", ",
                        shortest(table.times[k]), shortest(table.values[k]));
  }
  return text + "]";
}

}  // namespace

std::string module_name(const std::string& name) { return lower_case(name); }

std::vector<std::string> waveforms(const Stimulus& stimulus) {
  std::vector<std::string> all;
  for (const auto& of_any : stimulus.terms) {
    all.push_back(std::visit([](const auto& term) { return waveform(term); }, of_any));
  }
  return all;
}

std::string sources(const Stimulus& stimulus, bool small_signal) {
  check_stimulus(stimulus);
  if (small_signal) {
    return fmt::format("vin1 (in 0) psi_source dc={} mag=1\n", shortest(stimulus.value(0)));
  }
  std::string text;
  const std::vector<std::string> terms = waveforms(stimulus);
  for (std::size_t k = 0; k < terms.size(); ++k) {
    text +=
        fmt::format("vin{} ({} {}) psi_source {}\n", k + 1, k == 0 ? "in" : fmt::format("in{}", k),
                    k + 1 == terms.size() ? "0" : fmt::format("in{}", k + 1), terms[k]);
  }
  return text;
}

std::string netlist(const EmittedModel& model,
                    const TestCircuit& circuit,
                    bool small_signal,
                    const std::string& control) {
  std::string text = "test circuit\nload \"device.osdi\"\nmodel psi_source vsource\n";
  text += fmt::format("model psi_device {}\n", module_name(model.name()));
  text += sources(circuit.stimulus, small_signal);
  const bool resistor = circuit.series_resistance > 0;
  if (resistor) {
    text += fmt::format(
        "load \"resistor.osdi\"\nmodel psi_resistor resistor\nrseries (in p) psi_resistor r={}\n",
        shortest(circuit.series_resistance));
  }
  text += fmt::format("device1 ({} 0) psi_device", resistor ? "p" : "in");
  for (const auto& [name, value] : model.assignments(circuit.device)) {
    text += fmt::format(" {}={}", name, value);
  }
  return text + "\ncontrol\n" + control + "endc\n";
}

}  // namespace psi_xlstm::vacask
