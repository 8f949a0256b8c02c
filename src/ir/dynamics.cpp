#include "ir/dynamics.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/index.hpp"
#include "ir/jacobian.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {
namespace {

// The rates of all states and their targets at one end of a step.
struct Gates {
  explicit Gates(int states) : rate(at(states)), target(at(states)) {}

  void evaluate(Evaluator& evaluator,
                const Network& network,
                std::span<const double> voltages,
                std::span<const double> c) {
    evaluator.evaluate(Part::kDynamics, voltages, c);
    for (std::size_t s = 0; s < rate.size(); ++s) {
      rate[s] = evaluator.rate(network.rate_of_state[s]);
      target[s] = evaluator.target(static_cast<int>(s));
    }
  }

  std::vector<double> rate;    ///< [1/s], [S].
  std::vector<double> target;  ///< [S].
};

// One exponential trapezoidal step from `c` with the gates of both ends; 1 - f by expm1.
double step_state(double c, double dt, double l0, double z0, double l1, double z1) {
  const double sum = l0 + l1;
  const double target = sum > 0 ? (l0 * z0 + l1 * z1) / sum : z0;
  return c - std::expm1(-0.5 * dt * sum) * (target - c);
}

class Stepper {
 public:
  Stepper(const Network& network, std::span<const double> initial)
      : network_(network),
        evaluator_(network),
        predictor_needed_(gates_see_states(network)),
        left_(network.state_count()),
        right_(network.state_count()),
        c_(initial.begin(), initial.end()),
        next_(c_) {}

  void start(std::span<const double> voltages) {
    if (!c_.empty()) left_.evaluate(evaluator_, network_, voltages, c_);
  }

  void advance(double dt, std::span<const double> voltages) {
    if (c_.empty()) return;
    if (predictor_needed_) {
      for (std::size_t s = 0; s < c_.size(); ++s) {
        next_[s] = c_[s] - std::expm1(-dt * left_.rate[s]) * (left_.target[s] - c_[s]);
      }
    }
    right_.evaluate(evaluator_, network_, voltages, next_);
    for (std::size_t s = 0; s < c_.size(); ++s) {
      c_[s] =
          step_state(c_[s], dt, left_.rate[s], left_.target[s], right_.rate[s], right_.target[s]);
    }
    if (predictor_needed_) right_.evaluate(evaluator_, network_, voltages, c_);
    std::swap(left_, right_);
  }

  void record(std::size_t k, std::span<const double> voltages, PortTrajectory& out) {
    evaluator_.evaluate(Part::kOutput, voltages, c_);
    for (std::size_t p = 0; p < voltages.size(); ++p) {
      out.currents[p][k] = evaluator_.value(network_.current_node, static_cast<int>(p));
      if (network_.charge_node < 0) continue;
      out.charges[p][k] = evaluator_.value(network_.charge_node, static_cast<int>(p));
    }
    if (network_.role) out.conductance[k] = evaluator_.value(network_.role->node);
    for (std::size_t s = 0; s < c_.size(); ++s) out.states[s][k] = c_[s];
  }

 private:
  const Network& network_;
  Evaluator evaluator_;
  bool predictor_needed_;
  Gates left_, right_;
  std::vector<double> c_, next_;
};

// Adds dQ/dt: that of the parabola through the last three samples, of the line through the first
// two; at the first sample the device rests.
void add_derivative(std::span<const double> time,
                    const std::vector<double>& charge,
                    std::vector<double>& current) {
  const auto slope = [&](std::size_t k) {
    return (charge[k] - charge[k - 1]) / (time[k] - time[k - 1]);
  };
  for (std::size_t k = 1; k < time.size(); ++k) {
    current[k] += slope(k);
    if (k == 1) continue;
    const double bend = (slope(k) - slope(k - 1)) / (time[k] - time[k - 2]);
    current[k] += bend * (time[k] - time[k - 1]);
  }
}

}  // namespace

