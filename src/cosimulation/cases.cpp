#include "cosimulation/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/number_text.hpp"
#include "cosimulation/trapezoidal.hpp"
#include "hdl/text/plan.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kFewSteps = 10'000;    // are taken without asking whether fewer do
constexpr double kMostSteps = 20'000;   // of one transient
constexpr double kFewestSteps = 2'000;  // of one whose steps are chosen
constexpr double kFarFaster = 20;       // times: a state has a stimulus of its own

/// The scales of the standard stimuli.
struct Scales {
  double amplitude = 0;      ///< [V]
  double period = 0;         ///< Of the drive [s].
  double longest_step = 0;   ///< That resolves the drive [s].
  double shortest_step = 0;  ///< That resolves every state [s].
  double edge = 0;           ///< Of the pulses of the drive [s].
  double steep_edge = 0;     ///< [s]
  bool spread = false;       ///< Some states are far faster than the drive.
};

Scales scales_of(const ir::Network& network, const CosimConfig& config) {
  const ir::TrainingBox& box = network.box;
  const double frequency = config.frequency > 0      ? config.frequency
                           : box.drive_frequency > 0 ? box.drive_frequency
                                                     : 2 / box.duration;
  Scales s;
  s.amplitude = config.amplitude > 0
                    ? config.amplitude
                    : std::max(std::abs(box.voltage_min[0]), std::abs(box.voltage_max[0]));
  s.period = 1 / frequency;
  s.longest_step = s.period / 100;
  s.shortest_step = std::min(s.longest_step, hdl::plan_emission(network).max_step);
  if (config.max_step > 0) s.longest_step = s.shortest_step = config.max_step;
  s.spread = network.state_count() > 0 && s.longest_step > kFarFaster * s.shortest_step;
  s.steep_edge = config.edge_time > 0 ? config.edge_time : s.shortest_step / 10;
  s.edge = config.edge_time > 0 || !s.spread ? s.steep_edge : s.period / 20;
  return s;
}

// Two trains of pulses, up and down.
std::vector<Stimulus::Term> pulses(double amplitude, double period, double edge) {
  return {PulseTerm{0, amplitude, 0.1 * period, edge, edge, 0.3 * period, period},
          PulseTerm{0, -0.8 * amplitude, 0.6 * period, edge, edge, 0.2 * period, 4 * period}};
}

double swing_until(const ir::Network& network,
                   const CosimCase& wanted,
                   const Scales& scales,
                   double stop) {
  const DrivenNetwork driven{.network = network,
                             .stimulus = wanted.stimulus,
                             .series_resistance = wanted.series_resistance,
                             .conductance = wanted.conductance};
  const double step = std::max(scales.shortest_step, scales.longest_step / 2);
  return trapezoidal_run(driven, step_ends(wanted.stimulus, stop,
                                           {.longest = step, .first = scales.shortest_step}))
      .conductance_swing;
}

// Doubles the length until the conductance has moved enough, at most to 32 times, as long as more
// time moves it more.
void lengthen(const ir::Network& network,
              double smallest_swing,
              const Scales& scales,
              CosimCase& wanted) {
  constexpr double kGain = 1.02;
  if (network.state_count() == 0) return;
  double swing = swing_until(network, wanted, scales, wanted.stop_time);
  for (int i = 0; i < 5 && swing < smallest_swing; ++i) {
    const double longer = swing_until(network, wanted, scales, 2 * wanted.stop_time);
    if (longer < smallest_swing && !(longer > kGain * swing)) return;
    swing = longer;
    wanted.stop_time *= 2;
  }
}

// Pulses that only the fast states feel, resolved as these need it.
CosimCase short_pulses(const CosimCase& base, const Scales& scales) {
  constexpr double kPeriods = 5;
  const double period = 1000 * scales.shortest_step;
  CosimCase wanted = base;
  wanted.name = "short pulses";
  wanted.stimulus.terms = pulses(scales.amplitude, period, scales.steep_edge);
  wanted.stop_time = kPeriods * period;
  wanted.max_step = scales.shortest_step;
  wanted.may_rest = true;
  return wanted;
}

}  // namespace

