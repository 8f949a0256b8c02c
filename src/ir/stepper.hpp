#pragma once

/// @file
/// A network on its way along one drive, sample by sample: the steps of simulate()
/// (ir/dynamics.hpp), which runs one of these.
///
/// Axes: P ports, S states.

#include <span>
#include <vector>

#include "ir/evaluator.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::ir {

/// The rates of all states and their targets at one end of a step.
struct StepGates {
  std::vector<double> rate;    ///< [1/s], [S].
  std::vector<double> target;  ///< [S].
};

/// Not for use by two threads at once.
class Stepper {
 public:
  /// Keeps `network`; `initial` are the states at the first sample, [S].
  Stepper(const Network& network, std::span<const double> initial);

  /// Goes to the next sample, at `time` [s], later than the last one, under `voltages` [V], [P].
  void step(double time, std::span<const double> voltages);

  // At the last sample:
  std::span<const double> currents() const { return currents_; }  ///< f + dQ/dt [A], [P].
  std::span<const double> charges() const { return charges_; }    ///< Q [C], [P]; or empty.
  double conductance() const { return conductance_; }             ///< [S], of a role; else 0.
  std::span<const double> states() const { return c_; }           ///< [S]

 private:
  void evaluate_gates(std::span<const double> voltages, std::span<const double> c, StepGates& out);
  void advance(double dt, std::span<const double> voltages);
  void take_output(std::span<const double> voltages);
  void add_charging(double time);

  const Network& network_;
  Evaluator evaluator_;
  bool predictor_needed_;
  StepGates left_, right_;
  std::vector<double> c_, next_;
  std::vector<double> currents_, charges_, last_charges_, last_slopes_;
  double conductance_ = 0;
  double last_time_ = 0, time_before_last_ = 0;
  int samples_ = 0;  ///< So far; 2 stands for any more.
};

}  // namespace psi_xlstm::ir
