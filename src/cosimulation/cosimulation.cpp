#include "cosimulation/cosimulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "metrics/errors.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

std::string netlist_for(const EmittedModel& model, const CosimCase& wanted) {
  std::string netlist = model.definition();
  netlist += wanted.stimulus.netlist("vin", "in", "0");
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

std::vector<double> times_to(double stop, int points) {
  std::vector<double> times;
  for (int i = 0; i <= points; ++i) times.push_back(stop * i / points);
  return times;
}

ReferenceResult reference_at(const ir::Network& network,
                             const CosimCase& wanted,
                             const std::vector<double>& times) {
  const StateEquation equation = state_equation(network);
  return integrate_reference(equation, wanted.stimulus, wanted.series_resistance,
                             ir::initial_state(network, wanted.conductance), times,
                             {.max_step = 20 * wanted.max_step});
}

// Doubles the length until the conductance has moved enough, at most to 32 times.
void lengthen(const ir::Network& network, double smallest_swing, CosimCase& wanted) {
  constexpr double kMostSteps = 100'000;
  if (network.state_count() == 0) return;
  for (int i = 0; i < 5 && wanted.stop_time < 0.5 * kMostSteps * wanted.max_step; ++i) {
    const ReferenceResult r = reference_at(network, wanted, times_to(wanted.stop_time, 500));
    if (!r.usable() || swing(network, r) >= smallest_swing) return;
    wanted.stop_time *= 2;
  }
}

}  // namespace

StateEquation state_equation(const ir::Network& network) {
  ir::require_one_port(network, "co-simulation");
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
  if (wanted.limit > 0) out.row.passed = false;
  TransientOptions options;
  options.stop_time = wanted.stop_time;
  options.max_step = wanted.max_step;
  options.relative_tolerance = wanted.relative_tolerance;
  options.vectors = {"i(vmeter)"};
  options.external = wanted.stimulus.tables("vin");
  const TransientResult run =
      transient(netlist_for(model, wanted), options, model.with_library(simulator));
  out.counters = run.counters;
  if (!run.usable()) {
    out.reason = run.reason;
    return out;
  }
  ReferenceResult reference = reference_at(network, wanted, run.time);
  if (!reference.usable()) {
    out.reason = reference.reason;
    return out;
  }
  out.time = run.time;
  out.current = run.vectors.at("i(vmeter)");
  out.conductance_swing = swing(network, reference);
  out.voltage = std::move(reference.voltage);
  out.reference = std::move(reference.current);
  out.row.max_abs_err_over_fs = max_error_over_full_scale(out.reference, out.current);
  out.row.rmse_over_fs = rmse_over_full_scale(out.reference, out.current);
  out.row.correlation = correlation(out.reference, out.current);
  if (wanted.limit > 0) {
    out.row.passed = out.row.max_abs_err_over_fs && *out.row.max_abs_err_over_fs <= wanted.limit;
  }
  return out;
}

