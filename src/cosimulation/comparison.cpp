#include "cosimulation/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "core/number_text.hpp"
#include "ir/dynamics.hpp"
#include "simulators/ngspice/forms.hpp"

namespace psi_xlstm {
namespace {

// A source of 0 V beside the circuit that bends at every corner of `stimulus` until `stop` [s]. The
// corners of a repeated pulse are sums of its period, which ngspice 44 can step over when one comes
// out a rounding apart from the time it is at; those of a piecewise linear source are numbers of
// the deck.
std::string corners(const Stimulus& stimulus, double stop) {
  constexpr double kMost = 2000;
  if (stimulus.breakpoint_count(stop) > kMost) return "";
  const std::vector<double> times = stimulus.breakpoints(stop);
  if (times.empty()) return "";
  std::string text = "vcorners corners 0 dc 0.0 pwl(0 0";
  for (const double time : times) text += fmt::format("\n+ {} 0", shortest(time));
  return text + ")\nrcorners corners 0 1000.0\n";
}

std::string netlist_for(const EmittedModel& model, const CosimCase& wanted) {
  std::string netlist = model.definition();
  netlist += wanted.stimulus.netlist("vin", "in", "0");
  netlist += corners(wanted.stimulus, wanted.stop_time);
  const bool resistor = wanted.series_resistance > 0;
  if (resistor) netlist += fmt::format("rseries in p {}\n", shortest(wanted.series_resistance));
  netlist += fmt::format("vmeter {} d 0.0\n", resistor ? "p" : "in");
  return netlist +
         model.element(
             "1", "d", "0",
             {.conductance = wanted.conductance, .hold = {}, .max_step = wanted.max_step});
}

// How far the states moved the conductance at V -> 0: max / min - 1.
double swing(const ir::Network& network, const ReferenceResult& reference) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  ir::Evaluator evaluator(network);
  const double zero = 0;
  for (const std::vector<double>& c : reference.states) {
    evaluator.evaluate(ir::Part::kOutput, {&zero, 1}, c);
    const double g = evaluator.value(network.conductance().node);
    low = std::min(low, g);
    high = std::max(high, g);
  }
  return low > 0 && high >= low ? high / low - 1 : 0;
}

ReferenceResult reference_at(const ir::Network& network,
                             const CosimCase& wanted,
                             const std::vector<double>& times) {
  const StateEquation equation = state_equation(network);
  return integrate_reference(equation, wanted.stimulus, wanted.series_resistance,
                             ir::initial_state(network, wanted.conductance), times,
                             {.max_step = 20 * wanted.max_step, .stiff = wanted.stiff});
}

}  // namespace

StateEquation state_equation(const ir::Network& network) {
  ir::require_one_conductance(network, "co-simulation");
  const auto evaluator = std::make_shared<ir::Evaluator>(network);
  StateEquation equation;
  equation.states = network.state_count();
  const auto states = static_cast<std::size_t>(equation.states);
  equation.derivative = [evaluator, states, &network](double voltage, const double* c,
                                                      double* out) {
    ir::state_derivative(*evaluator, network, {&voltage, 1}, {c, states}, {out, states});
  };
  equation.current = [evaluator, states, &network](double voltage, const double* c) {
    evaluator->evaluate(ir::Part::kOutput, {&voltage, 1}, {c, states});
    return evaluator->value(network.current_node);
  };
  return equation;
}

ir::Network frozen(const ir::Network& network) {
  ir::Network copy = network;
  if (copy.rate_node >= 0) copy.rate_node = ir::NetworkBuilder(copy).scale(copy.rate_node, 1e-12);
  return copy;
}

CosimOutcome compare_transient(const ir::Network& network,
                               const EmittedModel& model,
                               const CosimCase& wanted,
                               const SimulatorOptions& simulator) {
  CosimOutcome out;
  out.row = {.model = network.name, .path = model.path(), .stimulus = wanted.name};
  if (wanted.limit > 0) out.row.limit = wanted.limit;
  TransientOptions options;
  options.stop_time = wanted.stop_time;
  options.max_step = wanted.max_step;
  options.relative_tolerance = wanted.relative_tolerance;
  if (wanted.stiff) options.options["trtol"] = 1;  // the error of one step is what it may be
  options.vectors = {"i(vmeter)"};
  options.external = wanted.stimulus.tables("vin");
  const TransientResult run =
      transient(netlist_for(model, wanted), options, with_library(model, simulator));
  out.counters = run.counters;
  if (!run.usable()) {
    out.reason = run.reason;
    out.not_finished = run.out_of_time;
    if (wanted.limit > 0) judge_without_result(out);
    return out;
  }
  ReferenceResult reference = reference_at(network, wanted, run.time);
  if (!reference.usable()) {
    out.reason = reference.reason;
    out.not_finished = true;
    if (wanted.limit > 0) judge_without_result(out);
    return out;
  }
  out.time = run.time;
  out.current = run.vectors.at("i(vmeter)");
  out.conductance_swing = swing(network, reference);
  out.voltage = std::move(reference.voltage);
  out.reference = std::move(reference.current);
  compare_currents(out.row, out.reference, out.current);
  return out;
}

}  // namespace psi_xlstm
