#include "metrics/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "psi_xlstm/core/error.hpp"

namespace psi_xlstm {
namespace {

constexpr double kStep = 1e-6;  // [s]

std::vector<double> even_times(int samples) {
  std::vector<double> time;
  for (int i = 0; i < samples; ++i) time.push_back(i * kStep);
  return time;
}

std::vector<double> sine(const std::vector<double>& time, double amplitude, double frequency) {
  std::vector<double> current;
  for (const double t : time) {
    current.push_back(amplitude * std::sin(2 * std::numbers::pi * frequency * t + 0.3));
  }
  return current;
}

std::size_t highest(const std::vector<double>& values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

// 1000 samples at 1 MHz: bins of 1 kHz. A Hann window shows half the amplitude one bin away, and
// nothing two bins away.
TEST(AmplitudeSpectrum, ShowsASineAtItsFrequencyWithItsAmplitude) {
  const auto time = even_times(1000);
  const auto spectrum = amplitude_spectrum(time, sine(time, 2e-3, 50e3));
  ASSERT_EQ(spectrum.frequency.size(), 501U);
  EXPECT_DOUBLE_EQ(spectrum.frequency.back(), 500e3);
  EXPECT_NEAR(spectrum.frequency[50], 50e3, 1e-6);
  EXPECT_NEAR(spectrum.amplitude[50], 2e-3, 1e-12);
  EXPECT_NEAR(spectrum.amplitude[51], 1e-3, 1e-12);
  EXPECT_NEAR(spectrum.amplitude[52], 0, 1e-12);
}

TEST(AmplitudeSpectrum, ShowsAConstantAtZero) {
  const auto spectrum = amplitude_spectrum(even_times(64), std::vector<double>(64, -3.0));
  EXPECT_NEAR(spectrum.amplitude[0], 3, 1e-12);
  EXPECT_NEAR(spectrum.amplitude[2], 0, 1e-12);
}

// 997 is prime: padded to 1000. The peak is within a fraction of a bin of its place.
TEST(AmplitudeSpectrum, KeepsTheAmplitudeWhenItPads) {
  const auto time = even_times(997);
  const auto spectrum = amplitude_spectrum(time, sine(time, 2e-3, 50e3));
  ASSERT_EQ(spectrum.frequency.size(), 501U);
  EXPECT_EQ(highest(spectrum.amplitude), 50U);
  EXPECT_NEAR(spectrum.amplitude[50], 2e-3, 2e-6);
}

// Linear interpolation of a sine with 100 samples per period: error below (pi/100)^2/2 = 5e-4.
TEST(AmplitudeSpectrum, InterpolatesUnevenTimes) {
  auto time = even_times(1000);
  for (std::size_t i = 1; i + 1 < time.size(); ++i) time[i] += i % 3 == 0 ? 0.4e-6 : 0.0;
  const auto spectrum = amplitude_spectrum(time, sine(time, 2e-3, 10e3));
  EXPECT_EQ(highest(spectrum.amplitude), 10U);
  EXPECT_NEAR(spectrum.amplitude[10], 2e-3, 2e-6);
}

// The prediction misses a tenth of the amplitude at 20 kHz and half of it at 200 kHz.
TEST(BandErrors, GiveEachBandItsOwnError) {
  const auto time = even_times(2000);
  const auto slow = sine(time, 1e-3, 20e3);
  const auto fast = sine(time, 1e-5, 200e3);
  std::vector<double> reference;
  std::vector<double> predicted;
  for (std::size_t i = 0; i < time.size(); ++i) {
    reference.push_back(slow[i] + fast[i]);
    predicted.push_back(0.9 * slow[i] + 0.5 * fast[i]);
  }
  const std::vector<Band> bands = {{0, 100e3}, {100e3, 300e3}};
  const auto errors = band_errors(time, reference, predicted, bands);
  EXPECT_NEAR(errors[0].error.value(), 0.1, 1e-9);
  EXPECT_NEAR(errors[1].error.value(), 0.5, 1e-9);
}

// With the noise taken off, the error against the noisy record is that against the noise-free one;
// a band without signal has none.
TEST(BandErrors, RemoveTheNoise) {
  constexpr double kNoise = 1e-4;
  const auto time = even_times(20000);
  const auto clean = sine(time, 1e-3, 20e3);
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, kNoise);
  std::vector<double> noisy;
  std::vector<double> predicted;
  for (const double current : clean) {
    noisy.push_back(current + normal(random));
    predicted.push_back(0.9 * current);
  }
  const std::vector<Band> bands = {{0, 100e3}, {100e3, 500e3}};
  const auto errors = band_errors(time, noisy, predicted, bands, kNoise);
  EXPECT_NEAR(errors[0].error.value(), 0.1, 0.003);
  EXPECT_FALSE(errors[1].error.has_value());
  const auto raw = band_errors(time, noisy, predicted, bands);
  EXPECT_GT(raw[0].error.value(), 0.103);
  EXPECT_NEAR(raw[1].error.value(), 1, 0.01);
}

TEST(BandErrors, AreAbsentForABandWithoutFrequencies) {
  const auto time = even_times(100);
  const std::vector<Band> bands = {{1e9, 2e9}};
  const auto current = sine(time, 1, 20e3);
  EXPECT_FALSE(band_errors(time, current, current, bands)[0].error.has_value());
}

TEST(Spectrum, SaysWhatIsWrongWithTheSeries) {
  const auto problem = [](const std::vector<double>& time, const std::vector<double>& current) {
    try {
      amplitude_spectrum(time, current);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(problem({1, 2}, {1}), "spectrum: expected 2 samples of current, found 1");
  EXPECT_EQ(problem({1, 2}, {1, 1}), "spectrum: expected at least 8 samples, found 2");
  EXPECT_EQ(problem({1, 2, 3, 3, 5, 6, 7, 8}, std::vector<double>(8, 0.0)),
            "spectrum: expected increasing times, found 3 after 3");
}

}  // namespace
}  // namespace psi_xlstm