std::vector<CosimCase> standard_cases(const ir::Network& network,
                                      const CosimConfig& config,
                                      double conductance) {
  const ir::TrainingBox& box = network.box;
  const double largest = std::max(std::abs(box.voltage_min[0]), std::abs(box.voltage_max[0]));
  const double amplitude = config.amplitude > 0 ? config.amplitude : largest;
  const double frequency = config.frequency > 0      ? config.frequency
                           : box.drive_frequency > 0 ? box.drive_frequency
                                                     : 2 / box.duration;
  const double period = 1 / frequency;
  CosimCase base;
  base.stop_time = config.periods * period;
  base.max_step = config.max_step > 0
                      ? config.max_step
                      : std::min(period / 100, hdl::plan_emission(network).max_step);
  base.conductance = conductance;
  base.relative_tolerance = config.relative_tolerance;
  base.limit = config.limit;
  const double edge = config.edge_time > 0 ? config.edge_time : base.max_step / 10;
  const double start = config.start_voltage != 0 ? config.start_voltage : amplitude;

  std::vector<CosimCase> cases(4, base);
  cases[0].name = "sine";
  cases[0].stimulus.terms = {SineTerm{.amplitude = amplitude, .frequency = frequency}};
  cases[1].name = "pulse train";
  cases[1].stimulus.terms = {
      PulseTerm{0, amplitude, 0.1 * period, edge, edge, 0.3 * period, period},
      PulseTerm{0, -0.8 * amplitude, 0.6 * period, edge, edge, 0.2 * period, 4 * period}};
  cases[2].name = "series resistor";
  cases[2].series_resistance =
      config.series_resistance > 0 ? config.series_resistance : 1 / conductance;
  // So much that the device sees the full amplitude at its start.
  cases[2].stimulus.terms = {
      SineTerm{.amplitude = amplitude * (1 + cases[2].series_resistance * conductance),
               .frequency = frequency}};
  cases[3].name = fmt::format("start at {}", engineering(start, "V"));
  cases[3].stimulus.terms = {SineTerm{.amplitude = start, .frequency = frequency, .phase_deg = 90}};
  for (CosimCase& wanted : cases) lengthen(network, config.smallest_swing, wanted);
  return cases;
}

bool CosimReport::passed() const {
  const std::vector<CosimRow> all = rows();
  return std::none_of(all.begin(), all.end(),
                      [](const CosimRow& row) { return row.passed && !*row.passed; });
}

std::vector<CosimRow> CosimReport::rows() const {
  std::vector<CosimRow> all;
  for (const CosimOutcome& outcome : transients) all.push_back(outcome.row);
  all.insert(all.end(), checks.begin(), checks.end());
  return all;
}

namespace {

// The error of a sine falls when the step does: a wrong model has an error that stays.
void check_refinement(const ir::Network& network,
                      const EmittedModel& model,
                      const CosimConfig& config,
                      const CosimCase& sine,
                      const SimulatorOptions& simulator,
                      CosimReport& report) {
  CosimCase coarse = sine, fine = sine;
  coarse.relative_tolerance = fine.relative_tolerance = 1e-5;
  fine.max_step = sine.max_step / 5;
  coarse.limit = fine.limit = 0;
  coarse.name = "sine, reltol 1e-5";
  fine.name = "sine, reltol 1e-5, a fifth of the step";
  const CosimOutcome a = compare_transient(network, model, coarse, simulator);
  CosimOutcome b = compare_transient(network, model, fine, simulator);
  if (!a.reason.empty()) b.row.passed = false;
  for (const CosimOutcome* outcome : {&a, static_cast<const CosimOutcome*>(&b)}) {
    if (outcome->reason.empty()) continue;
    report.warnings.push_back(fmt::format("{}: {}", outcome->row.stimulus, outcome->reason));
  }
  if (a.row.max_abs_err_over_fs) {
    // Below a hundredth of the limit the tolerances of the simulator decide, not its step.
    b.row.limit =
        std::max(*a.row.max_abs_err_over_fs / config.refinement_factor, config.limit / 100);
    b.row.passed = b.row.max_abs_err_over_fs && *b.row.max_abs_err_over_fs <= *b.row.limit;
  }
  report.checks.push_back(a.row);
  report.checks.push_back(b.row);
}

// The negative control passes where the comparison fails by the wanted factor.
void check_frozen(const ir::Network& network,
                  const EmittedModel& frozen_model,
                  const CosimConfig& config,
                  const CosimCase& sine,
                  const SimulatorOptions& simulator,
                  CosimReport& report) {
  CosimCase wanted = sine;
  wanted.limit = 0;
  wanted.name = "negative control: sine, state frozen";
  const CosimOutcome control = compare_transient(network, frozen_model, wanted, simulator);
  CosimRow row = control.row;
  if (!control.reason.empty()) {
    row.passed = false;
    report.warnings.push_back(fmt::format("{}: {}", wanted.name, control.reason));
  } else if (control.conductance_swing < config.smallest_swing) {
    report.warnings.push_back(
        fmt::format("the sine moves the conductance by {:.1f} % only: the control with a frozen "
                    "state is not judged",
                    100 * control.conductance_swing));
  } else if (row.max_abs_err_over_fs) {
    row.passed = *row.max_abs_err_over_fs >= config.frozen_factor * config.limit;
  }
  report.checks.push_back(row);
}

}  // namespace

