#include "hdl/text/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/number_text.hpp"
#include "hdl/text/names.hpp"
#include "ir/bounds.hpp"
#include "ir/dynamics.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

// Conductance at V -> 0 over the corners of the states' box: e +- sum |k|. A network that is told
// its start knows those it was trained on.
void set_conductance_range(const ir::Network& network, EmissionPlan& plan) {
  if (network.start == ir::Start::kNode) {
    plan.conductance_low = network.box.conductance_min;
    plan.conductance_high = network.box.conductance_max;
    plan.default_conductance = network.conductance_scale;
    return;
  }
  double y = network.parameters[static_cast<std::size_t>(network.readout_bias)];
  double swing = 0;
  for (int s = 0; s < network.state_count(); ++s) {
    swing += std::abs(network.parameters[static_cast<std::size_t>(network.readout_weight + s)]);
  }
  const auto conductance = [&](double readout) {
    if (network.head == ir::Head::kExp) return network.conductance_scale * std::exp(readout);
    if (network.head == ir::Head::kSoftplus) {
      return network.conductance_scale * ir::softplus(readout);
    }
    return network.conductance_scale * readout;
  };
  plan.conductance_low = conductance(y - swing);
  plan.conductance_high = conductance(y + swing);
  const bool stateless = network.state_count() == 0 || network.start == ir::Start::kRest;
  const double low = std::max(plan.conductance_low, network.box.conductance_min);
  const double high = std::min(plan.conductance_high, network.box.conductance_max);
  plan.default_conductance =
      !stateless && low > 0 && high > low ? std::sqrt(low * high) : network.conductance_scale;
}

// A network with many rates is as accurate as it was trained to be at the steps of its data.
double longest_step(const ir::Network& network) {
  double step = network.box.duration > 0 ? network.box.duration / 50 : 1;
  if (network.start == ir::Start::kNode && network.box.step_max > 0) {
    return std::min(step, network.box.step_max);
  }
  if (network.box.drive_frequency > 0) step = std::min(step, 0.01 / network.box.drive_frequency);
  if (network.box.fastest_rate > 0) step = std::min(step, 0.01 / network.box.fastest_rate);
  return step;
}

// kappa: what makes the state nodes of order 1.
std::vector<double> state_scales(const ir::Network& network) {
  std::vector<double> kappa;
  if (network.start == ir::Start::kNode) {
    for (const double excursion : network.state_excursion) kappa.push_back(1 / excursion);
    return kappa;
  }
  double largest = 0;
  for (int s = 0; s < network.state_count(); ++s) {
    const double k = network.parameters[static_cast<std::size_t>(network.readout_weight + s)];
    kappa.push_back(network.head == ir::Head::kExp ? k : 1.0);
    largest = std::max(largest, std::abs(kappa.back()));
  }
  for (double& k : kappa) {
    const double floor = std::max(0.1 * largest, 0.1);
    if (std::abs(k) < floor) k = std::copysign(floor, k);
  }
  return kappa;
}

}  // namespace

void require_one_port(const ir::Network& network) {
  if (network.port_count() == 1) return;
  throw EmitError(
      fmt::format("model {}: expected one port, found {}", network.name, network.port_count()));
}

EmissionPlan plan_emission(const ir::Network& network) {
  ir::validate(network);
  check_names(network);
  constexpr double kLargestArgument = 300;  // exp(300) is still far from overflow
  EmissionPlan plan;
  const double voltage = 3 * std::max({std::abs(network.box.voltage_min),
                                       std::abs(network.box.voltage_max), network.voltage_scale});
  const std::vector<ir::Interval> ports(network.ports.size(), {-voltage, voltage});
  plan.largest_argument = ir::Bounds(network, ports).largest_argument();
  if (!(plan.largest_argument < kLargestArgument)) {
    throw EmitError(
        fmt::format("model {}: expected arguments of exponentials below {} in size up to {:.3g} V, "
                    "found {:.3g}",
                    network.name, kLargestArgument, voltage, plan.largest_argument));
  }
  plan.rest = ir::rest_state(network);
  plan.kappa = state_scales(network);
  if (network.box.median_rate > 0) {
    plan.rate_scale = network.box.median_rate;
  } else if (network.box.duration > 0) {
    plan.rate_scale = 1 / network.box.duration;
  }
  plan.charge_capacitance = std::max(kLeastCapacitance, kCapacitanceRate / plan.rate_scale);
  plan.leak_rate = 1e-10 * plan.rate_scale;
  plan.hold_rate = 1e3 * plan.rate_scale;
  if (network.box.fastest_rate > 0) {
    plan.release_time = std::clamp(1e-5 / network.box.fastest_rate, 1e-15, 1e-9);
  }
  plan.max_step = longest_step(network);
  set_conductance_range(network, plan);
  for (double c : ir::initial_state(network, plan.default_conductance)) {
    if (std::isfinite(c)) continue;
    throw EmitError(
        fmt::format("model {}: expected a finite state at the start, found {}", network.name, c));
  }
  plan.zero_bias_rate = ir::worst_zero_bias_rate(network);
  return plan;
}

std::vector<std::string> model_facts(const ir::Network& network, const EmissionPlan& plan) {
  const ir::TrainingBox& box = network.box;
  return {
      fmt::format("{} states, {} trained numbers; trained on {} to {}, {} to {}, steps to {}",
                  network.state_count(), network.parameter_count(),
                  engineering(box.voltage_min, "V"), engineering(box.voltage_max, "V"),
                  engineering(box.conductance_min, "S"), engineering(box.conductance_max, "S"),
                  engineering(box.step_max, "s")),
      fmt::format("conductance the states can hold at 0 V: {} to {}",
                  engineering(plan.conductance_low, "S"), engineering(plan.conductance_high, "S")),
      fmt::format("drift of ln(conductance) at 0 V: at most {}",
                  engineering(plan.zero_bias_rate, "1/s")),
      fmt::format("largest |argument| of an exponential up to three times the training voltage: "
                  "{:.3g}",
                  plan.largest_argument),
      fmt::format("longest time step for accurate transients: {}; trapezoidal integration",
                  engineering(plan.max_step, "s")),
  };
}

std::string readout_expression(const ir::Network& network, const std::string& log_name) {
  const std::string gs = shortest(network.conductance_scale);
  if (network.head == ir::Head::kExp) return fmt::format("{}(g0/{})", log_name, gs);
  if (network.head == ir::Head::kSoftplus) {
    return fmt::format("{}(exp(g0/{})-1.0)", log_name, gs);
  }
  return fmt::format("g0/{}", gs);
}

std::string initial_state_expression(const ir::Network& network,
                                     const EmissionPlan& plan,
                                     int state,
                                     const std::string& log_name) {
  const auto s = static_cast<std::size_t>(state);
  if (network.start == ir::Start::kRest) return shortest(plan.rest[s]);
  const double* k = &network.parameters[static_cast<std::size_t>(network.readout_weight)];
  double y = network.parameters[static_cast<std::size_t>(network.readout_bias)];
  double norm = 0;
  for (std::size_t j = 0; j < plan.rest.size(); ++j) {
    y += k[j] * plan.rest[j];
    norm += k[j] * k[j];
  }
  return fmt::format("{}+({})*({}-({}))", shortest(plan.rest[s]), shortest(k[s] / norm),
                     readout_expression(network, log_name), shortest(y));
}

}  // namespace psi_xlstm::hdl
