#pragma once

/// @file
/// What is noted along a training.

namespace psi_xlstm {

/// One point of a training curve; losses are dimensionless.
struct CurvePoint {
  int step = 0;           ///< Optimizer steps done (published: epochs).
  double training = 0;    ///< Data loss of the last batch.
  double validation = 0;  ///< On the validation record; known-start: chi^2 per sample.
  double hidden = 0;      ///< Distillation terms, unweighted.
  double gradient = 0;
  double structure = 0;
  double physics = 0;  ///< Residual of the device law, unweighted.

  bool operator==(const CurvePoint&) const = default;

  template <class Self, class Visitor>
  static void fields(Self& c, Visitor& visit) {
    visit("step", c.step);
    visit("training", c.training);
    visit("validation", c.validation);
    visit("hidden", c.hidden);
    visit("gradient", c.gradient);
    visit("structure", c.structure);
    visit("physics", c.physics);
  }
};

}  // namespace psi_xlstm
