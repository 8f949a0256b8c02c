#pragma once

#include <cmath>
#include <numbers>
#include <string>

#include "core/rng.hpp"
#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::testing {

/// A record of a device whose conductance moves along with a sine: its loop is pinched at zero.
struct MadeRecord {
  double periods = 10;
  int samples_per_period = 200;
  double frequency = 1e3;     ///< [Hz]
  double amplitude = 1;       ///< [V]
  double bias = 0;            ///< Added to the sine [V].
  double conductance = 1e-4;  ///< Mean [S]; between 0.5 and 1.5 times that.
  double offset = 0;          ///< Of the current [A].
  double delay = 0;           ///< Of the current's channel [s].
  double noise = 0;           ///< Of the sd of the current.
  int seed = 1;
};

/// The current of the device at time `t` [A].
inline double made_current(const MadeRecord& made, double t) {
  const double phase = 2 * std::numbers::pi * made.frequency * t;
  const double g = made.conductance * (1 + 0.5 * std::cos(phase + 0.7));
  return g * (made.bias + made.amplitude * std::sin(phase));
}

inline Record record_of(const MadeRecord& made, const std::string& id = "made") {
  Record record;
  record.id = id;
  record.voltage.resize(1);
  record.current.resize(1);
  const double step = 1 / (made.frequency * made.samples_per_period);
  const int samples = static_cast<int>(std::lround(made.periods * made.samples_per_period));
  const double sd = made.noise * made.conductance * made.amplitude / std::sqrt(2.0);
  Rng rng(made.seed);
  for (int k = 0; k < samples; ++k) {
    const double t = k * step;
    record.time.push_back(t);
    record.voltage[0].push_back(
        made.bias + made.amplitude * std::sin(2 * std::numbers::pi * made.frequency * t));
    record.current[0].push_back(made_current(made, t - made.delay) + made.offset +
                                sd * rng.normal());
  }
  return record;
}

}  // namespace psi_xlstm::testing
