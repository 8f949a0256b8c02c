#include "cosimulation/circuit_cosimulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "core/number_text.hpp"
#include "cosimulation/cases.hpp"
#include "hdl/text/plan.hpp"
#include "metrics/errors.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/prepared.hpp"

namespace psi_xlstm {
namespace {

using Quantities = std::vector<std::vector<double>>;

std::vector<double> breakpoints_of(const Circuit& circuit) {
  std::set<double> times;
  for (const CircuitElement& e : circuit.elements) {
    for (const double t : e.wave.breakpoints(circuit.stop_time)) times.insert(t);
  }
  return {times.begin(), times.end()};
}

Quantities resampled_all(const std::vector<double>& time,
                         const Quantities& values,
                         const std::vector<double>& breakpoints,
                         const std::vector<double>& wanted) {
  Quantities all;
  for (const auto& v : values) all.push_back(resampled(time, v, breakpoints, wanted));
  return all;
}

// Newton's form through the points [first, last).
double interpolated(std::span<const double> time,
                    std::span<const double> values,
                    std::size_t first,
                    std::size_t last,
                    double wanted) {
  double sum = 0;
  for (std::size_t i = first; i < last; ++i) {
    double weight = 1;
    for (std::size_t j = first; j < last; ++j) {
      if (j != i) weight *= (wanted - time[j]) / (time[i] - time[j]);
    }
    sum += weight * values[i];
  }
  return sum;
}

bool has_capacitor(const Circuit& circuit) {
  return std::any_of(circuit.elements.begin(), circuit.elements.end(),
                     [](const CircuitElement& e) { return e.kind == ElementKind::kCapacitor; });
}

// What has flowed until each time: the trapezoidal rule lets the current into a capacitor that is
// far faster than the step swing about its mean, from which its charge does not depart.
Quantities charges_of(const std::vector<double>& time, const Quantities& currents) {
  Quantities charges;
  for (const auto& i : currents) {
    std::vector<double> charge(i.size(), 0.0);
    for (std::size_t k = 1; k < i.size(); ++k) {
      charge[k] = charge[k - 1] + (i[k] + i[k - 1]) / 2 * (time[k] - time[k - 1]);
    }
    charges.push_back(std::move(charge));
  }
  return charges;
}

CosimRow make_row(const ir::Network& network,
                  const Circuit& circuit,
                  const CircuitRun& run,
                  const std::string& what,
                  double limit) {
  CosimRow row{.model = network.name,
               .simulator = run.simulator,
               .path = run.path,
               .stimulus = fmt::format("circuit {}: {}", circuit.name, what)};
  if (limit > 0) row.limit = limit;
  return row;
}

bool all_zero(const Quantities& quantities) {
  return std::all_of(quantities.begin(), quantities.end(), [](const auto& values) {
    return std::all_of(values.begin(), values.end(), [](double x) { return x == 0; });
  });
}

void judge(CosimRow& row, const Quantities& expected, const Quantities& found) {
  const LargestError error = largest_error(expected, found);
  row.max_abs_err_over_fs = error.over_full_scale;
  row.rmse_over_fs = rmse_over_full_scale(expected[error.quantity], found[error.quantity]);
  row.correlation = correlation(expected[error.quantity], found[error.quantity]);
  if (!row.limit) return;
  if (all_zero(expected)) {
    row.not_verified = "everything is zero there, so that nothing is compared";
  } else {
    row.passed = error.over_full_scale <= *row.limit;
  }
}

/// Everything that is done with one circuit.
class Comparison {
 public:
  Comparison(const ir::Network& network,
             const Circuit& circuit,
             const CosimConfig& config,
             std::span<const std::unique_ptr<Simulator>> simulators,
             const std::vector<std::string>& paths)
      : network_(network),
        circuit_(circuit),
        config_(config),
        simulators_(simulators),
        paths_(paths) {
    const hdl::EmissionPlan plan = hdl::plan_emission(network);
    max_step_ =
        circuit.max_step > 0 ? circuit.max_step : std::min(circuit.print_step, plan.max_step);
    reference_options_.max_step = 20 * max_step_;
    reference_options_.default_conductance = plan.default_conductance;
  }

  CosimReport compare() {
    if (!circuit_.not_covered.empty()) {
      report_.warnings.push_back(
          fmt::format("circuit {}: without the reference, the forms are compared with each other "
                      "only: {}",
                      circuit_.name, circuit_.not_covered));
    }
    for (const auto& simulator : simulators_) run_in(*simulator);
    if (moves_) control();
    advise();
    if (report_.rows().empty()) {
      const std::string& reference = circuit_.not_covered;
      const bool both = !reference.empty() && !report_.not_run.empty();
      throw SpiceError(
          fmt::format("circuit {}: expected a reference or a second form to compare "
                      "with, found neither: {}{}{}",
                      circuit_.name, reference, both ? "; " : "", report_.left_out()));
    }
    return std::move(report_);
  }

