#include "studies/networks/cosimulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "core/number_text.hpp"
#include "hdl/text/plan.hpp"
#include "ir/dynamics.hpp"
#include "metrics/errors.hpp"
#include "psi_xlstm/core/error.hpp"
#include "simulators/prepared.hpp"
#include "studies/compact/data_source.hpp"

namespace psi_xlstm {
namespace {

constexpr double kDuration = 50e-6;  // [s]
constexpr double kBegin = 200e-6;    // in the record: at its first jump, where most happens [s]

// `stimulus` from the time `begin` [s] on, before which nothing jumps.
Stimulus later(Stimulus stimulus, double begin) {
  for (Stimulus::Term& term : stimulus.terms) {
    if (auto* sine = std::get_if<SineTerm>(&term)) {
      sine->phase_deg += std::remainder(360 * sine->frequency * begin, 360);
    }
    if (auto* jump = std::get_if<DecayingJumpTerm>(&term)) jump->start -= begin;
  }
  return stimulus;
}

CosimCase training_like(const ir::Network& network, const CosimConfig& config, double g0) {
  Record shown;
  shown.id = "seq9";
  CosimCase wanted = training_like_case({.source = DataSource::kPublished}, shown);
  wanted.name = "training-like, 50 us";
  wanted.stimulus = later(wanted.stimulus, kBegin);
  wanted.stop_time = kDuration;
  wanted.max_step = config.training_like_max_step > 0 ? config.training_like_max_step
                                                      : hdl::plan_emission(network).max_step;
  wanted.conductance = g0;
  wanted.relative_tolerance = config.relative_tolerance;
  wanted.limit = config.limit_training_like;
  return wanted;
}

std::string cost_of(const CosimOutcome& outcome) {
  const TransientCounters& c = outcome.counters;
  return fmt::format(
      "{}, {}: the conductance moves by {:.1f} %; {}, {} points, {} iterations, {} each",
      outcome.row.path, outcome.row.stimulus, 100 * outcome.conductance_swing,
      engineering(c.seconds, "s"), c.accepted_points, c.iterations,
      engineering(c.iterations > 0 ? c.seconds / c.iterations : 0, "s"));
}

// The discrete network against the equation it stands for.
CosimRow discretisation(const model::Model& model,
                        const ir::Network& started,
                        const CosimCase& wanted) {
  Record drive;
  drive.voltage.resize(1);
  const int steps = static_cast<int>(std::lround(wanted.stop_time / started.reference_step));
  for (int k = 0; k <= steps; ++k) {
    drive.time.push_back(k * started.reference_step);
    drive.voltage[0].push_back(wanted.stimulus.value(drive.time.back()));
  }
  const std::vector<double> found = model.currents(drive, wanted.conductance).front();
  const ReferenceResult reference = integrate_reference(
      state_equation(started), wanted.stimulus, 0, ir::initial_state(started, wanted.conductance),
      drive.time, {.max_step = 20 * wanted.max_step});
  CosimRow row{.model = started.name,
               .path = "inference",
               .stimulus = fmt::format("{}, steps of {}", wanted.name,
                                       engineering(started.reference_step, "s"))};
  if (!reference.usable()) return row;
  compare_currents(row, reference.current, found);
  return row;
}

// A copy that never moves must fail; it is no control where the conductance hardly moves.
void check_frozen(const ir::Network& network,
                  const ir::Network& started,
                  const CosimConfig& config,
                  CosimCase wanted,
                  const Simulator& simulator,
                  EmittedForm form,
                  CosimReport& report) {
  wanted.name = "negative control: state frozen";
  wanted.limit = 0;
  const EmittedModel model = simulator.prepared(frozen(network), form);
  CosimOutcome control = compare_transient(started, model, wanted, simulator, config.time_limit_s);
  constexpr double kAtLeast = 10;  // times the limit
  report.warn(control);
  judge_control(control, kAtLeast * config.limit_training_like);
  report.checks.push_back(control.row);
}

}  // namespace

NetworkCosimReport cosimulate_network(const model::Model& model,
                                      const CosimConfig& config,
                                      double conductance,
                                      std::span<const std::unique_ptr<Simulator>> simulators,
                                      const std::vector<std::string>& paths) {
  NetworkCosimReport out;
  const ir::Network network = model.circuit_network();
  const ir::Network started = ir::at_start(network, conductance);
  const CosimCase wanted = training_like(network, config, conductance);
  const std::vector<std::string> forms =
      paths.empty() ? std::vector<std::string>{path_of(EmittedForm::kOsdi)} : paths;
  out.report.checks.push_back(discretisation(model, started, wanted));
  for (const auto& simulator : simulators) {
    const auto models = prepared_models(network, *simulator, forms, out.report.not_run);
    for (const EmittedModel& emitted : models) {
      CosimOutcome outcome =
          compare_transient(started, emitted, wanted, *simulator, config.time_limit_s);
      out.report.warn(outcome);
      if (outcome.counters.iterations > 0) out.costs.push_back(cost_of(outcome));
      out.report.transients.push_back(std::move(outcome));
    }
    if (models.empty()) continue;
    // Compiled C takes the least to compile and to run.
    const bool compiled = std::any_of(
        models.begin(), models.end(),
        [](const EmittedModel& emitted) { return emitted.form() == EmittedForm::kOsdi; });
    check_frozen(network, started, config, wanted, *simulator,
                 compiled ? EmittedForm::kOsdi : models.front().form(), out.report);
  }
  return out;
}

}  // namespace psi_xlstm