std::vector<double> rest_state(const Network& network) {
  const int states = network.state_count();
  std::vector<double> c(at(states), 0.0);
  if (states == 0) return c;
  if (network.start == Start::kNode) return initial_state(network, network.conductance().scale);
  SparseJacobian jacobian(network);
  const std::vector<double> zero(at(network.port_count()), 0.0);
  for (int iteration = 0; iteration < 50; ++iteration) {
    jacobian.evaluate(zero, c);
    Eigen::MatrixXd matrix = Eigen::MatrixXd::Identity(states, states);
    Eigen::VectorXd residual(states);
    for (int s = 0; s < states; ++s) {
      residual[s] = jacobian.value(network.target_node, s) - c[at(s)];
      for (int j = 0; j < states; ++j) {
        matrix(s, j) -= jacobian.derivative(network.target_node, s, network.port_count() + j);
      }
    }
    const Eigen::VectorXd step = matrix.partialPivLu().solve(residual);
    const double length = step.cwiseAbs().maxCoeff();
    if (!std::isfinite(length)) break;
    // Targets lie in (-1, 1): a longer step only leaves the region where the linearisation holds.
    const double factor = std::min(1.0, 0.5 / std::max(length, 1e-300));
    for (int s = 0; s < states; ++s) c[at(s)] += factor * step[s];
    if (length < 1e-14) break;
  }
  return c;
}

double readout_for(const Network& network, double g0) {
  const double relative = g0 / network.conductance().scale;
  switch (network.conductance().head) {
    case Head::kExp:
      return std::log(relative);
    case Head::kSoftplus:
      return relative > 30 ? relative : std::log(std::expm1(relative));
    default:
      return relative;
  }
}

Network at_start(const Network& network, double g0) {
  Network out = network;
  const std::vector<bool> start_alone = depends_on_start_alone(network);
  if (std::ranges::none_of(start_alone, [](bool alone) { return alone; })) return out;
  Evaluator evaluator(network);
  evaluator.set_start(std::log(g0 / network.conductance().scale));
  evaluator.evaluate(Part::kStart, {}, {});
  NetworkBuilder build(out);
  for (std::size_t id = 0; id < start_alone.size(); ++id) {
    if (!start_alone[id]) continue;
    const int width = network.nodes[id].width;
    const int bias = build.parameters(fmt::format("at_start.{}", id), width, 1);
    for (int i = 0; i < width; ++i) {
      out.parameters[at(bias + i)] = evaluator.value(static_cast<int>(id), i);
    }
    out.nodes[id] = {.op = Op::kAffine, .width = width, .bias = bias};
  }
  return out;
}

std::vector<double> initial_state(const Network& network, double g0) {
  if (network.start == Start::kNode) {
    Evaluator evaluator(network);
    evaluator.set_start(std::log(g0 / network.conductance().scale));
    evaluator.evaluate(Part::kStart, {}, {});
    std::vector<double> c;
    for (int s = 0; s < network.state_count(); ++s) {
      c.push_back(evaluator.value(network.start.node, s));
    }
    return c;
  }
  std::vector<double> c = rest_state(network);
  if (network.state_count() == 0 || network.start == Start::kRest) return c;
  const double* k = &network.parameters[at(network.conductance().readout_weight)];
  double y = network.parameters[at(network.conductance().readout_bias)];
  double norm = 0;
  for (std::size_t s = 0; s < c.size(); ++s) {
    y += k[s] * c[s];
    norm += k[s] * k[s];
  }
  const double shift = (readout_for(network, g0) - y) / norm;
  for (std::size_t s = 0; s < c.size(); ++s) c[s] += k[s] * shift;
  return c;
}