 private:
  void run_in(const Simulator& simulator) {
    for (const EmittedModel& model :
         prepared_models(network_, simulator, paths_, report_.not_run)) {
      try {
        runs_.push_back(run_circuit(circuit_, model, max_step_, config_, simulator));
      } catch (const SpiceError& e) {
        if (simulators_.size() == 1) throw;
        report_.not_run.push_back({simulator.name(), model.path(), e.what()});
        continue;
      }
      against_reference(runs_.back());
      if (runs_.size() > 1) against_first(runs_.back());
      control_in_ = &simulator;
      control_form_ = model.form();
    }
  }

  void against_reference(const CircuitRun& run) {
    const double limit = circuit_.not_covered.empty() ? config_.limit : 0;
    CosimOutcome outcome;
    outcome.row = make_row(network_, circuit_, run, "device currents", limit);
    outcome.reason = run.reason;
    outcome.not_finished = run.out_of_time;
    outcome.counters = run.counters;
    outcome.time = run.time;
    if (run.usable() && limit > 0) compare_with_solution(run, outcome);
    if (!outcome.reason.empty()) {
      judge_without_result(outcome);
      report_.warnings.push_back(
          fmt::format("{}, {}: {}", outcome.row.stimulus, run.form(), outcome.reason));
    }
    if (limit > 0 || !outcome.reason.empty()) report_.transients.push_back(std::move(outcome));
  }

  void compare_with_solution(const CircuitRun& run, CosimOutcome& outcome) {
    CircuitSolution solution = solve_circuit(circuit_, network_, run.time, reference_options_);
    outcome.reason = solution.reason;
    outcome.not_finished = !solution.usable();
    if (!solution.usable()) return;
    const auto& swings = solution.conductance_swing;
    outcome.conductance_swing = *std::max_element(swings.begin(), swings.end());
    judge(outcome.row, solution.devices, run.devices);
    const std::size_t worst = largest_error(solution.devices, run.devices).quantity;
    outcome.current = run.devices[worst];
    outcome.reference = solution.devices[worst];
    outcome.voltage = outcome.reference;
    CosimRow row = make_row(network_, circuit_, run, "node voltages", config_.limit);
    judge(row, solution.nodes, run.nodes);
    report_.checks.push_back(row);
    if (runs_.size() > 1 || network_.state_count() == 0) return;
    moves_ = outcome.conductance_swing >= config_.smallest_swing;
    if (!moves_) {
      report_.warnings.push_back(
          fmt::format("circuit {}: no conductance moves by more than {:.1f} %: the control with a "
                      "frozen state is left out",
                      circuit_.name, 100 * outcome.conductance_swing));
    }
  }

  void against_first(const CircuitRun& run) {
    const CircuitRun& base = runs_.front();
    const std::string base_form =
        base.simulator == run.simulator ? base.path : base.simulator + " " + base.path;
    const bool charges = has_capacitor(circuit_);
    for (const auto& compared :
         {std::pair("device currents", &CircuitRun::devices),
          std::pair(charges ? "source charges" : "source currents", &CircuitRun::sources),
          std::pair("node voltages", &CircuitRun::nodes)}) {
      const auto member = compared.second;
      if ((base.*member).empty()) continue;
      const bool sources = member == &CircuitRun::sources;
      // A source that only controls others carries nothing.
      if (sources && all_zero(base.sources) && all_zero(run.sources)) continue;
      CosimRow row = make_row(network_, circuit_, run,
                              fmt::format("{} against the {} path", compared.first, base_form),
                              config_.limit_forms);
      if (base.usable() && run.usable()) {
        const bool integrate = charges && sources;
        const auto of = [&](const CircuitRun& r) {
          return integrate ? charges_of(r.time, r.*member) : r.*member;
        };
        judge(row, resampled_all(base.time, of(base), breakpoints_of(circuit_), run.time), of(run));
      } else {
        row.not_verified =
            fmt::format("the {} path gave no result", base.usable() ? run.path : base_form);
      }
      report_.checks.push_back(row);
    }
  }

  // A simulator's own error falls with the square of its step.
  void advise() {
    double worst = 0;
    for (const CosimRow& row : report_.rows()) {
      const bool failed = row.passed && !*row.passed && row.limit && row.max_abs_err_over_fs;
      if (failed) worst = std::max(worst, *row.max_abs_err_over_fs / *row.limit);
    }
    if (!(worst > 1) || !std::isfinite(worst)) return;
    const double step = max_step_ / (1.5 * std::sqrt(worst));
    report_.warnings.push_back(fmt::format(
        "circuit {}: steps were up to {}; before you doubt the model, try \".tran {:.6g} {:.6g} 0 "
        "{:.2g}\"",
        circuit_.name, engineering(max_step_, "s"), circuit_.print_step, circuit_.stop_time, step));
  }

