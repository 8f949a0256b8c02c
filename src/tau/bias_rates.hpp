#pragma once

/// @file
/// Rates that depend on bias and state: the compact student (fit/compact_student.hpp) with one
/// gated relaxation, as the alternative to fixed time constants, and its time constant as a curve
/// over the voltage with a band.
///
/// Axes: J voltages, G states.

#include <string>
#include <vector>

#include "psi_xlstm/data/record.hpp"

namespace psi_xlstm::tau {

/// tau(V) in one state.
struct RateCurve {
  double state = 0;               ///< The student's state c; dimensionless.
  double conductance = 0;         ///< The conductance it stands for at V -> 0 [S].
  std::vector<double> taus;       ///< [s], [J].
  std::vector<double> sd_ln_tau;  ///< From the information matrix, [J].
};

struct BiasRates {
  bool usable = false;
  std::string reason;  ///< How the fit ended, one sentence.
  int parameters = 0;
  double mean_square = 0;  ///< Of the residuals over the currents' mean squares; dimensionless.
  std::vector<double> voltages;   ///< [V], ascending, [J].
  std::vector<RateCurve> curves;  ///< At three states seen in the data, [G].
  double spread = 1;  ///< Largest over smallest time constant of the curves; dimensionless.
};

/// Fits the student to `records`. Every record starts at the conductance of its first samples, or
/// at its own initial conductance where it has one. Numerical failure is in the result.
BiasRates fit_bias_rates(const std::vector<Record>& records, int threads);

}  // namespace psi_xlstm::tau
