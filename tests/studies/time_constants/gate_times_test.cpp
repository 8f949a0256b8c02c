#include "studies/time_constants/gate_times.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

namespace fs = std::filesystem;

constexpr int kHidden = 4;
constexpr double kStep = 50e-9;

// An sLSTM layer of four units with two different forget gates, by numbers that are all zero but
// for the input map and the biases of the forget gates.
StoredNetwork two_gates(double first_bias, double second_bias) {
  StoredNetwork network;
  network.model = NetworkKind::kClustering;
  network.protocol = NetworkProtocol::kKnownStart;
  network.shape = {.inputs = 2,
                   .width = 1,
                   .layers = {{.hidden = kHidden, .clusters = 2}},
                   .convention = kernels::Convention::kContinuous};
  network.parameters.assign(kernels::parameter_count(network.shape), 0.0);
  network.reference_step = kStep;
  network.conductance_scale = 1e-3;
  network.box = {.voltage_min = {-1},
                 .voltage_max = {1},
                 .conductance_min = 0.5e-3,
                 .conductance_max = 2e-3,
                 .step_max = kStep,
                 .duration = 1e-3};
  const auto blocks = kernels::parameter_blocks(network.shape);
  network.parameters[kernels::block(blocks, "input.weight").offset] = 1;  // x = V
  double* bias = network.parameters.data() + kernels::block(blocks, "layers.0.bias").offset;
  for (int j = 0; j < kHidden; ++j) bias[kHidden + j] = j == 0 ? first_bias : second_bias;
  return network;
}

double tau_of(double gate) { return kStep / std::log1p(std::exp(-gate)); }

// 0.8 V for three quarters of the time, then -0.4 V.
Record two_levels() {
  Record record;
  record.voltage.resize(1);
  record.current.resize(1);
  record.initial_conductance = 1e-3;
  for (int k = 0; k < 4000; ++k) {
    record.time.push_back(k * kStep);
    record.voltage[0].push_back(k < 3000 ? 0.8 : -0.4);
    record.current[0].push_back(1e-3 * record.voltage[0].back());
  }
  return record;
}

TEST(NetworkGates, AreSecondsAndStayWhereNothingMovesThem) {
  const NetworkGates found =
      network_gates(two_gates(3, 9), "mine", {two_levels()}, {.exact = true});
  EXPECT_EQ(found.label, "mine");
  EXPECT_TRUE(found.tied);
  ASSERT_EQ(found.gates.size(), 2u);
  EXPECT_EQ(found.gates[0].states, 2);  // h and s of one unit
  EXPECT_EQ(found.gates[1].states, 6);
  EXPECT_EQ(found.gates[1].gate, 1);
  const double expected[] = {tau_of(3), tau_of(9)};
  for (std::size_t g = 0; g < 2; ++g) {
    const GateTime& gate = found.gates[g];
    for (double tau : {gate.at_rest, gate.low, gate.median, gate.high}) {
      EXPECT_NEAR(tau / expected[g], 1, 1e-12);
    }
  }
}

// The first unit's forget gate is 5 - 2 V, the others' are 8.
StoredNetwork one_gate_that_moves() {
  StoredNetwork network = two_gates(5, 8);
  const auto blocks = kernels::parameter_blocks(network.shape);
  network.parameters[kernels::block(blocks, "layers.0.weight").offset + kHidden] = -2;
  return network;
}

TEST(NetworkGates, MoveWithTheVoltage) {
  const NetworkGates found =
      network_gates(one_gate_that_moves(), "mine", {two_levels()}, {.exact = true});
  const GateTime& gate = found.gates[0];
  EXPECT_NEAR(gate.at_rest / tau_of(5), 1, 1e-12);
  EXPECT_NEAR(gate.low / tau_of(5 - 2 * 0.8), 1, 1e-12);
  EXPECT_NEAR(gate.median / tau_of(5 - 2 * 0.8), 1, 1e-12);
  EXPECT_NEAR(gate.high / tau_of(5 + 2 * 0.4), 1, 1e-12);
  EXPECT_NEAR(found.gates[1].high / tau_of(8), 1, 1e-12);
}

// On a ramp every part of the record has a time constant of its own, and the shortest ones come
// last: 2.5 % of the record lie above 0.76 V, half of it above 0 V and 97.5 % above -0.76 V.
TEST(NetworkGates, AreQuantilesAlongTheRecord) {
  Record ramp = two_levels();
  const auto last = static_cast<double>(ramp.size() - 1);
  for (std::size_t k = 0; k < ramp.size(); ++k) {
    ramp.voltage[0][k] = -0.8 + 1.6 * static_cast<double>(k) / last;
    ramp.current[0][k] = 1e-3 * ramp.voltage[0][k];
  }
  const GateTime gate =
      network_gates(one_gate_that_moves(), "mine", {ramp}, {.exact = true}).gates[0];
  const double one_look = 2 * 1.6 / 2000;  // of the gate, and so about of the logarithm of tau
  EXPECT_NEAR(std::log(gate.low / tau_of(5 - 2 * 0.76)), 0, 1.5 * one_look);
  EXPECT_NEAR(std::log(gate.median / tau_of(5)), 0, 1.5 * one_look);
  EXPECT_NEAR(std::log(gate.high / tau_of(5 + 2 * 0.76)), 0, 1.5 * one_look);
}

// However many centres are asked for, so many there are.
TEST(NetworkGates, HaveAsManyCentresAsAskedFor) {
  StoredNetwork network = two_gates(2, 8);
  const auto blocks = kernels::parameter_blocks(network.shape);
  double* bias = network.parameters.data() + kernels::block(blocks, "layers.0.bias").offset;
  const double gates[] = {2, 2.5, 8, 8.5};
  for (int j = 0; j < kHidden; ++j) bias[kHidden + j] = gates[j];
  const auto clusters = network_gates(network, "mine", {two_levels()}, {.exact = true}).clusters;
  ASSERT_EQ(clusters.size(), 4u);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(clusters[k].centres.size(), k + 1);
    if (k > 0) {
      EXPECT_LT(clusters[k].left_over, clusters[k - 1].left_over);
    }
  }
  EXPECT_EQ(clusters[0].left_over, 1);
  EXPECT_NEAR(clusters[1].centres[0] / std::sqrt(tau_of(2) * tau_of(2.5)), 1, 1e-12);
  EXPECT_NEAR(clusters[1].centres[1] / std::sqrt(tau_of(8) * tau_of(8.5)), 1, 1e-12);
  EXPECT_NEAR(clusters[3].left_over, 0, 1e-15);
}

TEST(StudyGates, TakeTheNetworksOfASeed) {
  const fs::path folder = fs::path(::testing::TempDir()) / "gate_times_test" / "seed_7";
  fs::remove_all(folder);
  StoredNetwork student = two_gates(3, 9), other = student;
  save_network(folder / "mine" / "model.safetensors", student);
  other.model = NetworkKind::kLowRank;
  other.shape.layers[0].clusters = 0;
  other.parameters.resize(kernels::parameter_count(other.shape));
  save_network(folder / "other" / "model.safetensors", other);
  const auto found = study_gates(folder, {two_levels()}, {.exact = true});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].label, "mine");
  fs::remove_all(folder / "mine");
  EXPECT_THROW(study_gates(folder, {two_levels()}, {.exact = true}), DataError);
  EXPECT_THROW(study_gates(folder / "none", {two_levels()}, {.exact = true}), DataError);
}

}  // namespace
}  // namespace psi_xlstm