PortTrajectory simulate(const Network& network,
                        std::span<const double> time,
                        std::span<const std::span<const double>> voltages,
                        std::span<const double> initial) {
  const std::size_t count = time.size(), ports = voltages.size();
  if (ports != network.ports.size() || initial.size() != at(network.state_count())) {
    throw ShapeError(
        fmt::format("simulate: expected the voltages of {} ports and {} states, found those of {} "
                    "and {} states",
                    network.port_count(), network.state_count(), ports, initial.size()));
  }
  for (const std::span<const double> voltage : voltages) {
    if (voltage.size() == count) continue;
    throw ShapeError(
        fmt::format("simulate: expected as many times as voltages, found {} times and {} voltages",
                    count, voltage.size()));
  }
  PortTrajectory out;
  out.currents.assign(ports, std::vector<double>(count));
  if (network.charge_node >= 0) out.charges = out.currents;
  if (network.role) out.conductance.resize(count);
  out.states.assign(initial.size(), std::vector<double>(count));
  if (count == 0) return out;
  std::vector<double> v(ports);
  const auto voltages_at = [&](std::size_t k) -> std::span<const double> {
    for (std::size_t p = 0; p < ports; ++p) v[p] = voltages[p][k];
    return v;
  };
  Stepper stepper(network, initial);
  stepper.start(voltages_at(0));
  stepper.record(0, v, out);
  for (std::size_t k = 1; k < count; ++k) {
    stepper.advance(time[k] - time[k - 1], voltages_at(k));
    stepper.record(k, v, out);
  }
  for (std::size_t p = 0; p < out.charges.size(); ++p) {
    add_derivative(time, out.charges[p], out.currents[p]);
  }
  return out;
}

PortTrajectory simulate(const Network& network,
                        std::span<const double> time,
                        const std::vector<std::vector<double>>& voltages,
                        std::span<const double> initial) {
  const std::vector<std::span<const double>> all(voltages.begin(), voltages.end());
  return simulate(network, time, std::span(all), initial);
}

Trajectory simulate(const Network& network,
                    std::span<const double> time,
                    std::span<const double> voltage,
                    std::span<const double> initial) {
  PortTrajectory run =
      simulate(network, time, std::span<const std::span<const double>>(&voltage, 1), initial);
  return {.current = std::move(run.currents[0]),
          .conductance = std::move(run.conductance),
          .states = std::move(run.states)};
}

void state_derivative(Evaluator& evaluator,
                      const Network& network,
                      std::span<const double> ports,
                      std::span<const double> states,
                      std::span<double> derivative) {
  evaluator.evaluate(Part::kDynamics, ports, states);
  for (int s = 0; s < network.state_count(); ++s) {
    derivative[at(s)] =
        evaluator.rate(network.rate_of_state[at(s)]) * (evaluator.target(s) - states[at(s)]);
  }
}

std::vector<double> zero_bias_time_constants(const Network& network, double g0) {
  std::vector<double> tau;
  if (network.state_count() == 0) return tau;
  const Network started = at_start(network, g0);
  const std::vector<double> c = initial_state(started, g0);
  Evaluator evaluator(started);
  const std::vector<double> zero(at(network.port_count()), 0.0);
  evaluator.evaluate(Part::kDynamics, zero, c);
  for (int k = 0; k < network.rate_count(); ++k) tau.push_back(1 / evaluator.rate(k));
  return tau;
}

double zero_bias_rate(const Network& network, double g0) {
  if (network.state_count() == 0) return 0;
  const Network started = at_start(network, g0);
  const std::vector<double> c = initial_state(started, g0);
  Evaluator evaluator(started);
  std::vector<double> derivative(c.size());
  const std::vector<double> zero(at(network.port_count()), 0.0);
  state_derivative(evaluator, started, zero, c, derivative);
  SparseJacobian jacobian(started);
  jacobian.evaluate(zero, c);
  double rate = 0;
  for (int s = 0; s < network.state_count(); ++s) {
    rate += derivative[at(s)] *
            jacobian.derivative(network.conductance().node, 0, network.port_count() + s);
  }
  return rate / jacobian.value(network.conductance().node, 0);
}

double worst_zero_bias_rate(const Network& network) {
  if (!network.role || network.state_count() == 0) return 0;
  constexpr int kPoints = 17;
  const double low = std::log(network.box.conductance_min);
  const double high = std::log(network.box.conductance_max);
  if (network.start == Start::kRest || !std::isfinite(low) || !std::isfinite(high)) {
    return zero_bias_rate(network, network.conductance().scale);
  }
  double worst = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double rate = zero_bias_rate(network, std::exp(low + (high - low) * i / (kPoints - 1)));
    if (std::abs(rate) > std::abs(worst)) worst = rate;
  }
  return worst;
}

}  // namespace psi_xlstm::ir
