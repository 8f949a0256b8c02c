#include "model/network_prediction.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "kernels/continuous/network.hpp"
#include "kernels/xlstm/network.hpp"

namespace psi_xlstm {
namespace {

using kernels::Convention;

Record record(std::size_t samples) {
  Record r;
  r.voltage.emplace_back();
  for (std::size_t k = 0; k < samples; ++k) {
    r.time.push_back(50e-9 * static_cast<double>(k));
    r.voltage[0].push_back(0.2 + 0.8 * std::sin(0.05 * static_cast<double>(k)));
  }
  return r;
}

StoredNetwork network(const kernels::NetworkShape& shape, const std::string& protocol) {
  StoredNetwork out;
  out.protocol = value_named<NetworkProtocol>(protocol).value();
  out.shape = shape;
  out.conductance_scale = 2e-4;
  out.current_scale = 1e-3;
  Rng rng(2);
  for (std::size_t i = 0; i < parameter_count(shape); ++i) {
    out.parameters.push_back(0.2 * rng.normal());
  }
  return out;
}

// Whatever the network was trained to, the first current is that of the conductance it was given.
TEST(NetworkCurrent, StartsWithTheGivenConductance) {
  for (const auto& shape :
       {teacher_shape(Convention::kContinuous), low_rank_student_shape(Convention::kContinuous)}) {
    Record r = record(50);
    r.voltage[0][0] = 1e-6;  // as at rest
    const auto current = network_current(network(shape, "known_start"), r, 3e-4);
    EXPECT_NEAR(current[0] / (r.voltage[0][0] * 3e-4), 1, 1e-5);
    EXPECT_GT(std::abs(current[40] / (r.voltage[0][40] * 3e-4) - 1), 1e-6);
  }
}

// Sample by sample gives what the kernels give of the whole record at once.
TEST(NetworkCurrent, IsThatOfTheWholeRecordAtOnce) {
  constexpr double kStart = 3e-4;
  const Record r = record(1500);
  const int steps = static_cast<int>(r.size());
  for (const auto& shape :
       {teacher_shape(Convention::kXlstm), clustering_student_shape(Convention::kXlstm, 3)}) {
    const StoredNetwork n = network(shape, "published");
    kernels::XlstmNetwork<double> whole(shape);
    whole.set_parameters(n.parameters);
    std::vector<double> inputs;
    for (std::size_t k = 0; k < r.size(); ++k) {
      inputs.insert(inputs.end(), {r.voltage[0][k], r.time[k] / n.time_scale});
    }
    auto state = whole.initial_state(1);
    const auto y = whole.forward({.steps = steps, .inputs = inputs.data()}, state, false);
    const auto current = network_current(n, r, kStart);
    for (std::size_t k = 0; k < r.size(); ++k) {
      EXPECT_NEAR(current[k], n.current_scale * y[k], 1e-12 * n.current_scale) << k;
    }
  }
  for (const auto& shape :
       {teacher_shape(Convention::kContinuous), low_rank_student_shape(Convention::kContinuous)}) {
    const StoredNetwork n = network(shape, "known_start");
    kernels::ContinuousNetwork<double> whole(shape);
    whole.set_parameters(n.parameters);
    const double start = std::log(kStart / n.conductance_scale);
    const double rest[] = {0, start};
    kernels::ContinuousState<double> state;
    const double y_rest = whole.forward({.inputs = rest, .rest_inputs = rest}, state)[0];
    std::vector<double> inputs, rho;
    for (std::size_t k = 0; k < r.size(); ++k) {
      inputs.insert(inputs.end(), {r.voltage[0][k], start});
      if (k > 0) rho.push_back((r.time[k] - r.time[k - 1]) / n.reference_step);
    }
    const auto y =
        whole.forward({.steps = steps - 1, .inputs = inputs.data(), .rho = rho.data()}, state);
    const auto current = network_current(n, r, kStart);
    for (std::size_t k = 0; k < r.size(); ++k) {
      EXPECT_NEAR(current[k], r.voltage[0][k] * kStart * std::exp(y[k] - y_rest), 1e-12 * kStart)
          << k;
    }
  }
}

TEST(WalkMemory, VisitsEveryPieceOfARecord) {
  for (const char* protocol : {"known_start", "published"}) {
    const bool published = std::string(protocol) == "published";
    const auto shape = teacher_shape(published ? Convention::kXlstm : Convention::kContinuous);
    int visits = 0;
    walk_memory(network(shape, protocol), record(1500), 3e-4, 300,
                [&](const std::vector<double>& memory, std::size_t stride) {
                  ++visits;
                  EXPECT_GE(memory.size(), 4u * 16 * 16);
                  EXPECT_EQ(stride, 16u * 16);
                });
    EXPECT_EQ(visits, 5);
  }
}

// A layer without a memory has none to show.
TEST(WalkMemory, RefusesANetworkWithoutOne) {
  for (const char* protocol : {"known_start", "published"}) {
    const bool published = std::string(protocol) == "published";
    const auto n = network(
        clustering_student_shape(published ? Convention::kXlstm : Convention::kContinuous, 3),
        protocol);
    EXPECT_THROW(walk_memory(n, record(5), 3e-4, 2, [](const auto&, std::size_t) {}), ShapeError);
  }
}

}  // namespace
}  // namespace psi_xlstm
