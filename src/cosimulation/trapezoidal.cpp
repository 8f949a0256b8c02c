#include "cosimulation/trapezoidal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "cosimulation/reference.hpp"
#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"

namespace psi_xlstm {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// One device, step by step.
class Integration {
 public:
  explicit Integration(const DrivenNetwork& driven)
      : driven_(driven),
        network_(driven.network),
        evaluator_(network_),
        states_(ir::initial_state(network_, driven.conductance)),
        slopes_(states_.size(), 0.0),
        begin_(states_.size(), 0.0) {
    see(0);
  }

  /// Goes on by `step` [s] to `time` [s]; false where there is no solution.
  bool advance(double time, double step) {
    constexpr int kMostIterations = 60;
    for (std::size_t s = 0; s < states_.size(); ++s) {
      begin_[s] = states_[s] + step / 2 * slopes_[s];
    }
    see(time);
    double before = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kMostIterations && !states_.empty(); ++i) {
      const double change = improve(step);
      see(time);
      // The last digits: until rounding keeps the change from falling.
      if (change < 1e-9 && change >= 0.5 * before) return true;
      if (change < 1e-13) return true;
      if (!(change < 1e6)) return false;
      before = change;
    }
    return states_.empty();
  }

  double current() {
    evaluator_.evaluate(ir::Part::kOutput, {&voltage_, 1}, states_);
    return evaluator_.value(network_.current_node);
  }

  double conductance() {
    const double zero = 0;
    evaluator_.evaluate(ir::Part::kOutput, {&zero, 1}, states_);
    return evaluator_.value(network_.conductance().node);
  }

 private:
  // Rates, targets and slopes at `time` and the present states.
  void see(double time) {
    voltage_ = driven_.stimulus.value(time);
    if (driven_.series_resistance > 0) {
      const auto current_at = [&](double v) {
        evaluator_.evaluate(ir::Part::kOutput, {&v, 1}, states_);
        return evaluator_.value(network_.current_node);
      };
      voltage_ = solve_device_voltage(current_at, driven_.series_resistance, voltage_);
    }
    if (states_.empty()) return;
    evaluator_.evaluate(ir::Part::kDynamics, {&voltage_, 1}, states_);
    for (std::size_t s = 0; s < states_.size(); ++s) {
      const int k = network_.rate_of_state[s];
      slopes_[s] = evaluator_.rate(k) * (evaluator_.target(static_cast<int>(s)) - states_[s]);
    }
  }

  // The step's end from the rates and targets of the last guess of it; how far that moved.
  double improve(double step) {
    double change = 0;
    for (std::size_t s = 0; s < states_.size(); ++s) {
      const double rate = evaluator_.rate(network_.rate_of_state[s]) * step / 2;
      const double end = (begin_[s] + rate * evaluator_.target(static_cast<int>(s))) / (1 + rate);
      const double moved = std::abs(end - states_[s]);
      if (!(moved <= change)) change = moved;
      states_[s] = end;
    }
    return change;
  }

  const DrivenNetwork& driven_;
  const ir::Network& network_;
  ir::Evaluator evaluator_;
  double voltage_ = 0;
  std::vector<double> states_, slopes_;
  std::vector<double> begin_;  ///< c(k) + h/2 f(t(k), c(k)).
};

}  // namespace

TrapezoidalRun trapezoidal_run(const DrivenNetwork& driven, const std::vector<double>& times) {
  Integration integration(driven);
  TrapezoidalRun run;
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (k > 0 && !integration.advance(times[k], times[k] - times[k - 1])) {
      run.current.resize(times.size(), kNan);
      break;
    }
    run.current.push_back(integration.current());
    const double g = integration.conductance();
    low = std::min(low, g);
    high = std::max(high, g);
  }
  run.conductance_swing = low > 0 && high >= low ? high / low - 1 : 0;
  return run;
}

std::vector<double> step_ends(const Stimulus& stimulus, double stop, const StepLengths& steps) {
  constexpr double kGrowth = 1.05;
  Stimulus known;
  for (const Stimulus::Term& term : stimulus.terms) {
    if (!std::holds_alternative<VoltageTable>(term)) known.terms.push_back(term);
  }
  std::vector<double> walls = known.breakpoints(stop);
  walls.push_back(stop);
  std::vector<double> times = {0};
  for (const double wall : walls) {
    double step = std::min(steps.first, steps.longest);
    for (double time = times.back() + step; time < wall - 0.1 * step; time += step) {
      times.push_back(time);
      step = std::min(step * kGrowth, steps.longest);
    }
    times.push_back(wall);
  }
  return times;
}

double trapezoidal_error(const DrivenNetwork& driven, double stop, const StepLengths& steps) {
  const std::vector<double> ends = step_ends(driven.stimulus, stop, steps);
  std::vector<double> halves = {ends.front()};
  for (std::size_t k = 1; k < ends.size(); ++k) {
    halves.push_back(ends[k - 1] + (ends[k] - ends[k - 1]) / 2);
    halves.push_back(ends[k]);
  }
  const TrapezoidalRun coarse = trapezoidal_run(driven, ends);
  const TrapezoidalRun fine = trapezoidal_run(driven, halves);
  double largest = 0, full_scale = 0;
  for (std::size_t k = 0; k < ends.size(); ++k) {
    const double difference = std::abs(coarse.current[k] - fine.current[2 * k]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    const bool full = k > 0 && ends[k] - ends[k - 1] > 0.99 * steps.longest;
    if (full) largest = std::max(largest, difference);
    full_scale = std::max(full_scale, std::abs(fine.current[2 * k]));
  }
  return full_scale > 0 ? largest / full_scale * 4 / 3 : 0;
}

}  // namespace psi_xlstm
