#pragma once

/// @file
/// Training of a compact student: several starts, block decimation that is refined step by step,
/// Levenberg-Marquardt on every stage.

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "config/fit.hpp"
#include "fit/compact_student.hpp"
#include "fit/segment.hpp"
#include "ir/dynamics.hpp"
#include "psi_xlstm/data/record.hpp"
#include "psi_xlstm/ir/network.hpp"

namespace psi_xlstm::fit {

/// A record a student is trained on, with what is known about it.
struct TrainingRecord {
  Record record;
  double noise_sd = 1;     ///< Of one sample of the current [A].
  StartConductance start;  ///< At the first sample. log_sd 0: exact.
};

/// How one start went.
struct StartReport {
  Curriculum curriculum = Curriculum::kWhole;  ///< kWhole or kWindows.
  double chi2_per_sample = 0;  ///< After the first stages; infinite where the start failed.
};

struct TrainingResult {
  ir::Network network;  ///< With its training box filled in.
  bool usable = false;
  std::string reason;          ///< One sentence on how it ended.
  double chi2_per_sample = 0;  ///< Training cost over the samples that count, without priors.
  std::vector<StartReport> starts;
  std::vector<double> corrections;  ///< Fitted corrections of ln g0, one per record; may be empty.
  Eigen::MatrixXd covariance;       ///< Of the parameters, inverse information matrix [Q, Q].
  int iterations = 0;               ///< Levenberg-Marquardt iterations of the chosen start.
};

/// The scales of `records`: median conductance, largest voltage, median sample step. Throws
/// DataError where one of them is zero.
StudentScales scales_of(const std::vector<TrainingRecord>& records);

/// Fits a compact student called `name` to `records`. Numerical failure is in the result. Throws
/// DataError where there are no records, ConfigError on a shape that cannot be built. Uses at most
/// `threads` threads; the result does not depend on how many.
TrainingResult train(const std::vector<TrainingRecord>& records,
                     const FitConfig& config,
                     const std::string& name,
                     int threads = 1);

/// Goes on with `start`, which train() gave, in the stages that follow the choice of a start, but
/// without thinning. What it cannot improve it gives back.
TrainingResult refined(const std::vector<TrainingRecord>& records,
                       FitConfig config,
                       const TrainingResult& start);

/// The box of `network` on `records`, run with their start conductances.
ir::TrainingBox training_box(const ir::Network& network,
                             const std::vector<TrainingRecord>& records);

/// The same from what `network` did on each record.
ir::TrainingBox training_box(const ir::Network& network,
                             const std::vector<TrainingRecord>& records,
                             const std::vector<ir::Trajectory>& runs);

}  // namespace psi_xlstm::fit
