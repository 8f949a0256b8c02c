#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ir/dynamics.hpp"
#include "model/network_prediction.hpp"
#include "model/streaming.hpp"
#include "psi_xlstm/core/error.hpp"
#include "support/network_stock.hpp"
#include "support/networks.hpp"

namespace psi_xlstm {
namespace {

constexpr double kStart = 3e-4;  // g0 [S]

Record record(double step) {
  Record out;
  for (int k = 0; k < 200; ++k) {
    out.time.push_back(k == 0 ? 0 : out.time.back() + step * (0.5 + 0.1 * (k % 7)));
  }
  out.voltage = {testing::two_tones(out.time, 0.9, 0.02 / step)};
  return out;
}

void expect_currents(Streamer& streamer, const Record& drive, const std::vector<double>& wanted) {
  double size = 0;
  for (const double i : wanted) size = std::max(size, std::abs(i));
  EXPECT_GT(size, 1e-6);
  for (int pass = 0; pass < 2; ++pass) {  // the second begins where time goes back
    for (std::size_t k = 0; k < drive.size(); ++k) {
      EXPECT_NEAR(streamer.step(drive.time[k], drive.voltage[0][k]), wanted[k], 1e-4 * size)
          << "pass " << pass << ", sample " << k;
    }
  }
}

class RecurrentStreamer : public ::testing::TestWithParam<const char*> {};

TEST_P(RecurrentStreamer, GivesTheCurrentsOfThePublishedProtocol) {
  NetworkConfig config;
  config.kind = *value_named<NetworkKind>(GetParam());
  StoredNetwork network = testing::drawn_network(config, "published", 7);
  network.current_scale = 2e-3;
  network.time_scale = 1e-5;
  const Record drive = record(50e-9);
  expect_currents(*make_streamer(network, 0), drive, network_current(network, drive, 0));
}

TEST_P(RecurrentStreamer, GivesTheCurrentsOfAKnownStart) {
  NetworkConfig config;
  config.kind = *value_named<NetworkKind>(GetParam());
  const StoredNetwork network = testing::drawn_network(config, "known_start", 8);
  const Record drive = record(50e-9);
  expect_currents(*make_streamer(network, kStart), drive, network_current(network, drive, kStart));
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind,
                         RecurrentStreamer,
                         ::testing::Values("teacher", "clustering", "low_rank"));

TEST(CompactStreamer, GivesTheCurrentsOfSimulate) {
  for (const ir::Network& network : {testing::one_state(), testing::three_states()}) {
    const Record drive = record(1e-6);
    const auto wanted =
        ir::simulate(network, drive.time, drive.voltage[0], ir::initial_state(network, kStart))
            .current;
    expect_currents(*make_streamer(network, kStart), drive, wanted);
  }
}

TEST(RecurrentStreamerErrors, RefusesTooFewParameters) {
  NetworkConfig config;
  for (const char* protocol : {"published", "known_start"}) {
    StoredNetwork network = testing::drawn_network(config, protocol, 7);
    network.parameters.pop_back();
    EXPECT_THROW(make_streamer(network, kStart), ShapeError);
  }
}

}  // namespace
}  // namespace psi_xlstm
