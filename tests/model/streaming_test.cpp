#include "model/streaming.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

StoredNetwork mlp(const std::vector<int>& widths) {
  StoredNetwork network;
  network.model = NetworkKind::kMlp;
  network.layer_widths = widths;
  network.current_scale = 3e-3;
  network.time_scale = 1e-3;
  network.conductance_scale = 2e-4;
  const auto blocks = stored_blocks(network);
  network.parameters.resize(blocks.back().offset + blocks.back().size());
  Rng rng(4);
  for (double& p : network.parameters) p = 0.4 * rng.normal();
  return network;
}

// The same network in double precision, one number after the other.
double evaluated(const StoredNetwork& network, std::vector<double> x) {
  const auto blocks = stored_blocks(network);
  for (std::size_t b = 0; b < blocks.size(); b += 2) {
    std::vector<double> y;
    for (int o = 0; o < blocks[b].rows; ++o) {
      double sum = network.parameters[blocks[b + 1].offset + static_cast<std::size_t>(o)];
      for (std::size_t i = 0; i < x.size(); ++i) {
        sum += x[i] *
               network.parameters[blocks[b].offset + static_cast<std::size_t>(o) * x.size() + i];
      }
      y.push_back(b + 2 < blocks.size() ? std::tanh(sum) : sum);
    }
    x = y;
  }
  return x.front();
}

TEST(Streamer, OfAnMlpComputesTheNetworkOfVoltageAndTime) {
  for (const std::vector<int>& widths :
       {std::vector<int>{2, 64, 64, 64, 1}, {2, 5, 1}, {2, 70, 64, 3, 1}, {2, 1}}) {
    const StoredNetwork network = mlp(widths);
    const auto streamer = make_streamer(network, 0);
    for (double t : {0.0, 1e-4, 1.7e-3}) {
      for (double v : {-1.2, 0.0, 0.7}) {
        EXPECT_NEAR(streamer->step(t, v), 3e-3 * evaluated(network, {v, t / 1e-3}), 1e-8);
      }
    }
  }
}

TEST(Streamer, OfAnMlpWithAKnownStartSeesTheConductanceAndIsPinched) {
  StoredNetwork network = mlp({2, 64, 64, 64, 1});
  network.protocol = NetworkProtocol::kKnownStart;
  const auto streamer = make_streamer(network, 5e-4);
  const double y = evaluated(network, {0.7, std::log(5e-4 / 2e-4)});
  EXPECT_NEAR(streamer->step(0, 0.7) / (0.7 * 2e-4 * std::exp(y)), 1, 1e-5);
  EXPECT_EQ(streamer->step(1e-6, 0), 0);
}

TEST(Streamer, SaturatesWhereTanhDoes) {
  StoredNetwork network = mlp({2, 1, 1});
  network.parameters = {100, 0, 0, 1, 0};  // y = tanh(100 V)
  const auto streamer = make_streamer(network, 0);
  EXPECT_NEAR(streamer->step(0, 1) / 3e-3, 1, 1e-6);
  EXPECT_NEAR(streamer->step(0, -1) / 3e-3, -1, 1e-6);
  EXPECT_NEAR(streamer->step(0, 1e-3) / 3e-3, std::tanh(0.1), 1e-6);
}

TEST(Streamer, RefusesAnMlpWithTooFewParameters) {
  StoredNetwork network = mlp({2, 4, 1});
  network.parameters.pop_back();
  EXPECT_THROW(make_streamer(network, 0), ShapeError);
  network = mlp({3, 4, 1});
  EXPECT_THROW(make_streamer(network, 0), ShapeError);
}

}  // namespace
}  // namespace psi_xlstm
