#include "fit/falling_current.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ir/dynamics.hpp"
#include "ir/jacobian.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::fit {
namespace {

// At rest, and with one state, and all of them, at an end of what a state can be.
std::vector<std::vector<double>> places_of_states(const ir::Network& network) {
  const std::vector<double> rest = ir::rest_state(network);
  std::vector<std::vector<double>> places = {rest};
  for (const double end : {-1.0, 1.0}) {
    if (rest.empty()) break;
    places.emplace_back(rest.size(), end);
    for (std::size_t s = 0; s < rest.size(); ++s) {
      places.push_back(rest);
      places.back()[s] = end;
    }
  }
  return places;
}

}  // namespace

std::optional<double> falling_voltage(const ir::Network& network) {
  if (network.port_count() != 1) {
    throw ShapeError(
        fmt::format("model {}: expected one port, found {}", network.name, network.port_count()));
  }
  constexpr int kSteps = 400;      // on each side of 0 V, closer to each other near it
  constexpr double kBeyond = 1.5;  // times the training voltage
  constexpr double kRounding = 1e-9;
  ir::SparseJacobian jacobian(network);
  std::optional<double> found;
  double steepest = -kRounding;
  std::vector<double> voltages, slopes(2 * kSteps + 1);
  for (int i = -kSteps; i <= kSteps; ++i) {
    const double end = i < 0 ? network.box.voltage_min[0] : network.box.voltage_max[0];
    const double part = static_cast<double>(i) / kSteps;
    voltages.push_back(kBeyond * end * part * part);
  }
  for (const std::vector<double>& states : places_of_states(network)) {
    double largest = 0;
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      jacobian.evaluate({&voltages[i], 1}, states);
      slopes[i] = jacobian.derivative(network.current_node, 0, 0);
      largest = std::max(largest, std::abs(slopes[i]));
    }
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      if (largest == 0 || slopes[i] / largest >= steepest) continue;
      steepest = slopes[i] / largest;
      found = voltages[i];
    }
  }
  return found;
}

}  // namespace psi_xlstm::fit