double time_limit_for(double steps, double limit) { return limit * std::max(1.0, steps / 10'000); }

void bound_work(const ir::Network& network, CosimCase& wanted) {
  constexpr double kShare = 0.1;  // of the limit, for the integration
  if (wanted.steps() <= kFewSteps) return;
  const double shortest = wanted.max_step;
  const double longest = wanted.stop_time / kFewestSteps;
  wanted.stiff = network.state_count() > 0;
  // What fast states do by themselves is resolved by the simulator's own control of its steps: to
  // 3e-5 of a decay with this tolerance.
  wanted.relative_tolerance = std::min(wanted.relative_tolerance, 1e-6);
  const DrivenNetwork driven{.network = network,
                             .stimulus = wanted.stimulus,
                             .series_resistance = wanted.series_resistance,
                             .conductance = wanted.conductance};
  for (double step = std::max(longest, shortest);; step = std::max(step / 2, shortest)) {
    const double stop = std::min(wanted.stop_time, kMostSteps * step);
    const bool accurate =
        step <= shortest || trapezoidal_error(driven, stop, {.longest = step, .first = shortest}) <=
                                kShare * wanted.limit;
    if (!accurate) continue;
    wanted.max_step = step;
    wanted.may_rest = wanted.may_rest || stop < wanted.stop_time;
    wanted.stop_time = stop;
    return;
  }
}

void check_steps(const CosimCase& wanted) {
  constexpr double kMostGiven = 1e6;
  if (wanted.stop_time > kMostGiven * wanted.max_step) {
    throw ConfigError(fmt::format(
        "co-simulation \"{}\": expected at most {:.0f} steps, found {:.3g} of {:.3g} s; give a "
        "longer max_step or a shorter stimulus",
        wanted.name, kMostGiven, wanted.stop_time / wanted.max_step, wanted.max_step));
  }
}

std::vector<CosimCase> standard_cases(const ir::Network& network,
                                      const CosimConfig& config,
                                      double conductance) {
  ir::require_one_conductance(network, "co-simulation");
  const Scales scales = scales_of(network, config);
  const double frequency = 1 / scales.period, amplitude = scales.amplitude;
  CosimCase base;
  base.stop_time = config.periods * scales.period;
  base.max_step = scales.shortest_step;
  base.conductance = conductance;
  base.relative_tolerance = config.relative_tolerance;
  base.limit = config.limit;
  base.name = "sine";
  if (config.max_step > 0) check_steps(base);
  const double start = config.start_voltage != 0 ? config.start_voltage : amplitude;

  std::vector<CosimCase> cases(4, base);
  cases[0].name = "sine";
  cases[0].stimulus.terms = {SineTerm{.amplitude = amplitude, .frequency = frequency}};
  cases[1].name = "pulse train";
  cases[1].stimulus.terms = pulses(amplitude, scales.period, scales.edge);
  cases[2].name = "series resistor";
  cases[2].series_resistance =
      config.series_resistance > 0 ? config.series_resistance : 1 / conductance;
  // So much that the device sees the full amplitude at its start.
  cases[2].stimulus.terms = {
      SineTerm{.amplitude = amplitude * (1 + cases[2].series_resistance * conductance),
               .frequency = frequency}};
  cases[3].name = fmt::format("start at {}", engineering(start, "V"));
  cases[3].stimulus.terms = {SineTerm{.amplitude = start, .frequency = frequency, .phase_deg = 90}};
  for (CosimCase& wanted : cases) {
    lengthen(network, config.smallest_swing, scales, wanted);
    if (config.max_step > 0) continue;
    // A start away from rest is felt by the fastest states: it is looked at as they need it.
    if (&wanted == &cases[3] && scales.spread) {
      wanted.stop_time = std::min(wanted.stop_time, kMostSteps * wanted.max_step);
      wanted.may_rest = true;
    } else {
      bound_work(network, wanted);
    }
  }
  if (scales.spread) cases.push_back(short_pulses(base, scales));
  return cases;
}

}  // namespace psi_xlstm
