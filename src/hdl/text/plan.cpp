#include "hdl/text/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/number_text.hpp"
#include "hdl/text/names.hpp"
#include "ir/bounds.hpp"
#include "ir/dynamics.hpp"
#include "ir/evaluator.hpp"
#include "ir/operations.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::hdl {
namespace {

// What the readout of the conductance weighs the states with, [S].
std::span<const double> readout_weights(const ir::Network& network) {
  return std::span(network.parameters)
      .subspan(static_cast<std::size_t>(network.conductance().readout_weight),
               static_cast<std::size_t>(network.state_count()));
}

bool has_readout(const ir::Network& network) {
  return network.role && network.role->readout_bias >= 0 && network.start != ir::Start::kNode;
}

// kappa: what makes the state nodes of order 1.
std::vector<double> state_scales(const ir::Network& network) {
  std::vector<double> kappa;
  if (!network.state_excursion.empty()) {
    for (const double excursion : network.state_excursion) kappa.push_back(1 / excursion);
    return kappa;
  }
  const bool by_readout = has_readout(network) && network.role->head == ir::Head::kExp;
  kappa.assign(static_cast<std::size_t>(network.state_count()), 1.0);
  if (by_readout && !kappa.empty()) {
    const std::span<const double> k = readout_weights(network);
    kappa.assign(k.begin(), k.end());
  }
  double largest = 0;
  for (const double k : kappa) largest = std::max(largest, std::abs(k));
  for (double& k : kappa) {
    const double floor = std::max(0.1 * largest, 0.1);
    if (std::abs(k) < floor) k = std::copysign(floor, k);
  }
  return kappa;
}

// Whether every voltage was moved in training, and the conductance, where there is one, is known.
bool has_range(const ir::Network& network) {
  const ir::TrainingBox& box = network.box;
  for (std::size_t p = 0; p < network.ports.size(); ++p) {
    if (!(box.voltage_max[p] > box.voltage_min[p])) return false;
  }
  return !network.role || box.conductance_max > box.conductance_min;
}

// Three times the training voltage of every port.
std::vector<ir::Interval> voltage_range(const ir::Network& network) {
  std::vector<ir::Interval> ports;
  for (std::size_t p = 0; p < network.ports.size(); ++p) {
    const double voltage =
        3 * std::max({std::abs(network.box.voltage_min[p]), std::abs(network.box.voltage_max[p]),
                      network.voltage_scale});
    ports.push_back({-voltage, voltage});
  }
  return ports;
}

// Largest charge of every port [C], the states at rest: at 0 V, with one port at an end of its
// range, and with all. Empty where there are no charges.
std::vector<double> charge_scales(const ir::Network& network, const std::vector<double>& rest) {
  if (network.charge_node < 0) return {};
  constexpr double kNoCharge = 1e-15;  // what a network without any is scaled by [C]
  const std::size_t ports = network.ports.size();
  std::vector<std::vector<double>> points = {std::vector<double>(ports, 0.0)};
  const std::vector<ir::Interval> range = voltage_range(network);
  for (const double end : {-1.0 / 3, 1.0 / 3}) {
    points.emplace_back();
    for (const ir::Interval& port : range) points.back().push_back(end * port.high);
    for (std::size_t p = 0; p < ports; ++p) {
      points.emplace_back(ports, 0.0);
      points.back()[p] = end * range[p].high;
    }
  }
  ir::Evaluator evaluator(network);
  std::vector<double> largest(ports, 0.0);
  for (const std::vector<double>& voltages : points) {
    evaluator.evaluate(ir::Part::kOutput, voltages, rest);
    for (std::size_t p = 0; p < ports; ++p) {
      const double charge = evaluator.value(network.charge_node, static_cast<int>(p));
      largest[p] = std::max(largest[p], std::abs(charge));
    }
  }
  for (double& charge : largest) {
    if (charge == 0) charge = kNoCharge;
  }
  return largest;
}

}  // namespace