  // A circuit with frozen states must be told from the true one.
  void control() {
    const EmittedModel model = control_in_->prepared(frozen(network_), control_form_);
    const CircuitRun run = run_circuit(circuit_, model, max_step_, config_, *control_in_);
    CosimRow row = make_row(network_, circuit_, run, "negative control, states frozen", 0);
    row.not_verified = run.reason;
    if (run.usable()) {
      const CircuitSolution solution =
          solve_circuit(circuit_, network_, run.time, reference_options_);
      row.not_verified = solution.reason;
      if (solution.usable()) {
        judge(row, solution.devices, run.devices);
        row.passed = *row.max_abs_err_over_fs >= config_.frozen_factor * config_.limit;
      }
    }
    report_.checks.push_back(row);
  }

  const ir::Network& network_;
  const Circuit& circuit_;
  const CosimConfig& config_;
  std::span<const std::unique_ptr<Simulator>> simulators_;
  const std::vector<std::string>& paths_;
  double max_step_ = 0;
  CircuitReferenceOptions reference_options_;
  std::vector<CircuitRun> runs_;
  CosimReport report_;
  const Simulator* control_in_ = nullptr;  ///< Of the last run.
  EmittedForm control_form_ = EmittedForm::kSubcircuit;
  bool moves_ = false;
};

}  // namespace

CircuitRun run_circuit(const Circuit& circuit,
                       const EmittedModel& model,
                       double max_step,
                       const CosimConfig& config,
                       const Simulator& simulator) {
  const double step = circuit.max_step > 0 ? circuit.max_step : max_step;
  CircuitRun run = simulator.circuit(
      circuit, model,
      {.stop_time = circuit.stop_time,
       .max_step = step,
       .relative_tolerance = config.relative_tolerance,
       .time_limit_s = time_limit_for(circuit.stop_time / step, config.time_limit_s)});
  run.simulator = simulator.name();
  run.path = model.path();
  return run;
}

LargestError largest_error(const Quantities& expected, const Quantities& found) {
  if (expected.empty() || expected.size() != found.size()) {
    throw ShapeError(
        fmt::format("comparison: expected {} quantities, found {}", expected.size(), found.size()));
  }
  std::vector<double> scales;
  for (const auto& values : expected) {
    double scale = 0;
    for (const double x : values) scale = std::max(scale, std::abs(x));
    scales.push_back(scale);
  }
  const double least = 1e-3 * *std::max_element(scales.begin(), scales.end());
  LargestError worst;
  for (std::size_t q = 0; q < expected.size(); ++q) {
    if (expected[q].size() != found[q].size()) {
      throw ShapeError(fmt::format("comparison: expected {} values, found {}", expected[q].size(),
                                   found[q].size()));
    }
    for (std::size_t k = 0; k < expected[q].size(); ++k) {
      double error = std::abs(expected[q][k] - found[q][k]) / std::max({scales[q], least, 1e-300});
      if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
      if (error > worst.over_full_scale) worst = {.quantity = q, .over_full_scale = error};
    }
  }
  return worst;
}

std::vector<double> resampled(std::span<const double> all_times,
                              std::span<const double> all_values,
                              std::span<const double> breakpoints,
                              std::span<const double> wanted) {
  // Points that nearly coincide say nothing about a slope.
  const double tolerance = all_times.empty() ? 0 : 1e-12 * all_times.back();
  std::vector<double> time, values, out;
  for (std::size_t k = 0; k < all_times.size(); ++k) {
    if (!time.empty() && all_times[k] - time.back() <= 10 * tolerance) continue;
    time.push_back(all_times[k]);
    values.push_back(all_values[k]);
  }
  if (time.empty()) throw ShapeError("resampling: expected at least one point, found none");
  for (const double t : wanted) {
    // The segment between two breakpoints, both of which belong to it.
    const auto after = std::lower_bound(breakpoints.begin(), breakpoints.end(), t - tolerance);
    const double end = after == breakpoints.end() ? time.back() : *after;
    const double begin = after == breakpoints.begin() ? time.front() : *(after - 1);
    auto low = std::lower_bound(time.begin(), time.end(), begin - 10 * tolerance);
    const auto high = std::upper_bound(low, time.end(), end + 10 * tolerance);
    if (low == high) low = high - (high == time.begin() ? 0 : 1);
    const auto next = std::lower_bound(low, high, t);
    const auto reach = [&](std::ptrdiff_t distance, bool forward) {
      return std::min(distance, forward ? high - next : next - low);
    };
    std::ptrdiff_t right = reach(3, true);
    const std::ptrdiff_t left = reach(6 - right, false);
    right = reach(6 - left, true);
    if (left + right == 0) throw ShapeError("resampling: expected points at every wanted time");
    const auto first = static_cast<std::size_t>(next - left - time.begin());
    const auto last = static_cast<std::size_t>(next + right - time.begin());
    out.push_back(interpolated(time, values, first, last, t));
  }
  return out;
}

CosimReport cosimulate_circuit(const ir::Network& network,
                               const Circuit& circuit,
                               const CosimConfig& config,
                               std::span<const std::unique_ptr<Simulator>> simulators,
                               const std::vector<std::string>& paths) {
  ir::require_one_conductance(network, "co-simulation");
  return Comparison(network, circuit, config, simulators, paths).compare();
}

}  // namespace psi_xlstm
