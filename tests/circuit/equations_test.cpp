#include "circuit/equations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ir/dynamics.hpp"
#include "support/networks.hpp"
#include "support/recurrent_networks.hpp"

namespace psi_xlstm {
namespace {

using kernels::LayerKind;

// Two devices of different starts behind a resistor and a capacitor.
constexpr const char* kTwoDevices =
    "title\nv1 a 0 sin(0 0.5 100k)\nr1 a b 1k\nc1 b 0 1n\nx1 b 0 device g0=2e-4\n"
    "x2 b 0 device g0=6e-4\n.tran 1n 10u\n";

std::vector<ir::Network> told_networks() {
  return {testing::one_state(), testing::three_states(),
          testing::drawn_network(3, {{.kind = LayerKind::kSlstm, .hidden = 3}}, 5).network("one"),
          testing::drawn_network(2, {{.kind = LayerKind::kMlstm, .hidden = 2, .heads = 1}}, 6)
              .network("two")};
}

std::vector<double> some_point(int size) {
  std::vector<double> y;
  for (int i = 0; i < size; ++i) y.push_back(0.3 + 0.1 * std::sin(1.7 * i));
  return y;
}

// dF/dy + factor dF/dy' against central differences, at a point where the states move.
TEST(CircuitEquations, HaveTheDerivativesOfTheirResidual) {
  constexpr double kFactor = 1e6, kStep = 1e-6;
  for (const ir::Network& network : told_networks()) {
    const Circuit circuit = parse_circuit(kTwoDevices, "test", network);
    CircuitEquations equations(circuit, network, 3e-4);
    const int size = equations.size();
    const std::vector<double> y = some_point(size), slope(y.size(), 0.2);
    const Eigen::MatrixXd found = equations.jacobian(0, y.data(), kFactor, false);
    for (int column = 0; column < size; ++column) {
      std::vector<double> sides[2];
      for (int side = 0; side < 2; ++side) {
        const double move = side == 0 ? -kStep : kStep;
        std::vector<double> moved = y, moving = slope;
        moved[static_cast<std::size_t>(column)] += move;
        moving[static_cast<std::size_t>(column)] += kFactor * move;
        sides[side].resize(y.size());
        equations.residual(0, moved.data(), moving.data(), false, sides[side].data());
      }
      const double scale = found.col(column).cwiseAbs().maxCoeff();
      for (int row = 0; row < size; ++row) {
        const auto r = static_cast<std::size_t>(row);
        EXPECT_NEAR(found(row, column), (sides[1][r] - sides[0][r]) / (2 * kStep), 1e-5 * scale)
            << network.name << ", row " << row << ", column " << column;
      }
    }
  }
}

// A network that sees its start computes at every device with the start of that device.
TEST(CircuitEquations, GiveEveryDeviceItsOwnStart) {
  for (const ir::Network& network : told_networks()) {
    const Circuit circuit = parse_circuit(kTwoDevices, "test", network);
    CircuitEquations equations(circuit, network, 3e-4);
    std::vector<double> y(static_cast<std::size_t>(equations.size()), 0.25);
    for (std::size_t device : {0u, 1u}) {
      const double g0 = device == 0 ? 2e-4 : 6e-4;
      const std::vector<double> start = ir::initial_state(network, g0);
      std::copy(start.begin(), start.end(), y.begin() + equations.first_state(device));
      EXPECT_NEAR(equations.device_conductance(device, y.data()) / g0, 1, 1e-6)
          << network.name << ", device " << device;
    }
  }
}

}  // namespace
}  // namespace psi_xlstm
