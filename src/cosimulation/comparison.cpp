#include "cosimulation/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "ir/dynamics.hpp"

namespace psi_xlstm {
namespace {

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
                               const Simulator& simulator,
                               double time_limit_s) {
  CosimOutcome out;
  out.row = {.model = network.name,
             .simulator = simulator.name(),
             .path = model.path(),
             .stimulus = wanted.name};
  if (wanted.limit > 0) out.row.limit = wanted.limit;
  const DeviceTransient run = simulator.transient(
      model,
      {.stimulus = wanted.stimulus,
       .series_resistance = wanted.series_resistance,
       .device = {.conductance = wanted.conductance, .hold = {}, .max_step = wanted.max_step}},
      {.stop_time = wanted.stop_time,
       .max_step = wanted.max_step,
       .relative_tolerance = wanted.relative_tolerance,
       .step_error_ratio = wanted.stiff ? 1.0 : 0.0,
       .time_limit_s = time_limit_s});
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
  out.row.points = static_cast<int>(run.time.size());
  out.time = run.time;
  out.current = run.current;
  out.conductance_swing = swing(network, reference);
  out.voltage = std::move(reference.voltage);
  out.reference = std::move(reference.current);
  compare_currents(out.row, out.reference, out.current);
  return out;
}

}  // namespace psi_xlstm
