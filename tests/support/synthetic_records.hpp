#pragma once

#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/data/record.hpp"
#include "support/networks.hpp"
#include "support/uniform_times.hpp"

namespace psi_xlstm::testing {

/// The record that `network` gives from the conductance `g0` [S] under two tones of `amplitude` [V]
/// and `frequency` [Hz], with noise of `noise` times the standard deviation of its current.
inline Record synthetic_record(const ir::Network& network,
                               double g0,
                               double amplitude,
                               double frequency,
                               int samples,
                               double noise,
                               Rng& rng) {
  Record record;
  record.time = uniform_times(samples, network.reference_step);
  record.voltage = {two_tones(record.time, amplitude, frequency)};
  record.clean_current =
      ir::simulate(network, record.time, record.voltage[0], ir::initial_state(network, g0)).current;
  record.initial_conductance = g0;
  double square = 0;
  for (double i : record.clean_current) square += i * i;
  const double sd = noise * std::sqrt(square / samples);
  record.current = {record.clean_current};
  for (double& i : record.current[0]) i += sd * rng.normal();
  return record;
}

/// The root mean square of `record`'s noise-free current [A].
inline double strength(const Record& record) {
  double square = 0;
  for (double i : record.clean_current) square += i * i;
  return std::sqrt(square / static_cast<double>(record.size()));
}

}  // namespace psi_xlstm::testing
