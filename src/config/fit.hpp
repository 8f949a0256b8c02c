#pragma once

#include <array>
#include <vector>

#include "core/json/config_io.hpp"

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
  int states = 1;
  int rates = 1;
  int features = 8;
  int static_features = 0;
  StudentHead head = StudentHead::kExp;
  bool liquid = true;
  bool state_gates = true;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("states", c.states, between(0, 16).about("State variables; 0: a static model"));
    visit("rates", c.rates,
          between(1, 16).about(
              "Relaxation rates, shared by the states: state s uses rate s mod this"));
    visit("features", c.features, between(1, 64).about("Tanh features of the gates"));
    visit("static_features", c.static_features,
          between(0, 32).about("Tanh features of the curve I(V) at a fixed state"));
    visit("head", c.head, about("How the readout becomes a conductance"));
    visit("liquid", c.liquid, about("Rates depend on the features; else they are constants"));
    visit("state_gates", c.state_gates, about("The features see the states"));
  }
};

/// One stage of a training schedule.
struct TrainingStage {
  int decimation = 4;
  int iterations = 20;
  int window = 0;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("decimation", c.decimation, between(1, 1e6).about("Samples in one step"));
    visit("iterations", c.iterations, between(1, 1e6).about("Most Levenberg-Marquardt iterations"));
    visit("window", c.window,
          between(0, 1e9).about(
              "Samples of the windows that records are cut into; 0: whole records"));
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
  int starts = 3;
  int seed = 11;
  double ridge = 1;
  double zero_bias_rate = 0;
  double falling_current = 1000;
  double initial_time_constant = 0.5;
  Curriculum curriculum = Curriculum::kWhole;
  std::vector<TrainingStage> first;
  std::vector<TrainingStage> refine;
  int thinning = 1;  ///< Of the automatic stages: so many samples to a step or more. No key of a
                     ///< config: the choice of a shape sets it.

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("student", c.student,
          about("The shape of the model; where a shape is chosen, what is not tried"));
    visit("starts", c.starts, between(1, 64).about("Random starting points"));
    visit("seed", c.seed, at_least(0).about("Of the starting points"));
    visit("ridge", c.ridge,
          between(0, 1e12).about("Weight of |parameters|^2 in chi^2: a unit normal prior on each"));
    visit(
        "zero_bias_rate", c.zero_bias_rate,
        between(0, 1e12).about("Weight of the drift at 0 V over a record in chi^2, dimensionless"));
    visit("falling_current", c.falling_current,
          between(0, 1e12).about(
              "Weight per sample in chi^2 of a current that falls with the voltage "
              "at a fixed state, which a circuit cannot follow behind a resistor; "
              "0, for a device that does it: none"));
    visit(
        "initial_time_constant", c.initial_time_constant,
        positive_up_to(1e12).about(
            "Relaxation time at 0 V of the starting points, as a fraction of the longest record"));
    visit("curriculum", c.curriculum,
          about("Whether starts begin with whole records, growing windows, or both"));
    visit("first", c.first, about("Run from every start; the best goes on. Empty: automatic."));
    visit("refine", c.refine, about("Run on the best start. Empty: automatic."));
  }
};

}  // namespace psi_xlstm
