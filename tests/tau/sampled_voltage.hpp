#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "tau/fisher.hpp"

namespace psi_xlstm::tau {

/// A voltage at uniform times.
struct Samples {
  std::vector<double> time, voltage;

  SampledDrive view() const { return {.time = time, .voltage = voltage}; }
};

/// `voltage` at `rate` [1/s] for `duration` [s].
inline Samples samples_of(const std::function<double(double)>& voltage,
                          double rate,
                          double duration) {
  Samples samples;
  const auto count = static_cast<std::size_t>(std::round(rate * duration));
  for (std::size_t n = 0; n < count; ++n) {
    samples.time.push_back(static_cast<double>(n) / rate);
    samples.voltage.push_back(voltage(samples.time.back()));
  }
  return samples;
}

/// Three processes a factor of 25 apart.
inline const RelaxationDevice kMem3{
    .g0 = 1e-3, .gains = {0.2e-3, 0.2e-3, 0.2e-3}, .taus = {0.34e-3, 1.2e-3, 8.7e-3}};

}  // namespace psi_xlstm::tau
