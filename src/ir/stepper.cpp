#include "ir/stepper.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/index.hpp"

namespace psi_xlstm::ir {
namespace {

// One exponential trapezoidal step from `c` with the gates of both ends; 1 - f by expm1.
double step_state(double c, double dt, double l0, double z0, double l1, double z1) {
  const double sum = l0 + l1;
  const double target = sum > 0 ? (l0 * z0 + l1 * z1) / sum : z0;
  return c - std::expm1(-0.5 * dt * sum) * (target - c);
}

StepGates gates_of(const Network& network) {
  const std::size_t states = at(network.state_count());
  return {.rate = std::vector<double>(states), .target = std::vector<double>(states)};
}

}  // namespace

Stepper::Stepper(const Network& network, std::span<const double> initial)
    : network_(network),
      evaluator_(network),
      predictor_needed_(gates_see_states(network)),
      left_(gates_of(network)),
      right_(left_),
      c_(initial.begin(), initial.end()),
      next_(c_),
      currents_(network.ports.size()) {
  if (network.charge_node < 0) return;
  charges_ = last_charges_ = last_slopes_ = currents_;
}

void Stepper::evaluate_gates(std::span<const double> voltages,
                             std::span<const double> c,
                             StepGates& out) {
  evaluator_.evaluate(Part::kDynamics, voltages, c);
  for (std::size_t s = 0; s < out.rate.size(); ++s) {
    out.rate[s] = evaluator_.rate(network_.rate_of_state[s]);
    out.target[s] = evaluator_.target(static_cast<int>(s));
  }
}

void Stepper::advance(double dt, std::span<const double> voltages) {
  if (predictor_needed_) {
    for (std::size_t s = 0; s < c_.size(); ++s) {
      next_[s] = c_[s] - std::expm1(-dt * left_.rate[s]) * (left_.target[s] - c_[s]);
    }
  }
  evaluate_gates(voltages, next_, right_);
  for (std::size_t s = 0; s < c_.size(); ++s) {
    c_[s] = step_state(c_[s], dt, left_.rate[s], left_.target[s], right_.rate[s], right_.target[s]);
  }
  if (predictor_needed_) evaluate_gates(voltages, c_, right_);
  std::swap(left_, right_);
}

void Stepper::take_output(std::span<const double> voltages) {
  evaluator_.evaluate(Part::kOutput, voltages, c_);
  for (std::size_t p = 0; p < currents_.size(); ++p) {
    currents_[p] = evaluator_.value(network_.current_node, static_cast<int>(p));
    if (network_.charge_node < 0) continue;
    charges_[p] = evaluator_.value(network_.charge_node, static_cast<int>(p));
  }
  if (network_.role) conductance_ = evaluator_.value(network_.role->node);
}

// Adds dQ/dt: that of the parabola through the last three samples, of the line through the first
// two; at the first sample the device rests.
void Stepper::add_charging(double time) {
  for (std::size_t p = 0; p < charges_.size() && samples_ > 0; ++p) {
    const double slope = (charges_[p] - last_charges_[p]) / (time - last_time_);
    currents_[p] += slope;
    if (samples_ > 1) {
      const double bend = (slope - last_slopes_[p]) / (time - time_before_last_);
      currents_[p] += bend * (time - last_time_);
    }
    last_slopes_[p] = slope;
  }
  last_charges_ = charges_;
}

void Stepper::step(double time, std::span<const double> voltages) {
  if (!c_.empty() && samples_ == 0) evaluate_gates(voltages, c_, left_);
  if (!c_.empty() && samples_ > 0) advance(time - last_time_, voltages);
  take_output(voltages);
  add_charging(time);
  time_before_last_ = last_time_;
  last_time_ = time;
  samples_ = std::min(samples_ + 1, 2);
}

}  // namespace psi_xlstm::ir