// Over the corners of the states' box: e +- sum |k|. A network without a readout knows those it was
// trained on.
ConductanceRange conductance_range(const ir::Network& network) {
  if (!network.role) return {};
  const ir::ConductanceRole& role = *network.role;
  const ir::TrainingBox& box = network.box;
  if (!has_readout(network)) return {box.conductance_min, box.conductance_max, role.scale};
  const double y = network.parameters[static_cast<std::size_t>(role.readout_bias)];
  double swing = 0;
  if (network.state_count() > 0) {
    for (const double k : readout_weights(network)) swing += std::abs(k);
  }
  const auto conductance = [&](double readout) {
    if (role.head == ir::Head::kExp) return role.scale * std::exp(readout);
    if (role.head == ir::Head::kSoftplus) return role.scale * ir::softplus(readout);
    return role.scale * readout;
  };
  ConductanceRange range{conductance(y - swing), conductance(y + swing), role.scale};
  const double low = std::max(range.low, box.conductance_min);
  const double high = std::min(range.high, box.conductance_max);
  if (network.is_told_its_start() && low > 0 && high > low) range.middle = std::sqrt(low * high);
  return range;
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

EmissionPlan plan_emission(const ir::Network& network) {
  ir::validate(network);
  check_names(network);
  constexpr double kLargestArgument = 300;  // exp(300) is still far from overflow
  EmissionPlan plan;
  const std::vector<ir::Interval> ports = voltage_range(network);
  plan.largest_argument = ir::Bounds(network, ports).largest_argument();
  if (!(plan.largest_argument < kLargestArgument)) {
    double voltage = 0;
    for (const ir::Interval& port : ports) voltage = std::max(voltage, port.high);
    throw EmitError(
        fmt::format("model {}: expected arguments of exponentials below {} in size up to {:.3g} V, "
                    "found {:.3g}",
                    network.name, kLargestArgument, voltage, plan.largest_argument));
  }
  plan.rest = ir::rest_state(network);
  plan.kappa = state_scales(network);
  plan.charge_scale = charge_scales(network, plan.rest);
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
  plan.has_range = has_range(network);
  const ConductanceRange conductances = conductance_range(network);
  plan.conductance_low = conductances.low;
  plan.conductance_high = conductances.high;
  plan.default_conductance = conductances.middle;
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
  std::string trained = fmt::format("{} states, {} trained numbers; trained on ",
                                    network.state_count(), network.parameter_count());
  for (std::size_t p = 0; p < network.ports.size(); ++p) {
    if (network.ports.size() > 1) trained += network.ports[p] + " ";
    trained += fmt::format("{} to {}, ", engineering(box.voltage_min[p], "V"),
                           engineering(box.voltage_max[p], "V"));
  }
  if (network.role) {
    trained += fmt::format("{} to {}, ", engineering(box.conductance_min, "S"),
                           engineering(box.conductance_max, "S"));
  }
  std::vector<std::string> facts = {trained + "steps to " + engineering(box.step_max, "s")};
  if (network.role) {
    facts.push_back(fmt::format("conductance the states can hold at 0 V: {} to {}",
                                engineering(plan.conductance_low, "S"),
                                engineering(plan.conductance_high, "S")));
    facts.push_back(fmt::format("drift of ln(conductance) at 0 V: at most {}",
                                engineering(plan.zero_bias_rate, "1/s")));
  }
  facts.push_back(fmt::format(
      "largest |argument| of an exponential up to three times the training voltage: {:.3g}",
      plan.largest_argument));
  facts.push_back(
      fmt::format("longest time step for accurate transients: {}; trapezoidal "
                  "integration",
                  engineering(plan.max_step, "s")));
  return facts;
}

std::string readout_expression(const ir::Network& network, const std::string& log_name) {
  const std::string gs = shortest(network.conductance().scale);
  if (network.conductance().head == ir::Head::kExp) return fmt::format("{}(g0/{})", log_name, gs);
  if (network.conductance().head == ir::Head::kSoftplus) {
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
  const std::span<const double> k = readout_weights(network);
  double y = network.parameters[static_cast<std::size_t>(network.conductance().readout_bias)];
  double norm = 0;
  for (std::size_t j = 0; j < plan.rest.size(); ++j) {
    y += k[j] * plan.rest[j];
    norm += k[j] * k[j];
  }
  return fmt::format("{}+({})*({}-({}))", shortest(plan.rest[s]), shortest(k[s] / norm),
                     readout_expression(network, log_name), shortest(y));
}

}  // namespace psi_xlstm::hdl
