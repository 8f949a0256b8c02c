#pragma once

/// @file
/// Devices of ngspice whose time constants are known in closed form, simulated and measured as on a
/// bench: waveforms sampled with noise, an estimate with a 95 % interval, beside the closed form.
///
///     diode, level 1, no capacitance:     t_s = tt ln(1 + IF/IR)
///     transistor, Gummel-Poon, saturated: t_s = tau_s ln((IB1 + IB2)/(IC/bf + IB2)),
///                 tau_s = (bf (1 + br) tf + (1 + bf) br tr)/(1 + bf + br)
///     VDMOS with two RC sections on its temperature node: the eigenvalues of the network
///
/// t_s is the storage time, from the switching of the drive to the end of the current's plateau;
/// IF, IR, IB1, IB2 and IC are read from the same noisy waveforms. tau_s follows from the two
/// charges of the model, Q_F = tf I_F and Q_R = tr I_R, with the current that charges Q_R flowing
/// through the collector, as it does in SPICE and in a transistor; textbooks leave it out and find
/// br tr instead of (1 + 1/bf) br tr, here 1 % less.

#include <cstdint>
#include <string>
#include <vector>

#include "report/table.hpp"
#include "simulators/ngspice/worker.hpp"

namespace psi_xlstm {

/// One known time and what was measured.
struct Anchor {
  std::string name;
  double known = 0;          ///< Closed form [s].
  double value = 0;          ///< Estimate [s].
  double low = 0, high = 0;  ///< 95 % interval, uncertainty of `known` included [s].
  std::string reason;        ///< Why there is no estimate; else empty.

  double error() const { return value / known - 1; }  ///< Relative.
  bool inside() const { return reason.empty() && low <= known && known <= high; }
};

struct AnchorOptions {
  std::uint32_t seed = 1;  ///< Of the noise.
  double noise = 0.01;     ///< Standard deviation, of the plateau or the largest rise.
};

/// Simulates and measures all anchors: the diode and the transistor at three reverse currents each,
/// and the two time constants of the thermal network, which the estimator of tau/estimate.hpp
/// finds. A simulation that fails is a `reason`. Throws SpiceError if ngspice is not there.
std::vector<Anchor> measure_anchors(const AnchorOptions& options,
                                    const SimulatorOptions& simulator);

/// The anchors as a table.
Table anchor_table(const std::vector<Anchor>& anchors);

/// The first anchor that misses its closed form by more than 2 %, or by more than twice its
/// interval (of eight intervals of 95 % one misses in a third of all measurements), in one
/// sentence; empty if there is none.
std::string missed_anchor(const std::vector<Anchor>& anchors);

}  // namespace psi_xlstm
