#include "ir/dynamics.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/index.hpp"
#include "core/interruption.hpp"
#include "ir/jacobian.hpp"
#include "ir/stepper.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::ir {

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

namespace {

constexpr std::size_t kLookEvery = 4096;  // samples: some milliseconds

}  // namespace

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
  std::vector<double> v(ports);
  Stepper stepper(network, initial);
  for (std::size_t k = 0; k < count; ++k) {
    if (k % kLookEvery == 0) check_interruption();
    for (std::size_t p = 0; p < ports; ++p) v[p] = voltages[p][k];
    stepper.step(time[k], v);
    for (std::size_t p = 0; p < ports; ++p) {
      out.currents[p][k] = stepper.currents()[p];
      if (network.charge_node >= 0) out.charges[p][k] = stepper.charges()[p];
    }
    if (network.role) out.conductance[k] = stepper.conductance();
    for (std::size_t s = 0; s < initial.size(); ++s) out.states[s][k] = stepper.states()[s];
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
