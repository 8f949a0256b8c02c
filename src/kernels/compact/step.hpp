#pragma once

/// @file
/// One step of a compact student (fit/compact_student.hpp), in vectors and without allocation.
///
/// Axes: m features, S states, L features of the curve at a fixed state.
///
///   phi    = tanh(w v + R c + b)                        [m]
///   l      = softplus(A phi + a),  z = tanh(D phi + d)  [S]
///   y      = e + k.c + sum_l g_l tanh(u_l v + q_l)      the conductance is head(y)
///
/// v is the voltage in volts, l the relaxation rate in units of 1/dt0. A step of duration rho (over
/// dt0) takes the gates at both ends (ir::simulate):
///
///   c* = c + (1 - exp(-rho l0)) (z0 - c)                only where R is given; gates l1, z1 at c*
///   c' = c + (1 - exp(-rho (l0 + l1) / 2)) ((l0 z0 + l1 z1) / (l0 + l1) - c)

#include <memory>
#include <span>
#include <vector>

#include "kernels/simd/instruction_set.hpp"

namespace psi_xlstm::kernels {

enum class CompactHead { kExp, kSoftplus, kAffine };

/// The numbers of a compact student; matrices are row-major.
struct CompactWeights {
  std::vector<double> by_voltage, bias;     ///< w, b [m].
  std::vector<double> by_state;             ///< R [m, S]; empty: the gates do not see the states.
  std::vector<double> rate, rate_bias;      ///< A [S, m], empty: constant rates; a [S].
  std::vector<double> target, target_bias;  ///< D [S, m]; d [S].
  std::vector<double> readout;              ///< k [S].
  double readout_bias = 0;                  ///< e
  std::vector<double> curve_by_voltage, curve_bias, curve_gain;  ///< u, q, g [L].
  CompactHead head = CompactHead::kExp;
};

/// A compact student on its way along one sequence. float: the states are kept with the digits that
/// one float would lose, so that slow states move. Not for use by two threads at once.
template <class Real>
class CompactStep {
 public:
  /// Throws ShapeError where lengths in `weights` do not fit each other, ConfigError where the
  /// instruction set is not available.
  explicit CompactStep(const CompactWeights& weights,
                       InstructionSet instruction_set = best_instruction_set());
  ~CompactStep();
  CompactStep(CompactStep&&) noexcept;
  CompactStep& operator=(CompactStep&&) noexcept;

  /// Puts the student at the first sample, in `states` [S] under `voltage` [V]; returns the
  /// conductance there. Throws ShapeError for another number of states.
  Real start(std::span<const double> states, double voltage);

  /// Goes on to the next sample, after a step of `rho`; returns the conductance there. The start is
  /// in all states 0 at 0 V.
  Real step(double rho, double voltage);

  /// The states [S] at the last sample.
  std::vector<double> states() const;

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

extern template class CompactStep<float>;
extern template class CompactStep<double>;

}  // namespace psi_xlstm::kernels
