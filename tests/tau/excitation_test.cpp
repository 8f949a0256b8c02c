#include "tau/excitation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm::tau {
namespace {

// One decade in three steps: 1, 2.154, 4.642 and 10 ms, each twice, 35.6 ms a round.
TEST(LogSpacedBursts, AlternateWithTheReadLevelAndInSign) {
  const BurstWaveform waveform =
      log_spaced_bursts({.shortest = 1e-3, .longest = 10e-3, .amplitude = 2, .duration = 37e-3});
  const std::vector<double> levels = {2, 0.4, -2, -0.4, 2, 0.4, -2, -0.4, 2, 0.4};
  ASSERT_EQ(waveform.levels.size(), levels.size());
  for (std::size_t m = 0; m < levels.size(); ++m) EXPECT_NEAR(waveform.levels[m], levels[m], 1e-12);
  EXPECT_NEAR(waveform.durations[2], 1e-3 * std::cbrt(10), 1e-9);
  EXPECT_NEAR(waveform.durations[7], 10e-3, 1e-9);
  EXPECT_NEAR(waveform.durations[9], 37e-3 - 36.593e-3, 2e-6);  // cut
  EXPECT_NEAR(waveform.duration(), 37e-3, 1e-12);
}

TEST(LogSpacedBursts, RefuseWhatMakesNoSense) {
  EXPECT_THROW(log_spaced_bursts({.shortest = 0}), ConfigError);
  EXPECT_THROW(log_spaced_bursts({.shortest = 1, .longest = 1}), ConfigError);
  EXPECT_THROW(log_spaced_bursts({.duration = 0}), ConfigError);
  EXPECT_THROW(log_spaced_bursts({.amplitude = -1}), ConfigError);
}

TEST(Breakpoints, AreTheSampledWaveform) {
  const BurstWaveform waveform{.durations = {3e-6, 1e-6, 2.4e-6}, .levels = {1, -0.5, 0.25}};
  const PwlWaveform pwl = breakpoints(waveform, 1e6);
  EXPECT_EQ(pwl.times, (std::vector<double>{0, 2e-6, 3e-6, 4e-6, 5e-6, 6e-6}));
  EXPECT_EQ(pwl.values, (std::vector<double>{1, 1, -0.5, 0.25, 0.25, 0.25}));
  const SampledWaveform samples = sampled(waveform, 1e6);
  EXPECT_EQ(samples.voltage, (std::vector<double>{1, 1, 1, -0.5, 0.25, 0.25}));
  for (std::size_t n = 0; n < samples.time.size(); ++n) {
    EXPECT_EQ(pwl.value(samples.time[n]), samples.voltage[n]);
  }
}

TEST(Breakpoints, RefuseARateThatIsNone) {
  EXPECT_THROW(breakpoints({.durations = {1}, .levels = {1}}, 0), ConfigError);
  EXPECT_THROW(sampled({.durations = {1}, .levels = {1}}, 1e12), ConfigError);
}

TEST(Nodes, StandForAllSamples) {
  const BurstWaveform waveform = log_spaced_bursts({.duration = 60e-3});
  const WeightedNodes few = nodes(waveform, 2e6);
  EXPECT_LT(few.time.size(), 2000U);
  EXPECT_DOUBLE_EQ(std::accumulate(few.weights.begin(), few.weights.end(), 0.0), 120000);
  const SampledWaveform all = sampled(waveform, 2e6);
  const RelaxationDevice device{
      .g0 = 1e-3, .gains = {0.2e-3, 0.2e-3, 0.2e-3}, .taus = {0.1e-3, 1e-3, 10e-3}};
  const BoundOptions options{.noise = 1e-5};
  const Bound from_few = cramer_rao_bound(device, few.view(), options);
  const Bound from_all =
      cramer_rao_bound(device, {.time = all.time, .voltage = all.voltage}, options);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(from_few.sd_ln_tau[k] / from_all.sd_ln_tau[k], 1, 0.01);
  }
}

}  // namespace
}  // namespace psi_xlstm::tau