CosimReport cosimulate(const ir::Network& network,
                       const CosimConfig& config,
                       const CosimCase& training_like,
                       double conductance,
                       const SimulatorOptions& simulator,
                       const EmittedModel& model) {
  CosimReport report;
  const double reach = std::max(std::abs(network.box.voltage_min[0]), network.box.voltage_max[0]);
  if (config.amplitude > 1.001 * reach) {
    report.warnings.push_back(
        fmt::format("the stimuli reach {}, the model was trained to {}: it extrapolates",
                    engineering(config.amplitude, "V"), engineering(reach, "V")));
  }
  const bool moves = network.state_count() > 0;
  std::vector<CosimCase> cases = standard_cases(network, config, conductance);
  const CosimCase sine = cases.front();
  if (!training_like.stimulus.terms.empty()) cases.insert(cases.begin(), training_like);
  constexpr int kGiveUp = 2;
  int failures = 0;
  for (const CosimCase& wanted : cases) {
    report.transients.push_back(compare_transient(network, model, wanted, simulator));
    const CosimOutcome& outcome = report.transients.back();
    if (!outcome.reason.empty()) {
      report.warnings.push_back(fmt::format("{}: {}", wanted.name, outcome.reason));
      if (++failures < kGiveUp) continue;
      report.warnings.push_back("ngspice gave no result twice: the other comparisons are left out");
      return report;
    } else if (moves && outcome.conductance_swing < config.smallest_swing) {
      report.warnings.push_back(fmt::format("{}: the conductance moves by {:.1f} % only",
                                            wanted.name, 100 * outcome.conductance_swing));
    }
  }
  if (moves) {
    check_refinement(network, model, config, sine, simulator, report);
    const EmittedModel control(frozen(network), model.form(), simulator.verilog_a_compiler);
    check_frozen(network, control, config, sine, simulator, report);
  }
  for (CosimRow& row : static_checks(network, model, config, conductance, simulator)) {
    report.checks.push_back(std::move(row));
  }
  return report;
}

CosimReport cosimulate(const ir::Network& network,
                       const CosimConfig& config,
                       const CosimCase& training_like,
                       double conductance,
                       const SimulatorOptions& simulator,
                       EmittedForm form) {
  return cosimulate(network, config, training_like, conductance, simulator,
                    EmittedModel(network, form, simulator.verilog_a_compiler));
}

CosimReport cosimulate_all(const ir::Network& network,
                           const CosimConfig& config,
                           const CosimCase& training_like,
                           double conductance,
                           const SimulatorOptions& simulator) {
  CosimReport all;
  for (const EmittedModel& model : emitted_models(network, simulator, all.left_out)) {
    CosimReport one = cosimulate(network, config, training_like, conductance, simulator, model);
    const bool silent = std::all_of(one.transients.begin(), one.transients.end(),
                                    [](const CosimOutcome& o) { return !o.reason.empty(); });
    std::move(one.transients.begin(), one.transients.end(), std::back_inserter(all.transients));
    std::move(one.checks.begin(), one.checks.end(), std::back_inserter(all.checks));
    for (const std::string& warning : one.warnings) {
      const bool known =
          std::find(all.warnings.begin(), all.warnings.end(), warning) != all.warnings.end();
      if (!known) all.warnings.push_back(warning);
    }
    if (!silent) continue;
    all.left_out.clear();  // an ngspice that gives no result has no other form either
    break;
  }
  return all;
}

}  // namespace psi_xlstm
