#include "tau/design.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "bench/tau_benchmark_cases.hpp"
#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

// The bound with the noise of the generators, from the waveform alone.
double bound_of(const DesignRequest& request, const BurstWaveform& waveform) {
  const SampledWaveform all = sampled(waveform, request.conditions.sample_rate);
  const SampledDrive samples{.time = all.time, .voltage = all.voltage};
  const RelaxationDevice device{
      .g0 = 1e-3, .gains = std::vector<double>(request.taus.size(), 0.2e-3), .taus = request.taus};
  return cramer_rao_bound(device, samples, {.noise = noise_of(device, samples, square_drive, 0.03)})
      .worst();
}

TEST(DesignBursts, MakesEveryBenchmarkCaseTellable) {
  double best_gain = 1;
  for (const BenchmarkCase& c : designed_cases()) {
    const Design design = design_bursts(c.request);
    EXPECT_LE(design.designed.worst_own_noise, 0.08) << c.name;
    // by how much it is better depends on the device and on what the search draws
    EXPECT_LT(design.designed.worst_sd, design.plain.worst_sd) << c.name;
    best_gain = std::min(best_gain, design.designed.worst_sd / design.plain.worst_sd);
    EXPECT_NEAR(bound_of(c.request, design.designed.waveform), design.designed.worst_own_noise,
                1e-9)
        << c.name;
    EXPECT_NEAR(bound_of(c.request, design.plain.waveform), design.plain.worst_own_noise, 1e-9)
        << c.name;
    EXPECT_NEAR(design.designed.waveform.duration(), c.request.duration, 1e-9 * c.request.duration);
  }
  EXPECT_LT(best_gain, 0.9);
}

TEST(DesignBursts, StaysWithinTheAmplitudeAndNearZeroMean) {
  DesignRequest request;
  request.taus = {0.5e-3, 2e-3};
  request.conditions.amplitude = 0.3;
  request.duration = 20e-3;
  request.rounds = 4;
  const BurstWaveform waveform = design_bursts(request).designed.waveform;
  double mean = 0;
  for (std::size_t m = 0; m < waveform.levels.size(); ++m) {
    EXPECT_LE(std::abs(waveform.levels[m]), 0.3 * (1 + 1e-12));
    EXPECT_GE(std::abs(waveform.levels[m]), 0.02 * 0.3 * (1 - 1e-12));
    mean += waveform.levels[m] * waveform.durations[m] / request.duration;
  }
  EXPECT_LE(std::abs(mean), 0.03 * 0.3);
}

TEST(DesignBursts, ServesEveryDeviceOfARange) {
  DesignRequest request;
  request.conditions.shortest_tau = 1e-3;
  request.conditions.longest_tau = 10e-3;
  request.conditions.sample_rate = 2e5;
  request.duration = 50e-3;
  request.rounds = 3;
  const Design design = design_bursts(request);
  EXPECT_EQ(design.designed.sd_ln_tau.size(), devices_of_range(request.conditions).size());
  EXPECT_LT(design.designed.worst_sd, design.plain.worst_sd);
}

TEST(DesignBursts, IsTheSameTwice) {
  DesignRequest request;
  request.taus = {1e-3};
  request.duration = 5e-3;
  request.rounds = 3;
  const Design one = design_bursts(request), two = design_bursts(request);
  EXPECT_EQ(one.designed.waveform.levels, two.designed.waveform.levels);
  EXPECT_EQ(one.designed.waveform.durations, two.designed.waveform.durations);
  request.seed = 2;
  EXPECT_NE(design_bursts(request).designed.waveform.durations, one.designed.waveform.durations);
}

TEST(DesignBursts, RefusesWhatMakesNoSense) {
  DesignRequest none, few, negative;
  none.levels = 1;
  few.duration = 1e-6;
  negative.taus = {-1};
  EXPECT_THROW(design_bursts(none), ConfigError);
  EXPECT_THROW(design_bursts(few), ConfigError);
  EXPECT_THROW(design_bursts(negative), ConfigError);
}

}  // namespace
}  // namespace psi_xlstm::tau
