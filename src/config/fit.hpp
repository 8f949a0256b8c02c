#pragma once

#include <array>
#include <vector>

#include "core/config_io.hpp"

namespace psi_xlstm {

/// How the readout becomes the conductance of a compact student.
enum class StudentHead { kExp, kSoftplus, kAffine };

constexpr auto enum_names(StudentHead) {
  return std::array{EnumName{StudentHead::kExp, "exp"},
                    EnumName{StudentHead::kSoftplus, "softplus"},
                    EnumName{StudentHead::kAffine, "affine"}};
}

/// Shape of a compact student (fit/compact_student.hpp). 0 states: a static model.
struct StudentShape {
  int states = 1;           ///< S.
  int rates = 1;            ///< K, shared by the states: state s uses rate s mod K.
  int features = 8;         ///< m, tanh features of the gates.
  int static_features = 0;  ///< Tanh features of the curve I(V) at a fixed state.
  StudentHead head = StudentHead::kExp;
  bool liquid = true;       ///< Rates depend on the features; else they are constants.
  bool state_gates = true;  ///< The features see the states.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("states", c.states, between(0, 16));
    visit("rates", c.rates, between(1, 16));
    visit("features", c.features, between(1, 64));
    visit("static_features", c.static_features, between(0, 32));
    visit("head", c.head);
    visit("liquid", c.liquid);
    visit("state_gates", c.state_gates);
  }
};

/// One stage of a training schedule.
struct TrainingStage {
  int decimation = 4;   ///< Samples in one step.
  int iterations = 20;  ///< Most Levenberg-Marquardt iterations.
  int window = 0;       ///< Samples of the windows that records are cut into; 0: whole records.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("decimation", c.decimation, between(1, 1e6));
    visit("iterations", c.iterations, between(1, 1e6));
    visit("window", c.window, between(0, 1e9));
  }
};

/// How starts begin: whole records, growing windows (devices that forget within a record), or as
/// many starts of each.
enum class Curriculum { kWhole, kWindows, kBoth };

constexpr auto enum_names(Curriculum) {
  return std::array{EnumName{Curriculum::kWhole, "whole"},
                    EnumName{Curriculum::kWindows, "windows"}, EnumName{Curriculum::kBoth, "both"}};
}

/// How a compact student is fitted: one "fit" is the best of `starts` by training cost.
struct FitConfig {
  StudentShape student;
  int starts = 3;             ///< Random starting points.
  int seed = 11;              ///< Of the starting points.
  double ridge = 1;           ///< Weight of |parameters|^2 in chi^2: a unit normal prior on each.
  double zero_bias_rate = 0;  ///< Weight of the drift at 0 V over a record in chi^2, dimensionless.
  /// Weight per sample in chi^2 of a current that falls with the voltage at a fixed state, which a
  /// circuit cannot follow behind a resistor; 0, for a device that does it: none.
  double falling_current = 1000;
  /// Relaxation time at 0 V of the starting points, as a fraction of the longest record.
  double initial_time_constant = 0.5;
  Curriculum curriculum = Curriculum::kWhole;
  std::vector<TrainingStage> first;   ///< Run from every start; the best goes on. Empty: automatic.
  std::vector<TrainingStage> refine;  ///< Run on the best start. Empty: automatic.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("student", c.student);
    visit("starts", c.starts, between(1, 64));
    visit("seed", c.seed, at_least(0));
    visit("ridge", c.ridge, between(0, 1e12));
    visit("zero_bias_rate", c.zero_bias_rate, between(0, 1e12));
    visit("falling_current", c.falling_current, between(0, 1e12));
    visit("initial_time_constant", c.initial_time_constant, positive_up_to(1e12));
    visit("curriculum", c.curriculum);
    visit("first", c.first);
    visit("refine", c.refine);
  }
};

}  // namespace psi_xlstm
